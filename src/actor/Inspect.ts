/**
 * Looking inside a live system: states, mailboxes, messages, who waits for whom, what is slow. Nothing of it costs an actor that is not looked at.
 *
 * When to use: for an operator's console, for finding out why nothing moves, in tests. Not for one actor to read another's state.
 */
import * as Cause from "effect/Cause";
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import type * as Exit from "effect/Exit";
import * as Queue from "effect/Queue";
import type * as Scope from "effect/Scope";
import * as Stream from "effect/Stream";
import { ActorDown, type ActorRef } from "./ActorRef.ts";
import { type ExitDecision, subscribe } from "./Event.ts";
import * as ExitReason from "./ExitReason.ts";
import type { MailboxInfo } from "./Mailbox.ts";
import { ActorCell } from "./internal/actorCell.ts";
import { type Cell, type Control, Phase } from "./internal/cell.ts";
import { show } from "./internal/crash.ts";
import { SupervisorHandle } from "./internal/supervisorHandle.ts";
import { type HandlerWatch, systemOf } from "./internal/system.ts";
import { tap } from "./internal/tap.ts";
import { circles, type Wait, waitsBelow } from "./internal/waits.ts";

export type { Wait };

/**
 * A function that was to make a new state threw; the state is as it was.
 *
 * @example
 * ```ts run
 * import { Actor, Inspect } from "hsu"
 * import { Effect } from "effect"
 * import { RpcGroup } from "effect/rpc"
 *
 * const Cache = Actor.make({ name: "cache", protocol: RpcGroup.make(), init: () => ["a"], handlers: {} })
 * const program = Effect.gen(function*() {
 *   const cache = yield* Actor.spawn(Cache, undefined)
 *   const broken = (): unknown => {
 *     throw new Error("not yet")
 *   }
 *   const error = yield* Effect.flip(Inspect.replaceState(cache, broken))
 *   return [error.message, yield* Inspect.state(cache)]
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => ["the state of cache was not replaced: Error: not yet", ["a"]]
 * ```
 * @since 0.1.0
 */
export class ReplaceStateFailed extends Data.TaggedError("ReplaceStateFailed")<{
  readonly path: ReadonlyArray<string>;
  readonly cause: Cause.Cause<never>;
}> {
  readonly code = "HSU-ACT-020";
  override get message(): string {
    return `the state of ${this.path.join("/")} was not replaced: ${ExitReason.format(ExitReason.fromCause(this.cause))}`;
  }
}

type AnyActor = ActorRef<never>;

/** Supervisors and tasks are at such addresses, too. */
const actorAt = (ref: AnyActor): ActorCell => {
  if (ref instanceof ActorCell) return ref;
  throw new TypeError(`${ref.path.join("/")} is a supervisor, a task, or an actor of another thread: there is no state of it here`);
};

/** Runs in the actor's own turn, ahead of its messages; waits for a start that is under way. */
const inTurn = <A, E = never>(
  ref: AnyActor,
  act: (cell: ActorCell, resume: (effect: Effect.Effect<A, E>) => void) => void,
): Effect.Effect<A, E | ActorDown> =>
  Effect.callback<A, E | ActorDown>((resume) => {
    const cell = actorAt(ref);
    const isDown = (): boolean => cell.phase === Phase.Down || cell.phase === Phase.Stopping;
    const down = (): void => resume(Effect.fail(new ActorDown({ path: cell.path, reason: ExitReason.noProc })));
    if (isDown()) return down();
    const control: Control = {
      run: () => {
        if (isDown()) down();
        else if (cell.phase === Phase.Starting) (cell.more.whenUp ??= []).push(control);
        else act(cell, resume);
      },
    };
    cell.pushControl(control);
  });

const stateOf = ({ behavior, state }: ActorCell): unknown => (behavior.view === undefined ? state : behavior.view.get(state));

