/**
 * The restart limit of a supervisor: at most `intensity` restarts within any `period`.
 */

/**
 * A limit on restarts. One more than `intensity` within `periodMillis` is too many.
 *
 * @since 0.1.0
 */
export interface RestartIntensity {
  /** Restarts allowed within the period; 0 allows none, `"infinity"` any number. */
  readonly intensity: number | "infinity";
  /** Milliseconds. */
  readonly periodMillis: number;
}

/**
 * OTP's defaults: 1 restart in 5 seconds.
 *
 * @example
 * ```ts run
 * import { RestartIntensity } from "hsu"
 *
 * RestartIntensity.defaults // => { intensity: 1, periodMillis: 5000 }
 * ```
 * @since 0.1.0
 */
export const defaults: RestartIntensity = { intensity: 1, periodMillis: 5000 };

/**
 * Remembers the last `intensity` restarts in a ring: each restart costs the same, whatever the intensity.
 *
 * @example
 * ```ts run
 * import { RestartIntensity } from "hsu"
 *
 * const window = RestartIntensity.makeWindow({ intensity: 2, periodMillis: 1000 })
 * window.record(0) // => true
 * window.record(500) // => true
 * window.record(900) // => false
 * window.record(1901) // => true
 * ```
 * @since 0.1.0
 */
export interface RestartWindow {
  /** Notes a restart at this time (milliseconds of a clock that never goes back); false when it is one too many. */
  record(now: number): boolean;
}

/**
 * An empty window. A time that lies before the last one counts as the same instant, so that a clock that jumps back forgives nothing.
 *
 * @example
 * ```ts run
 * import { RestartIntensity } from "hsu"
 *
 * const window = RestartIntensity.makeWindow({ intensity: 1, periodMillis: 1000 })
 * window.record(0) // => true
 * window.record(1000) // => false
 * window.record(2001) // => true
 * ```
 * @since 0.1.0
 */
export const makeWindow = (limit: RestartIntensity): RestartWindow => {
  const { intensity, periodMillis } = limit;
  if (intensity === "infinity") return { record: () => true };
  const times: Array<number> = [];
  let next = 0;
  let last = -Infinity;
  return {
    record: (time) => {
      const now = time < last ? last : time;
      last = now;
      if (intensity === 0) return false;
      if (times.length < intensity) {
        times.push(now);
        return true;
      }
      // The slot to overwrite holds the restart that was `intensity` restarts ago.
      const oldest = times[next]!;
      times[next] = now;
      next = next + 1 === intensity ? 0 : next + 1;
      return now - oldest > periodMillis;
    },
  };
};
