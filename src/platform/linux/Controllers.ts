/**
 * The controllers of control groups: where a process tree's limits are written, for v2, hybrid and v1. Loaded with the first unit that has limits.
 */
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmdirSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { CapName, Caps, Controller, Hold } from "../Caps.ts";
import { controllerMount, folderOf, isDelegated, steppedAside, v1Names } from "./CgroupPlace.ts";

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, "latin1");
  } catch {
    // Not there, or gone with its group: nothing is known.
    return undefined;
  }
};

/** What the system says against it; undefined: it was written. A file that the kernel has not made is never made here. */
const put = (path: string, value: string): string | undefined => {
  try {
    const file = openSync(path, "r+");
    try {
      writeSync(file, value);
    } finally {
      closeSync(file);
    }
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "EIO";
  }
};

/** Where one controller of one process tree is. */
export interface Place {
  readonly version: 1 | 2;
  readonly folder: string;
}

/** The system as it is looked at: other files in tests. */
export interface System {
  readonly mountinfo: () => string;
  readonly cgroupOf: (pid: number | "self") => string;
  /** `MAJOR:MINOR` of each disk. */
  readonly disks: () => ReadonlyArray<string>;
}

export const linux: System = {
  mountinfo: () => read("/proc/self/mountinfo") ?? "",
  cgroupOf: (pid) => read(`/proc/${pid}/cgroup`) ?? "",
  disks: () =>
    (existsSync("/sys/block") ? readdirSync("/sys/block") : [])
      .filter((name) => !/^(loop|ram|zram|sr|fd)\d/.test(name))
      .flatMap((name) => read(`/sys/block/${name}/dev`)?.trim() ?? []),
};

/** In v2 a group with processes of its own gives no controller to those below: a master that is alone in its group moves into one beside its units. */
const stepAside = (own: string): void => {
  const members = (read(join(own, "cgroup.procs")) ?? "").split("\n").filter(Boolean);
  if (members.some((pid) => Number(pid) !== process.pid)) return;
  try {
    mkdirSync(join(own, steppedAside), { recursive: true });
  } catch {
    return;
  }
  put(join(own, steppedAside, "cgroup.procs"), String(process.pid));
};

const has = (folder: string, file: string, name: string): boolean => (read(join(folder, file)) ?? "").split(/\s+/).includes(name);

/** Has a controller given to the groups of all units; false where it is not ours to give. */
const enable = (instance: string, name: string): boolean => {
  const own = dirname(instance);
  for (const folder of [own, instance]) {
    if (has(folder, "cgroup.subtree_control", name)) continue;
    if (!has(folder, "cgroup.controllers", name)) return false;
    let refused = put(join(folder, "cgroup.subtree_control"), `+${name}`);
    if (refused === "EBUSY" && folder === own) {
      stepAside(own);
      refused = put(join(folder, "cgroup.subtree_control"), `+${name}`);
    }
    if (refused !== undefined) return false;
  }
  return true;
};

export const controllers = ["memory", "cpu", "pids", "io"] as const satisfies ReadonlyArray<Controller>;

export interface Wanted {
  /** The control group that holds the tree together. */
  readonly group: Place | undefined;
  readonly instance: string;
  readonly name: string;
  /** Those that may be used, also in a group that nobody has given to the master; absent: all that were given to it. */
  readonly allowed?: ReadonlyArray<Controller> | undefined;
}

/** Makes the group of a controller, or finds it; undefined where there is none to be had. */
export const placeFor = (controller: Controller, { allowed, group, instance, name }: Wanted, system: System): Place | undefined => {
  if (allowed?.includes(controller) === false) return undefined;
  if (group?.version === 2 && enable(dirname(group.folder), controller)) return group;
  const mount = controllerMount(system.mountinfo(), v1Names[controller]);
  const own = system.cgroupOf("self");
  if (allowed === undefined && !isDelegated(own, v1Names[controller])) return undefined;
  const above = mount && folderOf(mount, own, v1Names[controller]);
  if (above === undefined) return undefined;
  const folder = join(above, instance, name);
  try {
    mkdirSync(folder, { recursive: true });
    closeSync(openSync(join(folder, "cgroup.procs"), "r+"));
    return { version: 1, folder };
  } catch {
    // Read-only, or not ours to write to.
    return undefined;
  }
};

