/**
 * Whether a process gives signs of life often enough. Pure: times are milliseconds of a clock that nobody sets.
 */

export interface Watchdog {
  /** 0: it is switched off. */
  readonly intervalMillis: number;
  readonly aliveAt: number;
}

/** How long until it has to be looked at; null while it is off. Negative or 0: the time is over. */
export const left = ({ aliveAt, intervalMillis }: Watchdog, now: number): number | null =>
  intervalMillis === 0 ? null : aliveAt + intervalMillis - now;
