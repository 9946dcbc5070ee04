/**
 * Calls that are waited for later, or together: gen_server's requests and their collections.
 *
 * When to use: in a handler that asks several actors and goes on with whichever answers first. For one answer use `call`; for the answers of
 * all use {@link multiCall}.
 */
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import type * as Exit from "effect/Exit";
import * as Option from "effect/Option";
import * as Result from "effect/Result";
import type * as Rpc from "effect/rpc/Rpc";
import { type ActorRef, type CallError, type CallOptions, CallTimeout } from "./ActorRef.ts";
import type { Call, Cell } from "./internal/cell.ts";

/**
 * No answer has come in time; the requests are as they were after a `wait`, and are abandoned after a `receive`.
 *
 * @example
 * ```ts run
 * import { Actor, Requests } from "hsu"
 * import { Effect } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Mute = Actor.make({
 *   name: "mute",
 *   protocol: RpcGroup.make(Rpc.make("Say")),
 *   init: () => 0,
 *   handlers: { Say: (n, _, context) => { context.deferReply(); return Actor.noReply(n) } }
 * })
 * const program = Effect.scoped(Effect.gen(function*() {
 *   const mute = yield* Actor.spawn(Mute, undefined)
 *   const requests = Requests.collection<string, void, unknown>()
 *   requests.add("first", Requests.send(mute, "Say"))
 *   const error = yield* Effect.flip(requests.receive({ timeout: 1 }))
 *   return [error.message, requests.size]
 * }))
 * await Effect.runPromise(program) // => ["none of 1 requests was answered in time", 0]
 * ```
 * @since 0.1.0
 */
export class RequestTimeout extends Data.TaggedError("RequestTimeout")<{
  /** How many were waited for. */
  readonly outstanding: number;
}> {
  readonly code = "HSU-ACT-021";
  override get message(): string {
    return `none of ${this.outstanding} requests was answered in time`;
  }
}

/**
 * A request was added to a collection a second time, or after it was abandoned.
 *
 * @example
 * ```ts run
 * import { Actor, Requests } from "hsu"
 * import { Effect } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Mute = Actor.make({
 *   name: "mute",
 *   protocol: RpcGroup.make(Rpc.make("Say")),
 *   init: () => 0,
 *   handlers: { Say: (n, _, context) => { context.deferReply(); return Actor.noReply(n) } }
 * })
 * const program = Effect.scoped(Effect.gen(function*() {
 *   const mute = yield* Actor.spawn(Mute, undefined)
 *   const requests = Requests.collection<string, void, unknown>()
 *   const request = Requests.send(mute, "Say")
 *   request.abandon()
 *   const added = yield* Effect.exit(Effect.sync(() => requests.add("late", request)))
 *   return added._tag
 * }))
 * await Effect.runPromise(program) // => "Failure"
 * ```
 * @since 0.1.0
 */
export class RequestNotOpen extends Data.TaggedError("RequestNotOpen")<{ readonly path: ReadonlyArray<string>; readonly tag: string }> {
  readonly code = "HSU-ACT-022";
  override get message(): string {
    return `the request ${this.tag} to ${this.path.join("/")} is in a collection already, or was abandoned`;
  }
}

/** How long to wait: milliseconds from now, or until a Unix time in milliseconds. Default: as long as it takes. @since 0.1.0 */
export type Patience = { readonly timeout?: number } | { readonly until: number };

/**
 * A call that was sent. It has no deadline of its own; its answer is kept until it is asked for.
 *
 * @since 0.1.0
 */
class Request<out A, out E> {
  readonly path: ReadonlyArray<string>;
  readonly tag: string;
  /** The answer, once there is one. */
  private answer: Exit.Exit<A, E> | null = null;
  private call: Call | null = null;
  private listeners: Array<() => void> = [];
  /** In a collection, or abandoned. */
  private taken = false;

  /** @internal */
  constructor(cell: Cell, tag: string, payload: unknown) {
    this.path = cell.path;
    this.tag = tag;
    this.call = cell.request(tag, payload, "infinity", (exit) => {
      this.answer = exit;
      this.call = null;
      for (const tell of this.listeners.splice(0)) tell();
    });
  }

  /** What the answer is; none as long as there is none. It does not wait. */
  get poll(): Option.Option<Exit.Exit<A, E>> {
    return Option.fromNullOr(this.answer);
  }

  /** Waits for the answer. A timeout is a `CallTimeout`, and leaves the request as it was: it may be waited for again. */
  wait(patience?: Patience): Effect.Effect<A, E | CallTimeout> {
    return inTime(this.settled, patience, () => new CallTimeout({ path: this.path, tag: this.tag }));
  }

  /** As `wait`, but after a timeout the request is abandoned: an answer that comes later goes nowhere. */
  receive(patience?: Patience): Effect.Effect<A, E | CallTimeout> {
    // Unanswered, so that it was the timeout.
    return Effect.tapError(this.wait(patience), () => Effect.sync(() => (this.answer === null ? this.abandon() : undefined)));
  }

