/**
 * Processes that somebody else has started: by what they are looked for, and what can be done to one.
 */
import type * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import type { ProcessIdentity } from "./Process.ts";
import type { SignalError } from "./ProcessErrors.ts";
import type { Signal } from "./Signal.ts";

/** By what a process is looked for. `name` and `args` beside another method have to be true as well. */
export interface DiscoveryQuery {
  readonly method: "pid-file" | "process-name" | "port" | "service-name";
  /** The file name of its program or of its first argument, or what the system calls it; with a slash: all of the path. */
  readonly name?: string;
  /** All of them are among its arguments, in this order. */
  readonly args?: ReadonlyArray<string>;
  /** Absolute. */
  readonly pidFile?: string;
  readonly port?: number;
  readonly protocol?: "tcp" | "udp";
  readonly service?: string;
}

/** Nobody was found. */
export class Undiscovered extends Schema.TaggedError<Undiscovered>()("Undiscovered", {
  /** `Absent`: there is no such process. `Stranger`: there is one, and it is not the one that is meant. `Unavailable`: this system cannot tell. */
  reason: Schema.Literals(["Absent", "Stranger", "Unavailable"]),
  /** For people. */
  what: Schema.String,
}) {
  /** `HSU-UNM-002` … `HSU-UNM-004`. */
  get code(): string {
    return { Absent: "HSU-UNM-002", Stranger: "HSU-UNM-003", Unavailable: "HSU-UNM-004" }[this.reason];
  }
  override get message(): string {
    return this.what;
  }
  get hint(): string {
    return {
      Absent: "it is looked for again every check_interval; `hsu start` looks at once",
      Stranger: "remove the stale file, or name the process more exactly with process_name and process_args",
      Unavailable: "use another discovery method on this system",
    }[this.reason];
  }
}

/** A service manager did not do what it was asked. */
export class ServiceManagerError extends Schema.TaggedError<ServiceManagerError>()("ServiceManagerError", {
  service: Schema.String,
  what: Schema.String,
}) {
  readonly code = "HSU-UNM-005";
  override get message(): string {
    return `systemd did not restart ${JSON.stringify(this.service)}: ${this.what}`;
  }
  get hint(): string {
    return `see \`systemctl status ${this.service}\`, and whether this user may restart it`;
  }
}

/** A process that is not ours: it belongs to whoever has started it, and so do its group and its descendants. */
export interface ForeignProcess {
  readonly identity: ProcessIdentity;
  /** Unix milliseconds, as near as the system tells. */
  readonly startedAt: number;
  /** Waits for its end; how it ended is told to its parent only. Interrupting a waiter does nothing to the process. */
  readonly exit: Effect.Effect<void>;
  readonly running: () => boolean;
  /** To this one process, never to its group. `Gone` when it has ended: a stranger with the same pid is never signalled. */
  readonly signal: (signal: Signal) => Effect.Effect<void, SignalError>;
}

/** Processes of others, as part of `Processes`. */
export interface Foreign {
  /** Who answers the query now. One that is known already (`current`) stays the answer as long as it does answer it. */
  readonly discover: (query: DiscoveryQuery, current: ProcessIdentity | null) => Effect.Effect<ForeignProcess, Undiscovered>;
  /** `systemctl restart`. */
  readonly restartService: (service: string) => Effect.Effect<void, ServiceManagerError>;
}
