import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import { eventsOf, ready, running, unit, until, withMaster, yamlUnit } from "./support.ts";

const config = (...units: ReadonlyArray<string>): string => `managed_processes:\n${units.join("\n")}`;

describe("how patient a master is with a unit", () => {
  it.each([
    { ends: "a code", flags: "--exit-code 3", signal: "SIGTERM", exits: "[0, 3]" },
    { ends: "a signal", flags: "", signal: "SIGKILL", exits: "[0, KILL]" },
  ] as const)("$ends that its config calls success is no failure", ({ exits, flags, signal }) => {
    const restart = `{ strategy: on_failure, restart_delay: 10ms, success_exit_codes: ${exits} }`;
    return withMaster(config(yamlUnit("job", flags, { restart })), ({ control }) =>
      Effect.gen(function* () {
        const { pid } = yield* running(control, "job");
        yield* ready(control, "job");
        process.kill(pid!, signal);
        const after = yield* until(unit(control, "job"), ({ state }) => state === "stopped");
        expect([after.restarts, after.reason]).toEqual([0, flags === "" ? "ended: signal SIGKILL" : "ended: exit code 3"]);
      }),
    );
  });

  it("a circuit breaker leaves a unit alone, tells each change, and reset-failed closes it", () => {
    const restart =
      "{ strategy: always, restart_delay: 1ms, backoff_multiplier: 1, circuit_breaker: { failures: 3, cooldown: 1h, window: 1h, stable: 50ms } }";
    return withMaster(config(yamlUnit("flaky", "", { restart })), ({ control }) =>
      Effect.gen(function* () {
        for (const round of [1, 2, 3]) {
          const { pid } = yield* running(control, "flaky");
          process.kill(pid!, "SIGKILL");
          yield* until(unit(control, "flaky"), ({ restarts }) => restarts === round);
        }
        const open = yield* until(unit(control, "flaky"), ({ state }) => state === "backoff");
        expect([open.breaker, open.reason, open.nextStartAt! > Date.now() + 3_000_000]).toEqual(["open", "circuit breaker open", true]);
        expect((yield* control.resetFailed("flaky")).state).toBe("running");
        expect((yield* unit(control, "flaky")).breaker).toBe("closed");
        const told = (yield* eventsOf(control)).filter(({ type }) => type.startsWith("circuit"));
        expect(told.map(({ type, message }) => `${type}: ${message}`)).toEqual([
          "circuit_open: circuit breaker open: 3 failures within 3600000 ms, not started for 3600000 ms",
        ]);
      }),
    );
  });

  it("the start after an open breaker is a trial: it closes when that has held", () => {
    const restart =
      "{ strategy: always, restart_delay: 1ms, backoff_multiplier: 1, circuit_breaker: { failures: 1, cooldown: 20ms, window: 1h, stable: 30ms } }";
    return withMaster(config(yamlUnit("flaky", "", { restart })), ({ control }) =>
      Effect.gen(function* () {
        const { pid } = yield* running(control, "flaky");
        process.kill(pid!, "SIGKILL");
        const seen = yield* until(eventsOf(control), (events) => events.some(({ type }) => type === "circuit_closed"));
        expect(seen.map(({ type }) => type).filter((type) => type.startsWith("circuit"))).toEqual([
          "circuit_open",
          "circuit_half_open",
          "circuit_closed",
        ]);
        expect((yield* unit(control, "flaky")).breaker).toBe("closed");
      }),
    );
  });

  it("reset-failed takes a unit that was given up out of its failure, and leaves all others as they are", () => {
    const restart = "{ strategy: always, restart_delay: 1ms, max_attempts: 1 }";
    return withMaster(config(yamlUnit("broken", "--crash-after-ms 1", { restart }), yamlUnit("fine", "")), ({ control }) =>
      Effect.gen(function* () {
        yield* until(unit(control, "broken"), ({ state }) => state === "failed");
        const { pid } = yield* running(control, "fine");
        expect((yield* control.resetFailed("broken")).state).toBe("stopped");
        expect((yield* control.resetFailed("fine")).pid).toBe(pid);
        expect((yield* control.start("broken")).state).toBe("running");
      }),
    );
  });

  it("a unit whose starts fail says why while it waits for the next; reset-failed tries at once, and it is tried on", () => {
    const text =
      "managed_processes:\n  - { id: web, management: { control: { executable: ./web }, restart_policy: { restart_delay: 500ms, max_delay: 500ms } } }";
    return withMaster(text, ({ control, directory }) =>
      Effect.gen(function* () {
        const why = `there is no executable ${JSON.stringify(join(directory, "web"))} (ENOENT)`;
        const waits = yield* until(unit(control, "web"), ({ state }) => state === "backoff");
        expect(waits.reason).toBe(why);
        const { history, program } = yield* control.describe("web");
        expect(history.slice(0, 2).map(({ reason, state }) => `${state}: ${reason}`)).toEqual([`failed: ${why}`, `backoff: ${why}`]);
        expect(program).toEqual({ command: [join(directory, "web")], folder: directory });
        expect(yield* Effect.flip(control.resetFailed("web"))).toMatchObject({ code: "HSU-UNIT-003" });
        writeFileSync(join(directory, "web"), "#!/bin/sh\nexec sleep 600\n", { mode: 0o755 });
        yield* running(control, "web");
      }),
    );
  });

  it("one that is given up because it could not be started says what was wrong", () => {
    const text =
      "managed_processes:\n  - { id: web, management: { control: { executable: ./web }, restart_policy: { restart_delay: 1ms, max_attempts: 1 } } }";
    return withMaster(text, ({ control, directory }) =>
      Effect.gen(function* () {
        const { reason } = yield* until(unit(control, "web"), ({ reason: seen }) => seen?.startsWith("gave up") === true);
        expect(reason).toBe(`gave up after 1 restarts in a row: there is no executable ${JSON.stringify(join(directory, "web"))} (ENOENT)`);
      }),
    );
  });

  it("reload sends the signal of the config; without one it is refused, with what to do", () => {
    const reloads = yamlUnit("reloads", "--on-hup 5").replace("shutdown_timeout", "reload_signal: HUP\n        shutdown_timeout");
    return withMaster(config(reloads, yamlUnit("cannot", "")), ({ control }) =>
      Effect.gen(function* () {
        const before = yield* running(control, "reloads");
        yield* ready(control, "reloads");
        yield* control.reload("reloads");
        yield* until(unit(control, "reloads"), ({ lastExit, restarts }) => restarts === 1 && lastExit?.code === 5);
        expect((yield* running(control, "reloads")).pid).not.toBe(before.pid);
        const refused = yield* Effect.flip(control.reload("cannot"));
        expect(refused).toMatchObject({ _tag: "NotReloadable", code: "HSU-UNIT-010" });
      }),
    );
  });

  it("the stop signal of the config ends it", () => {
    const polite = yamlUnit("polite", "--ignore-term").replace("shutdown_timeout: 5s", "stop_signal: INT\n        shutdown_timeout: 1h");
    return withMaster(config(polite), ({ control }) =>
      Effect.gen(function* () {
        yield* running(control, "polite");
        yield* ready(control, "polite");
        expect((yield* control.stop("polite")).lastExit?.signal).toBe("SIGINT");
      }),
    );
  });

  it("a unit's history says what it has been, and why", () => {
    const restart = "{ strategy: always, restart_delay: 1ms, max_attempts: 1 }";
    return withMaster(config(yamlUnit("web", "", { restart })), ({ control }) =>
      Effect.gen(function* () {
        const { pid } = yield* running(control, "web");
        process.kill(pid!, "SIGKILL");
        yield* until(unit(control, "web"), ({ restarts, state }) => restarts === 1 && state === "running");
        yield* control.stop("web");
        const { history } = yield* control.describe("web");
        expect(history.map(({ reason, state }) => (reason === null ? state : `${state}: ${reason}`))).toEqual([
          "running",
          "backoff: signal SIGKILL",
          "running",
          "stopping: stopped by hand",
          "stopped: stopped by hand",
        ]);
        expect(history.every(({ at }, index) => index === 0 || at >= history[index - 1]!.at)).toBe(true);
      }),
    );
  });
});
