/**
 * The meter of Linux: `/proc/PID/stat`, `status` and `io` of each process of a tree, and what its control group knows of those that have ended.
 */
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Meter, Usage } from "../Meter.ts";
import type { Folders } from "../Probe.ts";
import { bytes, fieldsInto, KeptFile, numberBehind, numbersInto } from "./KeptFile.ts";
import { parseStat, systemUnits } from "./Proc.ts";
import { surroundingsOf } from "./Surroundings.ts";

const names = {
  voluntary: Buffer.from("\nvoluntary_ctxt_switches:"),
  involuntary: Buffer.from("\nnonvoluntary_ctxt_switches:"),
  swap: Buffer.from("\nVmSwap:"),
  reads: Buffer.from("\nsyscr:"),
  writes: Buffer.from("\nsyscw:"),
  readBytes: Buffer.from("\nread_bytes:"),
  writeBytes: Buffer.from("\nwrite_bytes:"),
  cpu: Buffer.from("usage_usec"),
};

/** Looks in a row that believe that nothing has changed. */
const lazyLooks = 5;

/** Up to the resident pages. */
const fields = new Float64Array(25);
const [zombie, dead] = ["Z".charCodeAt(0), "X".charCodeAt(0)];

/** One process, with what was read of it last. */
class Member {
  readonly #pid: number;
  readonly #stat: KeptFile;
  readonly #status: KeptFile;
  readonly #io: KeptFile;
  /** Set at the first look: the same pid with another start is somebody else. */
  startTime: number | undefined;
  ticks = 0;
  rssPages = 0;
  virtualBytes = 0;
  threads = 0;
  contextSwitches = 0;
  swapBytes = 0;
  openFiles = 0;
  reads = 0;
  writes = 0;
  readBytes = 0;
  writeBytes = 0;
  #faults = -1;
  /** Looks in a row that have found nothing new. */
  #same = 0;

  constructor(pid: number) {
    this.#pid = pid;
    this.#stat = new KeptFile(`/proc/${pid}/stat`);
    this.#status = new KeptFile(`/proc/${pid}/status`);
    this.#io = new KeptFile(`/proc/${pid}/io`);
  }

  /** False when it has ended. */
  runs(): boolean {
    const length = this.#stat.read();
    if (length < 0 || !fieldsInto(fields, length)) return false;
    const startTime = fields[22]!;
    if (this.startTime !== undefined && startTime !== this.startTime) return false;
    this.startTime = startTime;
    if (fields[3] === zombie || fields[3] === dead) return false;
    const ticks = fields[14]! + fields[15]! + fields[16]! + fields[17]!;
    const faults = fields[10]! + fields[12]!;
    const isSame = ticks === this.ticks && faults === this.#faults && fields[24] === this.rssPages && fields[20] === this.threads;
    this.#same = isSame ? this.#same + 1 : 0;
    this.#faults = faults;
    this.ticks = ticks;
    this.threads = fields[20]!;
    this.virtualBytes = fields[23]!;
    this.rssPages = fields[24]!;
    return true;
  }

