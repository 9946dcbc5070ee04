/**
 * Actors: a state, a mailbox with a typed protocol, and handlers that run one at a time.
 *
 * When to use: for anything that has a state of its own and can fail on its own. Under a supervisor it is started again when it fails.
 */
import * as Cause from "effect/Cause";
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Schema from "effect/Schema";
import * as Scope from "effect/Scope";
import type * as Rpc from "effect/rpc/Rpc";
import type { RpcGroup } from "effect/rpc/RpcGroup";
import type { ActorRef } from "./ActorRef.ts";
import type { Shown } from "./CrashReport.ts";
import * as ExitReason from "./ExitReason.ts";
import type { Mailbox } from "./Mailbox.ts";
import { ActorCell } from "./internal/actorCell.ts";
import { definitionOf } from "./internal/hosted.ts";
import { startRoot } from "./internal/root.ts";
import { type Behavior, Directive, informOp } from "./internal/behavior.ts";
import type { Call, Cell, Op } from "./internal/cell.ts";

/** An incarnation that an actor monitors has ended. @since 0.1.0 */
export interface Down {
  readonly _tag: "Down";
  readonly ref: ActorRef<never>;
  readonly reason: ExitReason.ExitReason;
}

/** A linked actor has ended, and this one traps exits. `ref` is null when it came from {@link signal}. @since 0.1.0 */
export interface Exited {
  readonly _tag: "Exit";
  readonly ref: ActorRef<never> | null;
  readonly reason: ExitReason.ExitReason;
}

/** No message has come for as long as {@link timeout} said; `message` is what it was given. @since 0.1.0 */
export interface Timeout {
  readonly _tag: "Timeout";
  readonly message: unknown;
}

/** Something outside of the protocol, sent with {@link inform}. @since 0.1.0 */
export interface Message {
  readonly _tag: "Message";
  readonly value: unknown;
}

/** What an actor hears beside the messages of its protocol. @since 0.1.0 */
export type Info = Down | Exited | Timeout | Message;

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
  /**
   * Starts an actor that belongs to this incarnation and ends with it: the last first, each within 5 seconds, before its scope is closed. Nobody
   * starts it again. Messages that are sent to it while its init takes time wait; an init that fails is reported, and a monitor hears of `NoProc`.
   */
  spawn<Args, Spawned extends Rpc.Any>(
    actor: Actor<Args, Spawned, never>,
    args: Args,
    options?: { readonly id?: string },
  ): ActorRef<Spawned>;
  /**
   * Ties this incarnation to the one that `ref` names now: when one of them ends with anything but `Normal`, so does the other, with the same
   * reason; one that traps exits hears of it instead (see `trapExit`), of a normal end too. To link twice is to link once. A dead actor's exit is
   * `NoProc`. Supervisors trap exits and take no note of them.
   */
  link(ref: ActorRef<never>): void;
  /** Takes a link back, on both sides; an `Exit` that was not handled yet is forgotten. */
  unlink(ref: ActorRef<never>): void;
  /**
   * An address for one message of this incarnation, to be handed to whoever is to send it: after `close`, at the end of the incarnation, and with
   * `once` after the first, what is sent to it goes nowhere. So an answer that comes too late is not mistaken for another.
   */
  alias<const Tag extends Rpc.Tag<Rpcs>>(tag: Tag, options?: { readonly once?: boolean }): Alias<Rpc.Payload<Rpc.ExtractTag<Rpcs, Tag>>>;
}

/** An address that {@link ActorContext.alias} has made. @since 0.1.0 */
export interface Alias<in Payload> {
  readonly active: boolean;
  send(payload: Payload): void;
  close(): void;
}

declare const OutcomeType: unique symbol;

/** A result made by {@link reply}, {@link noReply}, {@link andThen}, {@link timeout} or {@link exit}. @since 0.1.0 */
export interface Outcome<out State, out Success, out Token = never> {
  readonly [OutcomeType]: { readonly state: State; readonly success: Success; readonly token: Token };
}

/** A result made by {@link replyLater}. @since 0.1.0 */
export interface Later<out State, out Success, out Error, out R> {
  readonly [OutcomeType]: { readonly later: State; readonly effect: Effect.Effect<Success, Error, R> };
}

