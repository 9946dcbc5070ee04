/**
 * When a probe runs. Pure: instants are milliseconds of the clock.
 */
import type { ProbeSpec } from "./ProbeSpec.ts";

type Timing = Pick<ProbeSpec, "initialDelayMillis" | "intervalMillis" | "jitter" | "graceMillis">;

/** After the first run that did not pass, the next comes this soon; then twice as late each time. */
const firstRetryMillis = 100;

/** Runs of probes that come every second or less often begin together on a grid, so that the machine wakes up once for many of them. */
const gridMillis = 100;

/** Probes of units that are taken over all at once begin within so long. */
const spreadMillis = 1000;

/** When the first run is due. `random` is from [0, 1). */
export const first = (
  { initialDelayMillis, intervalMillis }: Timing,
  at: { readonly now: number; readonly processStartedAt: number; readonly reattached: boolean; readonly random: number },
): number =>
  at.reattached ? at.now + at.random * Math.min(intervalMillis, spreadMillis) : Math.max(at.now, at.processStartedAt + initialDelayMillis);

/**
 * Whether the unit is still given time to settle: until a run has passed, for one interval, or for the grace where that is longer. It is looked at more often meanwhile, so that it need
 * not wait for an interval to be found up, and what fails does not count.
 */
export const isSettling = (timing: Timing, at: { readonly now: number; readonly firstAt: number; readonly passed: boolean }): boolean =>
  !at.passed && at.now < at.firstAt + settleMillis(timing);

const settleMillis = ({ graceMillis = 0, intervalMillis }: Timing): number => Math.max(intervalMillis, graceMillis);

/** When the next run is due. `tries` counts the runs so far, `beganAt` is the begin of the last one. */
export const next = (
  timing: Timing,
  at: {
    readonly now: number;
    readonly firstAt: number;
    readonly beganAt: number;
    readonly passed: boolean;
    readonly tries: number;
    readonly random: number;
  },
): number => {
  const { intervalMillis, jitter } = timing;
  if (isSettling(timing, at)) {
    const soon = Math.min(firstRetryMillis * 2 ** (at.tries - 1), intervalMillis);
    return Math.min(at.now + soon, at.firstAt + settleMillis(timing));
  }
  const due = at.beganAt + intervalMillis * (1 + jitter * (2 * at.random - 1));
  return Math.max(at.now, intervalMillis < 1000 ? due : Math.round(due / gridMillis) * gridMillis);
};
