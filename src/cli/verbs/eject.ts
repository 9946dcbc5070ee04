/**
 * `hsu eject [-O FILE] [FILE]`
 */
import * as Effect from "effect/Effect";
import { basename, dirname, join } from "node:path";
import { eject } from "../../config/code/Eject.ts";
import * as ConfigFile from "../ConfigFile.ts";
import { ExitCode } from "../ExitCode.ts";
import * as OutputFile from "../OutputFile.ts";
import type { Verb } from "../Verbs.ts";

export const run: Verb = Effect.fnUntraced(function* (invocation) {
  const loaded = yield* ConfigFile.load(invocation);
  if (loaded === undefined) return ExitCode.usage;
  const name = basename(loaded.file);
  const target = OutputFile.of(invocation) ?? join(dirname(loaded.file), name.replace(/(\.ya?ml)?$/, ".ts"));
  yield* OutputFile.write(invocation, eject(loaded.spec, target, name));
  return ExitCode.ok;
});