/**
 * The state that an actor has now; while a handler waits for its effect, the one from before. Of a state machine `{ state, data }`.
 *
 * @example
 * ```ts run
 * import { Actor, Inspect } from "hsu"
 * import { Effect } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Counter = Actor.make({
 *   name: "counter",
 *   protocol: RpcGroup.make(Rpc.make("Add")),
 *   init: () => 0,
 *   handlers: { Add: (n) => n + 1 }
 * })
 *
 * const program = Effect.scoped(Effect.gen(function*() {
 *   const counter = yield* Actor.spawn(Counter, undefined)
 *   yield* counter.call("Add")
 *   return yield* Inspect.state(counter)
 * }))
 *
 * await Effect.runPromise(program) // => 1
 * ```
 * @since 0.1.0
 */
export const state = (ref: AnyActor): Effect.Effect<unknown, ActorDown> =>
  inTurn(ref, (cell, resume) => resume(Effect.succeed(stateOf(cell))));

/**
 * Gives an actor another state, which it returns. A handler that is waiting just now still goes by the old one, and may put it back.
 * Fails, and changes nothing, when `replace` throws.
 *
 * @example
 * ```ts run
 * import { Actor, Inspect } from "hsu"
 * import { Effect } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Counter = Actor.make({
 *   name: "counter",
 *   protocol: RpcGroup.make(Rpc.make("Add")),
 *   init: () => 0,
 *   handlers: { Add: (n) => n + 1 }
 * })
 * const program = Effect.gen(function*() {
 *   const counter = yield* Actor.spawn(Counter, undefined)
 *   yield* Inspect.replaceState(counter, (n: number) => n + 41)
 *   yield* counter.call("Add")
 *   return yield* Inspect.state(counter)
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => 42
 * ```
 * @since 0.1.0
 */
export const replaceState = (ref: AnyActor, replace: (state: any) => unknown): Effect.Effect<unknown, ActorDown | ReplaceStateFailed> =>
  inTurn<unknown, ReplaceStateFailed>(ref, (cell, resume) => {
    let next: unknown;
    try {
      next = replace(stateOf(cell));
    } catch (error) {
      return resume(Effect.fail(new ReplaceStateFailed({ path: cell.path, cause: Cause.die(error) })));
    }
    const { view } = cell.behavior;
    cell.state = view === undefined ? next : view.set(cell.state, next);
    resume(Effect.succeed(next));
  });

/**
 * Has an actor handle no more messages and news until {@link resume}; they wait. A handler that has begun is not held up. Stops, kills and this
 * module still reach it, its calls run into their deadlines, and a new incarnation is not suspended.
 *
 * @example
 * ```ts run
 * import { Actor, Inspect } from "hsu"
 * import { Effect } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Counter = Actor.make({
 *   name: "counter",
 *   protocol: RpcGroup.make(Rpc.make("Add")),
 *   init: () => 0,
 *   handlers: { Add: (n) => n + 1 }
 * })
 * const program = Effect.gen(function*() {
 *   const counter = yield* Actor.spawn(Counter, undefined)
 *   yield* Inspect.suspend(counter)
 *   counter.cast("Add")
 *   return [yield* Inspect.state(counter), counter.mailbox.depth]
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => [0, 1]
 * ```
 * @since 0.1.0
 */
export const suspend = (ref: AnyActor): Effect.Effect<void, ActorDown> =>
  inTurn(ref, (cell, done) => {
    cell.phase = Phase.Suspended;
    done(Effect.void);
  });

/**
 * Ends what {@link suspend} began; nothing happens to an actor that is not suspended.
 *
 * @example
 * ```ts run
 * import { Actor, Inspect } from "hsu"
 * import { Effect } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Counter = Actor.make({
 *   name: "counter",
 *   protocol: RpcGroup.make(Rpc.make("Add")),
 *   init: () => 0,
 *   handlers: { Add: (n) => n + 1 }
 * })
 * const program = Effect.gen(function*() {
 *   const counter = yield* Actor.spawn(Counter, undefined)
 *   yield* Inspect.suspend(counter)
 *   counter.cast("Add")
 *   yield* Inspect.resume(counter)
 *   yield* counter.call("Add")
 *   return yield* Inspect.state(counter)
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => 2
 * ```
 * @since 0.1.0
 */
export const resume = (ref: AnyActor): Effect.Effect<void, ActorDown> =>
  inTurn(ref, (cell, done) => {
    cell.phase = Phase.Up;
    done(Effect.void);
  });

