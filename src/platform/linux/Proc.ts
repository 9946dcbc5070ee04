/**
 * The probe of Linux: `/proc`, read synchronously (20 µs a process; the kernel answers from memory).
 */
import { closeSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import * as Effect from "effect/Effect";
import { exitFrom } from "./Reap.ts";
import type { Probe } from "../Probe.ts";

/** The fields of `/proc/PID/stat` that HSU uses; times are clock ticks. */
export interface ProcStat {
  readonly state: string;
  readonly group: number;
  readonly session: number;
  readonly userTicks: number;
  readonly systemTicks: number;
  readonly threads: number;
  readonly startTime: number;
  readonly rssPages: number;
  readonly parent: number;
  /** Of one that has ended; see `exitFrom`. */
  readonly exitStatus: number;
}

/** Reads one line of `/proc/PID/stat`. The command in it may hold blanks and brackets, so the fields are counted from its last bracket. */
export const parseStat = (line: string): ProcStat => {
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  const number = (manualField: number) => Number(fields[manualField - 3]);
  return {
    state: fields[0] ?? "",
    group: number(5),
    session: number(6),
    userTicks: number(14),
    systemTicks: number(15),
    threads: number(20),
    startTime: number(22),
    rssPages: number(24),
    parent: number(4),
    exitStatus: number(52),
  };
};

/** Longer than any. */
const line = Buffer.alloc(2048);

const readStat = (pid: number): ProcStat | undefined => {
  try {
    const file = openSync(`/proc/${pid}/stat`, "r");
    try {
      return parseStat(line.toString("latin1", 0, readSync(file, line, 0, line.length, 0)));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    // ESRCH: it ended while being read. Anything else (EMFILE) does not mean that there is no such process.
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH") return undefined;
    throw error;
  }
};

const runs = (stat: ProcStat): boolean => stat.state !== "Z" && stat.state !== "X";

/** Page size in bytes and clock ticks a second, as the kernel gave them to this process: pairs of 64-bit words, ended by a zero. */
export const systemUnits = (() => {
  let known: { readonly pageSize: number; readonly ticksPerSecond: number } | undefined;
  return () => {
    if (known !== undefined) return known;
    const values = new Map<bigint, number>();
    const vector = readFileSync("/proc/self/auxv");
    for (let at = 0; at + 16 <= vector.length; at += 16) values.set(vector.readBigUInt64LE(at), Number(vector.readBigUInt64LE(at + 8)));
    return (known = { pageSize: values.get(6n) ?? 4096, ticksPerSecond: values.get(17n) ?? 100 });
  };
})();

/**
 * When a process started, by the wall clock as it is set now; Unix milliseconds. The earlier of two answers: a container's uptime may be its own, and
 * our own age leaves out the time that the machine slept.
 */
export const startedAtMillis = (startTicks: number): number => {
  const now = Date.now();
  const tick = 1000 / systemUnits().ticksPerSecond;
  const bySystem = now - Number(readFileSync("/proc/uptime", "latin1").split(" ")[0]) * 1000 + startTicks * tick;
  const ours = readStat(process.pid);
  return ours === undefined ? bySystem : Math.min(bySystem, now - process.uptime() * 1000 + (startTicks - ours.startTime) * tick);
};

const nameOf = (entry: string): string => entry.slice(0, entry.indexOf("=") + 1);

/** A name is looked for once, however many values are wanted. */
const has = (environment: string, names: Iterable<string>, wanted: ReadonlySet<string>): boolean => {
  for (const name of names) {
    for (let at = environment.indexOf(`\0${name}`); at >= 0; at = environment.indexOf(`\0${name}`, at + 1)) {
      const end = environment.indexOf("\0", at + 1);
      if (end > 0 && wanted.has(environment.slice(at + 1, end))) return true;
    }
  }
  return false;
};

/** Empty of what belongs to the kernel, and of one that is just becoming another program. */
const environmentOf = (pid: string | number): string | undefined => {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1");
  } catch {
    // Somebody else's process, or one that has just ended: not one of ours.
    return undefined;
  }
};

/** Whether a process was started with one of these entries in its environment. */
export const environmentHas = (pid: string | number, entries: ReadonlyArray<string>): boolean => {
  const environment = environmentOf(pid);
  return environment !== undefined && has(`\0${environment}`, new Set(entries.map(nameOf)), new Set(entries));
};

let bootId: string | undefined;

/** Needs `/proc` mounted. */
/** Groups with somebody who runs, as they were in this turn of the loop. */
let inUse: ReadonlySet<number> | null = null;

/** Twice, for a member that was forked behind the first look's back. */
const groupsInUse = (): ReadonlySet<number> => {
  const groups = new Set<number>();
  for (let looks = 0; looks < 2; looks++) {
    for (const name of readdirSync("/proc")) {
      const stat = /^\d+$/.test(name) ? readStat(Number(name)) : undefined;
      if (stat !== undefined && runs(stat)) groups.add(stat.group);
    }
  }
  setImmediate(() => (inUse = null));
  return groups;
};

export const procProbe: Probe = {
  meter: async (pid, startTime, folders) => (await import("./Meter.ts")).procMeter(pid, startTime, folders),
  bootId: () => (bootId ??= readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim()),
  look: (pid) => {
    const stat = readStat(pid);
    return stat && { startTime: stat.startTime, group: stat.group, running: runs(stat) };
  },
  exitOf: (pid, startTime) => {
    const stat = readStat(pid);
    return stat?.state === "Z" && stat.startTime === startTime && stat.parent === process.pid ? exitFrom(stat.exitStatus) : undefined;
  },
  groupMembers: (group) =>
    readdirSync("/proc").flatMap((name) => {
      if (!/^\d+$/.test(name)) return [];
      const stat = readStat(Number(name));
      return stat !== undefined && stat.group === group && runs(stat) ? [Number(name)] : [];
    }),
  isEmpty: (group) => !(inUse ??= groupsInUse()).has(group),
  marked: (entries) => {
    const [names, wanted] = [new Set(entries.map(nameOf)), new Set(entries)];
    const unsaid: Array<string> = [];
    const look = (name: string): ReadonlyArray<number> => {
      const environment = environmentOf(name);
      if (environment === "") unsaid.push(name);
      if (environment === undefined || !has(`\0${environment}`, names, wanted)) return [];
      const stat = readStat(Number(name));
      return stat !== undefined && runs(stat) ? [Number(name)] : [];
    };
    const found = readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? look(name) : []));
    return [...found, ...unsaid.splice(0).flatMap(look)];
  },
  stats: (pid, startTime) =>
    Effect.sync(() => {
      const stat = readStat(pid);
      if (stat === undefined || stat.startTime !== startTime || !runs(stat)) return undefined;
      const { pageSize, ticksPerSecond } = systemUnits();
      return {
        rssBytes: stat.rssPages * pageSize,
        cpuMillis: ((stat.userTicks + stat.systemTicks) * 1000) / ticksPerSecond,
        threads: stat.threads,
      };
    }),
};
