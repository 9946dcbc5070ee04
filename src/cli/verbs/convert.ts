/**
 * `hsu convert [FILE]`
 */
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { convert } from "../../config/dialects/Convert.ts";
import * as ConfigFile from "../ConfigFile.ts";
import { ExitCode } from "../ExitCode.ts";
import { print, say } from "../Invocation.ts";
import type { Verb } from "../Verbs.ts";

export const run: Verb = Effect.fnUntraced(function* (invocation) {
  const found = yield* ConfigFile.text(invocation);
  if (found === undefined) return ExitCode.usage;
  const converted = convert(found.text, found.file);
  if (Result.isFailure(converted)) {
    yield* ConfigFile.complainOf(invocation, converted.failure);
    return ExitCode.usage;
  }
  const { bare, text } = converted.success;
  if (bare) yield* say(invocation, "aliases are written out, and comments are lost: what was moved would have come before its anchor");
  yield* print(invocation, text);
  return ExitCode.ok;
});
