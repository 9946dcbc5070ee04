/**
 * The schedule of one unit at work: a timer, and what it remembers. It decides nothing of its own: Schedule.ts says when and whether.
 */
import type { UnitState } from "../protocol/MasterRpc.ts";
import * as Schedule from "./Schedule.ts";

/** What a schedule is given. */
export interface Clockwork {
  /** A number from 0 to 1. */
  readonly chance: () => number;
  /** What an earlier master has dealt with last. */
  readonly last: () => number | null;
  /** Keeps it for a later one. */
  readonly remember: (last: number) => void;
}

export interface Timetable {
  readonly schedule: Schedule.Schedule;
  /** When the next run begins; null while the unit is stopped. */
  readonly startAt: () => number | null;
  /** A run waits for the end of the one before. */
  queued: boolean;
  /** Goes by the schedule; from now on, once it has been stopped. */
  readonly resume: (state: UnitState) => void;
  readonly stop: () => void;
  /** The timer has gone off: whether a run is due. */
  readonly wake: () => boolean;
}

/** How the unit is told. */
export interface Bell {
  /** Sets the timer, the only one there is; the result cancels it. */
  readonly wake: (millis: number) => () => void;
  /** A run that has waited is due. */
  readonly now: () => void;
}

export const make = (schedule: Schedule.Schedule, clockwork: Clockwork & { readonly now: () => number }, bell: Bell): Timetable => {
  const { chance, now, remember } = clockwork;
  let last = clockwork.last();
  let plan: Schedule.Plan | null = null;
  let cancel: (() => void) | null = null;
  const go = (next: Schedule.Plan): void => {
    plan = next;
    if (last !== next.last) remember(next.last);
    last = next.last;
    cancel = bell.wake(Schedule.pause(next));
  };
  const timetable: Timetable = {
    schedule,
    startAt: () => plan?.startAt ?? null,
    queued: false,
    resume: (state) => {
      if (plan === null) go(Schedule.begin(schedule, last, now(), chance()));
      if (!timetable.queued || (state !== "waiting" && state !== "failed")) return;
      timetable.queued = false;
      bell.now();
    },
    stop: () => {
      cancel?.();
      cancel = plan = last = null;
      timetable.queued = false;
    },
    wake: () => {
      if (plan === null) return false;
      const woken = Schedule.wake(schedule, plan, now(), chance());
      go(woken.plan);
      return woken.due;
    },
  };
  return timetable;
};
