/**
 * The TLS options of a probe, with the files that they name; read at each run, so that a certificate that is renewed counts from then on.
 */
import { readFile } from "node:fs/promises";
import * as Effect from "effect/Effect";
import { explain } from "./NetworkErrors.ts";
import type { TlsSpec } from "./ProbeSpec.ts";

export interface TlsOptions {
  readonly rejectUnauthorized: boolean;
  readonly servername?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** What is wrong, with the key of the config that names the file. */
export const load = (spec: TlsSpec): Effect.Effect<TlsOptions, string> => {
  const file = (key: string, path: string | undefined): Effect.Effect<string | undefined, string> =>
    path === undefined
      ? Effect.undefined
      : Effect.tryPromise({ try: () => readFile(path, "utf8"), catch: (error) => `${key}: ${explain(error)}` });
  return Effect.gen(function* () {
    const [ca, cert, key] = [
      yield* file("ca_file", spec.caFile),
      yield* file("cert_file", spec.certFile),
      yield* file("key_file", spec.keyFile),
    ];
    return {
      rejectUnauthorized: spec.insecureSkipVerify !== true,
      ...(spec.serverName === undefined ? {} : { servername: spec.serverName }),
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    };
  });
};
