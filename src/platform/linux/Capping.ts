/**
 * Starting a process under limits, from its first instruction on: a shell takes itself into the groups, sets what it has to set, and becomes the program.
 * Loaded with the first unit that has limits.
 */
import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { availableParallelism, getPriority, setPriority } from "node:os";
import { join } from "node:path";
import type { CapName, Capped, Controller, Held, Hold, Holds } from "../Caps.ts";
import type { SpawnOptions } from "../Process.ts";
import * as Controllers from "./Controllers.ts";
import { findExecutable, throughShell } from "./Spawn.ts";

const shell = "/bin/sh";
const pinner = "/usr/bin/taskset";

/** What is held, and the groups that go with it. */
export interface Capping extends Held {
  /** What has to be started in place of what was asked for. */
  readonly options: SpawnOptions;
  /** The process is there. */
  readonly started: (pid: number) => void;
  readonly remove: () => void;
}

interface Where {
  readonly group: Controllers.Place | undefined;
  readonly instance: string;
  readonly name: string;
}

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Soft and hard limit of a process, as `/proc/PID/limits` names it; undefined where it does not tell. */
const rlimitOf = (pid: number | "self", name: string): { readonly soft: number; readonly hard: number } | undefined => {
  try {
    const row = new RegExp(`^${name}\\s+(\\S+)\\s+(\\S+)`, "m").exec(readFileSync(`/proc/${pid}/limits`, "latin1"));
    const number = (text: string | undefined): number => (text === "unlimited" ? Infinity : Number(text));
    return row === null ? undefined : { soft: number(row[1]), hard: number(row[2]) };
  } catch {
    return undefined;
  }
};

interface Rlimit {
  readonly label: string;
  /** Of `prlimit`. */
  readonly flag: (value: number) => string;
  /** Of the shell. */
  readonly set: (value: number) => string;
  readonly soft: (value: number) => number;
}

/** SIGXCPU comes at the soft limit, SIGKILL some seconds later. */
const patienceSeconds = 5;
const rlimits = {
  files: { label: "Max open files", flag: (n) => `--nofile=${n}:${n}`, set: (n) => `ulimit -n ${n}`, soft: (n) => n },
  addressBytes: {
    label: "Max address space",
    flag: (n) => `--as=${Math.floor(n / 1024) * 1024}`,
    set: (n) => `ulimit -v ${Math.floor(n / 1024)}`,
    soft: (n) => Math.floor(n / 1024) * 1024,
  },
  cpuSeconds: {
    label: "Max cpu time",
    flag: (n) => `--cpu=${n}:${n + patienceSeconds}`,
    set: (n) => `ulimit -S -t ${n} && ulimit -H -t ${n + patienceSeconds}`,
    soft: (n) => n,
  },
} as const satisfies { readonly [Name in CapName]?: Rlimit };
type RlimitName = keyof typeof rlimits;
const rlimitNames = Object.keys(rlimits) as ReadonlyArray<RlimitName>;

/** Fewer cores than there are, where nobody can give it a share of them. Which ones depends on the name, so that units do not share one. */
const coresFor = (cores: number, name: string): string | undefined => {
  const all = availableParallelism();
  const count = Math.ceil(cores);
  if (count >= all || !existsSync(pinner)) return undefined;
  let hash = 0;
  for (const byte of Buffer.from(name)) hash = (hash * 31 + byte) >>> 0;
  return Array.from({ length: count }, (_, index) => (hash + index) % all).join(",");
};

const capNames = [
  "memoryBytes",
  "memoryHighBytes",
  "swapBytes",
  "cores",
  "cpuShares",
  "tasks",
  "ioWeight",
  "readBps",
  "writeBps",
  "readOps",
  "writeOps",
] as const satisfies ReadonlyArray<CapName>;

type Writable = { -readonly [Name in CapName]?: Hold };

/** Writes what controllers can hold; each one that is asked for is made where it is not there. */
const control = (capped: Capped, where: Where, known: Map<Controller, Controllers.Place>, system: Controllers.System): Writable => {
  const { caps } = capped;
  const holds: Writable = {};
  for (const name of capNames) {
    const controller = Controllers.controllerOf(name);
    if (controller === undefined) continue;
    let place = known.get(controller);
    if (caps[name] !== undefined && place === undefined) {
      place = Controllers.placeFor(controller, { ...where, allowed: capped.controllers }, system);
      if (place !== undefined) known.set(controller, place);
    }
    // What is not capped is lifted where there is a group: an earlier config may have said something.
    if (caps[name] === undefined && place === undefined) continue;
    const hold = Controllers.write(name, caps, place, system);
    if (caps[name] !== undefined && hold !== undefined) holds[name] = hold;
  }
  return holds;
};

/** A thread of its own priority each. */
const threadsOf = (pid: number): ReadonlyArray<number> => {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    // It has ended.
    return [];
  }
};

