/**
 * The secrets of the process that is about to be started. Apart from Secrets.ts, which is loaded for the first unit that has some.
 */
import * as Effect from "effect/Effect";
import type { SecretMissing, SecretOfTarget } from "./Secrets.ts";
import type { UnitSpec } from "./UnitSpec.ts";

interface Asker {
  readonly spec: UnitSpec;
  /** These are known now: they are shown by nobody. */
  readonly learned: (secrets: Iterable<string>) => void;
}

let revealing: Promise<(secret: SecretOfTarget) => Promise<string>> | undefined;

/** The value of a secret that is no variable of a process. */
export const reveal = async (secret: SecretOfTarget): Promise<string> => {
  revealing ??= import("./Secrets.ts").then(({ revealer }) => revealer());
  return (await revealing)(secret);
};

/** A master without any loads nothing for them. */
export const secretsOf = ({ learned, spec: { ageIdentity, secrets } }: Asker): Effect.Effect<Record<string, string>, SecretMissing> => {
  if (secrets === undefined) return Effect.succeed({});
  const found = Effect.flatMap(
    Effect.promise(() => import("./Secrets.ts")),
    ({ read }) => read(secrets, ageIdentity),
  );
  return Effect.tap(found, (values) => Effect.sync(() => learned(Object.values(values))));
};
