/**
 * Another version in the place of the master that this process is.
 */
import * as Effect from "effect/Effect";
import { canReplace, replaceSoon, tryOut } from "../platform/index.ts";
import { NotUpgradable } from "../protocol/Errors.ts";

/** A program that does not run, or does not take the config, replaces nobody. */
export const replace = Effect.fnUntraced(function* (command: ReadonlyArray<string>, source: string) {
  if (!canReplace()) return yield* new NotUpgradable({ reason: "this system cannot put another program in its place" });
  const check = [...command, "validate", source];
  const { code, output } = yield* tryOut(check);
  if (code !== 0) return yield* new NotUpgradable({ reason: `\`${check.join(" ")}\` says: ${output}` });
  yield* replaceSoon([...command, ...process.argv.slice(2)]);
});