/** An actor as {@link status} shows it. @since 0.1.0 */
export interface Status {
  readonly path: ReadonlyArray<string>;
  readonly incarnation: number;
  readonly suspended: boolean;
  /** Whether a handler waits for its effect. */
  readonly busy: boolean;
  readonly mailbox: MailboxInfo;
  /** As the actor's `format` shows it. */
  readonly state: unknown;
  /** Set when `format` threw: then the state is not shown. */
  readonly formatError?: unknown;
  /** How many monitor it, and the actors that it is linked with. */
  readonly monitors: number;
  readonly links: ReadonlyArray<ReadonlyArray<string>>;
}

/**
 * An actor at a glance.
 *
 * @example
 * ```ts run
 * import { Actor, Inspect } from "hsu"
 * import { Effect } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Slow = Actor.make({
 *   name: "slow",
 *   protocol: RpcGroup.make(Rpc.make("Wait")),
 *   init: () => "idle",
 *   handlers: { Wait: () => Effect.never }
 * })
 * const program = Effect.gen(function*() {
 *   const slow = yield* Actor.spawn(Slow, undefined)
 *   slow.cast("Wait")
 *   slow.cast("Wait")
 *   yield* Effect.sleep(1)
 *   const { busy, mailbox, state } = yield* Inspect.status(slow)
 *   return { busy, waiting: mailbox.depth, state }
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => { busy: true, waiting: 1, state: "idle" }
 * ```
 * @since 0.1.0
 */
export const status = (ref: AnyActor): Effect.Effect<Status, ActorDown> =>
  inTurn(ref, (cell, done) => {
    const { extras } = cell;
    const shown = show(cell.behavior, { state: cell.state, message: null, reason: null });
    done(
      Effect.succeed({
        path: cell.path,
        incarnation: cell.incarnation,
        suspended: cell.phase === Phase.Suspended,
        busy: cell.fiber !== null,
        mailbox: cell.mailbox,
        monitors: extras?.monitors?.length ?? 0,
        links: [...(extras?.links ?? [])].map(({ path }) => path),
        state: shown.state,
        ...("formatError" in shown ? { formatError: shown.formatError } : {}),
      }),
    );
  });

/** A message of an actor that is traced: its handler begins, or has ended. News have the tag `info`. @since 0.1.0 */
export type TraceEvent = {
  readonly tag: string;
  /** As the actor's `format` shows it. */
  readonly payload: unknown;
  readonly incarnation: number;
  /** Unix milliseconds, of the actor's clock. */
  readonly at: number;
} & (
  | { readonly _tag: "Begin" }
  /** `millis`: between the two, also when the handler waited. */
  | { readonly _tag: "End"; readonly exit: Exit.Exit<unknown, unknown>; readonly millis: number }
);

/**
 * The messages that are sent to one actor from now on, as it handles them, over all its incarnations. Slow readers keep them in memory.
 *
 * @example
 * ```ts run
 * import { Actor, Inspect } from "hsu"
 * import { Effect, Fiber, Schema, Stream } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Counter = Actor.make({
 *   name: "counter",
 *   protocol: RpcGroup.make(Rpc.make("Add", { payload: { n: Schema.Number } })),
 *   init: () => 0,
 *   handlers: { Add: (total, { n }) => total + n }
 * })
 * const program = Effect.gen(function*() {
 *   const counter = yield* Actor.spawn(Counter, undefined)
 *   const two = Inspect.trace(counter).pipe(
 *     Stream.map(({ _tag, tag, payload }) => ({ _tag, tag, payload })),
 *     Stream.take(2),
 *     Stream.runCollect
 *   )
 *   const seen = yield* Effect.forkChild(two, { startImmediately: true })
 *   counter.cast("Add", { n: 2 })
 *   return yield* Fiber.join(seen)
 * })
 * const [begin, end] = await Effect.runPromise(Effect.scoped(program))
 *
 * begin // => { _tag: "Begin", tag: "Add", payload: { n: 2 } }
 * end // => { _tag: "End", tag: "Add", payload: { n: 2 } }
 * ```
 * @since 0.1.0
 */
