/**
 * The clock of a simulated run: it stands still while anything can be done, and then jumps to the next thing that is due.
 */
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import type { TestClock } from "effect/testing/TestClock";

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

const liveClock: Clock.Clock = Context.get(Context.empty(), Clock.Clock);
const nanosPerMilli = 1_000_000n;

export class SimulatedClock implements TestClock {
  private now = 0;
  private monotonic = 0;
  private readonly sleepers = new Set<Sleeper>();
  /** Who moves the clock or waits for calm: goes on when all that is due by then is done. */
  private readonly movers = new Set<Sleeper>();
  /** Told that there is something to wait for. */
  private readonly changed: () => void;

  constructor(changed: () => void) {
    this.changed = changed;
  }

  currentTimeMillisUnsafe(): number {
    return this.now;
  }
  currentTimeNanosUnsafe(): bigint {
    return BigInt(Math.round(this.now)) * nanosPerMilli;
  }
  monotonicTimeNanosUnsafe(): bigint {
    return BigInt(Math.round(this.monotonic)) * nanosPerMilli;
  }
  readonly currentTimeMillis = Effect.sync(() => this.currentTimeMillisUnsafe());
  readonly currentTimeNanos = Effect.sync(() => this.currentTimeNanosUnsafe());
  readonly monotonicTimeNanos = Effect.sync(() => this.monotonicTimeNanosUnsafe());

  sleep(duration: Duration.Duration): Effect.Effect<void> {
    const millis = Duration.toMillis(duration);
    return millis > 0 ? this.until(this.sleepers, millis) : Effect.void;
  }

  adjust(duration: Duration.Input): Effect.Effect<void> {
    return this.until(this.movers, Math.max(0, Duration.toMillis(Duration.fromInputUnsafe(duration))));
  }

  setTime(timestamp: number): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (timestamp >= this.now) return this.until(this.movers, timestamp - this.now);
      this.now = timestamp;
      return Effect.void;
    });
  }

  withLive<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.provideService(effect, Clock.Clock, liveClock);
  }

  /** Waits until nothing can be done without time passing. */
  readonly settled: Effect.Effect<void> = Effect.suspend(() => this.until(this.movers, 0));

  /** Called when nothing can be done: what becomes possible next, after time has passed where it must. Nothing: nobody waits for time. */
  next(): ReadonlyArray<() => void> {
    const sleeper = earliest(this.sleepers);
    const mover = earliest(this.movers);
    if (mover !== undefined && (sleeper === undefined || mover.at < sleeper.at)) {
      this.moveTo(mover.at);
      this.movers.delete(mover);
      return [mover.wake];
    }
    if (sleeper === undefined || sleeper.at === Infinity) return [];
    this.moveTo(sleeper.at);
    const due = [...this.sleepers].filter(({ at }) => at <= this.now);
    for (const each of due) this.sleepers.delete(each);
    return due.map(({ wake }) => wake);
  }

  private moveTo(at: number): void {
    if (at <= this.now || at === Infinity) return;
    this.monotonic += at - this.now;
    this.now = at;
  }

  private until(waiting: Set<Sleeper>, millis: number): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      const sleeper = { at: this.now + millis, wake: () => resume(Effect.void) };
      waiting.add(sleeper);
      this.changed();
      return Effect.sync(() => void waiting.delete(sleeper));
    });
  }
}

/** The first to come among those that are due first. */
const earliest = (waiting: Iterable<Sleeper>): Sleeper | undefined => {
  let first: Sleeper | undefined;
  for (const each of waiting) if (first === undefined || each.at < first.at) first = each;
  return first;
};
