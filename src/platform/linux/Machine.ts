/**
 * What this machine lets a master do. Only looked at: nothing is made. For `hsu doctor`.
 */
import { accessSync, constants, existsSync, readFileSync, statfsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Controller } from "../Caps.ts";
import { controllerMount, folderOf, hierarchies, isDelegated, ownFolder, v1Names } from "./CgroupPlace.ts";
import { libc } from "./Libc.ts";

export interface Machine {
  /** Of the folder, or of the first above it that is there. */
  readonly folder: { readonly path: string; readonly writable: boolean; readonly freeBytes: number | null };
  /** Which version of control groups holds the limits of units; null: none that the master may use. Absent where the system has no such. */
  readonly controllers?: Readonly<Record<Controller, 1 | 2 | null>>;
  readonly openFiles: number | null;
  readonly inotify: { readonly instances: number | null; readonly watches: number | null };
  /** Why the C library cannot be called; null: it can. */
  readonly libc: string | null;
}

const text = (path: string): string => {
  try {
    return readFileSync(path, "latin1");
  } catch {
    // Not on this system, or gone.
    return "";
  }
};

const numberIn = (path: string): number | null => {
  const found = text(path).trim();
  return found === "" ? null : Number(found);
};

/** The first on the way up that is there. */
const existing = (path: string): string => (existsSync(path) || dirname(path) === path ? path : existing(dirname(path)));

const isWritable = (path: string): boolean => {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
};

/** Whether that, or the first folder above it that is there, may be written to. */
export const writableAt = (path: string): boolean => isWritable(existing(path));

const freeIn = (path: string): number | null => {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch {
    return null;
  }
};

/** What a master in the place of this process may use. */
const controllerOf = (controller: Controller, mountinfo: string, cgroup: string): 1 | 2 | null => {
  const unified = hierarchies(mountinfo).find(({ version }) => version === 2);
  const own = unified === undefined ? undefined : ownFolder(unified, cgroup);
  if (own !== undefined && isWritable(join(own, "cgroup.procs"))) {
    if (text(join(own, "cgroup.controllers")).split(/\s+/).includes(controller)) return 2;
  }
  const name = v1Names[controller];
  const mount = controllerMount(mountinfo, name);
  const folder = mount === undefined ? undefined : folderOf(mount, cgroup, name);
  return folder !== undefined && isDelegated(cgroup, name) && isWritable(folder) ? 1 : null;
};

/** `pid`: of the master that runs; without one, this process stands for it. */
export const look = async (stateDirectory: string, pid: number | "self"): Promise<Machine> => {
  const path = existing(stateDirectory);
  const [mountinfo, cgroup] = [text("/proc/self/mountinfo"), text(`/proc/${pid}/cgroup`)];
  const of = (controller: Controller): 1 | 2 | null => controllerOf(controller, mountinfo, cgroup);
  const limit = /^Max open files\s+(\d+)/m.exec(text(`/proc/${pid}/limits`))?.[1];
  const refused = await libc().then(
    () => null,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  return {
    folder: { path, writable: isWritable(path), freeBytes: freeIn(path) },
    ...(cgroup === "" ? {} : { controllers: { memory: of("memory"), cpu: of("cpu"), pids: of("pids"), io: of("io") } }),
    openFiles: limit === undefined ? null : Number(limit),
    inotify: {
      instances: numberIn("/proc/sys/fs/inotify/max_user_instances"),
      watches: numberIn("/proc/sys/fs/inotify/max_user_watches"),
    },
    libc: refused,
  };
};
