/**
 * Passes when the answer's status, and its body where that is asked for, is right. One connection a run, closed after it; no redirect is
 * followed.
 */
import * as Effect from "effect/Effect";
import { readFile } from "node:fs/promises";
import type { IncomingMessage, RequestOptions } from "node:http";
import { failed, type Outcome, passed } from "./Check.ts";
import { explain } from "./NetworkErrors.ts";
import type { HttpCheck } from "./ProbeSpec.ts";

/** More of a body is not read. */
const maxBodyBytes = 64 * 1024;

const judge = ({ body, status }: HttpCheck, answer: IncomingMessage, text: string): Outcome => {
  const code = answer.statusCode ?? 0;
  const saw = `HTTP ${code}`;
  if (!status.some(([from, to]) => code >= from && code <= to)) return failed(saw);
  return body === undefined || text.includes(body) ? passed(saw) : failed(`${saw}, without ${JSON.stringify(body)} in its body`);
};

const options = (spec: HttpCheck, ca: string | null): RequestOptions & { readonly ca?: string; readonly rejectUnauthorized: boolean } => ({
  method: spec.method,
  headers: { "user-agent": "hsu-probe", accept: "*/*", ...spec.headers, connection: "close" },
  agent: false,
  rejectUnauthorized: spec.insecureSkipVerify !== true,
  ...(ca === null ? {} : { ca }),
});

export const run = (spec: HttpCheck): Effect.Effect<Outcome> => {
  const { caFile } = spec;
  const authorities =
    caFile === undefined ? Effect.succeed(null) : Effect.tryPromise({ try: () => readFile(caFile, "utf8"), catch: explain });
  const load = spec.url.startsWith("https:")
    ? Effect.promise(async () => (await import("node:https")).request)
    : Effect.promise(async () => (await import("node:http")).request);
  return Effect.flatMap(load, (request) =>
    Effect.matchEffect(authorities, {
      onFailure: (why) => Effect.succeed(failed(`ca_file: ${why}`)),
      onSuccess: (ca) =>
        Effect.callback<Outcome>((resume) => {
          const asked = request(spec.url, options(spec, ca));
          const end = (outcome: Outcome): void => {
            asked.destroy();
            resume(Effect.succeed(outcome));
          };
          asked.on("error", (error) => end(failed(explain(error))));
          asked.on("response", (answer) => {
            const chunks: Array<Buffer> = [];
            let size = 0;
            const judged = (): void => end(judge(spec, answer, Buffer.concat(chunks).subarray(0, maxBodyBytes).toString()));
            answer.on("data", (chunk: Buffer) => {
              chunks.push(chunk);
              size += chunk.length;
              if (size >= maxBodyBytes) judged();
            });
            answer.on("end", judged);
            answer.on("error", (error) => end(failed(explain(error))));
          });
          asked.end();
          return Effect.sync(() => asked.destroy());
        }),
    }),
  );
};