export const trace = (ref: AnyActor): Stream.Stream<TraceEvent> =>
  Stream.callback<TraceEvent>((queue) => {
    const cell = actorAt(ref);
    const listen = Effect.sync(() =>
      tap(cell, ({ end, payload, tag }) => {
        const event = { tag, payload, incarnation: cell.incarnation, at: cell.system.wallClock() };
        void Queue.offerUnsafe(queue, end === undefined ? { _tag: "Begin", ...event } : { _tag: "End", ...event, ...end });
      }),
    );
    return Effect.andThen(
      Effect.acquireRelease(listen, (stop) => Effect.sync(stop)),
      Effect.never,
    );
  });

/** A handler that took long. @since 0.1.0 */
export interface SlowHandler {
  readonly path: ReadonlyArray<string>;
  readonly tag: string;
  readonly millis: number;
}

const watchers = new WeakMap<object, Set<HandlerWatch>>();

/**
 * The handlers that take at least `millis` milliseconds, when they have ended: those that keep all others waiting, and those that wait
 * themselves. While somebody listens, the clock is read after each message of each actor.
 *
 * @example
 * ```ts run
 * import { Actor, Inspect } from "hsu"
 * import { Effect, Fiber, Option, Stream } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Lazy = Actor.make({
 *   name: "lazy",
 *   protocol: RpcGroup.make(Rpc.make("Work")),
 *   init: () => 0,
 *   handlers: { Work: (n) => Effect.as(Effect.sleep(20), n + 1) }
 * })
 * const program = Effect.gen(function*() {
 *   const seen = yield* Effect.forkChild(Stream.runHead(Inspect.slowHandlers({ millis: 10 })), { startImmediately: true })
 *   const lazy = yield* Actor.spawn(Lazy, undefined)
 *   lazy.cast("Work")
 *   return Option.map(yield* Fiber.join(seen), ({ path, tag }) => `${path.join("/")} ${tag}`)
 * })
 * Option.getOrThrow(await Effect.runPromise(Effect.scoped(program))) // => "lazy Work"
 * ```
 * @since 0.1.0
 */
export const slowHandlers = (options: { readonly millis: number }): Stream.Stream<SlowHandler> =>
  Stream.callback<SlowHandler>((queue) => {
    const watch: HandlerWatch = (runnable, { tag }, millis) => {
      if (millis >= options.millis) void Queue.offerUnsafe(queue, { path: (runnable as unknown as Cell).path, tag, millis });
    };
    const listen = Effect.map(Effect.context(), (context) => {
      const system = systemOf(context);
      const set = watchers.get(system) ?? new Set();
      watchers.set(system, set);
      set.add(watch);
      system.watch = (...seen) => {
        for (const each of set) each(...seen);
      };
      return () => {
        set.delete(watch);
        if (set.size === 0) system.watch = null;
      };
    });
    return Effect.andThen(
      Effect.acquireRelease(listen, (stop) => Effect.sync(stop)),
      Effect.never,
    );
  });

/** An actor, or a supervisor with all below it. @since 0.1.0 */
export type Root = AnyActor | { readonly path: ReadonlyArray<string>; readonly whichChildren: unknown };

const cellsOf = (roots: Iterable<Root>): ReadonlyArray<Cell> =>
  [...roots].map((root) => (root instanceof SupervisorHandle ? root["cell"] : (root as unknown as Cell)));

/**
 * The calls that wait just now for an actor among `roots` and below. A call from a fiber that a handler has forked has no `from`.
 *
 * @example
 * ```ts run
 * import { Actor, Inspect } from "hsu"
 * import { Effect } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Slow = Actor.make({
 *   name: "slow",
 *   protocol: RpcGroup.make(Rpc.make("Wait")),
 *   init: () => 0,
 *   handlers: { Wait: () => Effect.never }
 * })
 * const program = Effect.gen(function*() {
 *   const slow = yield* Actor.spawn(Slow, undefined)
 *   yield* Effect.forkChild(slow.call("Wait"), { startImmediately: true })
 *   yield* Effect.sleep(1)
 *   return Inspect.waits([slow]).map(({ to, tag }) => `${to.join("/")} ${tag}`)
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => ["slow Wait"]
 * ```
 * @since 0.1.0
 */
