import { it } from "@effect/vitest";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as TestClock from "effect/testing/TestClock";
import fc from "fast-check";
import { describe, expect } from "vitest";
import { type Check, Pace, Prober, type ProbeSpec } from "../../src/health/index.ts";

const spec = (more: Partial<ProbeSpec> = {}): ProbeSpec => ({
  check: { kind: "tcp", address: "127.0.0.1", port: 1 },
  intervalMillis: 10_000,
  timeoutMillis: 1_000,
  initialDelayMillis: 0,
  failureThreshold: 3,
  successThreshold: 1,
  jitter: 0,
  ...more,
});
const fresh = { processStartedAt: 0, reattached: false };
const passes: Check.Outcome = { passed: true, saw: "fine" };
const fails: Check.Outcome = { passed: false, saw: "ill" };

/** Instants at which a probe was run and what of it counted, over so long, of a check that always sees the same. */
const observe = (probe: ProbeSpec, begin: Prober.Begin, outcome: Check.Outcome, millis: number, takes = 0) =>
  Effect.gen(function* () {
    const runs: Array<number> = [];
    const counted: Array<string> = [];
    const clock = yield* Effect.clockWith(Effect.succeed);
    const run = Effect.suspend(() => {
      runs.push(clock.currentTimeMillisUnsafe());
      return takes === 0 ? Effect.succeed(outcome) : Effect.as(Effect.sleep(takes), outcome);
    });
    const found = ({ passed, saw }: Check.Outcome) =>
      Effect.sync(() => void counted.push(`${clock.currentTimeMillisUnsafe()} ${passed ? "+" : "-"} ${saw}`));
    const fiber = yield* Effect.forkChild(Prober.run(probe, { run }, begin, found), { startImmediately: true });
    yield* TestClock.adjust(millis);
    yield* Fiber.interrupt(fiber);
    const { length } = runs;
    yield* TestClock.adjust(millis);
    // An interrupted probe has no timer left.
    expect(runs.length).toBe(length);
    return { runs, counted };
  });

describe("one probe", () => {
  it.effect("one that passes is run each interval", () =>
    Effect.gen(function* () {
      const { counted, runs } = yield* observe(spec(), fresh, passes, 35_000);
      expect(runs).toEqual([0, 10_000, 20_000, 30_000]);
      expect(counted).toEqual(runs.map((at) => `${at} + fine`));
    }),
  );

  it.effect("one with a grace that is longer than its interval: nothing counts for so long, and no pause is longer than an interval", () =>
    Effect.gen(function* () {
      const { counted, runs } = yield* observe(spec({ intervalMillis: 1000, graceMillis: 4000 }), fresh, fails, 6500);
      expect(runs).toEqual([0, 100, 300, 700, 1500, 2500, 3500, 4000, 5000, 6000]);
      expect(counted).toEqual(["4000 - ill", "5000 - ill", "6000 - ill"]);
    }),
  );

  it.effect("one that fails from the first is run often for one interval, in which nothing counts", () =>
    Effect.gen(function* () {
      const { counted, runs } = yield* observe(spec(), fresh, fails, 35_000);
      expect(runs).toEqual([0, 100, 300, 700, 1500, 3100, 6300, 10_000, 20_000, 30_000]);
      expect(counted).toEqual(["10000 - ill", "20000 - ill", "30000 - ill"]);
    }),
  );

  it.effect("waits its initial delay from the start of the process", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(5_000);
      const late = { processStartedAt: 3_000, reattached: false };
      expect((yield* observe(spec({ initialDelayMillis: 4_000 }), late, passes, 10_000)).runs).toEqual([7_000]);
      const before = { processStartedAt: -100_000, reattached: false };
      yield* TestClock.setTime(50_000);
      expect((yield* observe(spec({ initialDelayMillis: 4_000 }), before, passes, 5_000)).runs).toEqual([50_000]);
    }),
  );

  it.effect("a run that takes too long has failed at its timeout, and the next keeps the interval", () =>
    Effect.gen(function* () {
      const { counted, runs } = yield* observe(spec({ intervalMillis: 2_000 }), fresh, passes, 7_000, 5_000);
      expect(runs).toEqual([0, 1_100, 3_100, 5_100]);
      expect(counted).toEqual(["4100 - no answer within 1 s", "6100 - no answer within 1 s"]);
    }),
  );

  it.effect("a defect of a check is a failed run", () =>
    Effect.gen(function* () {
      const counted: Array<string> = [];
      const found = ({ saw }: Check.Outcome) => Effect.sync(() => void counted.push(saw));
      const run = Effect.die(new Error("broken"));
      yield* Effect.forkChild(Prober.run(spec({ intervalMillis: 1_000, timeoutMillis: 10 }), { run }, fresh, found));
      yield* TestClock.adjust(2_500);
      expect(counted).toEqual(["Error: broken", "Error: broken"]);
    }),
  );

  it.effect("who tells of a change is asked at once, and otherwise in time", () =>
    Effect.gen(function* () {
      let outcome = passes;
      let told = yield* Deferred.make<void>();
      const seen: Array<string> = [];
      const clock = yield* Effect.clockWith(Effect.succeed);
      const check: Check.Check = { run: Effect.sync(() => outcome), changed: Effect.suspend(() => Deferred.await(told)) };
      const found = ({ saw }: Check.Outcome) => Effect.sync(() => void seen.push(`${clock.currentTimeMillisUnsafe()} ${saw}`));
      yield* Effect.forkChild(Prober.run(spec(), check, fresh, found));
      const change = Effect.fnUntraced(function* (to: Check.Outcome) {
        outcome = to;
        const before = told;
        told = yield* Deferred.make<void>();
        yield* Deferred.succeed(before, undefined);
      });
      yield* TestClock.adjust(25_000);
      yield* change(fails);
      yield* TestClock.adjust(12_000);
      yield* change(passes);
      yield* TestClock.adjust(5_000);
      expect(seen).toEqual(["0 fine", "10000 fine", "20000 fine", "25000 ill", "35000 ill", "37000 fine"]);
    }),
  );
});

