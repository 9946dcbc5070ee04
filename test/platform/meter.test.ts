import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { expect, it } from "vitest";
import type { Meter, Usage } from "../../src/platform/index.ts";
import { noControlGroups } from "../../src/platform/linux/Cgroup.ts";
import { layerWith } from "../../src/platform/linux/Processes.ts";
import { surroundings } from "../../src/platform/linux/Surroundings.ts";
import { psProbe } from "../../src/platform/darwin/Ps.ts";
import { options, program, start, temporaryFolder, twoMastersProbe } from "./support.ts";

/** Reads until it is so. */
const eventually = async (meter: Meter, isSo: (usage: Usage) => boolean): Promise<Usage> => {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const usage = await meter.read(true);
    if (usage !== undefined && isSo(usage)) return usage;
    if (performance.now() > deadline) throw new Error(`not so in time: ${JSON.stringify(usage)}`);
    await new Promise((resume) => setTimeout(resume, 10));
  }
};

const script = `node=$1; shift
(i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done)
sleep 50 & sleep 50 &
exec "$node" "$@"`;

const measured = (name: string, groups?: typeof noControlGroups) =>
  it(`the usage of a process and of all that it has started is read, ${name}`, () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder;
      const before = readdirSync("/proc/self/fd").length;
      const handle = yield* start(
        options(folder, {
          executable: "sh",
          args: ["-c", script, "sh", process.execPath, program, "--memory-mb", "64", "--files", "30"],
          cgroup: { instance: folder, name: "unit" },
        }),
      );
      const meter = yield* Effect.promise(() => handle.meter());
      const usage = yield* Effect.promise(() =>
        eventually(meter, ({ files, processes, rssBytes }) => rssBytes > 90 << 20 && processes >= 3 && files! > 45),
      );
      expect(usage).toMatchObject({ processes: 3, oomKills: null });
      expect(usage.threads).toBeGreaterThan(5);
      expect(usage.virtualBytes).toBeGreaterThan(usage.rssBytes);
      expect(usage.pssBytes).toBeGreaterThan(32 << 20);
      expect(usage.pssBytes).toBeLessThan(usage.rssBytes);
      expect(usage.filesMost).toBeGreaterThan(30);
      expect(usage.cpuMillis).toBeGreaterThan(20);
      expect(usage.reads).toBeGreaterThan(10);
      expect(usage.contextSwitches).toBeGreaterThan(10);
      expect(usage.sockets).toBeGreaterThanOrEqual(0);
      const again = yield* Effect.promise(() => Promise.resolve(meter.read(false)));
      expect(again!.cpuMillis).toBeGreaterThanOrEqual(usage.cpuMillis);
      expect(again).toMatchObject({ pssBytes: null, sockets: null });
      yield* handle.signal("SIGKILL");
      yield* handle.exit;
      expect(meter.read(false)).toBeUndefined();
      meter.close();
      yield* handle.killGroup;
      expect(readdirSync("/proc/self/fd").length).toBeLessThanOrEqual(before + 2);
    }).pipe(Effect.scoped, Effect.provide(layerWith(twoMastersProbe, undefined, groups)), Effect.runPromise));

measured("by its control group where there is one");
measured("and without a control group", noControlGroups);

it("who is looked at alone is in the group that the kernel has it in: its pressure, and who was killed there", () => {
  const root = mkdtempSync(join(tmpdir(), "hsu-surroundings-"));
  const mountinfo = [`30 1 0:20 / ${root}/v2 rw - cgroup2 cgroup2 rw`, `31 1 0:21 / ${root}/memory rw - cgroup cgroup rw,memory`].join(
    "\n",
  );
  try {
    mkdirSync(join(root, "v2/own"), { recursive: true });
    mkdirSync(join(root, "memory/one"), { recursive: true });
    writeFileSync(join(root, "v2/own/cpu.pressure"), "");
    writeFileSync(join(root, "memory/one/memory.oom_control"), "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n");
    const hybrid = surroundings(mountinfo, "4:memory:/one\n0::/own\n");
    expect([hybrid.pressureOf("cpu"), hybrid.pressureOf("io")]).toEqual([join(root, "v2/own/cpu.pressure"), "/proc/pressure/io"]);
    expect(hybrid.oomKills()).toBe(3);
    writeFileSync(join(root, "v2/own/memory.events"), "low 0\noom 5\noom_kill 4\n");
    expect(surroundings(mountinfo, "0::/own\n").oomKills()).toBe(4);
    expect(surroundings("", "").oomKills()).toBeNull();
    expect(surroundings("", "").pressureOf("memory")).toBe("/proc/pressure/memory");
  } finally {
    rmSync(root, { recursive: true });
  }
});

it("where there is no /proc, the first process is measured by pidusage", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder;
    const handle = yield* start(options(folder, { args: [program] }));
    const meter = yield* Effect.promise(() => handle.meter());
    const usage = yield* Effect.promise(() => eventually(meter, ({ rssBytes }) => rssBytes > 10 << 20));
    expect(usage).toMatchObject({ processes: 1, threads: null, readBytes: null });
    yield* handle.killGroup;
    expect(yield* Effect.promise(() => Promise.resolve(meter.read(false)))).toBeUndefined();
  }).pipe(Effect.scoped, Effect.provide(layerWith(psProbe)), Effect.runPromise));
