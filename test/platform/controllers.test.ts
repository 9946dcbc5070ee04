/** Where limits are written: on files that look like the kernel's. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { CapName, Caps, Controller } from "../../src/platform/index.ts";
import {
  controllers,
  leftOf,
  oomKillsIn,
  type Place,
  placeFor,
  placesOf,
  removePlaces,
  type System,
  write,
} from "../../src/platform/linux/Controllers.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "hsu-cgroup-"));
});
afterEach(() => rmSync(root, { recursive: true }));

const file = (path: string, text = ""): void => {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), text);
};
const text = (path: string): string => readFileSync(join(root, path), "utf8");

const caps: Caps = { memoryBytes: 1000, swapBytes: 500, cores: 0.5, cpuShares: 1024, tasks: 20, ioWeight: 50, readBps: 10, writeOps: 7 };
const all: ReadonlyArray<CapName> = [
  "memoryBytes",
  "memoryHighBytes",
  "swapBytes",
  "cores",
  "cpuShares",
  "tasks",
  "ioWeight",
  "readBps",
  "writeOps",
];
const system = (mountinfo: string, cgroup: string): System => ({
  mountinfo: () => mountinfo,
  cgroupOf: () => cgroup,
  disks: () => ["8:0", "8:16"],
});

const v1 = () =>
  ["memory", "cpu", "pids", "blkio"]
    .map((name, index) => `3${index} 1 0:2${index} / ${root}/${name} rw - cgroup cgroup rw,${name}`)
    .join("\n");

it("v1: a group in the hierarchy of each controller, below the master's own", () => {
  const machine = system(v1(), "4:memory:/own\n3:cpu:/\n2:pids:/\n1:blkio:/\n");
  const files = {
    "memory/own/hsu-1/web": ["memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "memory.oom_control"],
    "cpu/hsu-1/web": ["cpu.cfs_quota_us", "cpu.shares"],
    "pids/hsu-1/web": ["pids.max"],
    "blkio/hsu-1/web": ["blkio.throttle.read_bps_device", "blkio.throttle.write_iops_device"],
  };
  for (const [folder, names] of Object.entries(files)) for (const name of ["cgroup.procs", ...names]) file(`${folder}/${name}`);
  const places = new Map<Controller, Place>();
  for (const controller of controllers) {
    const place = placeFor(controller, { group: undefined, instance: "hsu-1", name: "web", allowed: controllers }, machine);
    places.set(controller, place!);
  }
  const of: Record<string, Controller> = {
    memoryBytes: "memory",
    memoryHighBytes: "memory",
    swapBytes: "memory",
    tasks: "pids",
    cores: "cpu",
    cpuShares: "cpu",
  };
  const holds = all.map((name) => [name, write(name, { ...caps, memoryHighBytes: 9 }, places.get(of[name] ?? "io"), machine)]);
  expect(holds).toEqual([
    ["memoryBytes", { by: "cgroup v1" }],
    ["memoryHighBytes", { by: "nobody", why: "cgroup v1 has no such limit" }],
    ["swapBytes", { by: "cgroup v1" }],
    ["cores", { by: "cgroup v1" }],
    ["cpuShares", { by: "cgroup v1" }],
    ["tasks", { by: "cgroup v1" }],
    ["ioWeight", { by: "nobody", why: "blkio.weight: ENOENT" }],
    ["readBps", { by: "cgroup v1" }],
    ["writeOps", { by: "cgroup v1" }],
  ]);
  expect(text("memory/own/hsu-1/web/memory.limit_in_bytes")).toBe("1000");
  expect(text("memory/own/hsu-1/web/memory.memsw.limit_in_bytes")).toBe("1500");
  expect(text("cpu/hsu-1/web/cpu.cfs_quota_us")).toBe("50000");
  expect(text("pids/hsu-1/web/pids.max")).toBe("20");
  writeFileSync(join(root, "memory/own/hsu-1/web/memory.oom_control"), "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n");
  expect(oomKillsIn(places.get("memory")!)).toBe(3);
  // Found again by the process that is in them, wherever the master is by then.
  const later = system(v1(), "4:memory:/own/hsu-1/web\n3:cpu:/hsu-1/web\n2:pids:/\n1:blkio:/hsu-2/web\n");
  expect([...placesOf(7, "hsu-1", undefined, later).keys()]).toEqual(["memory", "cpu"]);
  expect(leftOf("hsu-1", "web", machine)).toHaveLength(4);
  // Real groups lose their files with the folder.
  for (const folder of Object.keys(files))
    for (const name of ["cgroup.procs", ...files[folder as keyof typeof files]]) rmSync(join(root, folder, name));
  removePlaces(places.values());
  expect(["memory/own/hsu-1", "cpu/hsu-1", "memory/own"].map((folder) => existsSync(join(root, folder)))).toEqual([false, false, true]);
});

it("v1: what may not be used, and what is not there, is not held", () => {
  const machine = system(v1(), "4:memory:/\n3:cpu:/\n");
  file("memory/hsu-1/web/cgroup.procs");
  const where = { group: undefined, instance: "hsu-1", name: "web" };
  expect(placeFor("memory", { ...where, allowed: ["cpu"] }, machine)).toBeUndefined();
  expect(placeFor("memory", { ...where, allowed: ["memory"] }, machine)).toMatchObject({ version: 1 });
  // No folder of the kernel's has come into being.
  expect(placeFor("cpu", { ...where, allowed: controllers }, machine)).toBeUndefined();
  expect(write("cores", caps, undefined, machine)).toEqual({ by: "nobody", why: "there is no cpu controller that the master may use" });
});

it("v1: a group that somebody else has put the master into is used only where the config names its controller", () => {
  const inside = "4:memory:/agent/7\n3:cpu:/\n2:name=systemd:/system.slice/hsu.service\n1:pids:/system.slice/hsu.service\n";
  const machine = system(v1(), inside);
  for (const folder of ["memory/agent/7", "cpu", "pids/system.slice/hsu.service"]) file(`${folder}/hsu-1/web/cgroup.procs`);
  const where = { group: undefined, instance: "hsu-1", name: "web" };
  expect(controllers.filter((controller) => placeFor(controller, where, machine) !== undefined)).toEqual(["cpu", "pids"]);
  expect(placeFor("memory", { ...where, allowed: ["memory"] }, machine)?.folder).toBe(join(root, "memory/agent/7/hsu-1/web"));
  // Who reads why it is not held is told how it can be; not who has said which there are to be.
  const none = "there is no memory controller that the master may use";
  expect(write("memoryBytes", caps, undefined, machine)).toEqual({
    by: "nobody",
    why: `${none}: the group that it is in was made by another than its service manager; process_manager.resources.controllers may name it`,
  });
  expect(write("memoryBytes", caps, undefined, machine, true)).toEqual({ by: "nobody", why: none });
  // Without a service manager's hierarchy: as the freezer, which nobody shares out.
  expect(placeFor("memory", where, system(v1(), "4:memory:/docker/1\n1:freezer:/docker/1\n"))).toBeUndefined();
  file("memory/docker/1/hsu-1/web/cgroup.procs");
  expect(placeFor("memory", where, system(v1(), "4:memory:/docker/1\n1:freezer:/docker/1\n"))).toMatchObject({ version: 1 });
});

it("v2: the controllers are given down to the unit's own group, where the master may", () => {
  const machine = system(`30 1 0:20 / ${root} rw - cgroup2 cgroup2 rw`, "0::/own\n");
  const group = { version: 2, folder: join(root, "own/hsu-1/web") } as const;
  file("own/cgroup.controllers", "cpu io memory pids\n");
  file("own/cgroup.subtree_control", "cpu memory\n");
  file("own/hsu-1/cgroup.controllers", "cpu memory\n");
  file("own/hsu-1/cgroup.subtree_control", "memory\n");
  for (const name of ["memory.max", "memory.high", "memory.swap.max", "cpu.max", "cpu.weight"]) file(`own/hsu-1/web/${name}`);
  const where = { group, instance: "hsu-1", name: "web", allowed: controllers };
  expect(placeFor("memory", where, machine)).toBe(group);
  expect(placeFor("cpu", where, machine)).toBe(group);
  expect(text("own/hsu-1/cgroup.subtree_control")).toContain("+cpu");
  // Asked of the group above, which the kernel then gives on; these files do not.
  expect(placeFor("pids", where, machine)).toBeUndefined();
  expect(text("own/cgroup.subtree_control")).toContain("+pids");
  for (const name of ["memoryBytes", "swapBytes", "cores", "cpuShares"] as const)
    expect(write(name, caps, group, machine)).toEqual({ by: "cgroup v2" });
  expect([text("own/hsu-1/web/memory.max"), text("own/hsu-1/web/cpu.max"), text("own/hsu-1/web/cpu.weight")]).toEqual([
    "1000",
    "50000 100000",
    "39",
  ]);
  // What a config does not say any more is lifted.
  writeFileSync(join(root, "own/hsu-1/web/memory.max"), "");
  write("memoryBytes", {}, group, machine);
  expect(text("own/hsu-1/web/memory.max")).toBe("max");
  file("own/hsu-1/web/memory.events", "low 0\noom 2\noom_kill 1\noom_group_kill 0\n");
  expect(oomKillsIn(group)).toBe(1);
  file("own/hsu-1/web/io.max");
  expect(write("readBps", caps, group, machine)).toEqual({ by: "cgroup v2" });
  expect(write("tasks", caps, group, machine)).toEqual({ by: "nobody", why: "pids.max: ENOENT" });
});
