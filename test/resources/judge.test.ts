import * as fc from "fast-check";
import { expect, it } from "vitest";
import { noUsage } from "../../src/platform/index.ts";
import { admit } from "../../src/resources/Admission.ts";
import { emergencyFactor, type Finding, judge, type Standings, worst } from "../../src/resources/Judge.ts";
import { endsIt, type Limit, limitNames, type LimitsSpec, policies, valueOf } from "../../src/resources/Limits.ts";
import { sampleOf } from "../../src/resources/Sampler.ts";

const at = (millis: number, rssBytes: number) => sampleOf({ ...noUsage, rssBytes, processes: 1 }, millis, null, 0);

const spec = (limit: Partial<Limit>, more: Partial<LimitsSpec> = {}): LimitsSpec => ({
  limits: [{ name: "memory.max_rss", bound: 100, policy: "restart", ...limit }],
  graceMillis: 0,
  sustainedMillis: 0,
  spikeMillis: 0,
  ...more,
});

/** All findings of a row of samples, a second apart, each with its time. */
const run = (limits: LimitsSpec, values: ReadonlyArray<number>, startedAt = 0): ReadonlyArray<Finding & { readonly at: number }> => {
  let standings: Standings = {};
  return values.flatMap((value, index) => {
    const now = index * 1000;
    const judged = judge(limits, standings, at(now, value), startedAt);
    standings = judged.standings;
    return judged.findings.map((finding) => ({ ...finding, at: now }));
  });
};

it("a warning is told once, the broken limit once more, and that it is well again", () => {
  const found = run(spec({ warningPercent: 80, policy: "log" }), [10, 85, 90, 101, 102, 160, 85, 20, 90]);
  expect(found.map(({ action, at: when, severity }) => [when, severity, action])).toEqual([
    [1000, "warning", "none"],
    [3000, "critical", "log"],
    [5000, "emergency", "none"],
    [7000, null, "none"],
    [8000, "warning", "none"],
  ]);
});

it("nothing is done before it is sustained, unless it is an emergency; a spike is not even told", () => {
  const patient = spec({}, { sustainedMillis: 3000, spikeMillis: 2000 });
  expect(run(patient, [120, 120, 50, 120, 120, 120, 120]).map((each) => [each.at, each.action, each.forMillis])).toEqual([
    [5000, "none", 2000],
    [6000, "restart", 3000],
  ]);
  expect(run(patient, [200, 200, 200]).map((each) => [each.at, each.severity, each.action])).toEqual([[2000, "emergency", "restart"]]);
  expect(run(spec({}, { graceMillis: 2500 }), [120, 120, 120, 120]).map((each) => each.at)).toEqual([3000]);
});

const limitsArbitrary = fc.record({
  policy: fc.constantFrom(...policies),
  warningPercent: fc.option(fc.integer({ min: 1, max: 100 }), { nil: undefined }),
  graceMillis: fc.integer({ min: 0, max: 5000 }),
  sustainedMillis: fc.integer({ min: 0, max: 6000 }),
  spikeMillis: fc.integer({ min: 0, max: 4000 }),
});

it("whatever is measured, an action is backed by every sample since it began, and comes once while it lasts", () => {
  fc.assert(
    fc.property(limitsArbitrary, fc.array(fc.integer({ min: 0, max: 220 }), { maxLength: 40 }), (made, values) => {
      const { policy, warningPercent, ...times } = made;
      const limits = spec({ policy, ...(warningPercent === undefined ? {} : { warningPercent }) }, times);
      const found = run(limits, values);
      if (policy === "none") expect(found).toEqual([]);
      let last = -1;
      for (const { action, at: when, forMillis, severity, value } of found) {
        expect(when).toBeGreaterThanOrEqual(times.graceMillis);
        expect(value).toBe(values[when / 1000]);
        expect(severity === "emergency").toBe(severity !== null && value >= 100 * emergencyFactor);
        if (severity === "warning") expect(value).toBeGreaterThanOrEqual(warningPercent ?? Infinity);
        if (action === "none") continue;
        expect(action).toBe(policy);
        const since = values.slice((when - forMillis) / 1000, when / 1000 + 1);
        expect(since.every((each) => each > 100)).toBe(true);
        expect(forMillis).toBeGreaterThanOrEqual(times.spikeMillis);
        expect(forMillis >= times.sustainedMillis || severity === "emergency").toBe(true);
        // Between two actions it has been well, or under its bound, once.
        expect(values.slice(last + 1, when / 1000).some((each) => each <= 100) || last === -1).toBe(true);
        last = when / 1000;
      }
      // Nobody who is over for long enough is left alone.
      const first = values.findIndex((_, index) => {
        const enough = Math.ceil(Math.max(times.sustainedMillis, times.spikeMillis) / 1000);
        const begin = index - enough;
        return begin >= 0 && begin * 1000 >= times.graceMillis && values.slice(begin, index + 1).every((each) => each > 100);
      });
      if (first !== -1 && policy !== "none") expect(found.some(({ action }) => action === policy)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

it("what ends the process comes first, the worst of it before the rest; what is not measured breaks nothing", () => {
  const finding = (action: Finding["action"], severity: Finding["severity"]): Finding => ({
    limit: "memory.max_rss",
    value: 1,
    bound: 1,
    forMillis: 0,
    action,
    severity,
  });
  expect(worst([finding("log", "emergency"), finding("throttle", "critical")])).toBeNull();
  expect(worst([finding("restart", "critical"), finding("immediate_kill", "emergency")])?.action).toBe("immediate_kill");
  expect(policies.filter(endsIt)).toEqual(["graceful_shutdown", "immediate_kill", "restart", "restart_adjusted"]);
  const bare = sampleOf({ ...noUsage, processes: 1 }, 1000, null, 0);
  const all = { ...spec({}), limits: limitNames.map((name): Limit => ({ name, bound: 5, policy: "restart" })) };
  expect(limitNames.filter((name) => valueOf(name, bare) !== null)).toHaveLength(6);
  expect(judge(all, {}, bare, 0).findings).toEqual([]);
});

it("a unit is let in as long as what all may have fits", () => {
  const machine = { memoryBytes: 1000, percent: 80 };
  const others = [
    { unit: "a", memoryBytes: 300 },
    { unit: "b", memoryBytes: null },
    { unit: "c", memoryBytes: 100 },
  ];
  expect(admit({ unit: "c", memoryBytes: 500 }, others, machine)).toBeNull();
  expect(admit({ unit: "d", memoryBytes: 500 }, others, machine)).toEqual({ wanted: 500, given: 400, allowed: 800 });
  expect(admit({ unit: "d", memoryBytes: null }, others, machine)).toBeNull();
});
