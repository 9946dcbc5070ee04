import { expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import { psProbe } from "../../src/platform/darwin/Ps.ts";
import { type ProcessIdentity, Processes } from "../../src/platform/index.ts";
import type { Probe } from "../../src/platform/Probe.ts";
import { layer, layerWith } from "../../src/platform/linux/Processes.ts";
import { parseStat, procProbe } from "../../src/platform/linux/Proc.ts";
import { options, read, start, temporaryFolder, until } from "./support.ts";

const sleeper = Effect.flatMap(temporaryFolder, (folder) => start(options(folder, { executable: "sleep", args: ["60"] })));

/** The same tests for each way of asking the system. */
const probes: Record<string, Probe> = { "/proc": procProbe, ps: psProbe };

for (const [name, probe] of Object.entries(probes)) {
  const system = layerWith(probe);

  it.live(`${name}: a process is known by pid, start time and boot id`, () =>
    Effect.gen(function* () {
      const processes = yield* Processes;
      const { identity, killGroup } = yield* sleeper;
      expect(Option.getOrThrow(yield* processes.identify(identity.pid))).toEqual(identity);
      expect(identity.startTime).toBeGreaterThan(0);
      const alive = (difference: Partial<ProcessIdentity>) => processes.isAlive({ ...identity, ...difference });
      expect(yield* alive({})).toBe(true);
      expect(yield* alive({ startTime: identity.startTime - 1 })).toBe(false);
      expect(yield* alive({ bootId: "another boot" })).toBe(false);
      yield* killGroup;
      expect(yield* alive({})).toBe(false);
      expect(yield* processes.identify(identity.pid)).toEqual(Option.none());
    }).pipe(Effect.provide(system)),
  );

  it.live(`${name}: statistics of exactly this process`, () =>
    Effect.gen(function* () {
      const processes = yield* Processes;
      const own = Option.getOrThrow(yield* processes.identify(process.pid));
      const cpuMillis = () => process.cpuUsage().user / 1000 + process.cpuUsage().system / 1000;
      while (cpuMillis() < 400);
      const stats = Option.getOrThrow(yield* processes.stats(own));
      const rss = process.memoryUsage.rss();
      expect(stats.rssBytes / rss).toBeGreaterThan(0.5);
      expect(stats.rssBytes / rss).toBeLessThan(2);
      expect(Math.abs(stats.cpuMillis - cpuMillis())).toBeLessThan(200);
      expect(yield* processes.stats({ ...own, startTime: own.startTime + 1 })).toEqual(Option.none());
      expect(yield* processes.stats({ ...own, bootId: "another boot" })).toEqual(Option.none());
      const { identity, killGroup } = yield* sleeper;
      yield* killGroup;
      expect(yield* processes.stats(identity)).toEqual(Option.none());
    }).pipe(Effect.provide(system)),
  );

  it.live(`${name}: a process that has ended but is not reaped is not alive`, () =>
    Effect.gen(function* () {
      const processes = yield* Processes;
      // The shell becomes `sleep`, which never waits for the child that the shell had; the child ends only then, or the shell might reap it.
      const script = '(while [ "$(cat /proc/$$/comm)" != sleep ]; do sleep 0.01; done) & echo $!; exec sleep 60';
      const folder = yield* temporaryFolder;
      const handle = yield* start(options(folder, { executable: "sh", args: ["-c", script] }));
      const child = () => Number.parseInt(read(folder, "stdout.log"), 10);
      yield* until("there is a zombie", () => probe.look(child())?.running === false);
      const zombie = Option.getOrThrow(yield* processes.identify(child()));
      expect(yield* processes.isAlive(zombie)).toBe(false);
      expect(yield* processes.stats(zombie)).toEqual(Option.none());
      expect(probe.groupMembers(handle.pid)).toEqual([handle.pid]);
    }).pipe(Effect.provide(system)),
  );
}

it.live("/proc tells the number of threads", () =>
  Effect.gen(function* () {
    const processes = yield* Processes;
    const { identity } = yield* sleeper;
    expect(Option.getOrThrow(yield* processes.stats(identity)).threads).toBe(1);
  }).pipe(Effect.provide(layer)),
);

it.live("a stranger that got the pid is neither signalled nor taken for the group", () =>
  Effect.gen(function* () {
    // The leader ends, a grandchild stays; then the system says that somebody else, who started later, has the leader's pid.
    let reused = false;
    const probe: Probe = {
      ...procProbe,
      look: (pid) => (reused ? { startTime: Number.MAX_SAFE_INTEGER, group: pid, running: true } : procProbe.look(pid)),
    };
    const folder = yield* temporaryFolder;
    const run = start(options(folder, { executable: "sh", args: ["-c", "sleep 60 & exit 0"] }));
    const handle = yield* Effect.provide(run, layerWith(probe));
    yield* Effect.addFinalizer(() => Effect.sync(() => process.kill(-handle.pid, "SIGKILL")));
    yield* handle.exit;
    expect(handle.groupAlive()).toBe(true);
    reused = true;
    expect(yield* Effect.flip(handle.signal("SIGKILL"))).toMatchObject({ reason: "Gone" });
    expect(handle.groupAlive()).toBe(false);
    yield* handle.killGroup;
    expect(procProbe.groupMembers(handle.pid)).toHaveLength(1);
  }),
);

it.live("a group is not looked for again as long as one that is known of it runs", () =>
  Effect.gen(function* () {
    let looks = 0;
    const probe: Probe = {
      ...procProbe,
      groupMembers: (group) => {
        looks++;
        return procProbe.groupMembers(group);
      },
    };
    const folder = yield* temporaryFolder;
    const run = start(options(folder, { executable: "sh", args: ["-c", "sleep 60 & echo $!; exit 0"] }));
    const handle = yield* Effect.provide(run, layerWith(probe));
    yield* handle.exit;
    for (let round = 0; round < 5; round++) expect(handle.groupAlive()).toBe(true);
    expect(looks).toBe(1);
    process.kill(Number.parseInt(read(folder, "stdout.log"), 10), "SIGKILL");
    yield* until("the group has ended", () => !handle.groupAlive());
  }),
);

it.live("a system that cannot be asked does not make a group look ended", () =>
  Effect.gen(function* () {
    let fails = false;
    const probe: Probe = {
      ...procProbe,
      look: (pid) => {
        if (fails) throw new Error("EMFILE");
        return procProbe.look(pid);
      },
    };
    const folder = yield* temporaryFolder;
    const run = start(options(folder, { executable: "sh", args: ["-c", "sleep 60 & exit 0"] }));
    const handle = yield* Effect.provide(run, layerWith(probe));
    yield* handle.exit;
    fails = true;
    expect(handle.groupAlive()).toBe(true);
    expect(yield* Effect.flip(handle.signal("SIGTERM"))).toMatchObject({ reason: "NotPermitted" });
    fails = false;
  }),
);

it("a command with blanks and brackets does not shift the fields of /proc/PID/stat", () => {
  const rest = "S 1 77 78 0 -1 0 1 2 3 4 50 60 0 0 20 0 9 0 12345 1000 42 0 1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 9";
  expect(parseStat(`12 (a) b (c) ${rest}`)).toEqual({
    state: "S",
    group: 77,
    session: 78,
    userTicks: 50,
    systemTicks: 60,
    threads: 9,
    startTime: 12345,
    rssPages: 42,
    parent: 1,
    exitStatus: 9,
  });
});
