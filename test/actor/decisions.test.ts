/** The pure parts: whom a failure concerns, how many restarts are too many, how long to wait. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Backoff, ExitReason, RestartIntensity, Strategy } from "../../src/actor/index.ts";

const reasons = {
  normal: ExitReason.normal,
  shutdown: ExitReason.shutdown,
  "shutdown with a word": ExitReason.shutdownWith("deploy"),
  killed: ExitReason.killed,
  error: ExitReason.error("no"),
  noProc: ExitReason.noProc,
} as const;

describe("Strategy", () => {
  it("shouldRestart: every restart type and reason", () => {
    const table = Object.entries(reasons).map(([name, reason]) => [
      name,
      ...(["permanent", "transient", "temporary"] as const).map((type) => Strategy.shouldRestart(type, reason)),
    ]);
    expect(table).toEqual([
      ["normal", true, false, false],
      ["shutdown", true, false, false],
      ["shutdown with a word", true, false, false],
      ["killed", true, true, false],
      ["error", true, true, false],
      ["noProc", true, true, false],
    ]);
  });

  it("affected: every strategy, position and number of children up to eight", () => {
    for (let count = 1; count <= 8; count++) {
      for (let position = 0; position < count; position++) {
        expect(Strategy.affected("one_for_one", position, count)).toEqual([position, position + 1]);
        expect(Strategy.affected("one_for_all", position, count)).toEqual([0, count]);
        expect(Strategy.affected("rest_for_one", position, count)).toEqual([position, count]);
      }
    }
  });
});

/** OTP's way: all restarts within the period, in a list. Time that goes back stands still. */
const naiveWindow = (intensity: number, period: number) => {
  let restarts: Array<number> = [];
  let last = -Infinity;
  return (time: number): boolean => {
    const now = Math.max(last, time);
    last = now;
    restarts = [...restarts, now].filter((then) => now <= then + period);
    return restarts.length <= intensity;
  };
};

describe("RestartIntensity", () => {
  const steps = fc.array(fc.integer({ min: -50, max: 150 }), { maxLength: 60 });

  it("agrees with a list of all restarts, up to the first that is too many, also when the clock goes back", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 1, max: 300 }), steps, (intensity, periodMillis, deltas) => {
        const window = RestartIntensity.makeWindow({ intensity, periodMillis });
        const naive = naiveWindow(intensity, periodMillis);
        let now = 1000;
        for (const delta of deltas) {
          now += delta;
          const allowed = naive(now);
          expect(window.record(now)).toBe(allowed);
          // A supervisor ends with the first refusal: what comes after it does not matter.
          if (!allowed) return;
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("allows exactly `intensity` restarts at one instant", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200 }), (intensity) => {
        const window = RestartIntensity.makeWindow({ intensity, periodMillis: 1 });
        for (let n = 0; n < intensity; n++) expect(window.record(5)).toBe(true);
        expect(window.record(5)).toBe(false);
      }),
    );
  });

  it("without a limit allows all", () => {
    const window = RestartIntensity.makeWindow({ intensity: "infinity", periodMillis: 1 });
    expect(Array.from({ length: 1000 }, () => window.record(0)).every(Boolean)).toBe(true);
  });
});

describe("Backoff", () => {
  const backoffs = fc.record(
    {
      initialMillis: fc.integer({ min: 0, max: 10_000 }),
      factor: fc.double({ min: 1, max: 10, noNaN: true }),
      maxMillis: fc.integer({ min: 0, max: 100_000 }),
      jitter: fc.double({ min: 0, max: 1, noNaN: true }),
    },
    { requiredKeys: ["initialMillis"] },
  );
  const attempts = fc.integer({ min: 1, max: 5000 });
  const randoms = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

  it("is never negative, never above its cap, and never more than a timer can count", () => {
    fc.assert(
      fc.property(backoffs, attempts, randoms, (backoff, attempt, random) => {
        const delay = Backoff.delay(backoff, attempt, random);
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(Math.min(backoff.maxMillis ?? Infinity, 2 ** 31 - 1));
      }),
      { numRuns: 1000 },
    );
  });

  it("does not shrink as attempts go on", () => {
    fc.assert(
      fc.property(backoffs, attempts, (backoff, attempt) => {
        const at = (n: number): number => Backoff.delay(backoff, n, 0);
        expect(at(attempt + 1)).toBeGreaterThanOrEqual(at(attempt));
      }),
      { numRuns: 1000 },
    );
  });

  it("jitter only shortens, and never below its share", () => {
    fc.assert(
      fc.property(backoffs, attempts, randoms, (backoff, attempt, random) => {
        const full = Backoff.delay(backoff, attempt, 0);
        const delay = Backoff.delay(backoff, attempt, random);
        expect(delay).toBeLessThanOrEqual(full);
        expect(delay).toBeGreaterThanOrEqual(full * (1 - (backoff.jitter ?? 0)));
      }),
      { numRuns: 1000 },
    );
  });
});

describe("ExitReason", () => {
  it("format says each in a line", () => {
    const cyclic: Record<string, unknown> = {};
    cyclic["self"] = cyclic;
    const lines = [...Object.values(reasons), ExitReason.shutdownWith({ a: 1 }), ExitReason.error(new Error("")), ExitReason.error(cyclic)];
    expect(lines.map(ExitReason.format)).toEqual([
      "normal",
      "shutdown",
      "shutdown: deploy",
      "killed",
      "no",
      "no such actor",
      'shutdown: {"a":1}',
      "Error",
      "[object Object]",
    ]);
  });
});
