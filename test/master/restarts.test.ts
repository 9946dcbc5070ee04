import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import { eventsOf, ready, running, unit, until, withMaster, yamlUnit } from "./support.ts";
import { marked } from "../marked.ts";

const group = (strategy: string, flags: ReadonlyArray<string>, extra = ""): string =>
  [
    "managed_processes:",
    "  - id: trio",
    `    strategy: ${strategy}`,
    ...(extra === "" ? [] : [`    ${extra}`]),
    "    children:",
    ...flags.map((each, index) => yamlUnit(["a", "b", "c"][index]!, each, { indent: 6 })),
  ].join("\n");

const pids = (control: Parameters<typeof unit>[0]) => Effect.map(control.status, ({ units }) => units.map(({ pid }) => pid));

/** Kills unit b and tells which of a, b, c have another process when all run again. */
const whoIsReplaced = (strategy: string): Promise<ReadonlyArray<boolean>> =>
  withMaster(group(strategy, ["", "", ""]), ({ control }) =>
    Effect.gen(function* () {
      const before = yield* pids(control);
      process.kill(before[1]!, "SIGKILL");
      yield* until(
        control.status,
        ({ units }) => units.every(({ pid, state }) => state === "running" && pid !== null) && units[1]!.pid !== before[1],
      );
      return (yield* pids(control)).map((pid, index) => pid !== before[index]);
    }),
  );

