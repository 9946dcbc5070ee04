/**
 * Actors: a state, a mailbox with a typed protocol, and handlers that run one at a time.
 *
 * When to use: for anything that has a state of its own and can fail on its own. Under a supervisor it is started again when it fails.
 */
import * as Cause from "effect/Cause";
import * as Context from "effect/Context";
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Schema from "effect/Schema";
import * as Scope from "effect/Scope";
import type * as Rpc from "effect/rpc/Rpc";
import type { RpcGroup } from "effect/rpc/RpcGroup";
import type { ActorRef } from "./ActorRef.ts";
import { report } from "./CrashReport.ts";
import * as ExitReason from "./ExitReason.ts";
import type { Mailbox } from "./Mailbox.ts";
import { ActorCell, Directive, type Behavior } from "./internal/actorCell.ts";
import { Phase, type Call, type Cell, type Op, type Owner } from "./internal/cell.ts";
import { systemOf, type System } from "./internal/system.ts";
import { ChildTimer } from "./internal/child.ts";

/** News that an actor asked for: here, that an incarnation that it monitors has ended. @since 0.1.0 */
export interface Down {
  readonly _tag: "Down";
  readonly ref: ActorRef<never>;
  readonly reason: ExitReason.ExitReason;
}

/** The place of a reply that was put off; pass it to {@link replyTo}. @since 0.1.0 */
export interface ReplyTo<in Success, in Error = never> {
  readonly "~hsu/ReplyTo": (value: Success, error: Error) => void;
}

/**
 * What a handler has at hand beside its state and its message. It belongs to one incarnation: timers and monitors end with it.
 *
 * @since 0.1.0
 */
export interface ActorContext<Rpcs extends Rpc.Any> {
  /** The actor's own address. */
  readonly self: ActorRef<Rpcs>;
  readonly path: ReadonlyArray<string>;
  readonly incarnation: number;
  /** Closed when this incarnation ends, before anybody hears of the end. */
  readonly scope: Scope.Scope;
  /** Puts off the reply to the call that is being handled; null when it is a cast. Return {@link noReply} then. */
  deferReply(): ReplyTo<any, any> | null;
  /** Casts to itself after `millis` milliseconds; returns what cancels it. */
  sendAfter<const Tag extends Rpc.Tag<Rpcs>>(millis: number, tag: Tag, payload?: Rpc.Payload<Rpc.ExtractTag<Rpcs, Tag>>): () => void;
  /** Has `info` get a {@link Down} when the incarnation that `ref` names now ends; at once, with `NoProc`, when there is none. */
  monitor(ref: ActorRef<never>): () => void;
}

declare const OutcomeType: unique symbol;

/** A result made by {@link reply}, {@link noReply} or {@link exit}. @since 0.1.0 */
export interface Outcome<out State, out Success> {
  readonly [OutcomeType]: { readonly state: State; readonly success: Success };
}

type Settled<State, Success> = Outcome<State, Success> | ([Success] extends [void] ? State | void : never);

/**
 * What a handler may return: the next state (where the protocol has no reply), an outcome, or an Effect or Exit of these.
 * A failure with the error that the protocol declares is the caller's; any other ends the incarnation.
 *
 * @since 0.1.0
 */
export type HandlerResult<State, Success, Error, R> = Settled<State, Success> | Effect.Effect<Settled<State, Success>, Error, R>;

/** One handler a message of the protocol. @since 0.1.0 */
export type Handlers<State, Rpcs extends Rpc.Any, R> = {
  readonly [Tag in Rpcs["_tag"]]: (
    state: State,
    payload: Rpc.Payload<Extract<Rpcs, { readonly _tag: Tag }>>,
    context: ActorContext<Rpcs>,
  ) => HandlerResult<State, Rpc.Success<Extract<Rpcs, { readonly _tag: Tag }>>, Rpc.Error<Extract<Rpcs, { readonly _tag: Tag }>>, R>;
};

