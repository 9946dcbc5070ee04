import { readFileSync, rmdirSync } from "node:fs";
import { dirname, join } from "node:path";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import { describe, expect, it } from "vitest";
import { type ProcessHandle, Processes } from "../../src/platform/index.ts";
import { controlGroups } from "../../src/platform/linux/Cgroup.ts";
import { folderOf, hierarchies, instanceName } from "../../src/platform/linux/CgroupPlace.ts";
import { layerWith } from "../../src/platform/linux/Processes.ts";
import { options, read, start, temporaryFolder, twoMastersProbe, until } from "./support.ts";

const layer = layerWith(twoMastersProbe);

const v2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate";
const hybrid = [
  "25 18 0:20 / /sys ro - sysfs sysfs rw",
  "26 25 0:21 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755",
  "33 26 0:28 / /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer",
  "34 26 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory",
  "36 26 0:31 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw",
].join("\n");

describe("where control groups are made", () => {
  const own = "8:freezer:/a b\n4:memory:/m\n1:cpu,cpuacct:/\n0::/user.slice/s.scope\n";

  it("v2 alone, v2 beside v1, v1 alone, and none", () => {
    expect(hierarchies(v2)).toEqual([{ version: 2, mount: "/sys/fs/cgroup", root: "/" }]);
    expect(hierarchies(hybrid).map((each) => [each.version, folderOf(each, own)])).toEqual([
      [2, "/sys/fs/cgroup/unified/user.slice/s.scope"],
      [1, "/sys/fs/cgroup/freezer/a b"],
    ]);
    const v1 = "33 26 0:28 / /cg\\040x rw - cgroup cgroup rw,freezer,pids";
    expect(hierarchies(v1).map((each) => folderOf(each, "3:pids,freezer:/\n"))).toEqual(["/cg x/"]);
    expect(hierarchies("25 18 0:20 / /sys ro - sysfs sysfs rw\n")).toEqual([]);
  });

  it("below what a container sees, and nowhere when the own group is outside of it or gone", () => {
    const [inside] = hierarchies("30 23 0:26 /docker/c1 /sys/fs/cgroup rw - cgroup2 cgroup rw");
    expect(folderOf(inside!, "0::/docker/c1/sub\n")).toBe("/sys/fs/cgroup/sub");
    expect(folderOf(inside!, "0::/docker/c1\n")).toBe("/sys/fs/cgroup");
    expect(folderOf(inside!, "0::/docker/c10\n")).toBeUndefined();
    expect(folderOf(hierarchies(v2)[0]!, "0::/../other\n")).toBeUndefined();
    expect(folderOf(hierarchies(v2)[0]!, "0::/gone (deleted)\n")).toBeUndefined();
  });

  it("each state directory has a name of its own, the same each time", () => {
    const names = Array.from({ length: 5000 }, (_, n) => instanceName(`/home/user${n % 70}/.local/state/hsu${n}`));
    expect(new Set(names).size).toBe(5000);
    expect(names.every((name) => /^hsu-[0-9a-f]{16}$/.test(name))).toBe(true);
    expect(instanceName("/var/lib/hsu")).toBe(instanceName("/var/lib/hsu"));
  });
});

/** Whether this machine lets us make groups; its folder is ours to remove. */
const available = ((): boolean => {
  const group = controlGroups().make("hsu-test-probe", "probe");
  group?.remove();
  return group !== undefined;
})();

const inGroup = (folder: string, script: string) =>
  start(options(folder, { executable: "sh", args: ["-c", script], cgroup: { instance: folder, name: "u" } }));
const attach = (handle: ProcessHandle, instance?: string) =>
  Effect.flatMap(Processes, (processes) => Effect.map(processes.attach(handle.identity, instance), Option.getOrThrow));
const groupOf = (pid: number): string => readFileSync(`/proc/${pid}/cgroup`, "latin1");
const isIn = (pid: number, folder: string): boolean => groupOf(pid).includes(`/${instanceName(folder)}/u`);

/** Leaves the session and the parent behind as a daemon does, once the one who starts it has been taken in. */
const daemon = `sleep 0.3; setsid sh -c 'sleep 600 & echo daemon $!'; echo ready; exec sleep 600`;
const daemonOf = (folder: string): number => Number(/daemon (\d+)/.exec(read(folder, "stdout.log"))?.[1]);

