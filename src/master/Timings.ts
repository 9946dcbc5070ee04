/**
 * How long things take, counted in buckets: what commands take until they are answered, and units until they are up.
 */
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";

/** Upper ends of the buckets, in seconds. */
export const bounds = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const;

export interface Histogram {
  /** Of each bucket alone; the last one is of what is beyond all bounds. */
  readonly counts: ReadonlyArray<number>;
  /** Seconds. */
  readonly sum: number;
}

export interface Timings {
  /** By the names of operations. */
  readonly commands: ReadonlyMap<string, Histogram>;
  readonly starts: Histogram | null;
}

interface Counting {
  readonly counts: Array<number>;
  sum: number;
}

const empty = (): Counting => ({ counts: Array.from({ length: bounds.length + 1 }, () => 0), sum: 0 });

const observe = (counting: Counting, millis: number): void => {
  const seconds = Math.max(0, millis) / 1000;
  const at = bounds.findIndex((bound) => seconds <= bound);
  counting.counts[at === -1 ? bounds.length : at]!++;
  counting.sum += seconds;
};

export const make = (now: () => number = () => performance.now()) => {
  const commands = new Map<string, Counting>();
  let starts: Counting | null = null;
  const command = (operation: string, millis: number): void => {
    const counting = commands.get(operation) ?? empty();
    commands.set(operation, counting);
    observe(counting, millis);
  };
  const around = <A, E, R>(operation: string, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.suspend(() => {
      const began = now();
      return Effect.ensuring(
        effect,
        Effect.sync(() => command(operation, now() - began)),
      );
    });
  const aroundStream = <A, E, R>(operation: string, stream: Stream.Stream<A, E, R>): Stream.Stream<A, E, R> =>
    Stream.suspend(() => {
      const began = now();
      return Stream.ensuring(
        stream,
        Effect.sync(() => command(operation, now() - began)),
      );
    });
  return {
    around,
    aroundStream,
    started: (millis: number): void => observe((starts ??= empty()), millis),
    read: (): Timings => ({ commands, starts }),
  };
};