type Settled<State, Success, Token> = Outcome<State, Success, Token> | ([Success] extends [void] ? State | void : never);

/**
 * What a handler may return: the next state (where the protocol has no reply), an outcome, or an Effect or Exit of these.
 * A failure with the error that the protocol declares is the caller's; any other ends the incarnation.
 *
 * @since 0.1.0
 */
export type HandlerResult<State, Success, Error, R, Token = never> =
  | Settled<State, Success, Token>
  | Later<State, Success, Error, R>
  | Effect.Effect<Settled<State, Success, Token>, Error, R>;

/** One handler a message of the protocol. @since 0.1.0 */
export type Handlers<State, Rpcs extends Rpc.Any, R, Token = never> = {
  readonly [Tag in Rpcs["_tag"]]: (
    state: State,
    payload: Rpc.Payload<Extract<Rpcs, { readonly _tag: Tag }>>,
    context: ActorContext<Rpcs>,
  ) => HandlerResult<State, Rpc.Success<Extract<Rpcs, { readonly _tag: Tag }>>, Rpc.Error<Extract<Rpcs, { readonly _tag: Tag }>>, R, Token>;
};

type InitResult<State, Token> = State | Outcome<State, unknown, Token>;

/** The services that the handlers need. @since 0.1.0 */
export type ServicesOf<Handlers> = {
  readonly [Tag in keyof Handlers]: Handlers[Tag] extends (...args: never) => infer Result
    ? 0 extends 1 & Result
      ? never // a handler of type any says nothing of its needs
      : Result extends Effect.Effect<any, any, infer R> | Later<any, any, any, infer R>
        ? R
        : never
    : never;
}[keyof Handlers];

/** What an actor is made from. @since 0.1.0 */
export interface Options<State, Args, Rpcs extends Rpc.Any, InitError, R, Token = never> {
  /** For people; the default id of the actors made from it. */
  readonly name: string;
  readonly protocol: RpcGroup<Rpcs>;
  /** The first state of each incarnation. An Effect may acquire what it needs: its Scope is the incarnation's. */
  readonly init: (
    args: Args,
    context: ActorContext<Rpcs>,
  ) => InitResult<State, Token> | Effect.Effect<InitResult<State, Token>, InitError, R>;
  readonly handlers: Handlers<State, Rpcs, R, Token>;
  /** Bounds the messages that may wait. Default: no bound. */
  readonly mailbox?: Mailbox;
  /**
   * Whether the end of a linked actor comes as an {@link Exited} instead of ending this one. A `Killed` sent with {@link signal} cannot be trapped.
   * Default: false.
   */
  readonly trapExit?: boolean;
  /** The rest of what a handler began with {@link andThen}; it runs before anything that waits. */
  readonly continue?: (state: State, token: Token, context: ActorContext<Rpcs>) => HandlerResult<State, void, never, R, Token>;
  /** News from monitors, links and timeouts, and messages outside of the protocol. Without it news are dropped, and such messages logged. */
  readonly info?: (state: State, info: Info, context: ActorContext<Rpcs>) => HandlerResult<State, void, never, R, Token>;
  /**
   * What others are shown of its state and its messages, in crash reports and by `Inspect`: what it returns takes the place of what it was given, so
   * that secrets can be left out. It cannot harm the actor: when it throws, nothing is shown. Default: all of it.
   */
  readonly format?: (shown: Shown<State>) => Partial<Shown<unknown>>;
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

/**
 * An actor that could not be started.
 *
 * @example
 * ```ts run
 * import { Actor } from "hsu"
 * import { Effect } from "effect"
 * import { RpcGroup } from "effect/rpc"
 *
 * const Disk = Actor.make({
 *   name: "disk",
 *   protocol: RpcGroup.make(),
 *   init: (path: string): string => { throw new Error(`${path} is not mounted`) },
 *   handlers: {}
 * })
 * const error = await Effect.runPromise(Effect.scoped(Effect.flip(Actor.spawn(Disk, "/data"))))
 *
 * error.message // => "disk did not start: Error: /data is not mounted"
 * error.code // => "HSU-ACT-005"
 * ```
 * @since 0.1.0
 */
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
export const make = <State, Args, Rpcs extends Rpc.Any, InitError = never, R = never, Token = never, H = {}>(
  // The compiler infers no services from a mapped type: what the handlers need is read off their own type.
  options: Omit<Options<State, Args, Rpcs, InitError, R, Token>, "handlers"> & {
    readonly handlers: H & Handlers<State, Rpcs, any, Token> & { readonly [Tag in Exclude<keyof H, Rpcs["_tag"]>]: never };
  },
): Actor<Args, Rpcs, Exclude<R | ServicesOf<H>, Scope.Scope>> => {
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
    trapExit: options.trapExit ?? false,
    ops,
    protocol: options.protocol,
    init: options.init,
    continue: options.continue,
    info: options.info,
    format: options.format,
    view: undefined,
    terminate: options.terminate,
  };
  return definitionOf(options.name, options.protocol, behavior);
};

