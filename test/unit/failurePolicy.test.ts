import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ExitReason } from "../../src/actor/index.ts";
import { FailurePolicy, type RestartPolicy } from "../../src/unit/index.ts";

const { carriedOut, circuitAt, kindOf, limitsFor, noFailures, NotDue, onFailure } = FailurePolicy;

const policy = (change: Partial<RestartPolicy> = {}): RestartPolicy => ({
  when: "always",
  successExits: [0],
  delayMillis: 1000,
  multiplier: 2,
  maxDelayMillis: 10_000,
  resetAfterMillis: 60_000,
  jitter: 0,
  ...change,
});
const breaker = { failures: 3, windowMillis: 60_000, cooldownMillis: 300_000, stableMillis: 30_000 };
const crash = { context: "crash", severity: "critical", random: 0 } as const;

/** Fails after each of these times up, each time as soon as its delay has passed; what each failure meant. */
const fails = (what: RestartPolicy, ups: ReadonlyArray<number>) => {
  let row = noFailures;
  let at = 0;
  return ups.map((upMillis) => {
    at += upMillis;
    const verdict = onFailure(what, row, { ...crash, upMillis, at });
    row = verdict.row;
    at += verdict.delayMillis ?? 0;
    return verdict.opened ? `open ${verdict.delayMillis}` : verdict.delayMillis;
  });
};

describe("what a unit's failures in a row mean", () => {
  it("each waits longer than the one before, up to the cap, and anew after a time that was good", () => {
    expect(fails(policy(), [0, 0, 0, 0, 0, 59_999, 60_000, 0])).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000, 1000, 2000]);
  });

  it("attempts in a row are allowed, and one more is not", () => {
    expect(fails(policy({ maxAttempts: 2 }), [0, 0, 0])).toEqual([1000, 2000, null]);
    expect(fails(policy({ maxAttempts: 2 }), [0, 0, 60_000, 0, 0])).toEqual([1000, 2000, 1000, 2000, null]);
    expect(fails(policy({ maxAttempts: 0 }), [0])).toEqual([null]);
  });

  it("jitter takes part of the delay away", () => {
    const half = onFailure(policy({ jitter: 0.5 }), noFailures, { ...crash, upMillis: 0, at: 0, random: 0.5 });
    expect(half.delayMillis).toBe(750);
  });

  it("the breaker opens at so many failures within its window, and not at as many over a longer time", () => {
    expect(fails(policy({ breaker, delayMillis: 0 }), [0, 0, 0])).toEqual([0, 0, "open 300000"]);
    expect(fails(policy({ breaker, delayMillis: 0 }), [40_000, 40_000, 40_000, 40_000])).toEqual([0, 0, 0, 0]);
  });

  it("one failure of the trial opens it again; a trial that held closes it, and all counts anew", () => {
    const what = policy({ breaker, delayMillis: 0 });
    expect(fails(what, [0, 0, 0, 29_999, 0])).toEqual([0, 0, "open 300000", "open 300000", "open 300000"]);
    expect(fails(what, [0, 0, 0, 30_000, 0, 0])).toEqual([0, 0, "open 300000", 0, 0, "open 300000"]);
  });

  it("its state is seen at any time", () => {
    const open = { ...noFailures, circuit: { _tag: "Open", until: 100 } as const };
    const at = (time: number, upSince: number | null) => circuitAt(breaker, open, time, upSince)._tag;
    expect([at(99, null), at(100, 100), at(30_099, 100), at(30_100, 100)]).toEqual(["Open", "HalfOpen", "HalfOpen", "Closed"]);
  });

  it("a failed probe and a broken limit have patience of their own, times severity and profile", () => {
    const what = policy({
      maxAttempts: 3,
      contexts: { health: { maxAttempts: 4, delayMillis: 100 }, resources: {} },
      factors: { warning: 0.5, critical: 1, emergency: 2, profile: 5 },
    });
    expect(limitsFor(what, { context: "crash", severity: "critical" })).toEqual({ maxAttempts: 15, delayMillis: 5000, multiplier: 2 });
    expect(limitsFor(what, { context: "health", severity: "emergency" })).toEqual({ maxAttempts: 40, delayMillis: 1000, multiplier: 2 });
    expect(limitsFor(what, { context: "resources", severity: "warning" })).toEqual({ maxAttempts: 7, delayMillis: 2500, multiplier: 2 });
    const least = policy({ maxAttempts: 1, factors: { warning: 0.1, critical: 1, emergency: 1, profile: 1 } });
    expect(limitsFor(least, { context: "crash", severity: "warning" }).maxAttempts).toBe(1);
  });

  it("an error says itself which kind of failure it is; everything else is a crash", () => {
    const told = (error: unknown) => kindOf(ExitReason.error(error));
    expect(told({ failureContext: "health" })).toEqual({ context: "health", severity: "critical" });
    expect(told({ failureContext: "resources", severity: "emergency" })).toEqual({ context: "resources", severity: "emergency" });
    expect([told({ failureContext: "weather" }), told(null), kindOf(ExitReason.killed)]).toEqual(
      Array.from({ length: 3 }, () => ({ context: "crash", severity: "critical" })),
    );
  });

  it("never waits less than an open breaker wants, more than the cap or the breaker, or for ever", () => {
    const failure = fc.record({
      context: fc.constantFrom("crash", "health", "resources"),
      severity: fc.constantFrom("warning", "critical", "emergency"),
      upMillis: fc.nat(100_000),
      after: fc.nat(100_000),
      random: fc.double({ min: 0, max: 0.999, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(failure, { maxLength: 40 }), fc.double({ min: 0, max: 1, noNaN: true }), (failures, jitter) => {
        const what = policy({ breaker, jitter, factors: { warning: 0.5, critical: 1, emergency: 2, profile: 2.5 } });
        let row = noFailures;
        let at = 0;
        for (const { after, ...each } of failures) {
          at += after + each.upMillis;
          const { delayMillis, row: next } = onFailure(what, row, { ...(each as FailurePolicy.Failure), at });
          const pause = next.circuit._tag === "Open" ? next.circuit.until - at : 0;
          expect(delayMillis).toBeGreaterThanOrEqual(pause);
          expect(delayMillis).toBeLessThanOrEqual(Math.max(pause, what.maxDelayMillis));
          expect(next.failures.length).toBeLessThanOrEqual(breaker.failures);
          expect(next.attempts).toBeGreaterThan(0);
          row = next;
          at += delayMillis!;
        }
      }),
    );
  });
});

