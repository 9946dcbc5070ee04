/**
 * When a unit with a schedule runs next, and what becomes of a run that is due while the one before is not over. Pure: times are Unix milliseconds,
 * as the wall clock tells them, and `chance` is a number from 0 to 1.
 */
import * as Cron from "effect/Cron";
import * as Result from "effect/Result";
import type { UnitState } from "../protocol/MasterRpc.ts";

export const overlaps = ["skip", "queue", "replace"] as const;
/** What a run does that is due while the one before is not over. */
export type Overlap = (typeof overlaps)[number];

export interface Schedule {
  /** Cron text with five or six fields, in a time zone (absent: the machine's); or so often. */
  readonly at: { readonly cron: string; readonly timezone?: string } | { readonly everyMillis: number };
  /** A run begins up to so much later. */
  readonly jitterMillis: number;
  readonly overlap: Overlap;
  /** Whether a run that was missed while no master ran is made up for, once. */
  readonly catchUp: boolean;
}

/** What a schedule goes by. */
export interface Plan {
  /** The time that the schedule names. */
  readonly dueAt: number;
  /** The same, and the jitter. */
  readonly startAt: number;
  /** The due time that has been dealt with last, or when the schedule began. */
  readonly last: number;
  /** When the clock was looked at last. */
  readonly seenAt: number;
}

/** The longest wait between two looks at the clock: so late at most is a clock noticed that was set, or a machine that slept. */
export const lookMillis = 600_000;

/** A timer may be this late without the clock having been set. */
const toleranceMillis = 5_000;

/** A clock that is set back by less does not make a time of day come twice. */
const setBackMillis = 3 * 3_600_000;

const nicknames: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

const localZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/**
 * A cron text, or what is wrong with it. An hour that comes twice, as summer time ends, is run twice by what runs in every hour and once by all
 * else; a time that is left out, as it begins, comes as much later.
 */
export const parseCron = (text: string, timezone = localZone()): Result.Result<Cron.Cron, string> => {
  const fields = nicknames[text.trim()] ?? text;
  const parsed = Cron.parse(fields, timezone);
  if (Result.isFailure(parsed)) return Result.fail(parsed.failure.message);
  const cron =
    parsed.success.hours.size % 24 === 0 ? Result.getOrThrow(Cron.parse(fields, timezone, { onDstOverlap: "both" })) : parsed.success;
  try {
    Cron.next(cron, 0);
    return Result.succeed(cron);
  } catch {
    return Result.fail("there is no such date");
  }
};

/** The first time after `after` that the schedule names; `every` counts from `last`. */
export const next = ({ at }: Schedule, last: number, after: number): number => {
  if ("everyMillis" in at) {
    const { everyMillis } = at;
    return last + everyMillis * Math.max(1, Math.floor((after - last) / everyMillis) + 1);
  }
  return Cron.next(Result.getOrThrow(parseCron(at.cron, at.timezone)), after).getTime();
};

const planned = (schedule: Schedule, last: number, after: number, now: number, chance: number): Plan => {
  const dueAt = next(schedule, last, after);
  return { dueAt, startAt: dueAt + Math.floor(chance * schedule.jitterMillis), last, seenAt: now };
};

/** After a clock that was set back: only times that have not been before, unless it was wrong by far. */
const notBefore = (last: number, now: number): number => (last > now && last - now <= setBackMillis ? last : now);

/** The plan of a master that comes up, where `last` is what the one before has dealt with; or of a schedule that begins. */
export const begin = (schedule: Schedule, last: number | null, now: number, chance: number): Plan => {
  if (last === null || (last > now && "everyMillis" in schedule.at)) return planned(schedule, now, now, now, chance);
  if (schedule.catchUp) {
    const missed = next(schedule, last, last);
    if (missed <= now) return { dueAt: missed, startAt: now, last, seenAt: now };
  }
  return planned(schedule, last, notBefore(last, now), now, chance);
};

/** How long to wait until the clock is looked at again. */
export const pause = ({ seenAt, startAt }: Plan): number => Math.min(Math.max(0, startAt - seenAt), lookMillis);

/** The clock is looked at: the plan from now on, and whether a run is due. However many have been missed, that is one. */
export const wake = (schedule: Schedule, plan: Plan, now: number, chance: number): { readonly plan: Plan; readonly due: boolean } => {
  const jump = now - plan.seenAt - pause(plan);
  const wasSet = Math.abs(jump) > toleranceMillis;
  if ("everyMillis" in schedule.at && wasSet) {
    // So often means so much time: a clock that was set, and a machine that slept, change nothing in it.
    const shifted = { dueAt: plan.dueAt + jump, startAt: plan.startAt + jump, last: plan.last + jump, seenAt: now };
    return now < shifted.startAt ? { plan: shifted, due: false } : due(schedule, shifted, now, chance);
  }
  if (now >= plan.startAt) return due(schedule, plan, now, chance);
  if (wasSet && jump < 0) return { plan: planned(schedule, plan.last, notBefore(plan.last, now), now, chance), due: false };
  return { plan: { ...plan, seenAt: now }, due: false };
};

const due = (schedule: Schedule, { dueAt }: Plan, now: number, chance: number) => ({
  plan: planned(schedule, dueAt, Math.max(dueAt, now), now, chance),
  due: true,
});

/** What becomes of a run that is due. */
export const onDue = (state: UnitState, overlap: Overlap): "start" | Overlap | "none" => {
  switch (state) {
    case "stopped":
    // It runs as soon as those that it waits for let it.
    case "blocked":
      return "none";
    case "waiting":
    case "failed":
    case "completed":
      return "start";
    case "stopping":
      // There is nothing left to be replaced.
      return overlap === "replace" ? "queue" : overlap;
    case "starting":
    case "running":
    case "backoff":
      return overlap;
  }
};
