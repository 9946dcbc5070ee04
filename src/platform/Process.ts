/**
 * Native processes as an Effect service: start them in a group of their own, know them without mistake, signal and end the whole group.
 *
 * `linux/Processes.ts` is the real layer, `memory/MemoryProcesses.ts` the simulated one.
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type * as Option from "effect/Option";
import * as Schema from "effect/Schema";
import type { Foreign } from "./Discovery.ts";
import type { Capped, Held, OutOfMemory } from "./Caps.ts";
import type { Meter } from "./Meter.ts";
import type { HeldSockets, HoldSockets } from "./Listening.ts";
import type { SignalError, SpawnError } from "./ProcessErrors.ts";
import type { OpenNotifySocket } from "./Notify.ts";
import type { Signal } from "./Signal.ts";

/**
 * Who a process is. A pid alone is reused by strangers; the three together are not. Can be stored and compared after a restart of the master.
 */
export const ProcessIdentity = Schema.Struct({
  pid: Schema.Int,
  /** When it started, in the system's own unit (Linux: clock ticks since boot; elsewhere Unix seconds). Only compared for equality. */
  startTime: Schema.Number,
  /** Which boot of the machine that was. */
  bootId: Schema.String,
});
export type ProcessIdentity = typeof ProcessIdentity.Type;

/** How a process ended: by its exit code, or by a signal's name; the other one is null. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** Where an output stream goes: appended to a file (made with mode 0600 when missing), into one that is open and stays so, or nowhere. */
export type Output = { readonly appendTo: string } | { readonly descriptor: number } | "ignore";

/** A control group: of whose state directory, and which of its groups. A name is a file name. */
export interface CgroupName {
  readonly instance: string;
  readonly name: string;
}

/** What to start. */
export interface SpawnOptions {
  /** A name with a slash is a path (relative to `cwd`), a bare name is looked up on the PATH of `env`. */
  readonly executable: string;
  readonly args: ReadonlyArray<string>;
  /** Absolute. */
  readonly cwd: string;
  /** The whole environment: nothing of the master's own is added. */
  readonly env: Readonly<Record<string, string>>;
  /** A control group to run in, where the system has such and lets one be made. Nobody that it starts ever leaves it. */
  readonly cgroup?: CgroupName;
  /**
   * Sockets that it has from descriptor 3 on. `told`: in `LISTEN_FDS`, `LISTEN_FDNAMES` and `LISTEN_PID`; else they are only kept open by it, for a later
   * master.
   */
  readonly sockets?: { readonly held: HeldSockets; readonly told: boolean };
  /** A descriptor that it has open as well, out of its way, for a later master to have it from there. */
  readonly keeper?: number | undefined;
  /** What the kernel is to hold it to, from its first instruction on. */
  readonly capped?: Capped | undefined;
  /** Others start as well: it is started beside the event loop, so that the next one can be seen to. One alone is there sooner without. */
  readonly among?: boolean;
  readonly stdin: "ignore" | { readonly descriptor: number };
  readonly stdout: Output;
  readonly stderr: Output;
}

/** A snapshot of one process (of the leader only, not of its group). */
export interface ProcessStats {
  readonly rssBytes: number;
  /** User and system time since its start, milliseconds. */
  readonly cpuMillis: number;
  /** Null where the system does not tell. */
  readonly threads: number | null;
}

/**
 * A started process: the leader of its own session and process group. It goes on when the master ends: only the group's end frees it.
 */