describe("the policy as the supervisor asks it", () => {
  const world = (at: () => number) => ({ now: at, random: () => 0 });

  it("keeps the row, where it can be read and goes on from", () => {
    const log: FailurePolicy.FailureLog = { row: { ...noFailures, attempts: 2 }, lastStartAt: null };
    const asked = carriedOut(
      policy(),
      log,
      world(() => 5),
    );
    expect(asked.failed({ reason: ExitReason.killed, upMillis: 0 })).toEqual({ attempt: 3, delayMillis: 4000 });
    expect(log.row.attempts).toBe(3);
  });

  it("a process that an earlier master has started has been up since then", () => {
    const log: FailurePolicy.FailureLog = { row: { ...noFailures, attempts: 9 }, lastStartAt: 0 };
    const asked = carriedOut(
      policy(),
      log,
      world(() => 60_000),
    );
    expect(asked.failed({ reason: ExitReason.killed, upMillis: 1 })).toEqual({ attempt: 1, delayMillis: 1000 });
  });

  it("a start that is not due is no failure: the wait goes on", () => {
    const log: FailurePolicy.FailureLog = { row: { ...noFailures, attempts: 4 }, lastStartAt: null };
    const asked = carriedOut(
      policy({ maxAttempts: 1 }),
      log,
      world(() => 5),
    );
    const reason = ExitReason.error(new NotDue({ waitMillis: 77 }));
    expect(asked.failed({ reason, upMillis: 0 })).toEqual({ attempt: 4, delayMillis: 77 });
    expect([log.row.attempts, FailurePolicy.isNotDue(reason), FailurePolicy.isNotDue(ExitReason.killed)]).toEqual([4, true, false]);
  });
});
