/**
 * Units that are started by the first call to them: what a call does before it is made, and what its end says to the unit.
 */
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import type { InvalidTransition, NotAllowed, StartFailed } from "../protocol/Errors.ts";
import { waitsForCall } from "../unit/index.ts";
import { commandTimeout, type Entry, refOf } from "./Entry.ts";

type Start = (unit: string) => Effect.Effect<unknown, StartFailed | InvalidTransition | NotAllowed>;

/** Starts that a call has asked for, and that are not over: calls that come meanwhile wait for the same one. */
const starts = new WeakMap<Entry, Deferred.Deferred<void, StartFailed>>();

/**
 * Starts the unit if it waits for a call, or has failed, and returns when it can be used. One that was stopped by hand stays down, and what it has to do
 * with that is the caller's to say.
 */
export const wake = (entry: Entry, start: Start): Effect.Effect<void, StartFailed> => {
  const { slot, spec } = entry;
  if (spec.onCall === undefined) return Effect.void;
  return Effect.gen(function* () {
    const { reason, state } = yield* Effect.orDie(refOf(entry).call("Describe", undefined, commandTimeout));
    const underWay = starts.get(entry);
    if (underWay !== undefined) return yield* Deferred.await(underWay);
    // It was idle a moment too long: it has to be down before it comes back.
    if (state === "stopping" && reason === waitsForCall) return yield* Effect.delay(wake(entry, start), 20);
    if (state === "starting") return yield* slot.readiness.awaitReady;
    if (state !== "failed" && !(state === "stopped" && reason === waitsForCall)) return;
    const over = Deferred.makeUnsafe<void, StartFailed>();
    starts.set(entry, over);
    // Of its own: a caller that goes leaves the others what it has begun. A command of somebody else was faster where it is refused.
    const starting = Effect.catchTag(Effect.asVoid(start(spec.id)), ["InvalidTransition", "NotAllowed"], () => Effect.void).pipe(
      Effect.onExit((exit) =>
        Effect.sync(() => {
          starts.delete(entry);
          Deferred.doneUnsafe(over, exit);
        }),
      ),
    );
    yield* Effect.forkDetach(starting);
    return yield* Deferred.await(over);
  });
};

/** Tells the unit when nobody calls it any more. */
export const counted = <A, E>(entry: Entry, call: Stream.Stream<A, E>): Stream.Stream<A, E> => {
  if (entry.spec.onCall === undefined) return call;
  const { slot } = entry;
  return Stream.unwrap(
    Effect.sync(() => {
      slot.calls.open += 1;
      slot.calls.made += 1;
      return Stream.ensuring(
        call,
        Effect.sync(() => {
          slot.calls.open -= 1;
          if (slot.calls.open === 0) entry.ref?.cast("Uncalled");
        }),
      );
    }),
  );
};