  /** Nobody wants the answer any more. The message may be handled all the same. */
  abandon(): void {
    this.taken = true;
    this.call?.abandon();
    this.call = null;
    this.listeners = [];
  }

  private get settled(): Effect.Effect<A, E> {
    return Effect.callback((resume) => {
      if (this.answer !== null) return resume(this.answer);
      const tell = (): void => resume(this.answer!);
      return Effect.sync(this.listen(tell));
    });
  }

  /** @internal */
  listen(tell: () => void): () => void {
    this.listeners.push(tell);
    return () => void (this.listeners = this.listeners.filter((each) => each !== tell));
  }

  /** @internal */
  take(): void {
    if (this.taken) throw new RequestNotOpen({ path: this.path, tag: this.tag });
    this.taken = true;
  }
}

const inTime = <A, E, T>(effect: Effect.Effect<A, E>, patience: Patience | undefined, late: () => T): Effect.Effect<A, E | T> => {
  if (patience === undefined) return effect;
  const orElse = () => Effect.fail(late());
  if ("until" in patience) {
    return Effect.clockWith((clock) =>
      Effect.timeoutOrElse(effect, { duration: Math.max(0, patience.until - clock.currentTimeMillisUnsafe()), orElse }),
    );
  }
  return patience.timeout === undefined ? effect : Effect.timeoutOrElse(effect, { duration: patience.timeout, orElse });
};

type Payload<R extends Rpc.Any> = [Rpc.Payload<R>] extends [void] ? readonly [payload?: undefined] : readonly [payload: Rpc.Payload<R>];

/**
 * Sends a call and does not wait for its answer.
 *
 * @example
 * ```ts run
 * import { Actor, Requests } from "hsu"
 * import { Effect, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Doubler = Actor.make({
 *   name: "doubler",
 *   protocol: RpcGroup.make(Rpc.make("Double", { payload: { n: Schema.Number }, success: Schema.Number })),
 *   init: () => 0,
 *   handlers: { Double: (state, { n }) => Actor.reply(state, 2 * n) }
 * })
 * const program = Effect.scoped(Effect.gen(function*() {
 *   const doubler = yield* Actor.spawn(Doubler, undefined)
 *   const request = Requests.send(doubler, "Double", { n: 21 })
 *   return yield* request.wait({ timeout: 1000 })
 * }))
 * await Effect.runPromise(program) // => 42
 * ```
 * @since 0.1.0
 */
export const send = <Rpcs extends Rpc.Any, const Tag extends Rpc.Tag<Rpcs>>(
  ref: ActorRef<Rpcs>,
  tag: Tag,
  ...payload: Payload<Rpc.ExtractTag<Rpcs, Tag>>
): Request<Rpc.Success<Rpc.ExtractTag<Rpcs, Tag>>, Rpc.Error<Rpc.ExtractTag<Rpcs, Tag>> | CallError> =>
  new Request(ref as unknown as Cell, tag, payload[0]);

/** The answer to one of the requests of a {@link Collection}. @since 0.1.0 */
export interface Response<out Label, out A, out E> {
  readonly label: Label;
  readonly exit: Exit.Exit<A, E>;
}

/**
 * Requests that are waited for together. Their answers come in the order in which they were given.
 *
 * @since 0.1.0
 */
class Collection<Label, A, E> {
  private readonly open = new Map<Request<A, E>, { readonly label: Label; readonly forget: () => void }>();
  private readonly answered: Array<Request<A, E>> = [];
  private wake: () => void = () => {};

  /** How many have not been given back yet. */
  get size(): number {
    return this.open.size;
  }

  /** Adds a request; throws `RequestNotOpen` when it is in a collection already. */
  add(label: Label, request: Request<A, E>): this {
    request.take();
    const tell = (): void => {
      this.answered.push(request);
      this.wake();
    };
    const known = Option.isSome(request.poll);
    this.open.set(request, { label, forget: known ? () => {} : request.listen(tell) });
    if (known) tell();
    return this;
  }

  /** The next answer if there is one, and takes it out. It does not wait. */
  check(): Option.Option<Response<Label, A, E>> {
    const request = this.answered.shift();
    if (request === undefined) return Option.none();
    const { label } = this.open.get(request)!;
    this.open.delete(request);
    return Option.map(request.poll, (exit) => ({ label, exit }));
  }

  /** Waits for the next answer and takes it out; none when nothing is left. After a timeout all is as it was. */
  wait(patience?: Patience): Effect.Effect<Option.Option<Response<Label, A, E>>, RequestTimeout> {
    return Effect.suspend(() => {
      if (this.open.size === 0) return Effect.succeedNone;
      const next = Effect.callback<void>((resume) => {
        if (this.answered.length > 0) return resume(Effect.void);
        this.wake = () => resume(Effect.void);
        return Effect.sync(() => void (this.wake = () => {}));
      });
      const outstanding = this.open.size;
      return Effect.map(
        inTime(next, patience, () => new RequestTimeout({ outstanding })),
        () => this.check(),
      );
    });
  }

