/**
 * The seam between the process service and how a system tells about its processes: `/proc` on Linux, `ps` elsewhere.
 */
import type * as Effect from "effect/Effect";
import type { Meter } from "./Meter.ts";
import type { ProcessExit, ProcessStats } from "./Process.ts";

/** Where more is known of a tree than its processes tell. */
export interface Folders {
  /** Its control group. */
  readonly group?: { readonly folder: string; readonly version: 1 | 2 };
  /** How many of it the kernel has killed for want of memory. */
  readonly oomKills?: () => number | null;
  /** Not the tree: this process alone. */
  readonly alone?: boolean;
}

/** What the system knows of one pid. */
export interface Sighting {
  /** See `ProcessIdentity.startTime`. */
  readonly startTime: number;
  /** Its process group. */
  readonly group: number;
  /** False for a process that has ended and is not reaped yet. */
  readonly running: boolean;
}

/** Synchronous where an answer decides about a signal: nothing may happen in between. */
export interface Probe {
  readonly bootId: () => string;
  /** Undefined when nobody has the pid. */
  readonly look: (pid: number) => Sighting | undefined;
  /** How a child of ours has ended that Node does not know, and that nobody has waited for; undefined: it is none. */
  readonly exitOf?: (pid: number, startTime: number) => ProcessExit | undefined;
  /** Pids of a process group that still run; those only waiting to be reaped are left out. */
  readonly groupMembers: (group: number) => ReadonlyArray<number>;
  /**
   * Whether a process group, whose leader has ended, is known to have nobody who runs; an empty group stays so. Many that ask in one turn of the loop
   * share the looks at all processes that it takes.
   */
  readonly isEmpty?: (group: number) => boolean;
  /** Pids of those that run and were started with one of these entries (`NAME=value`) in their environment; none where the system does not tell. */
  readonly marked: (entries: ReadonlyArray<string>) => ReadonlyArray<number>;
  /** Undefined when nobody, or somebody else, has the pid. */
  readonly stats: (pid: number, startTime: number) => Effect.Effect<ProcessStats | undefined>;
  /** Loaded when it is first asked for. */
  readonly meter: (pid: number, startTime: number, folders?: Folders) => Promise<Meter>;
}
