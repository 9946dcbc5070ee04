import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as TestClock from "effect/testing/TestClock";
import { Processes, type ProcessHandle } from "../../src/platform/index.ts";
import type { Probe } from "../../src/platform/Probe.ts";
import { layer, layerWith } from "../../src/platform/linux/Processes.ts";
import { procProbe } from "../../src/platform/linux/Proc.ts";
import { misbehave, options, read, start, temporaryFolder, until } from "./support.ts";

const state = (pid: number): string => {
  try {
    return /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, "latin1"))?.[1] ?? "gone";
  } catch {
    return "gone";
  }
};
const hasEnded = (pid: number) => ["gone", "Z"].includes(state(pid));

it.live("SIGTERM is obeyed, after as long as the program wants", () =>
  Effect.gen(function* () {
    const handle = yield* misbehave(yield* temporaryFolder, "--stop-delay-ms", "50", "--exit-code", "3");
    yield* handle.signal("SIGTERM");
    expect(yield* handle.exit).toEqual({ code: 3, signal: null });
    expect(handle.groupAlive()).toBe(false);
  }).pipe(Effect.provide(layer)),
);

it.live("who ignores SIGTERM is ended by killGroup", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder;
    const handle = yield* misbehave(folder, "--ignore-term");
    yield* handle.signal("SIGTERM");
    yield* until("SIGTERM was ignored", () => read(folder, "stdout.log").includes("term ignored"));
    expect(handle.groupAlive()).toBe(true);
    yield* handle.killGroup;
    expect(yield* handle.exit).toEqual({ code: null, signal: "SIGKILL" });
    expect(handle.groupAlive()).toBe(false);
  }).pipe(Effect.provide(layer)),
);

it.live("a signal reaches the grandchildren too", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder;
    const handle = yield* misbehave(folder, "--grandchild", "--pid-file", join(folder, "pid"));
    yield* handle.signal("SIGTERM");
    yield* until("the group has ended", () => !handle.groupAlive());
    expect(hasEnded(Number(read(folder, "pid.grandchild")))).toBe(true);
  }).pipe(Effect.provide(layer)),
);

it.live("the group of a leader that has ended lives on in its grandchildren, until killGroup", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder;
    const flags = ["--grandchild", "--ignore-term", "--crash-after-ms", "0", "--pid-file", join(folder, "pid")];
    const handle = yield* misbehave(folder, ...flags);
    expect(yield* handle.exit).toEqual({ code: 1, signal: null });
    const grandchild = Number(read(folder, "pid.grandchild"));
    expect(handle.groupAlive()).toBe(true);
    yield* handle.signal("SIGTERM");
    expect(hasEnded(grandchild)).toBe(false);
    yield* handle.killGroup;
    expect(handle.groupAlive()).toBe(false);
    expect(hasEnded(grandchild)).toBe(true);
    yield* handle.killGroup;
  }).pipe(Effect.provide(layer)),
);

it.live("somebody who has ended and whom nobody reaps does not keep a group alive, and costs no look of its own at all processes", () => {
  let looks = 0;
  const counted: Probe = { ...procProbe, groupMembers: (group) => (looks++, procProbe.groupMembers(group)) };
  return Effect.gen(function* () {
    const folder = yield* temporaryFolder;
    // The parent of `sleep 0.05` leaves the group and becomes a program that never reaps.
    const script = '(sleep 0.05 & echo $!; exec setsid sh -c "echo \\$\\$; exec sleep 60") & exit 0';
    const handle = yield* start(options(folder, { executable: "sh", args: ["-c", script] }));
    yield* until("both have told their pids", () => read(folder, "stdout.log").split("\n").length === 3);
    const [zombie = 0, parent = 0] = read(folder, "stdout.log").split("\n").map(Number);
    yield* Effect.addFinalizer(() => Effect.sync(() => process.kill(parent, "SIGKILL")));
    yield* handle.exit;
    yield* until("the group has ended", () => !handle.groupAlive());
    expect(state(zombie)).toBe("Z");
    looks = 0;
    expect(handle.groupAlive()).toBe(false);
    yield* handle.killGroup;
    expect(looks).toBe(0);
  }).pipe(Effect.provide(layerWith(counted)));
});

it.live("a signal to nobody is an error that says so", () =>
  Effect.gen(function* () {
    const handle = yield* misbehave(yield* temporaryFolder, "--run-ms", "0");
    yield* handle.exit;
    expect(yield* Effect.flip(handle.signal("SIGTERM"))).toMatchObject({ reason: "Gone", code: "HSU-PROC-011", signal: "SIGTERM" });
  }).pipe(Effect.provide(layer)),
);

it.effect("a group that SIGKILL does not end is given up after five seconds, and named", () =>
  Effect.gen(function* () {
    let stuck = false;
    const probe: Probe = {
      ...procProbe,
      look: (pid) => (stuck && pid === process.pid ? { startTime: 1, group: handle.pid, running: true } : procProbe.look(pid)),
      groupMembers: (group) => (stuck ? [process.pid] : procProbe.groupMembers(group)),
    };
    const folder = yield* temporaryFolder;
    // Without the finalizer of the other tests: it would sleep on this test's clock.
    const given = options(folder, { executable: "sh", args: ["-c", "sleep 60 & exit 0"] });
    const spawn = Effect.flatMap(Processes, (processes) => processes.spawn(given));
    const handle: ProcessHandle = yield* Effect.provide(spawn, layerWith(probe));
    yield* handle.exit;
    stuck = true;
    const killing = yield* Effect.forkChild(Effect.flip(handle.killGroup), { startImmediately: true });
    yield* TestClock.adjust(4900);
    expect(killing.pollUnsafe()).toBeUndefined();
    yield* TestClock.adjust(200);
    expect(yield* Fiber.join(killing)).toMatchObject({ reason: "StillAlive", code: "HSU-PROC-013", pid: handle.pid });
  }),
);