export interface ProcessHandle {
  readonly pid: number;
  readonly identity: ProcessIdentity;
  /** Waits for the leader's end; any number of waiters, also after the end. Interrupting a waiter does nothing to the process. */
  readonly exit: Effect.Effect<ProcessExit>;
  /**
   * Calls back once when the leader ends, from the event loop; when it has ended already, from a microtask. Never from inside this call.
   * The result unsubscribes.
   */
  readonly onExit: (callback: (exit: ProcessExit) => void) => () => void;
  /** To everybody in the process group, and in the control group if it has one. `Gone` when nobody is left: a stranger with the same pid is never signalled. */
  readonly signal: (signal: Signal) => Effect.Effect<void, SignalError>;
  /**
   * Whether anybody of the group still runs. Stays true after the leader's exit while a descendant is there; processes that have ended and
   * were only not yet reaped by their parent do not count. Descendants that made a session of their own are covered where it has a control group.
   */
  readonly groupAlive: () => boolean;
  /** Whether nobody that it has started can have escaped it: it has a control group. */
  readonly contained: boolean;
  /**
   * SIGKILL to the process group and the control group, then waits until nobody of them runs, and removes the control group. Succeeds at once when nobody is left. `StillAlive` after 5 seconds (a process that
   * waits inside the kernel).
   */
  readonly killGroup: Effect.Effect<void, SignalError>;
  /** What the kernel holds it to; null: nobody has asked for that. */
  readonly held: Held | null;
  /** Holds it to something else from now on. `cgroup`: the group it was started for; `main`: who of it is still there. */
  readonly recap: (capped: Capped, cgroup: CgroupName, main: ProcessIdentity) => Effect.Effect<Held>;
  /** Whether the kernel has killed its first process for want of memory; null: it has not, or does not tell. */
  readonly outOfMemory?: Effect.Effect<OutOfMemory | null>;
  /** Of it and all that it has started. Whoever has it closes it. */
  readonly meter: () => Promise<Meter>;
}

/** The operating system's processes. */
export class Processes extends Context.Service<
  Processes,
  {
    /** Returns when the system has executed the program, not when it is ready. Not interruptible: it is over in milliseconds. */
    readonly spawn: (options: SpawnOptions) => Effect.Effect<ProcessHandle, SpawnError>;
    /** Which boot of the machine this is. */
    readonly bootId: () => string;
    /**
     * A process that an earlier master has started, as the leader of its own group; `None` when it does not run any more. It is not our child: how it
     * ended is not known (code and signal are null), and that it has is told by its control group, where it has one of this instance and is alone in it;
     * else it is looked at several times a second, or less often where there are many. `instance`: whose control groups are ours.
     */
    readonly attach: (
      identity: ProcessIdentity,
      instance?: string,
      /** What the kernel is to hold it to from now on, in a group of this name. */
      capped?: Capped & { readonly name: string },
    ) => Effect.Effect<Option.Option<ProcessHandle>>;
    /** Kills who was left behind in a control group of which nobody has a handle, and does not wait for it. */
    readonly clear: (cgroup: CgroupName) => Effect.Effect<void>;
    /** How it has ended, where this process is its parent and has not heard of it: the master that started it has given way to this one. */
    readonly exitOf: (identity: ProcessIdentity) => Effect.Effect<Option.Option<ProcessExit>>;
    /** The processes that were started with this variable in their environment, of one of these values, and have not written over it. Empty where the system does not tell. */
    readonly marked: (
      name: string,
      ...values: ReadonlyArray<string>
    ) => Effect.Effect<ReadonlyArray<ProcessIdentity & { readonly group: number }>>;
    /** SIGKILL to this one process, if it still runs. */
    readonly kill: (identity: ProcessIdentity) => Effect.Effect<void>;
    /** Who has this pid now; also an ended process that has not been reaped. */
    readonly identify: (pid: number) => Effect.Effect<Option.Option<ProcessIdentity>>;
    /** Whether exactly this process still runs: false for a stranger with its pid, after a reboot, and once it has ended. */
    readonly isAlive: (identity: ProcessIdentity) => Effect.Effect<boolean>;
    /** See `HoldSockets`. */
    readonly holdSockets: HoldSockets;
    /** See `OpenNotifySocket`. */
    readonly openNotifySocket: OpenNotifySocket;
    /** `None` when the process has ended or its pid is a stranger's. */
    readonly stats: (identity: ProcessIdentity) => Effect.Effect<Option.Option<ProcessStats>>;
    /** Of this process alone. */
    readonly meter: (identity: ProcessIdentity) => Promise<Meter>;
    /** Processes that somebody else has started. */
    readonly foreign: Foreign;
  }
>()("hsu/platform/Process/Processes") {}
