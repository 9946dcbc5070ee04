import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import { describe, expect, it } from "vitest";
import type { Control } from "../../src/master/index.ts";
import { marked } from "../marked.ts";
import { notifier, python } from "../programs/python.ts";
import { eventsOf, unit, until, withMaster } from "./support.ts";

interface Told {
  readonly steps: ReadonlyArray<string>;
  readonly control?: string;
  readonly policy?: string;
  readonly enabled?: boolean;
}
const yaml = (units: Readonly<Record<string, Told>>, strategy = "one_for_one"): string =>
  JSON.stringify({
    process_manager: { strategy },
    managed_processes: Object.entries(units).map(([id, { control = "", enabled = true, policy = "never", steps }]) => ({
      id,
      enabled,
      management: {
        control: {
          executable: python,
          arguments: [notifier, ...steps],
          start: "notify",
          ...(JSON.parse(`{${control}}`) as object),
        },
        restart_policy: JSON.parse(policy.startsWith("{") ? policy : JSON.stringify(policy)) as unknown,
      },
    })),
  });
const messages = (control: Control["Service"], type: string) =>
  Effect.map(eventsOf(control), (events) => events.filter((event) => event.type === type).map(({ message }) => message));

describe.skipIf(python === null)("units that tell their state (needs python3)", () => {
  it("is starting until it says that it is ready, and what comes after it waits; its status is shown", () =>
    withMaster(
      yaml(
        { web: { steps: ["STATUS=loading", "0.3", "STATUS=two clients\\nREADY=1", "hang"] }, next: { steps: ["READY=1", "hang"] } },
        "rest_for_one",
      ),
      ({ control }) =>
        Effect.gen(function* () {
          const web = yield* unit(control, "web");
          expect(web).toMatchObject({ state: "running", ready: true, reason: "two clients" });
          expect((yield* unit(control, "next")).startedAt! - web.startedAt!).toBeGreaterThanOrEqual(290);
          expect((yield* eventsOf(control)).filter(({ path }) => path.at(-1) === "web").map(({ type }) => type)).toEqual([
            "starting",
            "started",
          ]);
        }),
    ));

  it("shows its status while it starts, and is not ready then", () =>
    withMaster(yaml({ web: { steps: ["STATUS=loading 40 %", "hang"], enabled: false } }), ({ control }) =>
      Effect.gen(function* () {
        const starting = yield* Effect.forkChild(Effect.flip(control.start("web")));
        const web = yield* until(
          unit(control, "web"),
          ({ state, reason }) => state === "starting" && reason !== null && reason.startsWith("loading"),
        );
        expect(web).toMatchObject({ ready: false, reason: "loading 40 %" });
        yield* control.stop("web");
        expect(yield* Fiber.join(starting)).toMatchObject({ _tag: "StartFailed" });
        expect(yield* unit(control, "web")).toMatchObject({ state: "stopped", lastExit: { signal: "SIGTERM" } });
      }),
    ));

  it("who ends before it is ready, and who is not in time, has failed to start", () =>
    withMaster(yaml({ early: { steps: ["exit 0"] }, late: { steps: ["hang"], control: '"startup_timeout": "1s"' } }), ({ control }) =>
      Effect.gen(function* () {
        yield* until(control.status, ({ units }) => units.every(({ state }) => state === "failed" || state === "backoff"));
        const failures = yield* messages(control, "failed");
        expect(failures[0]).toContain("ended before it said so: exit code 0");
        expect(failures.find((text) => text.includes("no READY=1 in time"))).toBeDefined();
      }),
    ));

  it("EXTEND_TIMEOUT_USEC gives a start more time", () =>
    withMaster(
      yaml({ slow: { steps: ["EXTEND_TIMEOUT_USEC=20000000", "1.5", "READY=1", "hang"], control: '"startup_timeout": "1s"' } }),
      ({ control }) => Effect.map(unit(control, "slow"), ({ state }) => expect(state).toBe("running")),
    ));

  it("reloading and stopping take its readiness, ready gives it back; what it may not say is refused, and told", () =>
    withMaster(
      yaml({
        web: { steps: ["READY=1", "RELOADING=1", "0.5", "READY=1", "MAINPID=1\\nFDSTORE=1\\nNONSENSE\\nERRNO=2", "STATUS=done", "hang"] },
        end: { steps: ["READY=1", "STOPPING=1\\nSTATUS=ending", "hang"] },
      }),
      ({ control }) =>
        Effect.gen(function* () {
          yield* until(unit(control, "web"), ({ reason, ready }) => ready && reason === "done");
          expect(yield* messages(control, "reloading")).toEqual(["says that it is reloading"]);
          expect(yield* messages(control, "errno")).toEqual(["says that it has failed with errno 2"]);
          expect(yield* messages(control, "refused")).toEqual([
            'a notification that cannot be read: "NONSENSE"',
            "MAINPID=1 is refused: it is no process of this unit",
            expect.stringContaining("FDSTORE=1 is refused"),
          ]);
          yield* until(unit(control, "end"), ({ ready, reason }) => !ready && reason === "ending");
        }),
    ));

  it("what it says in the moment of being ready counts, in one datagram or in the next; who stops does not come back, and has its time for it", () =>
    withMaster(
      yaml({
        one: { steps: ["READY=1\nSTOPPING=1\nSTATUS=said", "hang"] },
        next: { steps: ["READY=1", "STOPPING=1", "READY=1\nSTATUS=said", "hang"] },
        reloads: { steps: ["READY=1\nRELOADING=1\nSTATUS=said", "hang"] },
        stays: { steps: ["READY=1\nSTOPPING=1", "hang"], control: '"shutdown_timeout": "300ms"' },
      }),
      ({ control }) =>
        Effect.gen(function* () {
          for (const id of ["one", "next", "reloads"]) {
            yield* until(unit(control, id), ({ reason }) => reason === "said");
            expect(yield* unit(control, id)).toMatchObject({ state: "running", ready: false });
          }
          const stays = yield* until(unit(control, "stays"), ({ state }) => state === "failed");
          expect(stays.lastExit).toMatchObject({ signal: "SIGKILL", because: "still runs 300 ms after it has said that it stops" });
        }),
    ));

  it("a child of its own may speak for it, a stranger may not", () =>
    withMaster(yaml({ web: { steps: ["child READY=1", "child STATUS=by-child", "hang"] } }), ({ control, directory }) =>
      Effect.gen(function* () {
        yield* until(unit(control, "web"), ({ state, reason }) => state === "running" && reason === "by-child");
        const env = { PATH: process.env["PATH"], NOTIFY_SOCKET: join(directory, "notify", "web.sock") };
        const stranger = spawn(python!, [notifier, "STATUS=stranger", "0.3"], { env, detached: true });
        yield* until(messages(control, "refused"), (refused) => refused.length === 1 && refused[0]!.includes(`pid ${stranger.pid}`));
        expect((yield* unit(control, "web")).reason).toBe("by-child");
      }),
    ));

  it("a unit is told its own socket and watchdog, and nothing of what the master was told", () => {
    Object.assign(process.env, { NOTIFY_SOCKET: "/run/of-the-master", WATCHDOG_PID: "1", LISTEN_FDS: "1" });
    return withMaster(yaml({ web: { steps: ["print-env", "READY=1", "hang"], control: '"watchdog": "60s"' } }), ({ control, directory }) =>
      Effect.gen(function* () {
        yield* until(unit(control, "web"), ({ state }) => state === "running");
        const printed = readFileSync(join(directory, "logs/web/stdout.log"), "utf8");
        expect(printed.trim()).toBe(`{'NOTIFY_SOCKET': '${directory}/notify/web.sock', 'WATCHDOG_USEC': '60000000'}`);
      }),
    ).finally(() => {
      for (const name of ["NOTIFY_SOCKET", "WATCHDOG_PID", "LISTEN_FDS"]) delete process.env[name];
    });
  });
});

