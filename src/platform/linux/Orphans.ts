/**
 * Who comes to this process when his parent ends: a program that owns its process has all that it starts come to itself, and not to the system's first
 * process, so that how they end is known and nothing of them is left. Costs nothing before the first spawn.
 */
import { readdirSync, readFileSync } from "node:fs";
import type { ProcessExit } from "../Process.ts";

let isAsked = false;

/** From the first spawn on. To be called by who owns the process: other code of it may have children of its own, but nobody may wait for just any. */
export const adoptOrphans = (): void => void (isAsked = true);

/** The first process of a container gets them in any case. */
export const adopts = (): boolean => isAsked || process.pid === 1;

const awaited = new Map<number, (exit: ProcessExit) => void>();

/** Who is called when this process turns out to be a child of ours that has ended. What this returns takes that back. */
export const onAdoptedEnd = (pid: number, ended: (exit: ProcessExit) => void): (() => void) => {
  awaited.set(pid, ended);
  return () => void (awaited.get(pid) === ended && awaited.delete(pid));
};

export const awaitedPids = (): Iterable<number> => awaited.keys();
export const isAwaited = (pid: number): boolean => awaited.has(pid);
export const tellEnd = (pid: number, exit: ProcessExit): void => awaited.get(pid)?.(exit);

/** So long one that nobody knows is left to whoever may wait for it: Node does in the same turn, a thread of a module as soon as it gets to it. */
const patienceMillis = 2000;

/** Children of ours that have ended and were not waited for; undefined where the system does not list children. */
const zombies = (): ReadonlySet<number> | undefined => {
  try {
    const children = readdirSync("/proc/self/task").flatMap((task) =>
      readFileSync(`/proc/self/task/${task}/children`, "latin1").split(" "),
    );
    return new Set(children.filter((pid) => /^\d+$/.test(pid) && isZombie(pid)).map(Number));
  } catch {
    return undefined;
  }
};

const isZombie = (pid: string): boolean => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z");
  } catch {
    return false;
  }
};

export interface Tidying {
  /** This one has ended, and is nobody's as far as is known. */
  readonly seen: (pid: number) => void;
}

/** Has the kernel forget whom nobody waits for. */
export const tidying = (isKnown: (pid: number) => boolean, reap: (pid: number) => void): Tidying => {
  let before: ReadonlySet<number> = new Set();
  let timer: ReturnType<typeof setTimeout> | null = null;
  const look = (): void => {
    timer = null;
    const now = zombies() ?? before;
    const unknown = [...now].filter((pid) => !isKnown(pid));
    const [old, young] = [unknown.filter((pid) => before.has(pid)), unknown.filter((pid) => !before.has(pid))];
    for (const pid of old) reap(pid);
    before = new Set(young);
    if (young.length > 0) again();
  };
  const again = (): void => {
    timer ??= setTimeout(look, patienceMillis);
    timer.unref();
  };
  return {
    seen: (pid) => {
      before = new Set([...before, pid]);
      again();
    },
  };
};