  /** Whoever has used no CPU time and no page since the last look is not asked for the rest, but for one look of six. */
  look(detail: boolean): void {
    if (!detail && this.#same % (lazyLooks + 1) !== 0) return;
    const status = this.#status.read();
    if (status > 0) {
      this.contextSwitches = (numberBehind(names.voluntary, status) ?? 0) + (numberBehind(names.involuntary, status) ?? 0);
      this.swapBytes = (numberBehind(names.swap, status) ?? 0) * 1024;
    }
    const io = this.#io.read();
    if (io > 0) {
      this.reads = numberBehind(names.reads, io) ?? 0;
      this.writes = numberBehind(names.writes, io) ?? 0;
      this.readBytes = numberBehind(names.readBytes, io) ?? 0;
      this.writeBytes = numberBehind(names.writeBytes, io) ?? 0;
    }
    this.openFiles = this.#files() ?? 0;
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
      return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${this.#pid}/smaps_rollup`, "latin1"))?.[1] ?? 0) * 1024;
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
export const descendants = (pid: number, into: Array<number>): Array<number> => {
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

/** Of a file of PSI; null where there is none. */
const avg10 = (file: KeptFile | undefined): number | null => {
  const length = file?.read() ?? -1;
  return length < 0 ? null : Number(/some avg10=([\d.]+)/.exec(bytes.toString("latin1", 0, length))?.[1] ?? 0);
};

export const procMeter = (pid: number, startTime: number, { alone = false, group, oomKills }: Folders = {}): Meter => {
  const leader = new Member(pid);
  leader.startTime = startTime;
  const members = new Map<number, Member>([[pid, leader]]);
  const at = (name: string): KeptFile | undefined => (group?.version === 2 ? new KeptFile(join(group.folder, name)) : undefined);
  const procs = group === undefined ? undefined : new KeptFile(join(group.folder, "cgroup.procs"));
  const cpu = at("cpu.stat");
  let pressures = [at("cpu.pressure"), at("memory.pressure"), at("io.pressure")] as const;
  let around: ReturnType<typeof surroundingsOf> | undefined;
  /** Who is looked at alone has no group of its own: that which it is in is looked for when somebody wants to know. */
  const lookAround = (): void => {
    around = surroundingsOf(pid);
    const { pressureOf } = around;
    pressures = [new KeptFile(pressureOf("cpu")), new KeptFile(pressureOf("memory")), new KeptFile(pressureOf("io"))];
  };
  /** Switches of those that have ended. */
  let past = 0;
  const before = { cpuMillis: 0, readBytes: 0, writeBytes: 0, reads: 0, writes: 0 };
  /** A counter that does not fall when somebody ends who was never waited for. */
  const grown = (name: keyof typeof before, value: number): number => (before[name] = Math.max(before[name], value));

  const listed: Array<number> = [];
  let isIn = false;
  const pids = (): ReadonlyArray<number> => {
    listed.length = 0;
    if (alone) listed.push(pid);
    else numbersInto(listed, procs?.read() ?? -1);
    // Nobody is in it before its first process has been taken in.
    isIn = listed.includes(pid);
    if (isIn) return listed;
    return [...new Set([...listed, ...descendants(pid, []), ...(procs === undefined ? groupOf(pid) : [])])];
  };
  const drop = (one: number, member: Member): void => {
    past += member.contextSwitches;
    member.close();
    members.delete(one);
  };
  /** Those who are not in it any more. */
  const sweep = (now: ReadonlyArray<number>): void => {
    if (members.size === now.length && now.every((one) => members.has(one))) return;
    const there = new Set(now);
    for (const [one, member] of members) if (!there.has(one)) drop(one, member);
  };

  let last: Usage | undefined;
  /** What the control group had used at the last look; null: nobody says. */
  let counted: number | null = null;
  let quiet = 0;
  /** Whether nobody of the control group has run for a nanosecond since the last look: then nobody has come, gone, or taken anything. */
  const slept = (): boolean => {
    const stat = cpu === undefined || alone ? -1 : cpu.read();
    const now = stat < 0 ? null : numberBehind(names.cpu, stat);
    // Who sleeps since before it was taken in has used nothing there.
    const isSame = now !== null && isIn && now === counted;
    counted = now;
    return isSame;
  };

  const measure = (detail: boolean): Usage | undefined => {
    if (!leader.runs()) return undefined;
    const { pageSize, ticksPerSecond } = systemUnits();
    const now = pids();
    sweep(now);
    let [ticks, rss, virtual, swap, threads, files, filesMost, sockets, pss, switches] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let [reads, writes, readBytes, writeBytes, processes] = [0, 0, 0, 0, 0];
    for (const one of now) {
      let member = members.get(one);
      if (member === undefined) members.set(one, (member = new Member(one)));
      if (member !== leader && !member.runs()) {
        drop(one, member);
        continue;
      }
      // Who has run hardly at all may have moved much: where the group says exactly who has run, nobody is taken for quiet.
      member.look(detail || (counted !== null && isIn));
      processes++;
      ticks += member.ticks;
      rss += member.rssPages;
      virtual += member.virtualBytes;
      threads += member.threads;
      swap += member.swapBytes;
      switches += member.contextSwitches;
      files += member.openFiles;
      filesMost = Math.max(filesMost, member.openFiles);
      reads += member.reads;
      writes += member.writes;
      readBytes += member.readBytes;
      writeBytes += member.writeBytes;
      if (!detail) continue;
      sockets += member.sockets();
      pss += member.pss();
    }
    if (detail && alone && around === undefined) lookAround();
    const stalled = detail ? { cpu: avg10(pressures[0]), memory: avg10(pressures[1]), io: avg10(pressures[2]) } : null;
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
      readBytes: grown("readBytes", readBytes),
      writeBytes: grown("writeBytes", writeBytes),
      reads: grown("reads", reads),
      writes: grown("writes", writes),
      contextSwitches: past + switches,
      oomKills: oomKills?.() ?? (detail ? around?.oomKills() : undefined) ?? null,
      pressure: stalled?.cpu == null ? null : { cpu: stalled.cpu, memory: stalled.memory ?? 0, io: stalled.io ?? 0 },
    };
  };
  const read = (detail: boolean): Usage | undefined => {
    if (slept() && !detail && last !== undefined && quiet < lazyLooks) {
      quiet++;
      return last;
    }
    quiet = 0;
    const usage = measure(detail);
    // What was asked for once is not told again as if it were new.
    last = detail ? undefined : usage;
    return usage;
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
