/**
 * How long a supervisor waits before it starts a child again.
 */

/**
 * Delays between restarts in a row. All times are milliseconds.
 *
 * @since 0.1.0
 */
export interface Backoff {
  /** Delay before the first restart. */
  readonly initialMillis: number;
  /** Each further delay in a row is the one before times this. Default: 1, a constant delay. */
  readonly factor?: number;
  /** No delay is longer. Default: no cap. */
  readonly maxMillis?: number;
  /** Part of the delay that is random, 0 to 1: a delay d becomes d × (1 - jitter … 1). Default: 0. */
  readonly jitter?: number;
  /** A child that was up for this long starts its next row anew. Default: never. */
  readonly resetAfterMillis?: number;
}

/**
 * The delay before restart number `attempt` in a row (from 1). `random` is from [0, 1).
 *
 * @example
 * ```ts run
 * import { Backoff } from "hsu"
 *
 * const backoff = { initialMillis: 100, factor: 2, maxMillis: 1000 }
 * Backoff.delay(backoff, 1, 0) // => 100
 * Backoff.delay(backoff, 3, 0) // => 400
 * Backoff.delay(backoff, 9, 0) // => 1000
 * ```
 * @since 0.1.0
 */
export const delay = (backoff: Backoff, attempt: number, random: number): number => {
  // Finite, so that no delay stays no delay however many attempts there were.
  const growth = Math.min((backoff.factor ?? 1) ** (attempt - 1), Number.MAX_VALUE);
  const grown = backoff.initialMillis * growth;
  const capped = Math.min(grown, backoff.maxMillis ?? Infinity, longest);
  return capped * (1 - (backoff.jitter ?? 0) * random);
};

/** Where the exponential has left every sensible range: about 24 days, the longest wait of a timer. */
const longest = 2 ** 31 - 1;
