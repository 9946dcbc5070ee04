/**
 * The blueprint of a supervisor's child: what it runs, when it comes back, and how it is stopped.
 */
import type * as Context from "effect/Context";
import type * as Rpc from "effect/rpc/Rpc";
import { behaviorOf, type Actor } from "./Actor.ts";
import type { Backoff } from "./Backoff.ts";
import type { ExitReason } from "./ExitReason.ts";
import { ActorCell } from "./internal/actorCell.ts";
import type { Behavior } from "./internal/behavior.ts";
import type { Cell, Owner } from "./internal/cell.ts";
import type { ErasedSpec } from "./internal/child.ts";
import type { System } from "./internal/system.ts";
import type { RestartType } from "./Strategy.ts";

/**
 * How a child is stopped: killed at once, given this many milliseconds before it is killed, or given all the time it takes.
 *
 * @since 0.1.0
 */
export type Shutdown = number | "brutal_kill" | "infinity";

/**
 * A policy of your own on how a child is tried again, one for each child: it may keep what it has seen.
 *
 * @since 0.1.0
 */
export interface FailurePolicy {
  /**
   * The child has failed, or a start of it that nobody asked for has; it was up for `upMillis` before. Answers with the number of this restart in its row
   * (from 1, for the events) and how long to wait for it, or with null: it is given up. It runs inside the loop of the actors: it must be short. One that
   * throws is a crash of the child's that is reported, and gives it up.
   */
  readonly failed: (failure: {
    readonly reason: ExitReason;
    readonly upMillis: number;
  }) => { readonly attempt: number; readonly delayMillis: number } | null;
}

/** What a child spec says beside what it runs. @since 0.1.0 */
export interface Options {
  /** Unique among its siblings. */
  readonly id: string;
  /** Default: `permanent`. */
  readonly restart?: RestartType;
  /** Default: 5000 for workers, `infinity` for supervisors. */
  readonly shutdown?: Shutdown;
  /** Wait before it is started again. Default: no wait. */
  readonly backoff?: Backoff;
  /**
   * Restarts in a row after which this child alone is given up and stays down; its supervisor goes on. The row ends when the child was up for
   * `backoff.resetAfterMillis`. Default: no such limit, only the supervisor's intensity.
   */
  readonly maxAttempts?: number;
  /** Decides at each failure how long it waits, or that it is given up. Replaces `backoff` and `maxAttempts`. Default: these. */
  readonly failurePolicy?: FailurePolicy;
  /** A start that takes longer is killed, and has failed. Milliseconds. Default: no deadline. */
  readonly startTimeoutMillis?: number;
  /**
   * What a failure of the first start means: the supervisor's own start fails too (`escalate`, as in OTP), or it is a failure like any other and the
   * child is started again (`restart`). Default: `escalate`.
   */
  readonly onStartFailure?: "escalate" | "restart";
  /** Whether it starts with its supervisor. Default: true. */
  readonly autoStart?: boolean;
  /** Keep the spec of a `temporary` child that has ended, so that it can be started again by its id. Default: false, as in OTP. */
  readonly retain?: boolean;
  /**
   * Whether its own end counts for the supervisor's `autoShutdown`. Not for `permanent` children, which never end by themselves.
   * Default: false.
   */
  readonly significant?: boolean;
  /**
   * Ids of siblings that it starts after, and so stops before, wherever they are listed. It says when, not whether: one of them that is not started, or
   * is tried again later, is not waited for. Looked at when its supervisor starts. Default: those that are listed before it; none of them where
   * children start in parallel.
   */
  readonly after?: ReadonlyArray<string>;
  /** What becomes of messages that wait when it fails. Default: `keep`. */
  readonly mailbox?: "keep" | "discard";
}

/**
 * A child spec of any protocol.
 *
 * @since 0.1.0
 */
export interface Any<out R> {
  readonly id: string;
  readonly restart: RestartType;
  readonly shutdown: Shutdown;
  readonly type: "worker" | "supervisor";
  readonly "~hsu/ChildSpec": { readonly services: () => R };
}

