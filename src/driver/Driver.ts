/**
 * What runs a unit. A driver turns a task into something that can be watched, signalled and ended; `process/` is the one there is.
 */
import type * as Effect from "effect/Effect";
import type * as Option from "effect/Option";
import type * as Scope from "effect/Scope";
import type { LogsSpec } from "../logs/index.ts";
import type { Finder } from "./unmanaged/Finder.ts";
import type {
  Attended,
  Capped,
  Held,
  Meter,
  HeldSockets,
  HoldSockets,
  NotifySocket,
  NotifyUnavailable,
  OutOfMemory,
  Paths,
  ProcessExit,
  ProcessIdentity,
  Sender,
  Signal,
  SignalError,
  SpawnError,
} from "../platform/index.ts";

/** What to run, in a driver's own terms. */
export interface TaskSpec {
  readonly id: string;
  /** Names this start: everything that it starts can be found by it. */
  readonly invocation: string;
  readonly executable: string;
  readonly args: ReadonlyArray<string>;
  /** Absolute. */
  readonly workingDirectory: string;
  /** Added to the master's own environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** What it finds from descriptor 3 on, and whether it is told. */
  readonly sockets?: { readonly held: HeldSockets; readonly told: boolean };
  /** It reads what `write` writes; absent: nothing. */
  readonly stdin?: "pipe";
  readonly capture: { readonly stdout: boolean; readonly stderr: boolean };
  /** How that is kept; absent: as by default. */
  readonly logs?: LogsSpec;
  /** What it has open for a later master: see `NotifySocket`. */
  readonly keeper?: number | undefined;
  /** What the kernel is to hold it to. */
  readonly capped?: Capped | undefined;
  /** Others start as well. */
  readonly among?: boolean;
}

/** What to run beside a task. */
export type Command = Pick<TaskSpec, "id" | "executable" | "args" | "workingDirectory" | "environment">;

/** Something that runs. */
export interface Task {
  readonly identity: ProcessIdentity;
  /** Of which start of the unit it is. */
  readonly invocation?: string;
  /** Waits for the end of its main process, which is its first one unless another is followed; any number of waiters, also after it. */
  readonly wait: Effect.Effect<ProcessExit>;
  /** Waits until nobody that it started runs any more either. */
  readonly waitForAll: Effect.Effect<void>;
  readonly signal: (signal: Signal.Signal) => Effect.Effect<void, SignalError>;
  /** Resident bytes; null when it has ended or the system does not tell. */
  readonly memory: Effect.Effect<number | null>;
  /** What the kernel holds it to; null: nobody has asked for that. */
  readonly held: Held | null;
  /** Holds it to something else from now on. */
  readonly recap: (capped: Capped) => Effect.Effect<Held>;
  /** Whether the kernel has killed its first process for want of memory; null: it has not, or does not tell. */
  readonly outOfMemory?: Effect.Effect<OutOfMemory | null>;
  /** Of all that it has started; whoever has it closes it. */
  readonly meter: () => Promise<Meter>;
  /** Makes another one of its processes its main one, at once; `None` when that is not one of its own. Absent: it cannot have another one. */
  readonly follow?: (pid: number) => Effect.Effect<Option.Option<ProcessIdentity>>;
  /** Called before an end of its main process is taken for the end of the task: the last chance to follow another one. */
  readonly hearFirst?: (lastWord: () => void) => void;
}

/** Why a task could not be started. */
export type DriverError = SpawnError | Paths.DirectoryError;

/** Nobody reads what is written. */
export interface InputClosed {
  readonly _tag: "InputClosed";
  readonly reason: string;
}

/** A way to run tasks. */
export interface Driver {
  readonly name: string;
  /** Starts a task. When the scope closes, whatever is left of it is killed, and the scope waits for that. */
  readonly start: (task: TaskSpec) => Effect.Effect<Task, DriverError, Scope.Scope>;
  /** Whether exactly this process still runs. */
  readonly runs: (identity: ProcessIdentity) => Effect.Effect<boolean>;
  /** How it has ended, where the system has kept that for us; `None`: nobody knows. */
  readonly exitOf: (identity: ProcessIdentity) => Effect.Effect<Option.Option<ProcessExit>>;
  /** What an earlier master has started and still runs, as a task of this one; `None` when it does not run any more. The scope owns it from then on. */
  readonly recover: (
    identity: ProcessIdentity,
    invocation: string,
    id: string,
    /** What the kernel is to hold it to from now on. */
    capped?: Capped,
  ) => Effect.Effect<Option.Option<Task>, never, Scope.Scope>;
  /** The first process of an invocation whose identity was not written down; `None` when it was not started, or does not run any more. */
  readonly find: (invocation: string) => Effect.Effect<Option.Option<ProcessIdentity>>;
  /**
   * Runs a command as the task would, to its end, without its mark. When it ends, or is interrupted, nobody that it started in its group is left. `said`:
   * the end of what it has printed.
   */
  readonly exec: (command: Command) => Effect.Effect<ProcessExit & { readonly said: string }, SpawnError>;
  /**
   * Runs a command as the task would, for somebody who attends it; where there is one, with its mark, in its control groups and under its limits. Absent: it
   * cannot.
   */
  readonly attend?: (
    command: Command & { readonly tty: { readonly rows: number; readonly columns: number } | null },
    task: Task | null,
  ) => Effect.Effect<Attended, SpawnError>;
  /** Writes to the standard input of a task that was started with one; returns when it has been taken, or rejects. Absent: it cannot. */
  readonly write?: (id: string, data: Uint8Array) => Effect.Effect<void, InputClosed>;
  /** Kills what an invocation of a task has left behind, and does not wait for it. */
  readonly sweep: (id: string, invocation: string) => Effect.Effect<void>;
  /** Opens the socket that a task tells its state to, for as long as the scope is open; named as in the task's `NOTIFY_SOCKET`. */
  readonly openNotifySocket: (
    id: string,
    received: (text: string, sender: Sender) => void,
    /** A task of an earlier master that may have it. */
    holder?: { readonly identity: ProcessIdentity; readonly invocation: string } | null,
  ) => Effect.Effect<NotifySocket, NotifyUnavailable, Scope.Scope>;
  /** What one process uses, without those that it has started; null where nobody has the pid. */
  readonly meter: (pid: number) => Effect.Effect<Meter | null>;
  /** See `HoldSockets`; `holder`: a task of an earlier master that may have them. */
  readonly holdSockets: HoldSockets;
  /** Finds what somebody else has started. */
  readonly finder: Finder;
}
