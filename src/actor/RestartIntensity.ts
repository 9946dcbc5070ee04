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
  /** The restarts that it remembers, the oldest first. */
  readonly times: ReadonlyArray<number>;
}

/**
 * A window with nothing in it, or with what another one remembers: restarts so far count against a new limit. A time that lies before the last one
 * counts as the same instant, so that a clock that jumps back forgives nothing.
 *
 * @example
 * ```ts run
 * import { RestartIntensity } from "hsu"
 *
 * const window = RestartIntensity.makeWindow({ intensity: 1, periodMillis: 1000 })
 * window.record(0) // => true
 * window.record(1000) // => false
 * window.record(2001) // => true
 *
 * const stricter = RestartIntensity.makeWindow({ intensity: 1, periodMillis: 5000 }, window)
 * stricter.record(3000) // => false
 * ```
 * @since 0.1.0
 */
export const makeWindow = (limit: RestartIntensity, before?: RestartWindow): RestartWindow => new Window(limit, before?.times);

const none: ReadonlyArray<number> = [];

class Window implements RestartWindow {
  private readonly limit: RestartIntensity;
  /** Made with the first restart: most supervisors never see one. */
  private ring: Array<number> | null = null;
  /** Where the next one goes once the ring is full: there is the restart that was `intensity` restarts ago. */
  private next = 0;
  private last = -Infinity;

  constructor(limit: RestartIntensity, before: ReadonlyArray<number> = none) {
    this.limit = limit;
    for (const time of before) this.record(time);
  }

  get times(): ReadonlyArray<number> {
    const { next, ring } = this;
    return ring === null ? none : [...ring.slice(next), ...ring.slice(0, next)];
  }

  record(time: number): boolean {
    const { intensity, periodMillis } = this.limit;
    if (intensity === "infinity") return true;
    const now = time < this.last ? this.last : time;
    this.last = now;
    if (intensity === 0) return false;
    const ring = (this.ring ??= []);
    if (ring.length < intensity) {
      ring.push(now);
      return true;
    }
    const oldest = ring[this.next]!;
    ring[this.next] = now;
    this.next = this.next + 1 === intensity ? 0 : this.next + 1;
    return now - oldest > periodMillis;
  }
}
