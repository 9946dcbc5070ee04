/**
 * What a process and all that it has started use of the machine: the seam between who samples and how a system tells.
 */

/** Sums over the processes of a tree. What a system does not tell is null. Counters only grow for as long as one meter is asked. */
export interface Usage {
  /** User and system time of all, also of those that have ended, milliseconds. */
  readonly cpuMillis: number;
  readonly rssBytes: number;
  /** Shared pages counted by their share; only where it was asked for. */
  readonly pssBytes: number | null;
  readonly virtualBytes: number | null;
  readonly swapBytes: number | null;
  readonly processes: number;
  readonly threads: number | null;
  readonly files: number | null;
  /** Of the one that has most open. */
  readonly filesMost: number | null;
  /** Only where it was asked for. */
  readonly sockets: number | null;
  /** To and from devices. */
  readonly readBytes: number | null;
  readonly writeBytes: number | null;
  /** System calls. */
  readonly reads: number | null;
  readonly writes: number | null;
  readonly contextSwitches: number | null;
  /** Processes that the kernel has killed because the control group was at its limit of memory. */
  readonly oomKills: number | null;
  /** Percent of the last ten seconds in which somebody waited for it (PSI); only where it was asked for. */
  readonly pressure: { readonly cpu: number; readonly memory: number; readonly io: number } | null;
}

/** Reads the usage of one tree again and again, through descriptors that it keeps open. */
export interface Meter {
  /** Undefined when the process has ended. `detail`: also what is dear to know. */
  readonly read: (detail: boolean) => Usage | undefined | Promise<Usage | undefined>;
  readonly close: () => void;
}

export const noUsage: Usage = {
  cpuMillis: 0,
  rssBytes: 0,
  pssBytes: null,
  virtualBytes: null,
  swapBytes: null,
  processes: 0,
  threads: null,
  files: null,
  filesMost: null,
  sockets: null,
  readBytes: null,
  writeBytes: null,
  reads: null,
  writes: null,
  contextSwitches: null,
  oomKills: null,
  pressure: null,
};
