import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Judgement, type ProbesSpec, type ProbeSpec } from "../../src/health/index.ts";

const { count, due, initial, isOver, isReady, isStarted, step, verdict } = Judgement;

const probe = (failureThreshold = 3, successThreshold = 1, kind: "tcp" | "process" = "tcp"): ProbeSpec => ({
  check: kind === "tcp" ? { kind, address: "127.0.0.1", port: 1 } : { kind },
  intervalMillis: 1000,
  timeoutMillis: 100,
  initialDelayMillis: 0,
  failureThreshold,
  successThreshold,
  jitter: 0,
});

/** `+` is a pass and `-` a failure of the probe named before: `S` startup, `R` readiness, `L` liveness. */
const run = (probes: ProbesSpec, findings: string) => {
  let judgement = initial(probes);
  const news: Array<string> = [];
  const kinds = { S: "startup", R: "readiness", L: "liveness" } as const;
  for (const each of findings.split(" ").filter((word) => word !== "")) {
    const next = step(probes, judgement, { probe: kinds[each[0] as "S" | "R" | "L"], passed: each[1] === "+", saw: "" });
    judgement = next.judgement;
    news.push(...next.news.map((one) => `${each}:${one}`));
  }
  return { judgement, news, says: `${verdict(judgement)}${isReady(judgement) ? " ready" : ""}` };
};

describe("one probe", () => {
  it("counts every sequence of six results as its thresholds say", () => {
    for (let failureThreshold = 1; failureThreshold <= 3; failureThreshold++) {
      for (let successThreshold = 1; successThreshold <= 3; successThreshold++) {
        for (let bits = 0; bits < 64; bits++) {
          const results = [0, 1, 2, 3, 4, 5].map((bit) => (bits & (1 << bit)) !== 0);
          let counted: Judgement.Count = { verdict: "unknown", passes: 0, failures: 0 };
          let row = 0;
          let expected: Judgement.Verdict = "unknown";
          results.forEach((passed, index) => {
            counted = count({ failureThreshold, successThreshold }, counted, passed);
            row = index > 0 && results[index - 1] === passed ? row + 1 : 1;
            if (row >= (passed ? successThreshold : failureThreshold)) expected = passed ? "healthy" : "unhealthy";
            expect(counted).toEqual({ verdict: expected, passes: passed ? row : 0, failures: passed ? 0 : row });
          });
        }
      }
    }
  });
});

describe("the probes of a unit", () => {
  it.each<[string, ProbesSpec, string, string, ReadonlyArray<string>]>([
    ["no probe at all", {}, "L- L- L-", "unknown ready", []],
    [
      "liveness alone: ready from the first, and failed once",
      { liveness: probe() },
      "L+ L- L- L+ L- L- L- L- L-",
      "unhealthy",
      ["L+:healthy", "L-:failed"],
    ],
    ["liveness alone, never passed", { liveness: probe(2) }, "L- L-", "unhealthy", ["L-:failed"]],
    ["liveness not yet asked", { liveness: probe() }, "", "unknown ready", []],
    [
      "readiness comes and goes",
      { readiness: probe(2) },
      "R- R+ R- R+ R- R- R- R+",
      "healthy ready",
      ["R+:ready", "R-:notReady", "R+:ready"],
    ],
    ["readiness that never passes is told once", { readiness: probe(2) }, "R- R- R- R-", "unhealthy", ["R-:notReady"]],
    ["readiness takes its success threshold", { readiness: probe(1, 2) }, "R+ R- R+ R+", "healthy ready", ["R-:notReady", "R+:ready"]],
    [
      "liveness that is readiness too",
      { liveness: probe(2), livenessIsReadiness: true },
      "L- L+ L- L-",
      "unhealthy",
      ["L+:healthy", "L+:ready", "L-:failed", "L-:notReady"],
    ],
    [
      "a startup probe holds the others back",
      { startup: probe(3), readiness: probe(), liveness: probe(1) },
      "L- R+ S- L- S- S+ L+ R+",
      "healthy ready",
      ["S+:started", "L+:healthy", "R+:ready"],
    ],
    [
      "a startup probe that has failed is the end",
      { startup: probe(2), liveness: probe(1) },
      "S- S- S+ L- L+",
      "unhealthy",
      ["S-:startFailed"],
    ],
    ["a startup probe is not asked again", { startup: probe(1) }, "S+ S- S-", "healthy ready", ["S+:started"]],
    ["a process that is there is well", { liveness: probe(3, 1, "process") }, "L- L- L-", "healthy ready", []],
    [
      "a startup probe of the process is none",
      { startup: probe(3, 1, "process"), readiness: probe() },
      "R+",
      "healthy ready",
      ["R+:ready"],
    ],
  ])("%s", (_, probes, findings, says, news) => {
    const result = run(probes, findings);
    expect(result.says).toBe(says);
    expect(result.news).toEqual(news);
  });

  const specs = fc.record({ failureThreshold: fc.integer({ min: 1, max: 4 }), successThreshold: fc.integer({ min: 1, max: 3 }) });
  const some = fc.option(
    specs.map((thresholds) => ({ ...probe(), ...thresholds })),
    { nil: undefined },
  );
  const probesOf = fc
    .record({ startup: some, readiness: some, liveness: some, both: fc.boolean() })
    .map(({ both, ...given }): ProbesSpec => ({
      ...(Object.fromEntries(Object.entries(given).filter(([, spec]) => spec !== undefined)) as ProbesSpec),
      livenessIsReadiness: both && given.readiness === undefined && given.liveness !== undefined,
    }));
  const findings = fc.array(
    fc.record({ probe: fc.constantFrom("startup", "readiness", "liveness" as const), passed: fc.boolean(), saw: fc.constant("") }),
    { maxLength: 60 },
  );

  it("whatever is found: nothing is heard before the start or after the end, news alternate, and each end comes once", () => {
    fc.assert(
      fc.property(probesOf, findings, (probes, all) => {
        let judgement = initial(probes);
        const heard: Array<Judgement.News> = [];
        for (const finding of all) {
          const before = judgement;
          const wasDue = due(probes, before).includes(finding.probe);
          const next = step(probes, before, finding);
          judgement = next.judgement;
          heard.push(...next.news);
          // A finding of a probe that is not due changes nothing.
          if (!wasDue) expect(next).toEqual({ judgement: before, news: [] });
          if (isOver(judgement)) expect(due(probes, judgement)).toEqual([]);
          if (!isStarted(judgement)) expect(isReady(judgement)).toBe(false);
          expect(due(probes, judgement).includes("startup")).toBe(
            probes.startup !== undefined && !isStarted(judgement) && !isOver(judgement),
          );
        }
        for (const once of ["started", "startFailed", "failed", "healthy"] as const)
          expect(heard.filter((one) => one === once).length).toBeLessThan(2);
        const ends = heard.filter((one) => one === "failed" || one === "startFailed");
        expect(ends.length).toBe(isOver(judgement) ? 1 : 0);
        const readiness = heard.filter((one) => one === "ready" || one === "notReady");
        for (let index = 1; index < readiness.length; index++) expect(readiness[index]).not.toBe(readiness[index - 1]);
        // What was told last is so.
        const says = probes.readiness !== undefined || probes.livenessIsReadiness === true;
        if (says && readiness.length > 0 && !isOver(judgement)) expect(isReady(judgement)).toBe(readiness.at(-1) === "ready");
        if (probes.startup !== undefined && heard.length > 0) expect(["started", "startFailed"]).toContain(heard[0]);
      }),
    );
  });
});