/** The groups that a process of this instance is in already; of v2 the one that holds it together. */
export const placesOf = (pid: number, instance: string, group: Place | undefined, system: System): Map<Controller, Place> => {
  const found = new Map<Controller, Place>();
  const text = system.cgroupOf(pid);
  for (const controller of controllers) {
    if (group?.version === 2 && has(group.folder, "cgroup.controllers", controller)) found.set(controller, group);
    const mount = controllerMount(system.mountinfo(), v1Names[controller]);
    const folder = mount && folderOf(mount, text, v1Names[controller]);
    if (folder !== undefined && basename(dirname(folder)) === instance) found.set(controller, { version: 1, folder });
  }
  return found;
};

/** Groups of v1 that were left behind. */
export const leftOf = (instance: string, name: string, system: System): ReadonlyArray<Place> =>
  controllers.flatMap((controller): ReadonlyArray<Place> => {
    const mount = controllerMount(system.mountinfo(), v1Names[controller]);
    const above = mount && folderOf(mount, system.cgroupOf("self"), v1Names[controller]);
    const folder = above === undefined ? "" : join(above, instance, name);
    return folder !== "" && existsSync(folder) ? [{ version: 1, folder }] : [];
  });

/** Those of v1: the others go with the group that holds the tree together. Whoever is still in one keeps it. */
export const removePlaces = (places: Iterable<Place>): void => {
  for (const { folder, version } of places) {
    if (version === 2) continue;
    for (const one of [folder, dirname(folder)]) {
      try {
        rmdirSync(one);
      } catch {
        // Somebody is in it, or other units have theirs in it.
        break;
      }
    }
  }
};

const period = 100_000;
const quota = (cores: number): number => Math.max(1000, Math.round(cores * period));
const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, Math.round(value)));

interface File {
  readonly name: string;
  readonly value: string;
}
type Files = (value: number | undefined, disks: ReadonlyArray<string>) => ReadonlyArray<File>;

/** The same of each disk. */
const each =
  (name: string, text: (disk: string, value: number | undefined) => string): Files =>
  (value, disks) =>
    disks.map((disk) => ({ name, value: text(disk, value) }));
const one =
  (name: string, text: (value: number) => string, none: string): Files =>
  (value) => [{ name, value: value === undefined ? none : text(value) }];

/** Which files say it, in v2 and v1; undefined: that version cannot. Without a value: not limited. */
const words: {
  readonly [Name in CapName]?: { readonly controller: Controller; readonly 2: Files | undefined; readonly 1: Files | undefined };
} = {
  memoryBytes: { controller: "memory", 2: one("memory.max", String, "max"), 1: one("memory.limit_in_bytes", String, "-1") },
  memoryHighBytes: { controller: "memory", 2: one("memory.high", String, "max"), 1: undefined },
  swapBytes: { controller: "memory", 2: one("memory.swap.max", String, "max"), 1: undefined },
  cores: {
    controller: "cpu",
    2: one("cpu.max", (cores) => `${quota(cores)} ${period}`, `max ${period}`),
    1: one("cpu.cfs_quota_us", (cores) => String(quota(cores)), "-1"),
  },
  cpuShares: {
    controller: "cpu",
    2: one("cpu.weight", (shares) => String(1 + Math.floor(((clamp(shares, 2, 262_144) - 2) * 9999) / 262_142)), "100"),
    1: one("cpu.shares", (shares) => String(clamp(shares, 2, 262_144)), "1024"),
  },
  tasks: { controller: "pids", 2: one("pids.max", String, "max"), 1: one("pids.max", String, "max") },
  ioWeight: {
    controller: "io",
    2: one("io.weight", (weight) => `default ${clamp(weight, 1, 10_000)}`, "default 100"),
    1: one("blkio.weight", (weight) => String(clamp(weight * 5, 10, 1000)), "500"),
  },
  readBps: {
    controller: "io",
    2: each("io.max", (disk, value) => `${disk} rbps=${value ?? "max"}`),
    1: each("blkio.throttle.read_bps_device", (disk, value) => `${disk} ${value ?? 0}`),
  },
  writeBps: {
    controller: "io",
    2: each("io.max", (disk, value) => `${disk} wbps=${value ?? "max"}`),
    1: each("blkio.throttle.write_bps_device", (disk, value) => `${disk} ${value ?? 0}`),
  },
  readOps: {
    controller: "io",
    2: each("io.max", (disk, value) => `${disk} riops=${value ?? "max"}`),
    1: each("blkio.throttle.read_iops_device", (disk, value) => `${disk} ${value ?? 0}`),
  },
  writeOps: {
    controller: "io",
    2: each("io.max", (disk, value) => `${disk} wiops=${value ?? "max"}`),
    1: each("blkio.throttle.write_iops_device", (disk, value) => `${disk} ${value ?? 0}`),
  },
};

