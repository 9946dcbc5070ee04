import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Control } from "../../src/master/index.ts";
import { procProbe } from "../../src/platform/linux/Proc.ts";
import { freePort } from "../e2e/program.ts";
import { endOutsiders, outsider, yamlUnmanaged } from "./outsider.ts";
import { eventsOf, running, unit, until, withMaster, yamlUnit } from "./support.ts";

let folder: string;
let pidFile: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hsu-unmanaged-"));
  pidFile = join(folder, "daemon.pid");
});
afterEach(() => {
  endOutsiders();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const by = (rest = "check_interval: 100ms") => `{ pid_file: ${pidFile}, ${rest} }`;
const config = (control?: string, discovery = by()) => `managed_processes:\n${yamlUnmanaged("daemon", discovery, control)}`;
/** The process is known a moment before its mailbox has heard of it. */
const state = (control: Control["Service"], pid: number | null) =>
  until(unit(control, "daemon"), (seen) => seen.pid === pid && (seen.state === "running") === (pid !== null));
const told = (control: Control["Service"]) =>
  Effect.map(eventsOf(control), (events) => events.filter(({ path }) => path.at(-1) === "daemon").map(({ type }) => type));

describe("a unit that somebody else runs", () => {
  it("is running when it is found, stopped when not, looked for again, and never restarted", () =>
    withMaster(config(), ({ control }) =>
      Effect.gen(function* () {
        expect(yield* unit(control, "daemon")).toMatchObject({
          kind: "unmanaged",
          state: "stopped",
          reason: `not found: there is no ${pidFile}`,
          pid: null,
          ready: false,
        });
        const first = yield* Effect.promise(() => outsider("--pid-file", pidFile));
        const found = yield* state(control, first.pid);
        expect(found).toMatchObject({ state: "running", reason: null, restarts: 0, ready: true });
        expect(found.memory).toBeGreaterThan(1_000_000);
        expect(Math.abs(found.startedAt! - Date.now())).toBeLessThan(60_000);
        const { units } = yield* control.resources({ unit: "daemon", history: false, detail: false });
        expect(units[0]!.usage).toMatchObject({ processes: 1 });

        first.child.kill("SIGKILL");
        const gone = yield* state(control, null);
        expect(gone).toMatchObject({ state: "stopped", restarts: 0, lastExit: { code: null, signal: null } });
        expect(gone.reason).toMatch(/^not found/);

        const second = yield* Effect.promise(() => outsider("--pid-file", pidFile));
        expect(yield* state(control, second.pid)).toMatchObject({ state: "running", restarts: 0 });
        const news = Effect.map(told(control), (events) => events.filter((type) => type !== "not_found"));
        expect(yield* until(news, ({ length }) => length >= 3)).toEqual(["found", "exited", "found"]);
      }),
    ));

  it("is asked how it is, and neither ended nor restarted for what it says", async () => {
    const port = await freePort();
    const check = `health_check: { interval: 300ms, timeout: 290ms, failure_threshold: 2, http_endpoint: "http://127.0.0.1:${port}/" }`;
    const flags = ["--pid-file", pidFile, "--health-port", String(port), "--fail-health-after", "3"];
    await withMaster(`${config()}\n        ${check}`, ({ control }) =>
      Effect.gen(function* () {
        expect(yield* unit(control, "daemon")).toMatchObject({ pid: null, ready: false, health: "unknown" });
        const first = yield* Effect.promise(() => outsider(...flags));
        yield* until(unit(control, "daemon"), ({ ready }) => ready);
        const ill = yield* until(unit(control, "daemon"), ({ health }) => health === "unhealthy");
        expect(ill).toMatchObject({ state: "running", pid: first.pid, ready: false, restarts: 0 });
        expect(first.runs()).toBe(true);
        first.child.kill("SIGKILL");
        expect(yield* state(control, null)).toMatchObject({ ready: false, health: "unknown" });
        // The next one is asked anew.
        yield* Effect.promise(() => outsider(...flags));
        yield* until(unit(control, "daemon"), ({ ready }) => ready);
        // What happens is told by the mailbox, a moment after it can be seen.
        const kinds = ["found", "ready", "not_ready", "unhealthy", "exited"];
        const news = Effect.map(told(control), (events) => events.filter((type) => kinds.includes(type)));
        expect((yield* until(news, ({ length }) => length >= 6)).slice(0, 6)).toEqual([
          "found",
          "ready",
          "not_ready",
          "exited",
          "found",
          "ready",
        ]);
      }),
    );
  });

  it("is another process when discovery names another one, though the first still runs", () =>
    withMaster(config(), ({ control }) =>
      Effect.gen(function* () {
        const first = yield* Effect.promise(() => outsider("--pid-file", pidFile));
        yield* state(control, first.pid);
        const second = yield* Effect.promise(() => outsider("--pid-file", pidFile));
        expect(yield* state(control, second.pid)).toMatchObject({ state: "running", restarts: 0 });
        expect(first.runs()).toBe(true);
        rmSync(pidFile);
        // A file that is gone says nothing about a process that runs.
        first.child.kill("SIGKILL");
        yield* Effect.promise(() => first.ended);
        yield* Effect.sleep(300);
        expect((yield* unit(control, "daemon")).pid).toBe(second.pid);
      }),
    ));

  it("is looked for at once when it is started by hand; who is not there is a failed start that names where was looked", () =>
    withMaster(config("{}", by("check_interval: 1h")), ({ control }) =>
      Effect.gen(function* () {
        expect(yield* Effect.flip(control.start("daemon"))).toMatchObject({
          _tag: "StartFailed",
          message: `unit "daemon" did not start: not found: there is no ${pidFile}`,
        });
        const process = yield* Effect.promise(() => outsider("--pid-file", pidFile));
        expect(yield* control.start("daemon")).toMatchObject({ state: "running", pid: process.pid, restarts: 0 });
        expect(yield* Effect.flip(control.start("daemon"))).toMatchObject({ _tag: "InvalidTransition" });
      }),
    ));

  it("is not touched where its config does not allow it: each refusal names the key", () =>
    withMaster(config("{ allowed_signals: [HUP, 12] }"), ({ control }) =>
      Effect.gen(function* () {
        const process = yield* Effect.promise(() => outsider("--pid-file", pidFile));
        yield* state(control, process.pid);
        expect(yield* Effect.flip(control.stop("daemon"))).toMatchObject({
          code: "HSU-UNM-001",
          message: 'stop of unit "daemon" is not allowed: somebody else runs it',
          hint: "can_terminate: true in the unit's control allows it",
        });
        expect(yield* Effect.flip(control.restart("daemon"))).toMatchObject({
          _tag: "NotAllowed",
          hint: expect.stringContaining("can_restart"),
        });
        expect(yield* Effect.flip(control.signal("daemon", "SIGTERM"))).toMatchObject({
          _tag: "NotAllowed",
          hint: "allowed_signals: [SIGHUP, SIGUSR2, SIGTERM] in the unit's control allows it",
        });
        expect(process.runs()).toBe(true);
        expect(yield* unit(control, "daemon")).toMatchObject({ state: "running", pid: process.pid });
        yield* control.signal("daemon", "hup");
        expect(yield* Effect.promise(() => process.ended)).toBe("SIGHUP");
      }),
    ));

  it("is stopped by hand where it may be: itself, after its time killed, and nobody of its group; then nobody looks for it", () =>
    withMaster(config("{ can_terminate: true, graceful_timeout: 200ms }"), ({ control }) =>
      Effect.gen(function* () {
        const polite = yield* Effect.promise(() => outsider("--pid-file", pidFile, "--exit-code", "7"));
        yield* state(control, polite.pid);
        expect(yield* control.stop("daemon")).toMatchObject({ state: "stopped", reason: "stopped by hand", pid: null, restarts: 0 });
        expect(yield* Effect.promise(() => polite.ended)).toBe(7);

        const deaf = yield* Effect.promise(() => outsider("--pid-file", pidFile, "--ignore-term", "--grandchild"));
        yield* Effect.sleep(300);
        expect((yield* unit(control, "daemon")).pid).toBe(null);
        yield* control.start("daemon");
        yield* control.stop("daemon");
        expect(yield* Effect.promise(() => deaf.ended)).toBe("SIGKILL");
        expect(deaf.said()).toContain("term ignored");
        const grandchild = Number(readFileSync(`${pidFile}.grandchild`, "utf8"));
        // Killed, it would be gone, or wait to be reaped by whoever is its parent then.
        expect(procProbe.look(grandchild)?.running).toBe(true);
      }),
    ));

  it("is restarted by its service manager, where that is allowed", () => {
    const systemctl = join(folder, "systemctl");
    writeFileSync(
      systemctl,
      `#!/bin/sh\ncase "$1" in show) cat ${pidFile} 2>/dev/null || echo 0;; restart) [ "$3" = daemon.service ] || { echo "no such unit $3" >&2; exit 5; }; kill "$(cat ${pidFile})"; cp ${pidFile}.next ${pidFile};; esac\n`,
    );
    chmodSync(systemctl, 0o755);
    vi.stubEnv("PATH", `${folder}:${process.env["PATH"]}`);
    const discovery = "{ method: service-name, service_name: daemon.service, check_interval: 1h }";
    const control_ = "{ can_restart: true, service_manager: systemd";
    const units = [
      yamlUnmanaged("daemon", discovery, `${control_} }`),
      yamlUnmanaged("broken", discovery, `${control_}, service_name: other }`),
    ];
    return withMaster(`managed_processes:\n${units.join("\n")}`, ({ control }) =>
      Effect.gen(function* () {
        const [first, second] = yield* Effect.promise(() => Promise.all([outsider(), outsider()]));
        writeFileSync(pidFile, `${first.pid}\n`);
        writeFileSync(`${pidFile}.next`, `${second.pid}\n`);
        yield* control.start("daemon");
        yield* control.start("broken");
        expect(yield* control.restart("daemon")).toMatchObject({ state: "running", pid: second.pid, restarts: 0 });
        expect(yield* Effect.promise(() => first.ended)).toBe(0);
        expect(yield* Effect.flip(control.restart("broken"))).toMatchObject({
          _tag: "StartFailed",
          reason: 'systemd did not restart "other": no such unit other',
        });
        expect(yield* until(unit(control, "broken"), ({ pid }) => pid === second.pid)).toMatchObject({ state: "running" });
      }),
    );
  });

  it("is not touched when its group restarts, and its own end restarts its group", () =>
    withMaster(
      `managed_processes:\n  - id: together\n    strategy: one_for_all\n    children:\n${yamlUnmanaged("daemon", by(), "{ can_terminate: true }", 6)}\n${yamlUnit("web", "", { indent: 6 })}`,
      ({ control }) =>
        Effect.gen(function* () {
          const process_ = yield* Effect.promise(() => outsider("--pid-file", pidFile));
          yield* state(control, process_.pid);
          const before = yield* running(control, "web");
          process.kill(before.pid!, "SIGKILL");
          const after = yield* until(unit(control, "web"), ({ pid, restarts }) => restarts === 1 && pid !== null);
          expect(yield* state(control, process_.pid)).toMatchObject({ restarts: 0 });
          process_.child.kill("SIGKILL");
          yield* until(unit(control, "web"), ({ pid, restarts }) => restarts === 2 && pid !== null && pid !== after.pid);
          expect(yield* unit(control, "daemon")).toMatchObject({ state: "stopped", restarts: 0 });
        }),
    ));
});