const membersOf = (group: Controllers.Place | undefined, pid: number): ReadonlySet<number> => {
  const listed = group === undefined ? [] : Controllers.membersOf(group.folder);
  return new Set([pid, ...listed]);
};

const makeHeld = (
  holds: Holds,
  places: ReadonlyMap<Controller, Controllers.Place>,
  members: () => Iterable<number>,
): Held & Pick<Capping, "remove"> => {
  const memory = places.get("memory");
  const before = memory === undefined ? null : Controllers.oomKillsIn(memory);
  return {
    holds,
    oomKills: () => {
      const now = memory === undefined ? null : Controllers.oomKillsIn(memory);
      return now === null ? null : now - (before ?? 0);
    },
    reprioritise: (value) => {
      for (const member of members()) for (const thread of threadsOf(member)) nice(thread, value);
    },
    remove: () => Controllers.removePlaces(places.values()),
  };
};

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
};

/** A unit whose memory no controller holds is the first that the kernel kills when the machine has none left. */
const firstToGo = 500;

export const cap = (asked: SpawnOptions, capped: Capped, where: Where, system = Controllers.linux): Capping => {
  const { caps } = capped;
  const places = new Map<Controller, Controllers.Place>();
  const holds = control(capped, where, places, system);
  const folders = new Set([...(where.group === undefined ? [] : [where.group]), ...places.values()].map(({ folder }) => folder));
  const steps = [...folders].map((folder) => `echo 0 > ${quote(join(folder, "cgroup.procs"))}`);
  for (const name of rlimitNames) {
    const value = caps[name];
    if (value === undefined) continue;
    const { hard = Infinity } = rlimitOf("self", rlimits[name].label) ?? {};
    if (value <= hard) steps.push(rlimits[name].set(value));
    holds[name] = value <= hard ? { by: "rlimit" } : { by: "rlimit", why: `the master's own hard limit is ${hard}` };
  }
  if (caps.memoryBytes !== undefined && holds.memoryBytes?.by === "nobody") steps.push(`echo ${firstToGo} > /proc/self/oom_score_adj`);
  const cpus = caps.cores !== undefined && holds.cores?.by === "nobody" ? coresFor(caps.cores, where.name) : undefined;
  if (cpus !== undefined) holds.cores = { by: "affinity", why: `on ${Math.ceil(caps.cores ?? 1)} whole cores: ${holds.cores?.why}` };
  const program = findExecutable(asked);
  // What cannot be started says so itself.
  const options =
    program === undefined || !isExecutable(program)
      ? asked
      : {
          ...asked,
          executable: shell,
          args: [
            "-c",
            [...steps, `exec ${cpus === undefined ? "" : `${pinner} -c ${cpus} `}"$0" "$@"`].join(" && "),
            ...throughShell(asked.env, program, ...asked.args),
          ],
        };
  let leader: number | undefined;
  const started = (pid: number): void => {
    leader = pid;
    if (caps.nice !== undefined) holds.nice = nice(pid, caps.nice);
  };
  return { ...makeHeld(holds, places, () => (leader === undefined ? [] : membersOf(where.group, leader))), options, started };
};

const nice = (pid: number, value: number): Hold => {
  try {
    setPriority(pid, value);
    if (getPriority(pid) === value) return { by: "nice" };
  } catch {
    // Said below: the master may not.
  }
  return { by: "nobody", why: "the master may not raise a priority" };
};

/** The same for a process that runs already, as far as that can be done. */
export const recap = (pid: number, capped: Capped, where: Where, system = Controllers.linux): Held & Pick<Capping, "remove"> => {
  const { caps } = capped;
  const places = Controllers.placesOf(pid, where.instance, where.group, system);
  const had = new Set(places.keys());
  const holds = control(capped, where, places, system);
  for (const [controller, { folder }] of places) if (!had.has(controller)) takeIn(folder, where.group, pid);
  for (const name of rlimitNames) {
    const value = caps[name];
    if (value !== undefined) holds[name] = reset(pid, rlimits[name], value);
  }
  if (caps.nice !== undefined) holds.nice = nice(pid, caps.nice);
  return makeHeld(holds, places, () => membersOf(where.group, pid));
};

/** All that are known to belong to it. */
const takeIn = (folder: string, group: Controllers.Place | undefined, pid: number): void => {
  for (const member of membersOf(group, pid)) Controllers.takeIn(folder, member);
};

const reset = (pid: number, rlimit: Rlimit, value: number): Hold => {
  if (rlimitOf(pid, rlimit.label)?.soft === rlimit.soft(value)) return { by: "rlimit" };
  try {
    execFileSync("prlimit", ["--pid", String(pid), rlimit.flag(value)], { stdio: "ignore" });
    return { by: "rlimit", why: "of its first process; of what that starts from now on" };
  } catch {
    return { by: "nobody", why: "it was started without, and prlimit(1) has not set it" };
  }
};

/** Removes what an earlier master has left of a unit. */
export const removeLeft = (instance: string, name: string): void =>
  Controllers.removePlaces(Controllers.leftOf(instance, name, Controllers.linux));