/** The behaviour behind an actor definition. @internal */
export const behaviorOf = (actor: Actor<any, any, any>): Behavior => actor["~hsu/Actor"] as unknown as Behavior;

/**
 * The next state and the reply to the caller; a cast's reply goes nowhere.
 *
 * @example
 * ```ts run
 * import { Actor } from "hsu"
 * import { Effect, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Tickets = Actor.make({
 *   name: "tickets",
 *   protocol: RpcGroup.make(Rpc.make("Next", { success: Schema.String })),
 *   init: () => 1,
 *   handlers: { Next: (number) => Actor.reply(number + 1, `no. ${number}`) }
 * })
 * const program = Effect.gen(function*() {
 *   const tickets = yield* Actor.spawn(Tickets, undefined)
 *   return [yield* tickets.call("Next"), yield* tickets.call("Next")]
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => ["no. 1", "no. 2"]
 * ```
 * @since 0.1.0
 */
export const reply = <State, Success>(state: State, value: Success): Outcome<State, Success> =>
  new Directive("reply", state, value) as unknown as Outcome<State, Success>;

/**
 * The next state, and the reply comes later: see {@link ActorContext.deferReply}.
 *
 * @example
 * ```ts run
 * import { Actor } from "hsu"
 * import { Effect, Fiber, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Gate = Actor.make({
 *   name: "gate",
 *   protocol: RpcGroup.make(Rpc.make("Enter", { success: Schema.String }), Rpc.make("Open")),
 *   init: (): ReadonlyArray<Actor.ReplyTo<string>> => [],
 *   handlers: {
 *     Enter: (waiting, _, context) => {
 *       const to = context.deferReply()
 *       return Actor.noReply(to === null ? waiting : [...waiting, to])
 *     },
 *     Open: (waiting) => {
 *       for (const to of waiting) Actor.replyTo(to, "welcome")
 *       return []
 *     }
 *   }
 * })
 * const program = Effect.gen(function*() {
 *   const gate = yield* Actor.spawn(Gate, undefined)
 *   const visitor = yield* Effect.forkChild(gate.call("Enter"), { startImmediately: true })
 *   gate.cast("Open")
 *   return yield* Fiber.join(visitor)
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => "welcome"
 * ```
 * @since 0.1.0
 */
export const noReply = <State>(state: State): Outcome<State, never> =>
  new Directive("noReply", state, undefined) as unknown as Outcome<State, never>;