describe("restarts of real processes", () => {
  it("never means never, also where the process cannot be started", () =>
    withMaster(
      "managed_processes:\n  - { id: a, management: { control: { executable: /nowhere/x }, restart_policy: never } }\n",
      ({ control }) =>
        Effect.gen(function* () {
          const failed = yield* until(unit(control, "a"), ({ state }) => state !== "starting" && state !== "stopped");
          expect(failed).toMatchObject({ state: "failed", restarts: 0, nextStartAt: null });
          expect((yield* eventsOf(control)).filter(({ type }) => type === "restarting")).toEqual([]);
        }),
    ));

  it("each start is told with its pid, also of many that end at once", () => {
    const ids = Array.from({ length: 30 }, (_, index) => `u${index}`);
    const control =
      "{ control: { executable: /bin/false }, restart_policy: { strategy: on_failure, max_attempts: 2, restart_delay: 1ms } }";
    return withMaster(
      `managed_processes:\n${ids.map((id) => `  - { id: ${id}, management: ${control} }`).join("\n")}\n`,
      ({ control: master }) =>
        Effect.gen(function* () {
          yield* until(master.status, ({ units }) => units.every(({ state }) => state === "failed"));
          const started = (yield* eventsOf(master)).filter(({ type }) => type === "started");
          expect(started).toHaveLength(90);
          expect(started.filter(({ message }) => !/^started, pid \d+$/.test(message))).toEqual([]);
        }),
    );
  });

  it("brings a killed unit back, alone, and counts it", async () => {
    expect(await whoIsReplaced("one_for_one")).toEqual([false, true, false]);
  });

  it("restarts all of a one_for_all group", async () => {
    expect(await whoIsReplaced("one_for_all")).toEqual([true, true, true]);
  });

  it("restarts the rest of a rest_for_one group", async () => {
    expect(await whoIsReplaced("rest_for_one")).toEqual([false, true, true]);
  });

  it("counts restarts and tells how the last process ended", () =>
    withMaster(`managed_processes:\n${yamlUnit("web", "")}`, ({ control }) =>
      Effect.gen(function* () {
        for (const round of [1, 2, 3]) {
          const { pid } = yield* running(control, "web");
          process.kill(pid!, "SIGKILL");
          yield* until(unit(control, "web"), ({ restarts, state }) => restarts === round && state === "running");
        }
        const { lastExit, restarts } = yield* unit(control, "web");
        expect({ restarts, lastExit }).toMatchObject({ restarts: 3, lastExit: { code: null, signal: "SIGKILL" } });
      }),
    ));

  it.each([
    { strategy: "always", code: 0, state: "running" },
    { strategy: "always", code: 1, state: "running" },
    { strategy: "on_failure", code: 0, state: "stopped" },
    { strategy: "on_failure", code: 7, state: "running" },
    { strategy: "never", code: 0, state: "stopped" },
    { strategy: "never", code: 7, state: "failed" },
  ])("$strategy after exit code $code: $state", ({ code, state, strategy }) => {
    const restart = `{ strategy: ${strategy}, restart_delay: 10ms }`;
    return withMaster(`managed_processes:\n${yamlUnit("job", `--exit-code ${code}`, { restart })}`, ({ control }) =>
      Effect.gen(function* () {
        const first = yield* running(control, "job");
        yield* ready(control, "job");
        process.kill(first.pid!, "SIGTERM");
        const after = yield* until(
          unit(control, "job"),
          (seen) => seen.pid !== first.pid && seen.state === state && (state === "running") === (seen.pid !== null),
        );
        expect(after.restarts).toBe(state === "running" ? 1 : 0);
        expect(after.lastExit).toMatchObject({ code, signal: null });
      }),
    );
  });

  it("gives up after max_attempts, that unit alone, and starts it again by hand", () => {
    const restart = "{ strategy: always, restart_delay: 5ms, backoff_multiplier: 1, max_attempts: 2 }";
    return withMaster(
      `managed_processes:\n${yamlUnit("good", "")}\n${yamlUnit("bad", "--run-ms 1 --exit-code 3", { restart })}`,
      ({ control }) =>
        Effect.gen(function* () {
          const good = yield* running(control, "good");
          const bad = yield* until(unit(control, "bad"), ({ state }) => state === "failed");
          expect(bad).toMatchObject({ restarts: 2, pid: null, reason: "gave up after 2 restarts in a row" });
          const again = yield* control.start("bad");
          expect(again.state).toBe("running");
          yield* until(unit(control, "bad"), ({ state }) => state === "failed");
          expect((yield* unit(control, "good")).pid).toBe(good.pid);
        }),
    );
  });

  it("waits longer after each failure in a row, and answers while it waits", () => {
    const restart = "{ strategy: always, restart_delay: 40ms, backoff_multiplier: 5 }";
    return withMaster(`managed_processes:\n${yamlUnit("flappy", "--run-ms 1 --exit-code 3", { restart })}`, ({ control }) =>
      Effect.gen(function* () {
        const waiting = yield* until(unit(control, "flappy"), ({ restarts, state }) => state === "backoff" && restarts === 3);
        expect(waiting).toMatchObject({ pid: null, lastExit: { code: 3 } });
        expect(waiting.nextStartAt).toBeGreaterThan(0);
        const delays = (yield* eventsOf(control)).filter(({ type }) => type === "restarting").map(({ message }) => message);
        expect(delays).toEqual([
          "exit code 3: restarts in 40 ms (attempt 1 in a row)",
          "exit code 3: restarts in 200 ms (attempt 2 in a row)",
          "exit code 3: restarts in 1000 ms (attempt 3 in a row)",
        ]);
        // By hand it does not wait, and the row begins anew.
        expect((yield* control.restart("flappy")).state).toBe("running");
      }),
    );
  });

  it("escalates a group that exceeds its intensity: the group above restarts it as a whole", () =>
    withMaster(group("one_for_one", ["", "", ""], "intensity: 1"), ({ control }) =>
      Effect.gen(function* () {
        const before = yield* pids(control);
        process.kill(before[0]!, "SIGKILL");
        const second = yield* until(unit(control, "a"), ({ pid, state }) => state === "running" && pid !== null && pid !== before[0]);
        process.kill(second.pid!, "SIGKILL");
        yield* until(
          control.status,
          ({ units }) =>
            units.every(({ pid, state }, index) => state === "running" && pid !== null && pid !== before[index]) &&
            units[0]!.pid !== second.pid,
        );
        expect((yield* eventsOf(control)).find(({ type }) => type === "escalated")).toMatchObject({
          path: ["units", "trio"],
          message: "more than 1 restarts in 5 s: escalates",
        });
      }),
    ));

  it("ends the master when the root group exceeds its intensity, and leaves nobody", () =>
    withMaster(
      `process_manager: { intensity: 1, period: 60s }\nmanaged_processes:\n${yamlUnit("a", "--run-ms 1 --exit-code 1")}\n${yamlUnit("b", "")}`,
      ({ control, mark }) =>
        Effect.gen(function* () {
          yield* control.terminated;
          expect((yield* eventsOf(control)).filter(({ type }) => type === "escalated").map(({ path }) => path)).toEqual([["units"]]);
          expect(marked(mark)).toEqual([]);
        }),
    ));
});
