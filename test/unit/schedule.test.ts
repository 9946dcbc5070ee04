import * as Result from "effect/Result";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Lifecycle, Schedule } from "../../src/unit/index.ts";

const at = (text: string): number => Date.parse(text);
const iso = (millis: number): string => new Date(millis).toISOString().replace(":00.000Z", "Z");
const schedule = (of: Schedule.Schedule["at"], change: Partial<Schedule.Schedule> = {}): Schedule.Schedule => ({
  at: of,
  jitterMillis: 0,
  overlap: "skip",
  catchUp: false,
  ...change,
});
const cron = (text: string, timezone = "UTC", change: Partial<Schedule.Schedule> = {}) => schedule({ cron: text, timezone }, change);
const every = (everyMillis: number, change: Partial<Schedule.Schedule> = {}) => schedule({ everyMillis }, change);
const minute = 60_000;
const hour = 60 * minute;

/** The times that a schedule names. */
const times = (of: Schedule.Schedule, from: string, count: number): ReadonlyArray<string> => {
  const found: Array<number> = [];
  for (let after = at(from); found.length < count; after = found.at(-1)!) found.push(Schedule.next(of, at(from), after));
  return found.map(iso);
};

/** Runs a plan on a clock that each wait takes `late` longer on and that is set at one time; tells the runs. */
const runs = (
  of: Schedule.Schedule,
  options: { readonly from: string; readonly until: string; readonly late?: number; readonly set?: readonly [at: string, by: number] },
): ReadonlyArray<string> => {
  let offset = 0;
  let real = at(options.from);
  const setAt = options.set === undefined ? Infinity : at(options.set[0]);
  let plan = Schedule.begin(of, null, real, 0);
  const found: Array<number> = [];
  while (real < at(options.until)) {
    real += Schedule.pause(plan) + (options.late ?? 0);
    if (real >= setAt) offset = options.set![1];
    const woken = Schedule.wake(of, plan, real + offset, 0);
    plan = woken.plan;
    if (woken.due && real < at(options.until)) found.push(real + offset);
  }
  return found.map(iso);
};

describe("the times of a schedule", () => {
  it.each([
    ["five fields", "30 3 * * 1-5", ["2026-05-01T03:30Z", "2026-05-04T03:30Z"]],
    ["six, with seconds", "0 */20 * * * *", ["2026-05-01T00:20Z", "2026-05-01T00:40Z"]],
    ["a nickname", "@daily", ["2026-05-02T00:00Z", "2026-05-03T00:00Z"]],
    ["a day that not every month has", "0 0 31 * *", ["2026-05-31T00:00Z", "2026-07-31T00:00Z"]],
    ["a day that not every year has", "0 0 29 2 *", ["2028-02-29T00:00Z", "2032-02-29T00:00Z"]],
  ])("%s", (_, text, expected) => {
    expect(times(cron(text), "2026-05-01T00:00Z", 2)).toEqual(expected);
  });

  it.each(["", "0 3 * *", "61 * * * *", "a b c d e", "0 0 30 2 *", "@often", "0 3 * * * * *"])("%j is none", (text) => {
    expect(Result.isFailure(Schedule.parseCron(text, "UTC"))).toBe(true);
  });

  it("a time of day that summer time leaves out comes as much later, once", () => {
    expect(times(cron("30 2 * * *", "Europe/Berlin"), "2026-03-28T00:00Z", 3)).toEqual([
      "2026-03-28T01:30Z",
      "2026-03-29T01:30Z",
      "2026-03-30T00:30Z",
    ]);
  });

  it("a time of day that comes twice is run once, and what runs in every hour twice", () => {
    expect(times(cron("30 2 * * *", "Europe/Berlin"), "2026-10-24T12:00Z", 2)).toEqual(["2026-10-25T00:30Z", "2026-10-26T01:30Z"]);
    expect(times(cron("*/30 * * * *", "Europe/Berlin"), "2026-10-25T00:00Z", 5)).toEqual([
      "2026-10-25T00:30Z",
      "2026-10-25T01:00Z",
      "2026-10-25T01:30Z",
      "2026-10-25T02:00Z",
      "2026-10-25T02:30Z",
    ]);
  });

  it("every so often counts from the run before, on one grid", () => {
    expect(Schedule.next(every(900_000), 0, 0)).toBe(900_000);
    expect(Schedule.next(every(900_000), 0, 900_000)).toBe(1_800_000);
    expect(Schedule.next(every(900_000), 0, 2_000_000)).toBe(2_700_000);
  });

  it("the next time is later, whatever the schedule and the time", () => {
    const kinds = fc.oneof(
      fc
        .constantFrom("* * * * *", "*/7 3 * * *", "0 0 1 * *", "30 2 * * 0", "15 10 20 30 * *".replace("30", "*"))
        .map((text) => cron(text, "Europe/Berlin")),
      fc.integer({ min: 1000, max: 1e10 }).map((millis) => every(millis)),
    );
    const instants = fc.integer({ min: at("2020-01-01"), max: at("2040-01-01") });
    fc.assert(fc.property(kinds, instants, (of, now) => Schedule.next(of, now, now) > now));
  });
});