  /** As `wait`, but after a timeout all that are left are abandoned. */
  receive(patience?: Patience): Effect.Effect<Option.Option<Response<Label, A, E>>, RequestTimeout> {
    return Effect.tapError(this.wait(patience), () => Effect.sync(() => this.abandon()));
  }

  /** Nobody wants these answers any more. */
  abandon(): void {
    for (const [request, { forget }] of this.open) {
      forget();
      request.abandon();
    }
    this.open.clear();
    this.answered.length = 0;
  }
}

/**
 * An empty collection.
 *
 * @example
 * ```ts run
 * import { Actor, Requests } from "hsu"
 * import { Effect, Exit, Option, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Sleeper = Actor.make({
 *   name: "sleeper",
 *   protocol: RpcGroup.make(Rpc.make("Sleep", { payload: { millis: Schema.Number }, success: Schema.Number })),
 *   init: () => 0,
 *   handlers: { Sleep: (n, { millis }) => Effect.as(Effect.sleep(millis), Actor.reply(n, millis)) }
 * })
 * const program = Effect.scoped(Effect.gen(function*() {
 *   const requests = Requests.collection<string, number, unknown>()
 *   for (const [label, millis] of [["slow", 40], ["quick", 1]] as const) {
 *     const sleeper = yield* Actor.spawn(Sleeper, undefined)
 *     requests.add(label, Requests.send(sleeper, "Sleep", { millis }))
 *   }
 *   const labels: Array<string> = []
 *   while (requests.size > 0) {
 *     const response = Option.getOrThrow(yield* requests.receive({ timeout: 1000 }))
 *     if (Exit.isSuccess(response.exit)) labels.push(response.label)
 *   }
 *   return labels
 * }))
 * await Effect.runPromise(program) // => ["quick", "slow"]
 * ```
 * @since 0.1.0
 */
export const collection = <Label, A, E>(): Collection<Label, A, E> => new Collection();

/** What became of a {@link multiCall}. @since 0.1.0 */
export interface MultiCall<Rpcs extends Rpc.Any, A, E> {
  readonly replies: ReadonlyArray<{ readonly ref: ActorRef<Rpcs>; readonly value: A }>;
  /** Those that were down, failed, or did not answer in time. */
  readonly bad: ReadonlyArray<{ readonly ref: ActorRef<Rpcs>; readonly error: E }>;
}

/**
 * Calls all of them at once and waits for all, at most `timeout` milliseconds (default 5000). It does not fail; both lists are in the order of `refs`.
 *
 * @example
 * ```ts run
 * import { Actor, Requests } from "hsu"
 * import { Effect, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Node = Actor.make({
 *   name: "node",
 *   protocol: RpcGroup.make(Rpc.make("Load", { success: Schema.Number })),
 *   init: (load: number) => load,
 *   handlers: { Load: (load) => Actor.reply(load, load) }
 * })
 * const program = Effect.scoped(Effect.gen(function*() {
 *   const nodes = [yield* Actor.spawn(Node, 3), yield* Actor.spawn(Node, 5)]
 *   yield* Actor.stop(nodes[1]!)
 *   const { replies, bad } = yield* Requests.multiCall(nodes, "Load")
 *   return [replies.map(({ value }) => value), bad.map(({ error }) => error._tag)]
 * }))
 * await Effect.runPromise(program) // => [[3], ["ActorDown"]]
 * ```
 * @since 0.1.0
 */
export const multiCall = <Rpcs extends Rpc.Any, const Tag extends Rpc.Tag<Rpcs>>(
  refs: ReadonlyArray<ActorRef<Rpcs>>,
  tag: Tag,
  ...rest: [...Payload<Rpc.ExtractTag<Rpcs, Tag>>, options?: { readonly timeout?: number | "infinity" }]
): Effect.Effect<MultiCall<Rpcs, Rpc.Success<Rpc.ExtractTag<Rpcs, Tag>>, Rpc.Error<Rpc.ExtractTag<Rpcs, Tag>> | CallError>> =>
  Effect.map(
    Effect.forEach(refs, (ref) => Effect.result((ref as unknown as Cell).call(tag, rest[0], rest[1] as CallOptions | undefined)), {
      concurrency: "unbounded",
    }),
    (results) => ({
      replies: results.flatMap((result, n) => (Result.isSuccess(result) ? [{ ref: refs[n]!, value: result.success }] : [])),
      bad: results.flatMap((result, n) => (Result.isFailure(result) ? [{ ref: refs[n]!, error: result.failure }] : [])),
    }),
  );

export type { Collection, Request };
