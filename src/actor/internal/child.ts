/**
 * A supervisor's record of one child.
 */
import type * as Context from "effect/Context";
import type { Backoff } from "../Backoff.ts";
import type { FailurePolicy } from "../ChildSpec.ts";
import type { ExitReason } from "../ExitReason.ts";
import type { RestartType } from "../Strategy.ts";
import type { Cell, Owner } from "./cell.ts";
import type { System } from "./system.ts";
import type { ActTimer } from "./timers.ts";

/** A child spec with its types erased and its defaults filled in. */
export interface ErasedSpec {
  readonly id: string;
  readonly restart: RestartType;
  readonly shutdown: number | "brutal_kill" | "infinity";
  readonly type: "worker" | "supervisor";
  readonly backoff: Backoff | undefined;
  readonly maxAttempts: number | undefined;
  readonly failurePolicy: FailurePolicy | undefined;
  readonly startTimeoutMillis: number | undefined;
  readonly autoStart: boolean;
  readonly onStartFailure: "escalate" | "restart";
  readonly retain: boolean;
  readonly mailbox: "keep" | "discard";
  readonly significant: boolean;
  /** Ids of siblings that start before it. */
  readonly after: ReadonlyArray<string> | undefined;
  readonly make: (system: System, context: Context.Context<never>, owner: Owner) => Cell;
}

/** `waiting`: for its backoff to pass. */
export type ChildState = "down" | "starting" | "up" | "stopping" | "waiting";

export class Child {
  readonly id: string;
  /** Replaced by a reconfiguration. */
  spec: ErasedSpec;
  readonly cell: Cell;
  /** What the next start runs instead, after a reconfiguration. */
  next: Cell | null = null;
  state: ChildState = "down";
  /** Should be up: false once it has finished, was terminated, or was given up. */
  wanted: boolean;
  /** Stays down when its siblings are started again. */
  held: boolean;
  gaveUp = false;
  /** Restarts in a row. */
  attempts = 0;
  /** Restarts since it was added. */
  restarts = 0;
  /** -1 before it was up. */
  upSince = -1;
  /** Its place in the start order. */
  position = -1;
  /** Its backoff or deadline: one at a time. */
  timer: ActTimer | null = null;
  /** Admin calls that wait for the end of its start or stop. */
  onStarted: ((failure: ExitReason | null) => void) | null = null;
  onStopped: Array<() => void> | null = null;

  constructor(id: string, spec: ErasedSpec, cell: Cell) {
    this.id = id;
    this.spec = spec;
    this.cell = cell;
    this.wanted = spec.autoStart;
    this.held = !spec.autoStart;
  }

  get stopped(): boolean {
    return this.state === "down" || this.state === "waiting";
  }
}