describe("a thousand probes", () => {
  /** A thousand probes of a second's interval or more, started at one instant, over some minutes. */
  const storm = (begin: Prober.Begin, takes: number) =>
    Effect.gen(function* () {
      const clock = yield* Effect.clockWith(Effect.succeed);
      const at = new Map<number, number>();
      let [runs, overlaps] = [0, 0];
      for (let unit = 0; unit < 1000; unit++) {
        let isUnderWay = false;
        const run = Effect.suspend(() => {
          if (isUnderWay) overlaps++;
          isUnderWay = true;
          runs++;
          const now = clock.currentTimeMillisUnsafe();
          at.set(now, (at.get(now) ?? 0) + 1);
          return Effect.as(Effect.sleep(takes), passes);
        }).pipe(Effect.ensuring(Effect.sync(() => (isUnderWay = false))));
        yield* Effect.forkChild(Prober.run(spec({ jitter: 0.1, timeoutMillis: 5_000 }), { run }, begin, () => Effect.void));
      }
      yield* TestClock.adjust(120_000);
      return { at, runs, overlaps };
    });

  it.effect("are never run beside themselves, wake up the machine ten times a second at most, and spread out", () =>
    Effect.gen(function* () {
      const { at, overlaps, runs } = yield* storm(fresh, 3_000);
      expect(overlaps).toBe(0);
      // 12 intervals in two minutes, give or take the jitter; a run that takes too long shifts nothing.
      expect(runs).toBeGreaterThan(11_500);
      expect(runs).toBeLessThan(13_500);
      expect([...at.keys()].filter((instant) => instant % 100 !== 0)).toEqual([]);
      // All began in one instant; in the second minute no instant has more than a tenth of them.
      expect(at.get(0)).toBe(1000);
      const later = [...at].filter(([instant]) => instant > 60_000).map(([, many]) => many);
      expect(Math.max(...later)).toBeLessThan(100);
    }),
  );

  it.effect("of units that are taken over all at once begin spread over a second", () =>
    Effect.gen(function* () {
      const { at } = yield* storm({ processStartedAt: 0, reattached: true }, 0);
      const first = [...at].filter(([instant]) => instant < 1_000);
      expect(first.reduce((sum, [, many]) => sum + many, 0)).toBe(1000);
      expect(Math.max(...first.map(([, many]) => many))).toBeLessThan(50);
    }),
  );
});

describe("when", () => {
  it("no run is due before now, none later than its interval and its jitter say, whatever the numbers", () => {
    const number = (max: number) => fc.integer({ min: 0, max });
    const timings = fc.record({ intervalMillis: fc.integer({ min: 1, max: 100_000 }), jitter: fc.double({ min: 0, max: 1, noNaN: true }) });
    const instants = fc.record({
      firstAt: number(1000),
      after: number(200_000),
      took: number(1000),
      passed: fc.boolean(),
      tries: fc.integer({ min: 1, max: 50 }),
      random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    });
    fc.assert(
      fc.property(timings, instants, (given, { after, firstAt, passed, random, took, tries }) => {
        const timing = { ...given, initialDelayMillis: 0 };
        const beganAt = firstAt + after;
        const now = beganAt + took;
        const due = Pace.next(timing, { now, firstAt, beganAt, passed, tries, random });
        expect(due).toBeGreaterThanOrEqual(now);
        expect(due).toBeLessThanOrEqual(Math.max(now, beganAt + given.intervalMillis * (1 + given.jitter) + 50));
        const settling = Pace.isSettling(timing, { now, firstAt, passed });
        if (settling) expect(due).toBeLessThanOrEqual(firstAt + given.intervalMillis);
      }),
    );
  });
});