/** Which controller a cap needs; undefined: none has it. */
export const controllerOf = (name: CapName): Controller | undefined => words[name]?.controller;

/** Takes a process in; who has ended, or is not ours, is not. */
export const takeIn = (folder: string, pid: number): void => void put(join(folder, "cgroup.procs"), String(pid));

export const membersOf = (folder: string): ReadonlyArray<number> =>
  (read(join(folder, "cgroup.procs")) ?? "").split("\n").filter(Boolean).map(Number);

/** One that was only not given to the master can be had, and the reader is told how. */
const whyNone = (controller: Controller, system: System, isAsked: boolean): string => {
  const none = `there is no ${controller} controller that the master may use`;
  const [own, name] = [system.cgroupOf("self"), v1Names[controller]];
  const mount = controllerMount(system.mountinfo(), name);
  const isThere = mount !== undefined && folderOf(mount, own, name) !== undefined;
  if (isAsked || !isThere || isDelegated(own, name)) return none;
  return `${none}: the group that it is in was made by another than its service manager; process_manager.resources.controllers may name it`;
};

/** In v1 the limit of memory and swap together may not be below that of memory. */
const swapOfV1 = (folder: string, { memoryBytes, swapBytes }: Caps): Hold => {
  if (memoryBytes === undefined) return { by: "nobody", why: "cgroup v1 limits swap only together with memory" };
  const refused = put(join(folder, "memory.memsw.limit_in_bytes"), String(memoryBytes + (swapBytes ?? 0)));
  return refused === undefined ? { by: "cgroup v1" } : { by: "nobody", why: `memory.memsw.limit_in_bytes: ${refused}` };
};

/** Writes what the caps say, and lifts what they do not say and an earlier master may have set. Undefined: no controller has this cap. `isAsked`: the config says which there are to be. */
export const write = (name: CapName, caps: Caps, place: Place | undefined, system: System, isAsked = false): Hold | undefined => {
  const known = words[name];
  if (known === undefined) return undefined;
  const value = caps[name];
  if (place === undefined) return { by: "nobody", why: whyNone(known.controller, system, isAsked) };
  if (place.version === 1 && name === "memoryBytes") put(join(place.folder, "memory.memsw.limit_in_bytes"), "-1");
  if (place.version === 1 && name === "swapBytes") return value === undefined ? undefined : swapOfV1(place.folder, caps);
  const files = known[place.version]?.(value, system.disks());
  if (files === undefined) return { by: "nobody", why: "cgroup v1 has no such limit" };
  const refused = files
    .map((file) => ({ ...file, error: put(join(place.folder, file.name), file.value) }))
    .filter(({ error }) => error !== undefined);
  const first = refused[0];
  // One disk of several that does not take it does not leave the others unlimited.
  if (files.length > 0 && refused.length < files.length) return { by: `cgroup v${place.version}` };
  return { by: "nobody", why: first === undefined ? "there is no disk" : `${first.name}: ${first.error}` };
};

/** How often the kernel has killed somebody of the group for want of memory. */
export const oomKillsIn = ({ folder, version }: Place): number | null => {
  const text = read(join(folder, version === 2 ? "memory.events" : "memory.oom_control"));
  const count = /^oom_kill (\d+)$/m.exec(text ?? "")?.[1];
  return count === undefined ? null : Number(count);
};