/**
 * The next state now, and the reply when `effect` is done: messages that come meanwhile are handled, so such handlers overlap. What it fails with is
 * the caller's where the protocol declares it, and ends the incarnation otherwise. It is interrupted when the incarnation ends.
 *
 * @example
 * ```ts run
 * import { Actor } from "hsu"
 * import { Effect, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Kitchen = Actor.make({
 *   name: "kitchen",
 *   protocol: RpcGroup.make(Rpc.make("Cook", { payload: { dish: Schema.String, millis: Schema.Number }, success: Schema.String })),
 *   init: () => 0,
 *   handlers: {
 *     Cook: (orders, { dish, millis }) => Actor.replyLater(orders + 1, Effect.as(Effect.sleep(millis), `${dish}, order ${orders + 1}`))
 *   }
 * })
 * const served: Array<string> = []
 * const program = Effect.gen(function*() {
 *   const kitchen = yield* Actor.spawn(Kitchen, undefined)
 *   const order = (dish: string, millis: number) =>
 *     Effect.map(kitchen.call("Cook", { dish, millis }), (text) => void served.push(text))
 *   yield* Effect.all([order("roast", 50), order("soup", 1)], { concurrency: 2 })
 * })
 * await Effect.runPromise(Effect.scoped(program))
 *
 * served // => ["soup, order 2", "roast, order 1"]
 * ```
 * @since 0.1.0
 */
export const replyLater = <State, Success, Error, R>(
  state: State,
  effect: Effect.Effect<Success, Error, R>,
): Later<State, Success, Error, R> => new Directive("replyLater", state, effect) as never;

/**
 * What comes next is handled by `continue` with `token`, before anything that waits. `result` is the next state or any other outcome; from `init`
 * it is the first state. So a start or a reply need not wait for what follows from it.
 *
 * @example
 * ```ts run
 * import { Actor } from "hsu"
 * import { Effect, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Index = Actor.make({
 *   name: "index",
 *   protocol: RpcGroup.make(Rpc.make("Words", { success: Schema.Number })),
 *   init: (text: string) => Actor.andThen(0, text), // it is up at once, and reads before its first message
 *   continue: (_, text) => text.split(" ").length,
 *   handlers: { Words: (words) => Actor.reply(words, words) }
 * })
 * const program = Effect.gen(function*() {
 *   const index = yield* Actor.spawn(Index, "let it crash")
 *   return yield* index.call("Words")
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => 3
 * ```
 * @since 0.1.0
 */
export const andThen = <Result, Token>(
  result: Result,
  token: Token,
): Outcome<StateOf<Result>, SuccessOf<Result>, Token | TokenOf<Result>> => new Directive("continue", result, token) as never;

/**
 * When no message comes within `millis` milliseconds, `info` gets a {@link Timeout} with `message`. Any message or news that is handled before that
 * ends the wait. With 0 it is handled ahead of what waits in the mailbox.
 *
 * @example
 * ```ts run
 * import { Actor, ExitReason } from "hsu"
 * import { Effect } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Session = Actor.make({
 *   name: "session",
 *   protocol: RpcGroup.make(Rpc.make("Touch")),
 *   init: () => Actor.timeout(0, 20),
 *   handlers: { Touch: (touches) => Actor.timeout(touches + 1, 20) },
 *   info: (touches, info) => info._tag === "Timeout" ? Actor.exit(ExitReason.shutdownWith(`idle after ${touches}`)) : touches
 * })
 * const program = Effect.gen(function*() {
 *   const session = yield* Actor.spawn(Session, undefined)
 *   session.cast("Touch")
 *   return ExitReason.format(yield* Actor.awaitExit(session))
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => "shutdown: idle after 1"
 * ```
 * @since 0.1.0
 */
export const timeout = <Result>(
  result: Result,
  millis: number,
  message?: unknown,
): Outcome<StateOf<Result>, SuccessOf<Result>, TokenOf<Result>> => new Directive("timeout", result, { millis, message }) as never;

type StateOf<Result> = Result extends Outcome<infer State, any, any> ? State : Result;
type SuccessOf<Result> = Result extends Outcome<any, infer Success, any> ? Success : void;
type TokenOf<Result> = Result extends Outcome<any, any, infer Token> ? Token : never;

/**
 * Ends this incarnation. Without a reason it is `Normal`.
 *
 * @example
 * ```ts run
 * import { Actor } from "hsu"
 * import { Effect } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Job = Actor.make({
 *   name: "job",
 *   protocol: RpcGroup.make(Rpc.make("Finish")),
 *   init: () => 0,
 *   handlers: { Finish: () => Actor.exit() }
 * })
 * const program = Effect.gen(function*() {
 *   const job = yield* Actor.spawn(Job, undefined)
 *   job.cast("Finish")
 *   return yield* Actor.awaitExit(job)
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => { _tag: "Normal" }
 * ```
 * @since 0.1.0
 */
