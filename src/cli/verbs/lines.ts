/**
 * The foreground `up` where there is no terminal: a line for each event.
 */
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Stream from "effect/Stream";
import { print, say } from "../Invocation.ts";
import { eventLine } from "../render/event.ts";
import { isGivingUp, type Live } from "./View.ts";

/** Times are UTC and have a date: this ends up in files. */
const stamp = (at: number): string => new Date(at).toISOString();

export const live: Live = Effect.fnUntraced(function* (invocation, control) {
  let gaveUp = false;
  let shown = 0;
  const show = (follow: boolean, since: number): Effect.Effect<void> =>
    Stream.runForEach(control.events({ follow, since }), (event) => {
      shown = event.seq;
      gaveUp ||= isGivingUp(event);
      return Effect.ignore(print(invocation, `${eventLine(event, invocation.paint, stamp)}\n`));
    });
  const showing = yield* Effect.forkScoped(show(true, 0));
  return {
    stopping: say(invocation, "stopping all units; a second signal kills what is left"),
    forcing: say(invocation, "killing what is left"),
    end: Effect.gen(function* () {
      // The last events may still be on their way: they are in the history.
      yield* Fiber.interrupt(showing);
      yield* Effect.timeoutOption(show(false, shown + 1), 1000);
      return gaveUp;
    }),
  };
});