// Skipped where neither v2 nor the freezer of v1 lets this user make groups.
describe.skipIf(!available)("a process in a control group", () => {
  it("takes its daemons with it, is signalled with them, and leaves no folder behind", async () => {
    await Effect.gen(function* () {
      const folder = yield* temporaryFolder;
      const handle = yield* inGroup(folder, daemon);
      yield* until("it is taken in", () => isIn(handle.pid, folder));
      yield* until("the daemon runs", () => read(folder, "stdout.log").includes("ready"));
      const pid = daemonOf(folder);
      expect(isIn(pid, folder)).toBe(true);
      yield* handle.signal("SIGUSR2");
      yield* handle.exit;
      // Told as its group was, though it has a session of its own.
      yield* until("the daemon has ended", () => !handle.groupAlive());
      const again = yield* inGroup(folder, daemon.replace("ready", "ready again"));
      yield* until("the next daemon runs", () => read(folder, "stdout.log").includes("ready again"));
      process.kill(again.pid, "SIGKILL");
      yield* again.exit;
      expect(again.groupAlive()).toBe(true);
      const own = controlGroups().of(folder, again.pid);
      yield* again.killGroup;
      expect(again.groupAlive()).toBe(false);
      expect(own).toBeUndefined();
      expect(controlGroups().left(instanceName(folder), "u")).toBeUndefined();
    }).pipe(Effect.scoped, Effect.provide(layer), Effect.runPromise);
  });

  it("is not held by its group when it has lost a child before it was taken in", async () => {
    await Effect.gen(function* () {
      const folder = yield* temporaryFolder;
      const early = yield* inGroup(folder, "(setsid sleep 600 & echo early $!); echo ready; exec sleep 600");
      yield* until("it runs", () => read(folder, "stdout.log").includes("ready") && isIn(early.pid, folder));
      const stray = Number(/early (\d+)/.exec(read(folder, "stdout.log"))?.[1]);
      yield* Effect.addFinalizer(() => Effect.ignore(Effect.try(() => process.kill(stray, "SIGKILL"))));
      // Which of the two depends on who was faster: the kernel, or the shell.
      yield* until("it is in the group, or the group does not hold all", () => !early.contained || isIn(stray, folder));
    }).pipe(Effect.scoped, Effect.provide(layer), Effect.runPromise);
  });

  it("its end is told to who has attached it, also to one who starts later, and is seen where a child outlives it", async () => {
    await Effect.gen(function* () {
      const folder = yield* temporaryFolder;
      const handle = yield* inGroup(folder, "exec sleep 600");
      yield* until("it is taken in", () => isIn(handle.pid, folder));
      const attached = yield* attach(handle, folder);
      process.kill(handle.pid, "SIGKILL");
      // A child of this very program, whose end is heard where that is listened to.
      expect((yield* attached.exit).code).toBe(null);
      yield* handle.killGroup;

      const parent = yield* inGroup(folder, "sleep 0.1; sleep 600 & echo child; wait");
      yield* until("it is taken in", () => isIn(parent.pid, folder));
      yield* until("it has a child", () => read(folder, "stdout.log").includes("child"));
      const second = yield* attach(parent, folder);
      process.kill(parent.pid, "SIGKILL");
      expect((yield* second.exit).code).toBe(null);
      expect(second.groupAlive()).toBe(true);
      yield* second.killGroup;
      expect(second.groupAlive()).toBe(false);
    }).pipe(Effect.scoped, Effect.provide(layer), Effect.runPromise);
  });

  it("of another instance is nobody's here: its group is not touched", async () => {
    await Effect.gen(function* () {
      const folder = yield* temporaryFolder;
      const handle = yield* inGroup(folder, daemon);
      yield* until("it is taken in and its daemon runs", () => read(folder, "stdout.log").includes("ready"));
      for (const instance of [undefined, join(folder, "other")]) {
        const attached = yield* attach(handle, instance);
        expect(attached.contained).toBe(false);
      }
      const stranger = yield* attach(handle, join(folder, "other"));
      const { identify, isAlive } = yield* Processes;
      const its = Option.getOrThrow(yield* identify(daemonOf(folder)));
      yield* stranger.killGroup;
      expect(yield* isAlive(its)).toBe(true);
      yield* handle.killGroup;
    }).pipe(Effect.scoped, Effect.provide(layer), Effect.runPromise);
  });

  it("who was left behind of an earlier run is killed by name, and meanwhile the next has a group of its own", async () => {
    await Effect.gen(function* () {
      const folder = yield* temporaryFolder;
      const groups = controlGroups();
      const handle = yield* inGroup(folder, daemon);
      yield* until("it is taken in and its daemon runs", () => read(folder, "stdout.log").includes("ready"));
      const next = groups.make(instanceName(folder), "u")!;
      expect(next.folder.endsWith("u~2")).toBe(true);
      next.remove();
      const { clear } = yield* Processes;
      yield* clear({ instance: folder, name: "u" });
      yield* until("nobody is left", () => !handle.groupAlive());
      yield* clear({ instance: folder, name: "u" });
      expect(groups.left(instanceName(folder), "u")).toBeUndefined();
      // The instance's own folder goes with the last of its groups.
      expect(() => rmdirSync(dirname(next.folder))).toThrow("ENOENT");
    }).pipe(Effect.scoped, Effect.provide(layer), Effect.runPromise);
  });
});