/**
 * A child spec. `Rpcs` is the child's protocol, `R` the services that it needs.
 *
 * @since 0.1.0
 */
export interface ChildSpec<in out Rpcs extends Rpc.Any, out R> extends Any<R> {
  readonly "~hsu/ChildSpec": { readonly services: () => R; readonly protocol: (_: Rpcs) => Rpcs };
}

/**
 * A child that is an actor.
 *
 * @example
 * ```ts run
 * import { Actor, ChildSpec } from "hsu"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Echo = Actor.make({
 *   name: "echo",
 *   protocol: RpcGroup.make(Rpc.make("Ping")),
 *   init: () => 0,
 *   handlers: { Ping: (n) => n + 1 }
 * })
 * const spec = ChildSpec.make(Echo, undefined, { id: "echo", restart: "transient" })
 * spec.shutdown // => 5000
 * ```
 * @since 0.1.0
 */
export const make = <Args, Rpcs extends Rpc.Any, R>(actor: Actor<Args, Rpcs, R>, args: Args, options: Options): ChildSpec<Rpcs, R> => {
  return new ActorSpec(options, behaviorOf(actor), args) as unknown as ChildSpec<Rpcs, R>;
};

/** A spec keeps what it was given, and says the defaults when it is asked: there may be a million of them. */
abstract class Spec implements ErasedSpec {
  readonly id: string;
  private readonly options: Options;

  constructor(options: Options) {
    this.id = options.id;
    this.options = options;
  }

  abstract get type(): "worker" | "supervisor";
  abstract make(system: System, context: Context.Context<never>, owner: Owner): Cell;

  get restart(): RestartType {
    return this.options.restart ?? "permanent";
  }

  get shutdown(): Shutdown {
    return this.options.shutdown ?? (this.type === "worker" ? 5000 : "infinity");
  }

  get backoff(): Backoff | undefined {
    return this.options.backoff;
  }

  get maxAttempts(): number | undefined {
    return this.options.maxAttempts;
  }

  get failurePolicy(): FailurePolicy | undefined {
    return this.options.failurePolicy;
  }

  get startTimeoutMillis(): number | undefined {
    return this.options.startTimeoutMillis;
  }

  get autoStart(): boolean {
    return this.options.autoStart ?? true;
  }

  get onStartFailure(): "escalate" | "restart" {
    return this.options.onStartFailure ?? "escalate";
  }

  get retain(): boolean {
    return this.options.retain ?? false;
  }

  get mailbox(): "keep" | "discard" {
    return this.options.mailbox ?? "keep";
  }

  get significant(): boolean {
    return this.options.significant ?? false;
  }

  get after(): ReadonlyArray<string> | undefined {
    return this.options.after;
  }
}

class ActorSpec extends Spec {
  private readonly behavior: Behavior;
  private readonly args: unknown;

  constructor(options: Options, behavior: Behavior, args: unknown) {
    super(options);
    this.behavior = behavior;
    this.args = args;
  }

  override get type(): "worker" {
    return "worker";
  }

  override make(system: System, context: Context.Context<never>, owner: Owner): Cell {
    return new ActorCell(system, context, owner, this.id, this.behavior, this.args);
  }
}

type MakeCell = (system: System, context: Context.Context<never>, owner: Owner, id: string) => Cell;

class MadeSpec extends Spec {
  override readonly type: "worker" | "supervisor";
  private readonly makeCell: MakeCell;

  constructor(options: Options, type: "worker" | "supervisor", makeCell: MakeCell) {
    super(options);
    this.type = type;
    this.makeCell = makeCell;
  }

  override make(system: System, context: Context.Context<never>, owner: Owner): Cell {
    return this.makeCell(system, context, owner, this.id);
  }
}

/** A child whose cell is made by something else than an actor's definition. @internal */
export const erase = <Rpcs extends Rpc.Any, R>(options: Options, type: "worker" | "supervisor", makeCell: MakeCell): ChildSpec<Rpcs, R> =>
  new MadeSpec(options, type, makeCell) as unknown as ChildSpec<Rpcs, R>;