export const waits = (roots: Iterable<Root>): ReadonlyArray<Wait> => waitsBelow(cellsOf(roots));

/**
 * The circles in which actors wait for each other: each of their calls will run into its deadline, or wait for ever.
 *
 * @example
 * ```ts run
 * import { Actor, type ActorRef, Inspect } from "hsu"
 * import { Effect } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const protocol = RpcGroup.make(Rpc.make("Ask"))
 * const peers = new Map<string, ActorRef<RpcGroup.Rpcs<typeof protocol>>>()
 * const Peer = Actor.make({
 *   name: "peer",
 *   protocol,
 *   init: (other: string) => other,
 *   handlers: { Ask: (other) => Effect.as(Effect.ignore(peers.get(other)!.call("Ask")), other) }
 * })
 * const program = Effect.gen(function*() {
 *   const a = yield* Actor.spawn(Peer, "b", { id: "a" })
 *   const b = yield* Actor.spawn(Peer, "a", { id: "b" })
 *   peers.set("a", a).set("b", b)
 *   a.cast("Ask") // a asks b, which asks a, which waits for b
 *   yield* Effect.sleep(1)
 *   return Inspect.deadlocks([a, b]).map((circle) => circle.map(({ to }) => to.join("/")).toSorted())
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => [["a", "b"]]
 * ```
 * @since 0.1.0
 */
export const deadlocks = (roots: Iterable<Root>): ReadonlyArray<ReadonlyArray<Wait>> => circles(waits(roots));

/** An end of an actor in {@link restartHistory}. @since 0.1.0 */
export interface PastExit {
  /** Unix milliseconds. */
  readonly at: number;
  readonly incarnation: number;
  readonly reason: ExitReason.ExitReason;
  readonly decision: ExitDecision;
}

/**
 * Keeps the last ends of each supervised actor, at most `limit` of them (default 32), until the scope closes; ask it by an actor's path.
 *
 * @example
 * ```ts run
 * import { Actor, ChildSpec, CrashReport, ExitReason, Inspect, Supervisor } from "hsu"
 * import { Effect } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Flaky = Actor.make({
 *   name: "flaky",
 *   protocol: RpcGroup.make(Rpc.make("Crash"), Rpc.make("Ping")),
 *   init: () => 0,
 *   handlers: {
 *     Crash: () => {
 *       throw new Error("boom")
 *     },
 *     Ping: () => {}
 *   }
 * })
 * const flaky = ChildSpec.make(Flaky, undefined, { id: "flaky" })
 * const program = Effect.gen(function*() {
 *   const historyOf = yield* Inspect.restartHistory()
 *   const ref = (yield* Supervisor.start({ children: [flaky] })).ref(flaky)
 *   ref.cast("Crash")
 *   yield* ref.call("Ping")
 *   return historyOf(ref.path).map(({ incarnation, reason, decision }) => [incarnation, ExitReason.format(reason), decision])
 * }).pipe(Effect.provideService(CrashReport.Reporter, () => Effect.void))
 * await Effect.runPromise(Effect.scoped(program)) // => [[1, "Error: boom", "restart"]]
 * ```
 * @since 0.1.0
 */
export const restartHistory = (options?: {
  readonly limit?: number;
}): Effect.Effect<(path: ReadonlyArray<string>) => ReadonlyArray<PastExit>, never, Scope.Scope> => {
  const limit = options?.limit ?? 32;
  const past = new Map<string, Array<PastExit>>();
  const key = (path: ReadonlyArray<string>): string => JSON.stringify(path);
  return Effect.as(
    subscribe((event) => {
      if (event._tag !== "Exited") return;
      const list = past.get(key(event.path)) ?? [];
      past.set(key(event.path), list);
      list.push({ at: event.at, incarnation: event.incarnation, reason: event.reason, decision: event.decision });
      if (list.length > limit) list.shift();
    }),
    (path) => past.get(key(path)) ?? [],
  );
};