/** What an actor is made from. @since 0.1.0 */
export interface Options<State, Args, Rpcs extends Rpc.Any, InitError, R> {
  /** For people; the default id of the actors made from it. */
  readonly name: string;
  readonly protocol: RpcGroup<Rpcs>;
  /** The first state of each incarnation. An Effect may acquire what it needs: its Scope is the incarnation's. */
  readonly init: (
    args: Args,
    context: ActorContext<Rpcs>,
  ) => State | Outcome<never, never> | Effect.Effect<State | Outcome<never, never>, InitError, R>;
  readonly handlers: Handlers<State, Rpcs, R>;
  /** Bounds the messages that may wait. Default: no bound. */
  readonly mailbox?: Mailbox;
  /** News from monitors. */
  readonly info?: (state: State, info: Down, context: ActorContext<Rpcs>) => HandlerResult<State, void, never, R>;
  /** Runs at each end but a kill, after a running handler was interrupted. */
  readonly terminate?: (state: State, reason: ExitReason.ExitReason, context: ActorContext<Rpcs>) => void | Effect.Effect<void, never, R>;
}

/**
 * A kind of actor: `Args` is what a new one is given, `Rpcs` its protocol, `R` the services that it needs.
 *
 * @since 0.1.0
 */
export interface Actor<in Args, in out Rpcs extends Rpc.Any, out R> {
  readonly name: string;
  readonly protocol: RpcGroup<Rpcs>;
  readonly "~hsu/Actor": { readonly args: (args: Args) => void; readonly services: () => R };
}

/** An actor that could not be started. @since 0.1.0 */
export class StartError extends Data.TaggedError("StartError")<{
  /** The actor, or the child of the supervisor, whose start failed. */
  readonly path: ReadonlyArray<string>;
  readonly reason: ExitReason.ExitReason;
}> {
  readonly code = "HSU-ACT-005";
  override get message(): string {
    return `${this.path.join("/")} did not start: ${ExitReason.format(this.reason)}`;
  }
}

/**
 * Defines a kind of actor.
 *
 * @example
 * ```ts run
 * import { Actor } from "hsu"
 * import { Effect, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Counter = Actor.make({
 *   name: "counter",
 *   protocol: RpcGroup.make(
 *     Rpc.make("Add", { payload: { n: Schema.Number } }),
 *     Rpc.make("Get", { success: Schema.Number })
 *   ),
 *   init: (start: number) => start,
 *   handlers: {
 *     Add: (total, { n }) => total + n,
 *     Get: (total) => Actor.reply(total, total)
 *   }
 * })
 *
 * const program = Effect.scoped(Effect.gen(function*() {
 *   const counter = yield* Actor.spawn(Counter, 40)
 *   counter.cast("Add", { n: 2 })
 *   return yield* counter.call("Get")
 * }))
 *
 * await Effect.runPromise(program) // => 42
 * ```
 * @since 0.1.0
 */
export const make = <State, Args, Rpcs extends Rpc.Any, InitError = never, R = never>(
  options: Options<State, Args, Rpcs, InitError, R>,
): Actor<Args, Rpcs, Exclude<R, Scope.Scope>> => {
  const { mailbox } = options;
  if (mailbox !== undefined && !(Number.isInteger(mailbox.capacity) && mailbox.capacity >= 1)) {
    throw new TypeError(`${options.name}: a mailbox of ${mailbox.capacity} messages is none`);
  }
  const ops: Record<string, Op> = Object.create(null);
  const handlers: Record<string, Op["handle"]> = options.handlers as any;
  for (const [tag, rpc] of options.protocol.requests as ReadonlyMap<string, any> as ReadonlyMap<string, Rpc.AnyWithProps>) {
    const handle = handlers[tag];
    if (handle === undefined) throw new TypeError(`${options.name}: no handler for ${tag}`);
    ops[tag] = { tag, handle, typedError: rpc.errorSchema !== Schema.Never };
  }
  const behavior: Behavior = {
    name: options.name,
    mailbox: options.mailbox,
    ops,
    init: options.init,
    info: options.info,
    terminate: options.terminate,
  };
  return { name: options.name, protocol: options.protocol, "~hsu/Actor": behavior as never };
};

/** The behaviour behind an actor definition. @internal */
export const behaviorOf = (actor: Actor<any, any, any>): Behavior => actor["~hsu/Actor"] as unknown as Behavior;

/** The next state and the reply to the caller; a cast's reply goes nowhere. @since 0.1.0 */
export const reply = <State, Success>(state: State, value: Success): Outcome<State, Success> =>
  new Directive("reply", state, value) as unknown as Outcome<State, Success>;

/** The next state, and the reply comes later: see {@link ActorContext.deferReply}. @since 0.1.0 */
export const noReply = <State>(state: State): Outcome<State, never> =>
  new Directive("noReply", state, undefined) as unknown as Outcome<State, never>;

