/**
 * The meter of Linux: `/proc/PID/stat`, `status` and `io` of each process of a tree, and what its control group knows of those that have ended.
 *
 * A file that is kept open costs a third of one that is opened for each look, and one of a process that has ended says ESRCH for ever: a stranger with the
 * same pid is never read.
 */
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Meter, Usage } from "../Meter.ts";
import type { Folders } from "../Probe.ts";
import { parseStat, type ProcStat, systemUnits } from "./Proc.ts";

const buffer = Buffer.allocUnsafe(16_384);

/** Descriptors that all meters keep open; beyond that files are opened for each look. */
let kept = 0;
let keepable: number | undefined;
const mayKeep = (): boolean => {
  keepable ??= Math.min(
    6000,
    Math.floor(Number(/Max open files\s+(\d+)/.exec(readFileSync("/proc/self/limits", "latin1"))?.[1] ?? 1024) / 3),
  );
  return kept < keepable;
};

/** A file that is read again and again. */
class Kept {
  readonly #path: string;
  #file: number | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** Undefined when it cannot be read any more, or may not be. */
  read(): string | undefined {
    let file: number | undefined;
    try {
      file = this.#file ?? openSync(this.#path, "r");
      const length = readSync(file, buffer, 0, buffer.length, 0);
      const text = buffer.toString("latin1", 0, length);
      if (this.#file === undefined && mayKeep()) {
        this.#file = file;
        kept++;
      }
      return text;
    } catch {
      // It has ended, or is somebody else's: both are no reading.
      return undefined;
    } finally {
      if (file !== undefined && file !== this.#file) closeSync(file);
    }
  }

  close(): void {
    if (this.#file === undefined) return;
    closeSync(this.#file);
    this.#file = undefined;
    kept--;
  }
}

/** The number behind a name, as in `VmSwap:   12 kB`. */
const numberAfter = (text: string, name: string): number | null => {
  const at = text.indexOf(name);
  return at === -1 ? null : Number.parseInt(text.slice(at + name.length), 10);
};

/** The files of one process. */
class Member {
  readonly #pid: number;
  readonly #stat: Kept;
  readonly #status: Kept;
  readonly #io: Kept;
  /** Set at the first look: the same pid with another start is somebody else. */
  startTime: number | undefined;
  contextSwitches = 0;
  swapBytes = 0;
  openFiles = 0;
  ioText: string | undefined;
  #line = "";
  /** Looks in a row that have found the same line. */
  #same = 0;

  constructor(pid: number) {
    this.#pid = pid;
    this.#stat = new Kept(`/proc/${pid}/stat`);
    this.#status = new Kept(`/proc/${pid}/status`);
    this.#io = new Kept(`/proc/${pid}/io`);
  }

  stat(): ProcStat | undefined {
    const line = this.#stat.read();
    if (line === undefined) return undefined;
    this.#same = line === this.#line ? this.#same + 1 : 0;
    this.#line = line;
    const stat = parseStat(line);
    if (this.startTime !== undefined && stat.startTime !== this.startTime) return undefined;
    this.startTime = stat.startTime;
    return stat.state === "Z" || stat.state === "X" ? undefined : stat;
  }

  /** Whoever has used no CPU time and no page since the last look is not asked for the rest, but for one look of six. */
  look(detail: boolean): void {
    if (!detail && this.#same % 6 !== 0) return;
    this.swapBytes = this.#readStatus() ?? 0;
    this.openFiles = this.#files() ?? 0;
    this.ioText = this.#io.read();
  }

  /** Swap in bytes, and switches of context so far. */
  #readStatus(): number | null {
    const text = this.#status.read();
    if (text === undefined) return null;
    this.contextSwitches =
      (numberAfter(text, "\nvoluntary_ctxt_switches:") ?? 0) + (numberAfter(text, "\nnonvoluntary_ctxt_switches:") ?? 0);
    const swap = numberAfter(text, "\nVmSwap:");
    return swap === null ? null : swap * 1024;
  }

  /** Since Linux 6.2 the folder's size is their number; before, it is 0. */
  #files(): number | null {
    try {
      const { size } = statSync(`/proc/${this.#pid}/fd`);
      return size > 0 ? size : readdirSync(`/proc/${this.#pid}/fd`).length;
    } catch {
      return null;
    }
  }

  sockets(): number {
    let count = 0;
    try {
      for (const file of readdirSync(`/proc/${this.#pid}/fd`)) {
        try {
          if (readlinkSync(`/proc/${this.#pid}/fd/${file}`).startsWith("socket:")) count++;
        } catch {
          // Closed meanwhile.
        }
      }
    } catch {
      // Ended, or not ours to look into.
    }
    return count;
  }

  pss(): number {
    try {
      return (numberAfter(readFileSync(`/proc/${this.#pid}/smaps_rollup`, "latin1"), "\nPss:") ?? 0) * 1024;
    } catch {
      return 0;
    }
  }

  close(): void {
    this.#stat.close();
    this.#status.close();
    this.#io.close();
  }
}

/** Everybody below a process, as far as their parents live. */
const descendants = (pid: number, into: Array<number>): Array<number> => {
  into.push(pid);
  try {
    for (const child of readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").split(" "))
      if (child !== "") descendants(Number(child), into);
  } catch {
    // It has ended.
  }
  return into;
};

/** All process groups of the machine, looked at once for all units of one pass. */
let table: { readonly at: number; readonly groups: ReadonlyMap<number, ReadonlyArray<number>> } | undefined;
const groupOf = (group: number): ReadonlyArray<number> => {
  const now = performance.now();
  if (table === undefined || now - table.at > 500) {
    const groups = new Map<number, Array<number>>();
    for (const name of readdirSync("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      try {
        const stat = parseStat(readFileSync(`/proc/${name}/stat`, "latin1"));
        const members = groups.get(stat.group);
        if (members === undefined) groups.set(stat.group, [Number(name)]);
        else members.push(Number(name));
      } catch {
        // It has ended.
      }
    }
    table = { at: now, groups };
  }
  return table.groups.get(group) ?? [];
};

const avg10 = (text: string | undefined): number => Number(/some avg10=([\d.]+)/.exec(text ?? "")?.[1] ?? 0);

export const procMeter = (pid: number, startTime: number, { alone = false, group, oomKills }: Folders = {}): Meter => {
  const leader = new Member(pid);
  leader.startTime = startTime;
  const members = new Map<number, Member>([[pid, leader]]);
  const at = (name: string): Kept | undefined => (group?.version === 2 ? new Kept(join(group.folder, name)) : undefined);
  const procs = group === undefined ? undefined : new Kept(join(group.folder, "cgroup.procs"));
  const cpu = at("cpu.stat");
  const pressures = [at("cpu.pressure"), at("memory.pressure"), at("io.pressure")] as const;
  /** Switches of those that have ended. */
  let past = 0;
  const before = { cpuMillis: 0, readBytes: 0, writeBytes: 0, reads: 0, writes: 0 };
  /** A counter that does not fall when somebody ends who was never waited for. */
  const grown = (name: keyof typeof before, value: number): number => (before[name] = Math.max(before[name], value));

  const pids = (): ReadonlyArray<number> => {
    if (alone) return [pid];
    const text = procs?.read();
    const listed = text === undefined ? [] : text.split("\n").flatMap((line) => (line === "" ? [] : [Number(line)]));
    // Nobody is in it before its first process has been taken in.
    if (listed.includes(pid)) return listed;
    return [...new Set([...listed, ...descendants(pid, []), ...(procs === undefined ? groupOf(pid) : [])])];
  };

  const read = (detail: boolean): Usage | undefined => {
    const first = leader.stat();
    if (first === undefined) return undefined;
    const { pageSize, ticksPerSecond } = systemUnits();
    const now = new Set(pids());
    for (const [one, member] of members) {
      if (now.has(one)) continue;
      past += member.contextSwitches;
      member.close();
      members.delete(one);
    }
    let [ticks, rss, virtual, swap, processes, threads, files, filesMost, sockets, pss, switches] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, past];
    const io = { rchar: 0, syscr: 0, syscw: 0, read: 0, write: 0 };
    for (const one of now) {
      let member = members.get(one);
      if (member === undefined) members.set(one, (member = new Member(one)));
      const stat = member === leader ? first : member.stat();
      if (stat === undefined) {
        past += member.contextSwitches;
        switches += member.contextSwitches;
        member.close();
        members.delete(one);
        continue;
      }
      processes++;
      ticks += stat.userTicks + stat.systemTicks + stat.childTicks;
      rss += stat.rssPages;
      virtual += stat.virtualBytes;
      threads += stat.threads;
      member.look(detail);
      swap += member.swapBytes;
      switches += member.contextSwitches;
      files += member.openFiles;
      filesMost = Math.max(filesMost, member.openFiles);
      const text = member.ioText;
      if (text !== undefined) {
        io.syscr += numberAfter(text, "syscr:") ?? 0;
        io.syscw += numberAfter(text, "syscw:") ?? 0;
        io.read += numberAfter(text, "\nread_bytes:") ?? 0;
        io.write += numberAfter(text, "\nwrite_bytes:") ?? 0;
      }
      if (!detail) continue;
      sockets += member.sockets();
      pss += member.pss();
    }
    const usage = alone ? undefined : cpu?.read();
    const counted = usage === undefined ? null : numberAfter(usage, "usage_usec");
    const [cpuText, memoryText, ioText] = pressures.map((file) => (detail ? file?.read() : undefined));
    return {
      cpuMillis: grown("cpuMillis", Math.max((ticks * 1000) / ticksPerSecond, (counted ?? 0) / 1000)),
      rssBytes: rss * pageSize,
      pssBytes: detail ? pss : null,
      virtualBytes: virtual,
      swapBytes: swap,
      processes,
      threads,
      files,
      filesMost,
      sockets: detail ? sockets : null,
      readBytes: grown("readBytes", io.read),
      writeBytes: grown("writeBytes", io.write),
      reads: grown("reads", io.syscr),
      writes: grown("writes", io.syscw),
      contextSwitches: switches,
      oomKills: oomKills?.() ?? null,
      pressure: cpuText === undefined ? null : { cpu: avg10(cpuText), memory: avg10(memoryText), io: avg10(ioText) },
    };
  };
  return {
    read,
    close: () => {
      for (const member of members.values()) member.close();
      members.clear();
      for (const file of [procs, cpu, ...pressures]) file?.close();
    },
  };
};
