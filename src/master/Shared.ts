/**
 * The status of all units, for many who ask for it: it is good for a moment, which is short beside what it took to make, and until anything happens.
 * What each command took is counted on the way.
 */
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Stream from "effect/Stream";
import type { MasterStatus } from "../protocol/MasterRpc.ts";
import type { Control } from "./Control.ts";
import type { History } from "./History.ts";
import type { Operation } from "../protocol/Rights.ts";
import type { make as makeTimings } from "./Timings.ts";

/** So many times what it took: then making it costs a tenth of the time at most, however many ask. */
const share = 10;
const longestMillis = 50;
/** When nobody has asked again it is not kept. */
const forgottenMillis = 1000;
/** Who is asked so often in so long has work to do. */
const busy = { times: 1000, millis: 10_000, followers: 100 };

interface Made {
  readonly fiber: Fiber.Fiber<MasterStatus>;
  /** What had happened when it was begun. */
  readonly seen: string;
  /** Infinity while it is being made. */
  until: number;
}

export interface World {
  readonly history: Pick<History, "last">;
  readonly now: () => number;
  readonly fork: (effect: Effect.Effect<MasterStatus>) => Fiber.Fiber<MasterStatus>;
  /** Called when it is asked very often. */
  readonly hurry: () => void;
  readonly timings: ReturnType<typeof makeTimings>;
}

/** Whoever has commanded something sees its outcome in what he asks next. */
export const shared = (control: Control["Service"], { fork, history, hurry, now, timings }: World): Control["Service"] => {
  let commands = 0;
  let made: Made | null = null;
  /** For those who have come too late for the one that is being made: one, however many they are. */
  let next: Fiber.Fiber<MasterStatus> | null = null;
  const after = Effect.sync(() => void commands++);
  const changing =
    <Args extends ReadonlyArray<unknown>, A, E>(operation: Operation, run: (...args: Args) => Effect.Effect<A, E>) =>
    (...args: Args): Effect.Effect<A, E> =>
      Effect.ensuring(timings.around(operation, run(...args)), after);
  let asked = 0;
  let since = now();
  const count = (at: number): void => {
    if (++asked < busy.times) return;
    if (at - since < busy.millis) hurry();
    asked = 0;
    since = at;
  };
  const happened = (): string => `${commands} ${history.last()}`;
  const begin = (): Fiber.Fiber<MasterStatus> => {
    const at = now();
    const mine: Made = { fiber: fork(control.status), seen: happened(), until: Infinity };
    made = mine;
    mine.fiber.addObserver(() => {
      const done = now();
      mine.until = done + Math.min(longestMillis, (done - at) * share);
      // With what doors have made of it: of ten thousand units that is megabytes.
      setTimeout(() => void (made === mine && (made = null)), forgottenMillis).unref();
    });
    return mine.fiber;
  };
  const status = Effect.suspend(() => {
    const last = made;
    const at = now();
    count(at);
    if (last === null || at >= last.until) return Fiber.join(begin());
    if (last.seen === happened()) return Fiber.join(last.fiber);
    if (last.until !== Infinity) return Fiber.join(begin());
    next ??= fork(
      Effect.andThen(
        Fiber.await(last.fiber),
        Effect.suspend(() => {
          next = null;
          return Fiber.join(begin());
        }),
      ),
    );
    return Fiber.join(next);
  });
  let followers = 0;
  const follower = Effect.sync(() => void (++followers === busy.followers && hurry()));
  return {
    ...control,
    status,
    events: (options) => {
      const told = control.events(options);
      if (!options.follow) return told;
      const counted = Effect.acquireRelease(follower, () => Effect.sync(() => void followers--));
      return Stream.unwrap(Effect.as(counted, told));
    },
    start: changing("Start", control.start),
    stop: changing("Stop", control.stop),
    restart: changing("Restart", control.restart),
    reload: changing("Reload", control.reload),
    resetFailed: changing("ResetFailed", control.resetFailed),
    signal: changing("Signal", control.signal),
    apply: changing("Apply", control.apply),
    rollback: changing("Rollback", control.rollback),
    roll: (units) => Stream.ensuring(timings.aroundStream("Roll", control.roll(units)), after),
    call: (options) => (options.method === null ? control.call(options) : timings.aroundStream("Call", control.call(options))),
    timings: timings.read,
  };
};
