/**
 * The keys of a control block that say when a unit starts and when its start is complete; the same in both dialects.
 */
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import * as SchemaIssue from "effect/SchemaIssue";
import { nearest } from "./Nearest.ts";
import * as Schedule from "../unit/Schedule.ts";
import type { UnitSpec } from "../unit/UnitSpec.ts";
import { block, dispatch, Duration, Flag, OneOf, Text, Timeout, told } from "./Values.ts";

const optional = Schema.optionalKey;

const cronExpected = 'five fields, as in "0 3 * * *" (minute, hour, day, month, weekday), six with seconds first, or @daily, @hourly …';
const Cron = Text.check(
  Schema.makeFilter((text: string, _ast, options) => {
    const parsed = Schedule.parseCron(text, "UTC");
    if (Result.isSuccess(parsed)) return undefined;
    const message = `${JSON.stringify(text)} is not a schedule: ${parsed.failure.toLowerCase()}`;
    return new SchemaIssue.InvalidValue({ message, ...told("HSU-CFG-030", cronExpected) }, text, options);
  }),
);

const isZone = (name: string): boolean => {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).format(0) !== "";
  } catch {
    return false;
  }
};
const aZone = told("HSU-CFG-031", "a time zone of the IANA database, as in Europe/Berlin or UTC");
const Zone = Text.check(
  Schema.makeFilter((name: string, _ast, options) => {
    if (isZone(name)) return undefined;
    const near = nearest(name, Intl.supportedValuesOf("timeZone"));
    return new SchemaIssue.InvalidValue({ message: "", ...aZone, ...(near === undefined ? {} : { nearest: near }) }, name, options);
  }, aZone),
);

const Interval = Duration.check(Schema.makeFilter((millis: number) => millis >= 1000, told("HSU-CFG-010", "a duration of at least 1s")));
const LongerThanNothing = Timeout.check(Schema.makeFilter((millis: number) => millis > 0, told("HSU-CFG-010", "a duration longer than 0")));

const ScheduleBlock = block({
  cron: Cron,
  every: Interval,
  timezone: Zone,
  jitter: Timeout,
  overlap: OneOf(...Schedule.overlaps),
  catch_up: Flag,
});
type ScheduleBlock = typeof ScheduleBlock.Type;

export const startKeys = {
  start: optional(OneOf("process", "notify", "oneshot")),
  schedule: optional(dispatch<string | ScheduleBlock>((value) => (typeof value === "string" ? Cron : ScheduleBlock))),
  run_timeout: optional(LongerThanNothing),
  watchdog: optional(LongerThanNothing),
  stdin: optional(OneOf("none", "pipe")),
};

const StartBlock = Schema.Struct(startKeys);
export type StartBlock = typeof StartBlock.Type;

const scheduleOf = (given: string | ScheduleBlock): Schedule.Schedule => {
  const { catch_up, cron, every, jitter, overlap, timezone } = typeof given === "string" ? ({ cron: given } as ScheduleBlock) : given;
  return {
    at: every === undefined ? { cron: cron ?? "", ...(timezone === undefined ? {} : { timezone }) } : { everyMillis: every },
    jitterMillis: jitter ?? 0,
    overlap: overlap ?? "skip",
    catchUp: catch_up ?? false,
  };
};

/** What they make of a unit. */
export const startsOf = ({
  run_timeout,
  schedule,
  start,
  stdin,
  watchdog,
}: StartBlock): Pick<UnitSpec, "runTimeoutMillis" | "schedule" | "start" | "stdin" | "watchdogMillis"> => ({
  ...(stdin === "pipe" ? { stdin } : {}),
  ...(watchdog === undefined ? {} : { watchdogMillis: watchdog }),
  ...(start === undefined || start === "process" ? {} : { start }),
  ...(schedule === undefined ? {} : { schedule: scheduleOf(schedule) }),
  ...(run_timeout === undefined ? {} : { runTimeoutMillis: run_timeout }),
});