export const exit = (reason: ExitReason.ExitReason = ExitReason.normal): Outcome<never, never> =>
  new Directive("exit", undefined, reason) as unknown as Outcome<never, never>;

/**
 * What `init` returns when there is nothing to do: the start is no failure and is not tried again. A supervisor keeps the spec, unless the child is
 * `temporary`, and goes on.
 *
 * @example
 * ```ts run
 * import { Actor, ChildSpec, Supervisor } from "hsu"
 * import { Effect } from "effect"
 * import { RpcGroup } from "effect/rpc"
 *
 * const Debugger = Actor.make({
 *   name: "debugger",
 *   protocol: RpcGroup.make(),
 *   init: (enabled: boolean) => enabled ? 0 : Actor.ignore,
 *   handlers: {}
 * })
 * const program = Effect.gen(function*() {
 *   const supervisor = yield* Supervisor.start({ children: [ChildSpec.make(Debugger, false, { id: "debugger" })] })
 *   return (yield* supervisor.whichChild("debugger")).state
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => "down"
 * ```
 * @since 0.1.0
 */
export const ignore: Outcome<never, never> = new Directive("ignore", undefined, undefined) as unknown as Outcome<never, never>;

/**
 * Answers a call whose reply was put off. A second answer, or one after the deadline, goes nowhere.
 *
 * @example
 * ```ts run
 * import { Actor } from "hsu"
 * import { Effect, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * // The answer comes 10 ms later; until then the actor handles other messages.
 * const Echo = Actor.make({
 *   name: "echo",
 *   protocol: RpcGroup.make(Rpc.make("Say", { payload: { text: Schema.String }, success: Schema.String }), Rpc.make("Answer")),
 *   init: () => ({ text: "", to: null as Actor.ReplyTo<string> | null }),
 *   handlers: {
 *     Say: (_, { text }, context) => {
 *       context.sendAfter(10, "Answer")
 *       return Actor.noReply({ text, to: context.deferReply() })
 *     },
 *     Answer: ({ text, to }) => {
 *       if (to !== null) Actor.replyTo(to, `${text}, ${text}`)
 *     }
 *   }
 * })
 * const program = Effect.gen(function*() {
 *   const echo = yield* Actor.spawn(Echo, undefined)
 *   return yield* echo.call("Say", { text: "hello" })
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => "hello, hello"
 * ```
 * @since 0.1.0
 */
export const replyTo = <Success, Error>(to: ReplyTo<Success, Error>, value: NoInfer<Success>): void => {
  answer(to as unknown as Call, Exit.succeed(value));
};

/**
 * Answers a call whose reply was put off with the error that its protocol declares.
 *
 * @example
 * ```ts run
 * import { Actor } from "hsu"
 * import { Effect, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Desk = Actor.make({
 *   name: "desk",
 *   protocol: RpcGroup.make(Rpc.make("Queue", { success: Schema.String, error: Schema.Literal("closed") }), Rpc.make("Close")),
 *   init: (): ReadonlyArray<Actor.ReplyTo<string, "closed">> => [],
 *   handlers: {
 *     Queue: (waiting, _, context) => {
 *       const to = context.deferReply()
 *       context.self.cast("Close")
 *       return Actor.noReply(to === null ? waiting : [...waiting, to])
 *     },
 *     Close: (waiting) => {
 *       for (const to of waiting) Actor.failTo(to, "closed")
 *       return []
 *     }
 *   }
 * })
 * const program = Effect.gen(function*() {
 *   const desk = yield* Actor.spawn(Desk, undefined)
 *   return yield* Effect.flip(desk.call("Queue"))
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => "closed"
 * ```
 * @since 0.1.0
 */
export const failTo = <Success, Error>(to: ReplyTo<Success, Error>, error: NoInfer<Error>): void => {
  answer(to as unknown as Call, Exit.fail(error));
};