/** Ends this incarnation. Without a reason it is `Normal`. @since 0.1.0 */
export const exit = (reason: ExitReason.ExitReason = ExitReason.normal): Outcome<never, never> =>
  new Directive("exit", undefined, reason) as unknown as Outcome<never, never>;

/**
 * What `init` returns when there is nothing to do: the start is no failure and is not tried again. A supervisor keeps the spec, unless the child is
 * `temporary`, and goes on.
 *
 * @since 0.1.0
 */
export const ignore: Outcome<never, never> = new Directive("ignore", undefined, undefined) as unknown as Outcome<never, never>;

/** Answers a call whose reply was put off. A second answer, or one after the deadline, goes nowhere. @since 0.1.0 */
export const replyTo = <Success, Error>(to: ReplyTo<Success, Error>, value: NoInfer<Success>): void => {
  (to as unknown as Call).settle(Exit.succeed(value));
};

/** Answers a call whose reply was put off with the error that its protocol declares. @since 0.1.0 */
export const failTo = <Success, Error>(to: ReplyTo<Success, Error>, error: NoInfer<Error>): void => {
  (to as unknown as Call).settle(Exit.fail(error));
};

/** Milliseconds that an actor outside of a supervisor has to stop before it is killed. */
const stopMillis = 5000;

/** Owns what has no supervisor: a spawned actor, or the root of a tree. */
class RootOwner implements Owner {
  readonly path: ReadonlyArray<string> = [];
  readonly stopMillis: number | "infinity";
  /** The live roots of the scope that it belongs to. */
  readonly siblings: Map<Cell, RootOwner>;
  onStarted: ((reason: ExitReason.ExitReason | null) => void) | null = null;
  onExited: (() => void) | null = null;

  constructor(siblings: Map<Cell, RootOwner>, stopMillis: number | "infinity") {
    this.siblings = siblings;
    this.stopMillis = stopMillis;
  }

  started(cell: Cell, reason: ExitReason.ExitReason | null): void {
    if (reason !== null) this.ended(cell, reason);
    this.onStarted?.(reason);
  }

  exited(cell: Cell, reason: ExitReason.ExitReason): void {
    if (ExitReason.isAbnormal(reason) && reason._tag !== "Killed") {
      report(cell.context, { path: cell.path, incarnation: cell.incarnation, reason });
    }
    this.ended(cell, reason);
  }

  private ended(cell: Cell, reason: ExitReason.ExitReason): void {
    this.siblings.delete(cell);
    cell.retire(reason);
    this.onExited?.();
  }
}

/** Starts a root cell and stops it when the scope closes. @internal */
export const startRoot = <C extends Cell>(
  make: (system: System, context: Context.Context<never>, owner: Owner) => C,
  failure: (cell: C, reason: ExitReason.ExitReason) => StartError,
  shutdownMillis: number | "infinity",
): Effect.Effect<C, StartError, Scope.Scope> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.contextWith((context: Context.Context<Scope.Scope>) => {
      const scope = Context.get(context, Scope.Scope);
      const known = lastGroup.get(scope);
      const group = known !== undefined && known.finalizers === finalizersOf(scope) ? known : new RootGroup();
      const { roots } = group;
      const owner = new RootOwner(roots, shutdownMillis);
      const cell = make(systemOf(context), context, owner);
      cell.start();
      const outcome = (reason: ExitReason.ExitReason | null): Effect.Effect<C, StartError> =>
        reason === null ? Effect.succeed(cell) : Effect.fail(failure(cell, reason));
      if (cell.phase === Phase.Down) {
        cell.retire(ExitReason.noProc);
        return outcome(cell.startFailure ?? ExitReason.killed);
      }
      roots.set(cell, owner);
      const started =
        cell.phase === Phase.Up
          ? Effect.succeed(cell)
          : restore(Effect.callback<C, StartError>((resume) => void (owner.onStarted = (reason) => resume(outcome(reason)))));
      if (group === known) return started;
      const stopAll = Effect.suspend(() => {
        if (lastGroup.get(scope) === group) lastGroup.delete(scope);
        return Effect.forEach([...roots].reverse(), ([root, its]) => stopRoot(root, its), { discard: true });
      });
      const noted = Effect.sync(() => {
        lastGroup.set(scope, group);
        group.finalizers = finalizersOf(scope);
      });
      return Effect.andThen(Effect.andThen(Scope.addFinalizer(scope, stopAll), noted), started);
    }),
  );

