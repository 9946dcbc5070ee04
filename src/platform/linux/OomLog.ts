/**
 * Whom the kernel has killed for want of memory, from its own log: exact, and also where no control group counts. Loaded with the first process that ended
 * by a SIGKILL.
 */
import { constants, openSync, readSync } from "node:fs";
import type { OutOfMemory } from "../Caps.ts";
import { systemUnits } from "./Proc.ts";

interface OomKill extends OutOfMemory {
  /** Since the boot, milliseconds. */
  readonly at: number;
}

/** A record is never longer. */
const record = Buffer.alloc(8192);

/** `PRIORITY,SEQUENCE,MICROSECONDS,FLAGS;TEXT` */
export const parse = (line: string): { readonly pid: number; readonly kill: OomKill } | undefined => {
  const semicolon = line.indexOf(";oom-kill:constraint=");
  const pid = /,pid=(\d+)/.exec(line)?.[1];
  if (semicolon === -1 || pid === undefined) return undefined;
  const at = Number(line.slice(0, semicolon).split(",")[2]) / 1000;
  const group = line.includes("constraint=CONSTRAINT_MEMCG") ? (/,oom_memcg=([^,]*),task_memcg=/.exec(line)?.[1] ?? null) : null;
  return { pid: Number(pid), kill: { at, group } };
};

/** Kept open, so that only what is new is read again; undefined: not opened yet, null: it may not be read. */
let file: number | null | undefined;
const kills = new Map<number, OomKill>();
/** More are of no interest any more. */
const mostKills = 1000;

const open = (): number | null => {
  try {
    return openSync("/dev/kmsg", constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    // None here, or not for us: then nobody knows.
    return null;
  }
};

const readAll = (from: number): void => {
  for (;;) {
    try {
      const length = readSync(from, record, 0, record.length, null);
      const found = parse(record.toString("latin1", 0, length));
      if (found === undefined) continue;
      kills.delete(found.pid);
      kills.set(found.pid, found.kill);
      if (kills.size > mostKills) kills.delete(kills.keys().next().value!);
    } catch (error) {
      // Records have been written over before they were read: the next one is there.
      if ((error as NodeJS.ErrnoException).code !== "EPIPE") return;
    }
  }
};

/** The kernel's log and its ticks are counted by two clocks. */
const slackMillis = 2000;

/** Whether the kernel has killed this process; null: it has not, or does not tell. */
export const killOf = ({ pid, startTime }: { readonly pid: number; readonly startTime: number }): OomKill | null => {
  file ??= open();
  if (file === null) return null;
  readAll(file);
  const kill = kills.get(pid);
  // Another one that had the pid before.
  return kill === undefined || kill.at < (startTime * 1000) / systemUnits().ticksPerSecond - slackMillis ? null : kill;
};
