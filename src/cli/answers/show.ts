/**
 * An answer, printed by the full client.
 */
import * as Effect from "effect/Effect";
import type { OutputClosed } from "../Errors.ts";
import type { ExitCode } from "../ExitCode.ts";
import { type Invocation, print, say } from "../Invocation.ts";
import { json, yaml } from "../render/structured.ts";
import type { Answer, Reader } from "./Answer.ts";

export const show = Effect.fnUntraced(function* (
  invocation: Invocation,
  answer: (reader: Reader) => Answer,
): Effect.fn.Return<ExitCode, OutputClosed> {
  const { flags, io, paint } = invocation;
  const output = typeof flags["output"] === "string" ? flags["output"] : undefined;
  const { data, exitCode, talk, text } = answer({ output, isTTY: io.stdout.isTTY, paint });
  if (output === "json") yield* print(invocation, json(data));
  else if (output === "yaml") yield* print(invocation, yield* Effect.promise(() => yaml(data)));
  else yield* print(invocation, text());
  for (const line of talk) yield* say(invocation, line);
  return exitCode;
});