/**
 * Live roots of one scope that were spawned in a row: one finalizer stops them all, the last first. What else the scope has acquired in between
 * ends the row, so that nothing is released before the roots that may use it are stopped.
 */
class RootGroup {
  readonly roots = new Map<Cell, RootOwner>();
  /** How many finalizers the scope had when the last of the row was spawned. */
  finalizers = -1;
}

const lastGroup = new WeakMap<Scope.Scope, RootGroup>();

const finalizersOf = ({ state }: Scope.Scope): number =>
  state._tag !== "Open" ? 0 : (state.finalizers?.size ?? (state.finalizer === undefined ? 0 : 1));

const stopRoot = (cell: Cell, owner: RootOwner): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    if (!cell.alive) return resume(Effect.void);
    const { timers } = cell.system;
    const deadline = new ChildTimer(() => cell.kill());
    owner.onExited = () => {
      timers.cancel(deadline);
      resume(Effect.void);
    };
    if (owner.stopMillis !== "infinity") timers.add(deadline, owner.stopMillis);
    // In the cell's own turn: its handler may be what closes the scope.
    cell.pushControl({ run: () => cell.shutdown(ExitReason.shutdown) });
  });

/**
 * Starts an actor that no supervisor restarts. It is stopped when the scope closes; when it fails, the crash is reported.
 *
 * @example
 * ```ts
 * import { Actor } from "hsu"
 * import { Effect } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Ticker = Actor.make({
 *   name: "ticker",
 *   protocol: RpcGroup.make(Rpc.make("Tick")),
 *   init: (_: void, context) => { context.sendAfter(1000, "Tick"); return 0 },
 *   handlers: { Tick: (ticks, _, context) => { context.sendAfter(1000, "Tick"); return ticks + 1 } }
 * })
 * const program = Effect.scoped(Effect.andThen(Actor.spawn(Ticker, undefined), Effect.sleep("1 minute")))
 * ```
 * @since 0.1.0
 */
export const spawn = <Args, Rpcs extends Rpc.Any, R>(
  actor: Actor<Args, Rpcs, R>,
  args: Args,
  options?: { readonly id?: string },
): Effect.Effect<ActorRef<Rpcs>, StartError, R | Scope.Scope> => {
  const behavior = behaviorOf(actor);
  return startRoot(
    (system, context, owner) => new ActorCell(system, context, owner, options?.id ?? behavior.name, behavior, args),
    (cell, reason) => new StartError({ path: cell.path, reason }),
    stopMillis,
  ) as Effect.Effect<any, StartError, any>;
};

/**
 * Asks an actor to end with `Shutdown` and waits until it has. A supervisor that finds its `permanent` child gone starts it again.
 *
 * @since 0.1.0
 */
export const stop = (ref: ActorRef<never>): Effect.Effect<void> => ended(ref, (cell) => cell.shutdown(ExitReason.shutdown));

/**
 * Ends an actor now: a running handler is interrupted, `terminate` does not run, its scope is closed. Waits until it has ended.
 *
 * @since 0.1.0
 */
export const kill = (ref: ActorRef<never>): Effect.Effect<void> => ended(ref, (cell) => cell.kill());

const ended = (ref: ActorRef<never>, act: (cell: Cell) => void): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    const cell = ref as unknown as Cell;
    if (!cell.alive) return resume(Effect.void);
    cell.addMonitor({ notify: () => resume(Effect.void) });
    const { incarnation } = cell;
    // It may end by itself before its turn, and a supervisor may have started the next one by then.
    cell.pushControl({ run: () => (cell.incarnation === incarnation ? act(cell) : undefined) });
  });

/**
 * Waits for the end of the incarnation that is there now; `NoProc` when there is none.
 *
 * @since 0.1.0
 */
export const awaitExit = (ref: ActorRef<never>): Effect.Effect<ExitReason.ExitReason> =>
  Effect.callback<ExitReason.ExitReason>((resume) => {
    const stopWatching = (ref as unknown as Cell).addMonitor({ notify: (_, reason) => resume(Effect.succeed(reason)) });
    return Effect.sync(stopWatching);
  });

/** The defect or error of an abnormal end, for a message or a log. @since 0.1.0 */
export const errorOf = (reason: ExitReason.ExitReason): unknown => (reason._tag === "Error" ? Cause.squash(reason.cause) : undefined);