/** From anywhere: no turn may be under way that would see that nothing is waited for any more. */
const answer = (call: Call, exit: Exit.Exit<unknown, unknown>): void => {
  call.settle(exit);
  call.cell.system.timersChanged();
};

/** Milliseconds that an actor outside of a supervisor has to stop before it is killed. */
const stopMillis = 5000;

/**
 * Starts an actor that no supervisor restarts. It is stopped when the scope closes; when it fails, the crash is reported.
 *
 * @example
 * ```ts run
 * import { Actor } from "hsu"
 * import { Effect, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Clock = Actor.make({
 *   name: "clock",
 *   protocol: RpcGroup.make(Rpc.make("Tick"), Rpc.make("Ticks", { success: Schema.Number })),
 *   init: (_: void, context) => {
 *     context.sendAfter(1, "Tick")
 *     return 0
 *   },
 *   handlers: {
 *     Tick: (ticks, _, context) => {
 *       context.sendAfter(1, "Tick")
 *       return ticks + 1
 *     },
 *     Ticks: (ticks) => Actor.reply(ticks, ticks)
 *   }
 * })
 * const program = Effect.gen(function*() {
 *   const clock = yield* Actor.spawn(Clock, undefined, { id: "wall-clock" })
 *   yield* Effect.sleep(30)
 *   return (yield* clock.call("Ticks")) > 0
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => true
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
 * Asks an actor to end, with `Shutdown` unless `reason` says otherwise, and waits until it has. A supervisor that finds its `permanent` child gone
 * starts it again.
 *
 * @example
 * ```ts run
 * import { Actor } from "hsu"
 * import { Effect } from "effect"
 * import { RpcGroup } from "effect/rpc"
 *
 * const Writer = Actor.make({
 *   name: "writer",
 *   protocol: RpcGroup.make(),
 *   init: (lines: Array<string>) => lines,
 *   handlers: {},
 *   terminate: (lines, reason) => void lines.push(`flushed: ${reason._tag}`)
 * })
 * const lines: Array<string> = []
 * const program = Effect.gen(function*() {
 *   const writer = yield* Actor.spawn(Writer, lines)
 *   yield* Actor.stop(writer)
 *   return writer.alive
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => false
 * lines // => ["flushed: Shutdown"]
 * ```
 * @since 0.1.0
 */
export const stop = (ref: ActorRef<never>, options?: { readonly reason?: ExitReason.ExitReason }): Effect.Effect<void> =>
  ended(ref, (cell, run) => cell.pushControl({ run: () => run(() => cell.shutdown(options?.reason ?? ExitReason.shutdown)) }));

/**
 * Sends an exit signal, as the end of a linked actor would: it ends the incarnation with `reason`, unless that is `Normal`; one that traps exits
 * gets an {@link Exited} instead. `Killed` cannot be trapped. It does not wait, and goes ahead of the messages.
 *
 * @example
 * ```ts run
 * import { Actor, ExitReason } from "hsu"
 * import { Effect } from "effect"
 * import { RpcGroup } from "effect/rpc"
 *
 * const Service = Actor.make({ name: "service", protocol: RpcGroup.make(), init: () => 0, handlers: {} })
 * const program = Effect.gen(function*() {
 *   const service = yield* Actor.spawn(Service, undefined)
 *   Actor.signal(service, ExitReason.normal) // is ignored
 *   Actor.signal(service, ExitReason.shutdownWith("deploy"))
 *   return ExitReason.format(yield* Actor.awaitExit(service))
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => "shutdown: deploy"
 * ```
 * @since 0.1.0
 */
export const signal = (ref: ActorRef<never>, reason: ExitReason.ExitReason): void => {
  const cell = ref as unknown as Cell;
  const { incarnation } = cell;
  const current = (act: () => void) => (): void => (cell.incarnation === incarnation ? act() : undefined);
  if (!cell.alive) return;
  if (reason._tag === "Killed") cell.pushUrgent({ urgent: true, run: current(() => cell.kill()) });
  else cell.pushControl({ run: current(() => cell.exitSignal(null, reason)) });
};