describe("a schedule at work", () => {
  it("runs at its times, also where each timer is a little late", () => {
    for (const late of [0, 3, 4_000]) {
      const found = runs(cron("0 * * * *"), { from: "2026-05-01T00:10Z", until: "2026-05-01T04:00Z", late });
      expect(found.map((text) => text.slice(0, 16))).toEqual(["2026-05-01T01:00", "2026-05-01T02:00", "2026-05-01T03:00"]);
    }
  });

  it("a clock that is set forward over several times gives one run, at the next look", () => {
    const set = ["2026-05-01T00:35Z", 5 * hour] as const;
    expect(runs(cron("0 * * * *"), { from: "2026-05-01T00:30Z", until: "2026-05-01T02:10Z", set })).toEqual([
      "2026-05-01T05:40Z",
      "2026-05-01T06:00Z",
      "2026-05-01T07:00Z",
    ]);
  });

  it("a clock that is set back a little gives no time of day twice; one that was wrong by far does", () => {
    const back = (by: number) =>
      runs(cron("0 * * * *"), { from: "2026-05-01T10:30Z", until: "2026-05-01T13:30Z", set: ["2026-05-01T11:05Z", by] });
    expect(back(-hour)).toEqual(["2026-05-01T11:00Z", "2026-05-01T12:00Z"]);
    expect(back(-24 * hour)).toEqual(["2026-05-01T11:00Z", "2026-04-30T12:00Z", "2026-04-30T13:00Z"]);
  });

  it("every so often is so much time, whatever is done to the clock", () => {
    for (const by of [-24 * hour, -hour, hour, 24 * hour]) {
      const set = ["2026-05-01T00:25Z", by] as const;
      const found = runs(every(20 * minute), { from: "2026-05-01T00:00Z", until: "2026-05-01T01:10Z", set });
      expect(found).toEqual(["2026-05-01T00:20Z", iso(at("2026-05-01T00:40Z") + by), iso(at("2026-05-01T01:00Z") + by)]);
    }
  });

  it("never waits longer than its look, and never a negative time", () => {
    const delays = fc.integer({ min: -(2 ** 40), max: 2 ** 40 });
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.array(delays, { maxLength: 50 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (isCron, jumps, chance) => {
          const of = isCron ? cron("*/5 * * * *", "UTC", { jitterMillis: minute }) : every(5 * minute, { jitterMillis: minute });
          let now = at("2026-05-01");
          let plan = Schedule.begin(of, null, now, chance);
          for (const jump of jumps) {
            now = Math.max(0, now + jump);
            plan = Schedule.wake(of, plan, now, chance).plan;
            const wait = Schedule.pause(plan);
            expect(wait).toBeGreaterThanOrEqual(0);
            expect(wait).toBeLessThanOrEqual(Schedule.lookMillis);
          }
        },
      ),
    );
  });

  it("on a clock that goes on, no time is run twice and each run is at its time or later, but not later than its jitter and the lateness", () => {
    const lateness = fc.array(fc.integer({ min: 0, max: 4_000 }), { minLength: 20, maxLength: 60 });
    fc.assert(
      fc.property(
        lateness,
        fc.integer({ min: 0, max: 30_000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (lates, jitterMillis, chance) => {
          const of = cron("* * * * *", "UTC", { jitterMillis });
          let now = at("2026-05-01T00:00:10Z");
          let plan = Schedule.begin(of, null, now, chance);
          const dues: Array<number> = [];
          for (const late of lates) {
            now += Schedule.pause(plan) + late;
            const { dueAt } = plan;
            const woken = Schedule.wake(of, plan, now, chance);
            plan = woken.plan;
            expect(woken.due).toBe(true);
            expect(now - dueAt).toBeGreaterThanOrEqual(0);
            expect(now - dueAt).toBeLessThanOrEqual(jitterMillis + late);
            dues.push(dueAt);
          }
          expect(new Set(dues).size).toBe(dues.length);
        },
      ),
    );
  });
});

describe("a schedule of a master that comes up", () => {
  const now = at("2026-05-02T09:00Z");
  const daily = (catchUp: boolean) => cron("0 3 * * *", "UTC", { catchUp });
  it.each([
    ["nothing is known", daily(true), null, "2026-05-03T03:00Z"],
    ["it has run", daily(true), "2026-05-02T03:00Z", "2026-05-03T03:00Z"],
    ["it was missed, and is made up for", daily(true), "2026-05-01T03:00Z", "2026-05-02T09:00Z"],
    ["it was missed many times, and is made up for once", daily(true), "2026-01-01T03:00Z", "2026-05-02T09:00Z"],
    ["it was missed, and is not made up for", daily(false), "2026-05-01T03:00Z", "2026-05-03T03:00Z"],
    ["the clock was set back since", daily(true), "2026-05-02T10:00Z", "2026-05-03T03:00Z"],
    ["the clock was wrong by a year", daily(true), "2027-05-02T10:00Z", "2026-05-03T03:00Z"],
    ["every hour, on its grid", every(hour), "2026-05-02T06:30Z", "2026-05-02T09:30Z"],
    ["every hour, made up for", every(hour, { catchUp: true }), "2026-05-02T06:30Z", "2026-05-02T09:00Z"],
    ["every hour, of the future", every(hour, { catchUp: true }), "2026-05-03T06:30Z", "2026-05-02T10:00Z"],
  ])("where %s", (_, of, last, startAt) => {
    const plan = Schedule.begin(of, last === null ? null : at(last), now, 0);
    expect(iso(plan.startAt)).toBe(startAt);
    if (plan.startAt > now) return;
    // Once: the next one is on time again.
    const woken = Schedule.wake(of, plan, now, 0);
    expect(woken.due).toBe(true);
    expect(iso(woken.plan.startAt)).toBe("everyMillis" in of.at ? "2026-05-02T09:30Z" : "2026-05-03T03:00Z");
  });

  it("jitter comes on top, and is drawn anew for each run", () => {
    const of = cron("0 3 * * *", "UTC", { jitterMillis: 10 * minute });
    const plan = Schedule.begin(of, null, now, 0.5);
    expect(iso(plan.startAt)).toBe("2026-05-03T03:05Z");
    expect(iso(Schedule.wake(of, plan, plan.startAt, 0.1).plan.startAt)).toBe("2026-05-04T03:01Z");
  });
});

it("what becomes of a run that is due, in each state", () => {
  const decided = Object.fromEntries(
    Lifecycle.states.map((state) => [state, Schedule.overlaps.map((overlap) => Schedule.onDue(state, overlap)).join(" ")]),
  );
  expect(decided).toEqual({
    stopped: "none none none",
    blocked: "none none none",
    waiting: "start start start",
    starting: "skip queue replace",
    running: "skip queue replace",
    completed: "start start start",
    stopping: "skip queue queue",
    failed: "start start start",
    backoff: "skip queue replace",
  });
});
