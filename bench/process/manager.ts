/**
 * What a process manager costs: it and all its helpers, everything below it that is not a unit.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

const read = (path: string): string => {
  try {
    return readFileSync(path, "latin1");
  } catch {
    // It has ended.
    return "";
  }
};

const exe = (pid: number): string => {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return "";
  }
};

/** The root and everything below it, without those that run `unit`. */
export const managersOf = (root: number, unit: string): ReadonlyArray<number> => {
  const children = new Map<number, Array<number>>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = read(`/proc/${name}/stat`);
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const found: Array<number> = [];
  const open = [root];
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    if (exe(pid) !== unit) found.push(pid);
    open.push(...(children.get(pid) ?? []));
  }
  return found;
};

/** What a set of processes has used so far, over all their threads. */
export interface Use {
  readonly cpuMillis: number;
  /** Times that a thread has waited and was woken. */
  readonly wakeups: number;
}

export const useOf = (pids: ReadonlyArray<number>): Use => {
  let cpuMillis = 0;
  let wakeups = 0;
  for (const pid of pids) {
    let threads: ReadonlyArray<string> = [];
    try {
      threads = readdirSync(`/proc/${pid}/task`);
    } catch {
      // It has ended.
    }
    for (const thread of threads) {
      const place = `/proc/${pid}/task/${thread}`;
      cpuMillis += Number(read(`${place}/schedstat`).split(" ")[0] ?? 0) / 1e6;
      wakeups += Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(read(`${place}/status`))?.[1] ?? 0);
    }
  }
  return { cpuMillis, wakeups };
};

/** Resident bytes, shared pages counted once for each process that has them (RSS) and by their share (PSS). */
export const memoryOf = (pids: ReadonlyArray<number>): { readonly rss: number; readonly pss: number } => {
  let [rss, pss] = [0, 0];
  for (const pid of pids) {
    const text = read(`/proc/${pid}/smaps_rollup`);
    rss += Number(/^Rss:\s+(\d+)/m.exec(text)?.[1] ?? 0) * 1024;
    pss += Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0) * 1024;
  }
  return { rss, pss };
};
