/**
 * What the kernel is asked to hold a process tree to, and what it holds.
 */

/** Absent: not limited. */
export interface Caps {
  /** Who needs more is killed. */
  readonly memoryBytes?: number;
  /** Who needs more is slowed down. */
  readonly memoryHighBytes?: number;
  readonly swapBytes?: number;
  /** Cores' worth of CPU time. */
  readonly cores?: number;
  /** As Docker counts them: 1024 is what everybody has. */
  readonly cpuShares?: number;
  /** Processes and threads. */
  readonly tasks?: number;
  /** 1 to 10000, 100 is what everybody has. */
  readonly ioWeight?: number;
  /** Of each disk. */
  readonly readBps?: number;
  readonly writeBps?: number;
  readonly readOps?: number;
  readonly writeOps?: number;
  /** Of each process. */
  readonly files?: number;
  readonly addressBytes?: number;
  readonly cpuSeconds?: number;
  readonly nice?: number;
}
export type CapName = keyof Caps;

export interface Hold {
  readonly by: "cgroup v2" | "cgroup v1" | "rlimit" | "nice" | "affinity" | "nobody";
  /** Why it is not held better. */
  readonly why?: string;
}
export type Holds = { readonly [Name in CapName]?: Hold };

/** What the kernel holds a process tree to. */
export interface Held {
  readonly holds: Holds;
  /** How many of it the kernel has killed for want of memory; null: it does not tell. */
  readonly oomKills: () => number | null;
  /** The folder of its own group of the memory controller. */
  readonly memoryFolder?: string | undefined;
  /** Sets the nice value of all of it. */
  readonly reprioritise: (nice: number) => void;
  /** What could not be changed on a process that runs already, and can be on its next one. */
  readonly refused?: ReadonlyArray<CapName>;
}

/** The kernel has killed a process for want of memory. */
export interface OutOfMemory {
  /** The control group that was at its limit; null: the machine had none left. */
  readonly group: string | null;
}

/** Of who is held to nothing. */
export const notHeld: Held = { holds: {}, oomKills: () => null, reprioritise: () => {} };

/** Controllers of the kernel by their names in cgroup v2. */
export type Controller = "memory" | "cpu" | "pids" | "io";

export interface Capped {
  readonly caps: Caps;
  /** Those that may be used; absent: all that were given to the master. */
  readonly controllers?: ReadonlyArray<Controller> | undefined;
}
