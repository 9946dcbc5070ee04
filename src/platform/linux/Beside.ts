/**
 * What has a shell be where another process is before it becomes a program: in its control groups, under its limits.
 */
import { readFileSync } from "node:fs";
import { getPriority, setPriority } from "node:os";
import { join } from "node:path";
import { controllerMount, folderOf, hierarchies, instanceName } from "./CgroupPlace.ts";

const read = (path: string): string => {
  try {
    return readFileSync(path, "latin1");
  } catch {
    // It has ended: there is nothing to be beside of.
    return "";
  }
};

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Groups of this instance alone: nobody is moved out of where the master is for anything else. */
const groupsOf = (pid: number, instance: string): ReadonlyArray<string> => {
  const [cgroup, mountinfo] = [read(`/proc/${pid}/cgroup`), read("/proc/self/mountinfo")];
  const isOurs = (folder: string | undefined): folder is string => folder?.split("/").includes(instance) === true;
  const unified = hierarchies(mountinfo).map((hierarchy) => folderOf(hierarchy, cgroup));
  const controllers = cgroup.split("\n").flatMap((line) => /^\d+:([^:]+):/.exec(line)?.[1]?.split(",") ?? []);
  const single = controllers.map((controller) => {
    const mount = controllerMount(mountinfo, controller);
    return mount === undefined ? undefined : folderOf(mount, cgroup, controller);
  });
  return [...new Set([...unified, ...single].filter(isOurs))];
};

const rlimits = { "Max open files": ["n", 1], "Max address space": ["v", 1024], "Max cpu time": ["t", 1] } as const;

const limitSteps = (pid: number): ReadonlyArray<string> => {
  const [its, own] = [read(`/proc/${pid}/limits`), read("/proc/self/limits")];
  const soft = (limits: string, label: string): string | undefined => new RegExp(`^${label}\\s+(\\S+)`, "m").exec(limits)?.[1];
  return Object.entries(rlimits).flatMap(([label, [flag, unit]]) => {
    const value = soft(its, label);
    if (value === undefined || value === soft(own, label)) return [];
    return [`ulimit -S -${flag} ${value === "unlimited" ? value : Math.floor(Number(value) / unit)}`];
  });
};

/** Steps of a shell. One that fails is not the end of it: a group that goes away meanwhile has nobody in it. */
export const stepsBeside = (pid: number, stateDirectory: string): ReadonlyArray<string> => [
  ...groupsOf(pid, instanceName(stateDirectory)).map((folder) => `{ echo 0 > ${quote(join(folder, "cgroup.procs"))}; } 2>/dev/null`),
  ...limitSteps(pid).map((step) => `${step} 2>/dev/null`),
];

/** As nice as that one. */
export const nicedAs = (pid: number, as: number): void => {
  try {
    setPriority(pid, getPriority(as));
  } catch {
    // One of them has ended, or the master may not raise a priority.
  }
};
