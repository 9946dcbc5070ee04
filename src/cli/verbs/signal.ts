/**
 * `hsu signal UNIT SIGNAL`
 */
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import { nearest } from "../../config/Nearest.ts";
import * as Signal from "../../platform/Signal.ts";
import { UsageError } from "../Errors.ts";
import { ExitCode } from "../ExitCode.ts";
import { withMaster } from "../Invocation.ts";
import type { Verb } from "../Verbs.ts";

export const run: Verb = Effect.fnUntraced(function* (invocation) {
  const [unit = "", word = ""] = invocation.operands;
  const signal = Option.getOrUndefined(Signal.parse(word));
  if (signal === undefined) return yield* unknownSignal(word);
  yield* withMaster(invocation, ({ call }) => call.Signal({ unit, signal }));
  return ExitCode.ok;
});

const unknownSignal = (word: string): Effect.Effect<never, UsageError> => {
  const upper = word.toUpperCase();
  const near = nearest(upper.startsWith("SIG") ? upper : `SIG${upper}`, Signal.all);
  const hint = near === undefined ? "signals are named HUP, SIGHUP or 1" : `did you mean ${near}?`;
  return Effect.fail(new UsageError({ message: `no signal ${JSON.stringify(word)}`, hint }));
};
