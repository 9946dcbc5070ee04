/**
 * Where in the cgroup file systems this process may make groups. Pure.
 *
 * Three worlds: v2 alone, v1 with a v2 mount beside it that has no controllers (hybrid), v1 alone. v2 is preferred in each, as only it can kill a group
 * in one step and say that it is empty; of v1 the freezer is used.
 */
import { dirname, join } from "node:path";
import type { Controller } from "../Caps.ts";

/** A hierarchy, as this process sees it. */
export interface Hierarchy {
  readonly version: 1 | 2;
  /** Where it is mounted. */
  readonly mount: string;
  /** The group of the hierarchy that is mounted there: `/` but in some containers. */
  readonly root: string;
}

/** The octal escapes of `/proc/PID/mountinfo`. */
const unescape = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** From `/proc/self/mountinfo`; the best one first. */
export const hierarchies = (mountinfo: string): ReadonlyArray<Hierarchy> => {
  const found: Array<Hierarchy> = [];
  for (const line of mountinfo.split("\n")) {
    const [before = "", after = ""] = line.split(" - ");
    const [, , , root = "/", mount = ""] = before.split(" ");
    const [type, , options = ""] = after.split(" ");
    if (type === "cgroup2") found.push({ version: 2, mount: unescape(mount), root: unescape(root) });
    if (type === "cgroup" && options.split(",").includes("freezer"))
      found.push({ version: 1, mount: unescape(mount), root: unescape(root) });
  }
  return found.toSorted((one, other) => other.version - one.version);
};

/** What v1 calls them. */
export const v1Names: Readonly<Record<Controller, string>> = { memory: "memory", cpu: "cpu", pids: "pids", io: "blkio" };

/** Where a controller of v1 is mounted. */
export const controllerMount = (mountinfo: string, controller: string): Hierarchy | undefined => {
  for (const line of mountinfo.split("\n")) {
    const [before = "", after = ""] = line.split(" - ");
    const [, , , root = "/", mount = ""] = before.split(" ");
    const [type, , options = ""] = after.split(" ");
    if (type === "cgroup" && options.split(",").includes(controller)) return { version: 1, mount: unescape(mount), root: unescape(root) };
  }
  return undefined;
};

/** The path of a process's group in a hierarchy of v1; undefined where there is none. */
const pathIn = (cgroup: string, hierarchy: string): string | undefined =>
  cgroup
    .split("\n")
    .map((line) => /^\d+:([^:]*):(.*)$/.exec(line))
    .find((match) => match?.[1]?.split(",").includes(hierarchy))?.[2];

/**
 * Whether a master may make groups below its own group of a controller of v1. Where that is another one than its service manager's, somebody else has put it
 * there, and goes on to look after it: it is not given away.
 */
export const isDelegated = (cgroup: string, controller: string): boolean => {
  const path = pathIn(cgroup, controller);
  return path === "/" || path === (pathIn(cgroup, "name=systemd") ?? pathIn(cgroup, "freezer"));
};

/** The group in which a master is that has made room for controllers in its own. No unit is called so. */
export const steppedAside = "hsu.master";

/** The group that a master makes others in. */
export const ownFolder = (hierarchy: Hierarchy, cgroup: string): string | undefined => {
  const folder = folderOf(hierarchy, cgroup);
  return folder?.endsWith(`/${steppedAside}`) === true ? dirname(folder) : folder;
};

/** The folder of a process's group, from its `/proc/PID/cgroup`; undefined when it is outside of what is mounted. Of v1, by a controller of its hierarchy. */
export const folderOf = ({ mount, root, version }: Hierarchy, cgroup: string, controller = "freezer"): string | undefined => {
  for (const line of cgroup.split("\n")) {
    const [, number, controllers, path] = /^(\d+):([^:]*):(.*)$/.exec(line) ?? [];
    if (path === undefined || controllers === undefined) continue;
    if (version === 2 ? number !== "0" || controllers !== "" : !controllers.split(",").includes(controller)) continue;
    // A group that has been removed with somebody in it, and one above what this process may see.
    if (path.endsWith(" (deleted)") || path.startsWith("/..")) return undefined;
    if (root === "/") return join(mount, path);
    return path === root || path.startsWith(`${root}/`) ? join(mount, path.slice(root.length)) : undefined;
  }
  return undefined;
};

/** The name of a master's own group: another one for each state directory, the same for each master of it. */
export const instanceName = (stateDirectory: string): string => {
  let [high, low] = [0xdeadbeef, 0x41c6ce57];
  for (const byte of Buffer.from(stateDirectory)) {
    high = Math.imul(high ^ byte, 2654435761);
    low = Math.imul(low ^ byte, 1597334677);
  }
  const hex = (word: number): string => ((word ^ (word >>> 15)) >>> 0).toString(16).padStart(8, "0");
  return `hsu-${hex(high)}${hex(low)}`;
};