/**
 * Sends something that is not of the protocol: `info` gets it as a {@link Message}, in its turn among the messages.
 *
 * @example
 * ```ts run
 * import { Actor } from "hsu"
 * import { Effect, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Listener = Actor.make({
 *   name: "listener",
 *   protocol: RpcGroup.make(Rpc.make("Heard", { success: Schema.Unknown })),
 *   init: (): unknown => null,
 *   handlers: { Heard: (heard) => Actor.reply(heard, heard) },
 *   info: (heard, info) => info._tag === "Message" ? info.value : heard
 * })
 * const program = Effect.gen(function*() {
 *   const listener = yield* Actor.spawn(Listener, undefined)
 *   Actor.inform(listener, { from: "a socket" })
 *   return yield* listener.call("Heard")
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => { from: "a socket" }
 * ```
 * @since 0.1.0
 */
export const inform = (ref: ActorRef<never>, value: unknown): void =>
  (ref as unknown as Cell).push(informOp, { _tag: "Message", value }, null);

/**
 * Ends an actor now: a running handler is interrupted, `terminate` does not run, its scope is closed. Waits until it has ended.
 *
 * @example
 * ```ts run
 * import { Actor } from "hsu"
 * import { Effect } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Stuck = Actor.make({
 *   name: "stuck",
 *   protocol: RpcGroup.make(Rpc.make("Hang")),
 *   init: () => 0,
 *   handlers: { Hang: () => Effect.never }
 * })
 * const program = Effect.gen(function*() {
 *   const stuck = yield* Actor.spawn(Stuck, undefined)
 *   stuck.cast("Hang")
 *   yield* Actor.kill(stuck)
 *   return stuck.alive
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => false
 * ```
 * @since 0.1.0
 */
export const kill = (ref: ActorRef<never>): Effect.Effect<void> =>
  ended(ref, (cell, run) => cell.pushUrgent({ urgent: true, run: () => run(() => cell.kill()) }));

/** Has an incarnation end, and waits until it has. */
const ended = (ref: ActorRef<never>, send: (cell: Cell, run: (act: () => void) => void) => void): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    const cell = ref as unknown as Cell;
    if (!cell.alive) return resume(Effect.void);
    cell.addMonitor({ notify: () => resume(Effect.void) });
    const { incarnation } = cell;
    // It may end by itself before its turn, and a supervisor may have started the next one by then.
    send(cell, (act) => (cell.incarnation === incarnation ? act() : undefined));
  });

/**
 * Waits for the end of the incarnation that is there now; `NoProc` when there is none.
 *
 * @example
 * ```ts run
 * import { Actor, ExitReason } from "hsu"
 * import { Effect } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Upload = Actor.make({
 *   name: "upload",
 *   protocol: RpcGroup.make(Rpc.make("Done")),
 *   init: () => 0,
 *   handlers: { Done: () => Actor.exit(ExitReason.shutdownWith("stored")) }
 * })
 * const program = Effect.gen(function*() {
 *   const upload = yield* Actor.spawn(Upload, undefined)
 *   upload.cast("Done")
 *   const first = yield* Actor.awaitExit(upload)
 *   const second = yield* Actor.awaitExit(upload) // it is gone by now
 *   return [ExitReason.format(first), ExitReason.format(second)]
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => ["shutdown: stored", "no such actor"]
 * ```
 * @since 0.1.0
 */
export const awaitExit = (ref: ActorRef<never>): Effect.Effect<ExitReason.ExitReason> =>
  Effect.callback<ExitReason.ExitReason>((resume) => {
    const stopWatching = (ref as unknown as Cell).addMonitor({ notify: (_, reason) => resume(Effect.succeed(reason)) });
    return Effect.sync(stopWatching);
  });

/**
 * The defect or error of an abnormal end, for a message or a log.
 *
 * @example
 * ```ts run
 * import { Actor, ExitReason } from "hsu"
 *
 * Actor.errorOf(ExitReason.error("no disk")) // => "no disk"
 * Actor.errorOf(ExitReason.normal) // => undefined
 * ```
 * @since 0.1.0
 */
export const errorOf = (reason: ExitReason.ExitReason): unknown => (reason._tag === "Error" ? Cause.squash(reason.cause) : undefined);
