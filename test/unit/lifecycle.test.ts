import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Lifecycle } from "../../src/unit/index.ts";

const { commands, legal, reports, states, step, table } = Lifecycle;

describe("the lifecycle table", () => {
  it("has a cell for each state and each event", () => {
    for (const state of states) expect(Object.keys(table[state]).sort()).toEqual([...commands, ...reports].sort());
  });

  it("is this", () => {
    const cell = (state: (typeof states)[number], event: (typeof commands)[number]): string => {
      const next = step(state, event);
      return next === null ? "-" : `${next.state}/${next.action}`;
    };
    const rendered = Object.fromEntries(states.map((state) => [state, commands.map((command) => cell(state, command)).join(" ")]));
    expect(rendered).toEqual({
      stopped: "starting/startChild - starting/startChild - - stopped/forget",
      waiting: "starting/startChild stopped/stopChild starting/startChild - - waiting/forget",
      blocked: "starting/startChild stopped/stopChild starting/startChild - - blocked/forget",
      starting: "- stopping/stopChild stopping/cycleChild - - starting/forget",
      running: "- stopping/stopChild stopping/cycleChild running/signalProcess running/signalProcess running/forget",
      completed: "- stopping/stopChild stopping/cycleChild - - completed/forget",
      stopping: "- - - stopping/signalProcess - stopping/forget",
      failed: "starting/startChild stopped/stopChild starting/startChild - - stopped/forget",
      backoff: "starting/cycleChild stopped/stopChild starting/cycleChild - - starting/cycleChild",
    });
  });

  it.each(states)("takes what the supervisor reports as a fact in state %s", (state) => {
    const reached = Object.fromEntries(reports.map((report) => [report, step(state, report)]));
    expect(reached).toEqual({
      restarting: { state: "backoff", action: "none" },
      starting: { state: "starting", action: "none" },
      started: { state: "running", action: "none" },
      completed: { state: "completed", action: "none" },
      startFailed: { state: "failed", action: "none" },
      stopping: { state: "stopping", action: "none" },
      ended: { state: "stopped", action: "none" },
      waiting: { state: "waiting", action: "none" },
      blocked: { state: "blocked", action: "none" },
      crashed: { state: "failed", action: "none" },
    });
  });

  it("says which commands are legal", () => {
    expect(states.map((state) => `${state}: ${legal(state).join(" ")}`)).toEqual([
      "stopped: start restart",
      "waiting: start stop restart",
      "blocked: start stop restart",
      "starting: stop restart",
      "running: stop restart signal reload",
      "completed: stop restart",
      "stopping: signal",
      "failed: start stop restart reset-failed",
      "backoff: start stop restart reset-failed",
    ]);
  });

  it("leaves no state that a person cannot stop or wait out", () => {
    const walks = fc.array(fc.constantFrom(...commands, ...reports), { maxLength: 30 });
    fc.assert(
      fc.property(walks, (events) => {
        let state: (typeof states)[number] = "stopped";
        for (const event of events) state = step(state, event)?.state ?? state;
        return state === "stopping" || state === "stopped" || step(state, "stop") !== null;
      }),
    );
  });
});