describe.skipIf(python === null)("the watchdog (needs python3)", () => {
  const policy = '{ "strategy": "on_failure", "restart_delay": "1ms" }';

  it("who gives no sign of life is aborted and started again, and the exit says why; who beats lives", () =>
    withMaster(
      yaml({
        beating: { steps: ["READY=1", "beat 0.1"], control: '"watchdog": "2s"', policy },
        silent: { steps: ["READY=1", "hang"], control: '"watchdog": "400ms"', policy },
      }),
      ({ control, mark }) =>
        Effect.gen(function* () {
          const silent = yield* until(unit(control, "silent"), ({ restarts, state }) => restarts >= 6 && state === "running", 30_000);
          expect(silent.lastExit).toMatchObject({ signal: "SIGABRT", because: "watchdog: no sign of life for 400 ms" });
          expect(yield* unit(control, "beating")).toMatchObject({ state: "running", restarts: 0 });
          expect(marked(mark)).toHaveLength(2);
        }),
    ));

  it("who ignores SIGABRT is killed after shutdown_timeout", () =>
    withMaster(
      yaml({ deaf: { steps: ["ignore-abort", "READY=1", "hang"], control: '"watchdog": "200ms", "shutdown_timeout": "300ms"' } }),
      ({ control }) =>
        Effect.gen(function* () {
          const deaf = yield* until(unit(control, "deaf"), ({ state }) => state === "failed");
          expect(deaf.lastExit).toMatchObject({ signal: "SIGKILL", because: "watchdog: no sign of life for 200 ms" });
        }),
    ));

  it("its interval may be changed, switched off and triggered by the process", () =>
    withMaster(
      yaml({
        off: { steps: ["READY=1", "WATCHDOG_USEC=0", "STATUS=off", "hang"], control: '"watchdog": "500ms"' },
        on: { steps: ["READY=1", "WATCHDOG_USEC=300000", "hang"] },
        trigger: { steps: ["READY=1", "WATCHDOG=trigger", "hang"], control: '"watchdog": "1h"' },
      }),
      ({ control }) =>
        Effect.gen(function* () {
          const ended = (id: string) => until(unit(control, id), ({ state }) => state === "failed");
          expect((yield* ended("trigger")).lastExit).toMatchObject({ signal: "SIGABRT" });
          expect((yield* ended("on")).lastExit).toMatchObject({ signal: "SIGABRT" });
          const off = yield* until(unit(control, "off"), ({ startedAt }) => startedAt !== null && Date.now() - startedAt > 1500);
          expect(off).toMatchObject({ state: "running", reason: "off" });
        }),
    ));
});
