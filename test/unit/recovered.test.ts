import { describe, expect, it } from "vitest";
import type { UnitMemory } from "../../src/store/index.ts";
import { FailurePolicy, Recovered, type UnitSpec } from "../../src/unit/index.ts";

const spec = (change: Partial<UnitSpec> = {}, when: UnitSpec["restart"]["when"] = "always"): UnitSpec => ({
  _tag: "Unit",
  id: "u",
  kind: "managed",
  enabled: true,
  executable: "sleep",
  args: ["1"],
  workingDirectory: "/",
  environment: { A: "1", B: "2" },
  startTimeoutMillis: 1,
  stopTimeoutMillis: 1,
  stopSignal: "SIGTERM",
  restart: { when, successExits: [0], jitter: 0, delayMillis: 1, multiplier: 1, maxDelayMillis: 1, resetAfterMillis: 1 },
  capture: { stdout: true, stderr: true },
  ...change,
});
const memory = (state: UnitMemory["state"], reason: string | null = null): UnitMemory => ({
  state,
  reason,
  restarts: 7,
  lastExit: null,
  nextStartAt: null,
  row: FailurePolicy.noFailures,
  history: [],
});
const unseen = { code: null, signal: null, at: 9 };
const byHand = Recovered.stoppedByHand;
const same = Recovered.fingerprint(spec());
const process = { identity: { pid: 1, startTime: 1, bootId: "b" }, invocation: "i", startedAt: 1 };

describe("what becomes of a process that an earlier master has left", () => {
  it.each([
    ["runs what the config says", spec(), null, true],
    ["only its restart policy is another one", spec({}, "never"), memory("running"), true],
    ["the environment is written in another order", spec({ environment: { B: "2", A: "1" } }), null, true],
    ["has other arguments now", spec({ args: ["2"] }), null, false],
    ["has another environment now", spec({ environment: { A: "1" } }), null, false],
    ["is not in the config", undefined, null, false],
    ["was being stopped by hand", spec(), memory("stopping", byHand), false],
    ["was being stopped with its master", spec(), memory("stopping"), true],
  ])("%s: goes on %s", (_, now, known, reattach) => {
    expect(Recovered.fate(same, now, known).reattach).toBe(reattach);
  });

  it("a one-shot is done as long as the config says the same of it", () => {
    const once = spec({ start: "oneshot" });
    const done = { ...memory("completed"), done: Recovered.fingerprint(once) };
    expect(Recovered.isCompleted(once, done)).toBe(true);
    expect(Recovered.isCompleted(once, { ...done, state: "starting" })).toBe(false);
    expect(Recovered.isCompleted(once, memory("completed"))).toBe(false);
    expect(Recovered.isCompleted(once, null)).toBe(false);
    expect(Recovered.isCompleted(spec({ start: "oneshot", args: ["2"] }), done)).toBe(false);
    expect(Recovered.isCompleted(spec(), done)).toBe(false);
  });

  it("a unit without a process goes on with what is known of it", () => {
    expect(Recovered.withoutProcess(true, true, memory("running"), unseen)).toEqual({
      ...Recovered.nothing,
      endedUnseen: true,
      memory: { ...memory("stopped", "ended while no master ran"), lastExit: { code: null, signal: null, at: 9 } },
    });
    expect(Recovered.withoutProcess(true, false, memory("backoff"), unseen)).toEqual({ ...Recovered.nothing, memory: memory("backoff") });
    expect(Recovered.withoutProcess(false, true, memory("running"), unseen)).toEqual(Recovered.nothing);
    expect(Recovered.withoutProcess(false, true, memory("stopping", byHand), unseen)).toMatchObject({
      endedUnseen: false,
      memory: { state: "stopped", reason: byHand, restarts: 7 },
    });
  });
});

describe("whether a unit starts with a later master", () => {
  const starts = (of: UnitSpec, recovered: Partial<Recovered.Recovered>) =>
    Recovered.startsWithMaster(of, { ...Recovered.nothing, ...recovered });
  it.each([
    ["is new and enabled", spec(), {}, true],
    ["is new and disabled", spec({ enabled: false }), {}, false],
    ["was disabled and runs", spec({ enabled: false }), { process }, true],
    ["was stopped", spec(), { memory: memory("stopped", byHand) }, false],
    ["was given up", spec(), { memory: memory("failed") }, false],
    ["was completed", spec({ start: "oneshot" }), { memory: memory("completed"), completed: true }, true],
    ["waited for its restart", spec(), { memory: memory("backoff") }, true],
    ["was starting", spec(), { memory: memory("starting") }, true],
    ["has ended unseen", spec(), { memory: memory("stopped"), endedUnseen: true }, true],
    ["has ended unseen, restarted on failure", spec({}, "on_failure"), { endedUnseen: true }, true],
    ["is a job that has ended unseen", spec({}, "never"), { endedUnseen: true }, false],
  ])("one that %s: %#", (_, of, recovered, expected) => {
    expect(starts(of, recovered)).toBe(expected);
  });
});
