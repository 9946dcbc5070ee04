/**
 * Runs one probe again and again: one run at a time, never a second one beside it.
 */
import * as Cause from "effect/Cause";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Random from "effect/Random";
import { type Check, failed, type Outcome } from "./Check.ts";
import * as Pace from "./Pace.ts";
import type { ProbeSpec } from "./ProbeSpec.ts";

export interface Begin {
  readonly processStartedAt: number;
  /** The process is one of many that an earlier master has started. */
  readonly reattached: boolean;
}

const seconds = (millis: number): string => (millis < 1000 ? `${millis} ms` : `${millis / 1000} s`);

/** A run with its deadline. A defect of a check is a failed run, not the end of the probe. */
const look = ({ timeoutMillis }: ProbeSpec, check: Check): Effect.Effect<Outcome> =>
  Effect.timeoutOrElse(check.run, {
    duration: timeoutMillis,
    orElse: () => Effect.succeed(failed(`no answer within ${seconds(timeoutMillis)}`)),
  }).pipe(
    Effect.catchCause((cause) =>
      Cause.hasInterrupts(cause) ? Effect.failCause(cause) : Effect.succeed(failed(String(Cause.squash(cause)))),
    ),
  );

const sleepUntil = (instant: number): Effect.Effect<void> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => (instant > now ? Effect.sleep(instant - now) : Effect.void));

/** Probes until it is interrupted, and tells what it has found where that counts. */
export const run = (spec: ProbeSpec, check: Check, begin: Begin, found: (outcome: Outcome) => Effect.Effect<void>): Effect.Effect<never> =>
  Effect.gen(function* () {
    const firstAt = Pace.first(spec, { ...begin, now: yield* Clock.currentTimeMillis, random: yield* Random.next });
    yield* sleepUntil(firstAt);
    let hasPassed = false;
    for (let tries = 1; ; tries++) {
      const beganAt = yield* Clock.currentTimeMillis;
      const outcome = yield* look(spec, check);
      const now = yield* Clock.currentTimeMillis;
      hasPassed ||= outcome.passed;
      if (!Pace.isSettling(spec, { now: beganAt, firstAt, passed: hasPassed })) yield* found(outcome);
      const due = sleepUntil(Pace.next(spec, { now, firstAt, beganAt, passed: hasPassed, tries, random: yield* Random.next }));
      yield* check.changed === undefined ? due : Effect.raceFirst(due, check.changed);
    }
  });
