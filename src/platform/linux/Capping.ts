/**
 * Starting a process under limits, from its first instruction on: a shell takes itself into the groups, sets what it has to set, and becomes the program.
 * Loaded with the first unit that has limits.
 */
import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism, getPriority, setPriority } from "node:os";
import { join } from "node:path";
import { type CapName, type Capped, type Caps, type Controller, type Held, type Hold, type Holds, notHeld } from "../Caps.ts";
import type { SpawnOptions } from "../Process.ts";
import * as Controllers from "./Controllers.ts";
import { descendants } from "./Meter.ts";
import { findExecutable, throughShell } from "./Spawn.ts";

const shell = "/bin/sh";
const pinner = "/usr/bin/taskset";

/** What is held, and the groups that go with it. */
export interface Capping extends Held {
  /** What was asked for. */
  readonly caps: Caps;
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
  /** Of `prlimit`; without a hard limit, the one that goes with the value. */
  readonly flag: (value: number, hard?: number) => string;
  /** Of the shell. */
  readonly set: (value: number) => string;
  readonly soft: (value: number) => number;
}

const pair = (name: string, soft: number, hard: number): string =>
  `--${name}=${[soft, hard].map((value) => (value === Infinity ? "unlimited" : value)).join(":")}`;

/** SIGXCPU comes at the soft limit, SIGKILL some seconds later. */
const patienceSeconds = 5;
const rlimits = {
  files: { label: "Max open files", flag: (n, hard = n) => pair("nofile", n, hard), set: (n) => `ulimit -n ${n}`, soft: (n) => n },
  addressBytes: {
    label: "Max address space",
    flag: (n, hard) => pair("as", Math.floor(n / 1024) * 1024, hard ?? Math.floor(n / 1024) * 1024),
    set: (n) => `ulimit -v ${Math.floor(n / 1024)}`,
    soft: (n) => Math.floor(n / 1024) * 1024,
  },
  cpuSeconds: {
    label: "Max cpu time",
    flag: (n, hard = n + patienceSeconds) => pair("cpu", n, hard),
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
    const hold = Controllers.write(name, caps, place, system, capped.controllers !== undefined);
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

/** Those whose parents live, as the group may be on its way still, and whoever is in that. */
const membersOf = (group: Controllers.Place | undefined, pid: number): ReadonlySet<number> =>
  new Set([pid, ...descendants(pid, []), ...(group === undefined ? [] : Controllers.membersOf(group.folder))]);

type Kept = Held & Pick<Capping, "caps" | "remove">;

/** Nothing is held, and there is nothing to remove. */
const unlimited: Kept = { ...notHeld, caps: {}, remove: () => {} };

const makeHeld = (
  caps: Caps,
  holds: Holds,
  places: ReadonlyMap<Controller, Controllers.Place>,
  members: () => Iterable<number>,
  /** Kills before this were told by the one before it. */
  earlier: Held = unlimited,
): Kept => {
  const memory = places.get("memory");
  const told = earlier.oomKills() ?? 0;
  const before = memory === undefined ? null : Controllers.oomKillsIn(memory);
  return {
    caps,
    holds,
    memoryFolder: memory?.folder,
    oomKills: () => {
      const now = memory === undefined ? null : Controllers.oomKillsIn(memory);
      return now === null ? null : told + now - (before ?? 0);
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
const goesFirst = (caps: Caps, holds: Holds): boolean => caps.memoryBytes !== undefined && holds.memoryBytes?.by === "nobody";

/** The cores that it gets where nobody can give it a share of them. */
const pinnedTo = (caps: Caps, holds: Writable, name: string): string | undefined => {
  const cpus = caps.cores !== undefined && holds.cores?.by === "nobody" ? coresFor(caps.cores, name) : undefined;
  if (cpus !== undefined) holds.cores = { by: "affinity", why: `on ${Math.ceil(caps.cores ?? 1)} whole cores: ${holds.cores?.why}` };
  return cpus;
};

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
  if (goesFirst(caps, holds)) steps.push(`echo ${firstToGo} > /proc/self/oom_score_adj`);
  const cpus = pinnedTo(caps, holds, where.name);
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
            [...steps, `exec ${cpus === undefined ? "" : `${pinner} -c ${cpus} `}${becomes}`].join(" && "),
            ...throughShell(asked.env, program, ...asked.args),
          ],
        };
  let leader: number | undefined;
  const started = (pid: number): void => {
    leader = pid;
    if (caps.nice !== undefined) holds.nice = nice(pid, caps.nice);
  };
  return { ...makeHeld(caps, holds, places, () => (leader === undefined ? [] : membersOf(where.group, leader))), options, started };
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

const becomes = '"$0" "$@"';

/** Whether it is the shell still that sets what was asked for at its start: whatever is set meanwhile it sets again. */
export const isOnItsWay = (pid: number): boolean => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(`${becomes}\0`);
  } catch {
    // It has ended.
    return false;
  }
};

/** The same for a process that runs already, as far as that can be done; what `earlier` held and is not asked for any more is taken back. */
export const recap = (pid: number, capped: Capped, where: Where, earlier: Kept = unlimited, system = Controllers.linux): Kept => {
  const { caps } = capped;
  const places = Controllers.placesOf(pid, where.instance, where.group, system);
  const had = new Set(places.keys());
  const holds = control(capped, where, places, system);
  for (const [controller, { folder }] of places) if (!had.has(controller)) takeIn(folder, where.group, pid);
  const members = (): ReadonlySet<number> => membersOf(where.group, pid);
  const refused: Array<CapName> = [];
  for (const name of rlimitNames) {
    if (caps[name] === undefined && earlier.caps[name] === undefined) continue;
    const hold = reset(pid, members(), rlimits[name], caps[name]);
    if (hold.by === "nobody") refused.push(name);
    if (caps[name] !== undefined) holds[name] = hold;
  }
  const value = caps.nice ?? (earlier.caps.nice === undefined ? undefined : getPriority());
  if (value !== undefined) {
    const hold = [...members()].flatMap(threadsOf).map((thread) => nice(thread, value))[0] ?? nice(pid, value);
    // A new process begins with the master's own.
    if (hold.by === "nobody" && value >= getPriority()) refused.push("nice");
    if (caps.nice !== undefined) holds.nice = hold;
  }
  if (goesFirst(caps, holds) || goesFirst(earlier.caps, earlier.holds)) scoreAs(members(), goesFirst(caps, holds));
  const cpus = pinnedTo(caps, holds, where.name);
  if (cpus !== undefined || earlier.holds.cores?.by === "affinity") pin(members(), cpus);
  return { ...makeHeld(caps, holds, places, members, earlier), ...(refused.length === 0 ? {} : { refused }) };
};

/** All that are known to belong to it. */
const takeIn = (folder: string, group: Controllers.Place | undefined, pid: number): void => {
  for (const member of membersOf(group, pid)) Controllers.takeIn(folder, member);
};

/** To a value, or to what the master has itself. */
const reset = (pid: number, members: ReadonlySet<number>, rlimit: Rlimit, value: number | undefined): Hold => {
  const own = rlimitOf("self", rlimit.label);
  const now = rlimitOf(pid, rlimit.label);
  if (value === undefined ? now?.soft === own?.soft && now?.hard === own?.hard : now?.soft === rlimit.soft(value)) return { by: "rlimit" };
  const flag = value === undefined ? rlimit.flag(own?.soft ?? Infinity, own?.hard) : rlimit.flag(value);
  try {
    execFileSync("prlimit", ["--pid", String(pid), flag], { stdio: "ignore" });
  } catch {
    return { by: "nobody", why: "it was started without, and prlimit(1) has not set it" };
  }
  const others = [...members].filter((member) => member !== pid).map(String);
  if (others.length > 0) inShell('for each; do prlimit --pid "$each" "$0"; done', flag, ...others);
  return { by: "rlimit" };
};

/** Who has ended meanwhile is not, and whoever is left is all the same. */
const inShell = (script: string, ...args: ReadonlyArray<string>): void => {
  try {
    execFileSync(shell, ["-c", script, ...args], { stdio: "ignore" });
  } catch {
    // The last one of them has ended.
  }
};

const scoreAs = (members: ReadonlySet<number>, goesFirstNow: boolean): void => {
  try {
    const score = goesFirstNow ? String(firstToGo) : readFileSync("/proc/self/oom_score_adj", "latin1");
    for (const member of members) writeFileSync(`/proc/${member}/oom_score_adj`, score);
  } catch {
    // It has ended, or the master may not have it killed later than it would be: it goes first still.
  }
};

/** On these cores, or on those that the master has. */
const pin = (members: ReadonlySet<number>, cpus: string | undefined): void => {
  const own = /^Cpus_allowed_list:\s+(\S+)/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1] ?? "";
  inShell(`for each; do ${pinner} -a -p -c "$0" "$each"; done`, cpus ?? own, ...[...members].map(String));
};

/** Removes what an earlier master has left of a unit. */
export const removeLeft = (instance: string, name: string): void =>
  Controllers.removePlaces(Controllers.leftOf(instance, name, Controllers.linux));
