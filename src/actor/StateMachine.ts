/**
 * State machines: actors that treat a message according to the state that they are in. The semantics are those of OTP's `gen_statem`.
 *
 * When to use: when the same message means different things at different times, when a message that comes too early should wait, or when a
 * state has a time limit. Otherwise an {@link Actor.make | actor} with a state is simpler.
 *
 * Details: each event is handled by the handler that the current state has for it, or else by the one under `all`. What comes next is, in
 * this order: events that a handler has inserted, postponed events that came back, timeouts of zero, the mailbox.
 */
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import type * as Scope from "effect/Scope";
import type * as Rpc from "effect/rpc/Rpc";
import type { RpcGroup } from "effect/rpc/RpcGroup";
import type * as Actor from "./Actor.ts";
import type { Mailbox } from "./Mailbox.ts";
import * as ExitReason from "./ExitReason.ts";
import type { ActorCell } from "./internal/actorCell.ts";
import { type Behavior, Directive } from "./internal/behavior.ts";
import type { Op } from "./internal/cell.ts";
import type { Shown } from "./internal/crash.ts";
import { definitionOf } from "./internal/hosted.ts";
import { Machine } from "./internal/stateMachine.ts";
import { Step, type Definition } from "./internal/stateMachineParts.ts";

/**
 * The current state has no handler for an event and neither has `all`: a defect, which ends the incarnation.
 *
 * @example
 * ```ts run
 * import { Actor, CrashReport, ExitReason, StateMachine } from "hsu"
 * import { Effect } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Lamp = StateMachine.make({
 *   name: "lamp",
 *   protocol: RpcGroup.make(Rpc.make("On"), Rpc.make("Off")),
 *   init: () => StateMachine.next("off", null),
 *   states: {
 *     off: { on: { On: () => StateMachine.next("on") } },
 *     on: { on: { Off: () => StateMachine.next("off") } }
 *   }
 * })
 * const program = Effect.gen(function*() {
 *   const lamp = yield* Actor.spawn(Lamp, undefined)
 *   lamp.cast("Off")
 *   return ExitReason.format(yield* Actor.awaitExit(lamp))
 * }).pipe(Effect.provideService(CrashReport.Reporter, () => Effect.void))
 * await Effect.runPromise(Effect.scoped(program)) // => lamp has no handler on.Off in its state "off", and none for all states
 * ```
 * @since 0.1.0
 */
export class UnhandledEvent extends Data.TaggedError("UnhandledEvent")<{
  readonly path: ReadonlyArray<string>;
  readonly state: string;
  /** Where its handler would be: `on.Push`, `stateTimeout`, `timeouts.retry`, `info`. */
  readonly event: string;
}> {
  readonly code = "HSU-ACT-006";
  override get message(): string {
    return `${this.path.join("/")} has no handler ${this.event} in its state ${JSON.stringify(this.state)}, and none for all states`;
  }
}

/** Made by {@link reply}. @since 0.1.0 */
export interface Reply<out Success> {
  readonly _tag: "Reply";
  readonly value: Success;
}

/** Made by {@link fail}. @since 0.1.0 */
export interface Fail<out Error> {
  readonly _tag: "Fail";
  readonly error: Error;
}

/** Made by {@link replyTo}. @since 0.1.0 */
export interface ReplyTo {
  readonly _tag: "ReplyTo";
  readonly to: Actor.ReplyTo<never, never>;
  readonly value: unknown;
}

/** See {@link noReply}. @since 0.1.0 */
export interface NoReply {
  readonly _tag: "NoReply";
}

/** See {@link postpone}. @since 0.1.0 */
export interface Postpone {
  readonly _tag: "Postpone";
}

/** Made by {@link nextEvent}. @since 0.1.0 */
export interface NextEvent<out Tag extends string, out Payload> {
  readonly _tag: "NextEvent";
  readonly tag: Tag;
  readonly payload: Payload;
}

/** Made by {@link stateTimeout}, {@link eventTimeout} and {@link timeout}. @since 0.1.0 */
export interface Timeout<out Key extends string> {
  readonly _tag: "Timeout";
  readonly key: Key;
  readonly millis: Delay;
  readonly content: unknown;
}

/** Anything that a transition can be accompanied by. @since 0.1.0 */
export type Action = Reply<unknown> | Fail<unknown> | ReplyTo | NoReply | Postpone | NextEvent<string, unknown> | Timeout<string>;

/**
 * Milliseconds until a timeout; `Infinity` and `"cancel"` end the one that is running, and `"update"` gives it another content without starting
 * it anew (when none is running, that is a timeout of zero).
 *
 * @since 0.1.0
 */
export type Delay = number | "cancel" | "update";

declare const TransitionType: unique symbol;

/** How a machine goes on, made by {@link next}, {@link keep}, {@link repeat} or {@link stop}. @since 0.1.0 */
export interface Transition<out State, out Data, out Actions, out Answered extends boolean> {
  readonly [TransitionType]: { readonly state: State; readonly data: Data; readonly actions: Actions; readonly answered: Answered };
}

/** Whether a list of actions says what becomes of the caller. @since 0.1.0 */
export type Answered<Actions extends ReadonlyArray<Action>> =
  Actions extends ReadonlyArray<infer A>
    ? [Extract<A, Reply<any> | Fail<any> | NoReply | Postpone>] extends [never]
      ? false
      : true
    : never;

type NextEventOf<Rpcs extends Rpc.Any> = Rpcs extends Rpc.Any ? NextEvent<Rpc.Tag<Rpcs>, Rpc.Payload<Rpcs>> : never;
type TimeoutOf<Name extends string> = Timeout<"stateTimeout" | "eventTimeout" | `timeouts.${Name}`>;
type EnterActions<Name extends string> = ReplyTo | TimeoutOf<Name>;
type EventActions<Rpcs extends Rpc.Any, Name extends string> = EnterActions<Name> | Postpone | NextEventOf<Rpcs>;
type OrEffect<A, Error, R> = A | Effect.Effect<A, Error, R>;

/** What an enter handler may return: it cannot change the state, postpone or insert an event. @since 0.1.0 */
export type EnterResult<Data, Name extends string, R> = OrEffect<Transition<never, Data, EnterActions<Name>, boolean> | void, never, R>;

/** What the handler of a timeout or of news may return. @since 0.1.0 */
export type EventResult<State, Data, Rpcs extends Rpc.Any, Name extends string, R> = OrEffect<
  Transition<State, Data, EventActions<Rpcs, Name>, boolean> | void,
  never,
  R
>;

/**
 * What the handler of a message may return: a transition, nothing (where the protocol has no reply), or an Effect of these. Where the protocol
 * has a reply, the actions say what becomes of the caller. A failure with the error that the protocol declares is the caller's and
 * changes nothing else; any other ends the incarnation.
 *
 * @since 0.1.0
 */
export type MessageResult<State, Data, Rpcs extends Rpc.Any, Message extends Rpc.Any, Name extends string, R> = OrEffect<
  | Transition<
      State,
      Data,
      EventActions<Rpcs, Name> | Reply<Rpc.Success<Message>> | Fail<Rpc.Error<Message>> | NoReply,
      [Rpc.Success<Message>] extends [void] ? boolean : true
    >
  | ([Rpc.Success<Message>] extends [void] ? void : never),
  Rpc.Error<Message>,
  R
>;

/** What a handler has at hand beside its data and its event. @since 0.1.0 */
export interface MachineContext<out State, in out Rpcs extends Rpc.Any> extends Actor.ActorContext<Rpcs> {
  /** The state that the machine is in; for an enter handler, the one that it enters. */
  readonly state: State;
}

/** What a machine does in one state. @since 0.1.0 */
export interface Handlers<State, Data, Rpcs extends Rpc.Any, Name extends string, R> {
  /** Runs when the state is entered, the first one included, and at each {@link repeat}; `from` is then the state itself. */
  readonly enter?: (data: Data, from: State, context: MachineContext<State, Rpcs>) => EnterResult<Data, Name, R>;
  readonly on?: {
    readonly [Tag in Rpcs["_tag"]]?: (
      data: Data,
      payload: Rpc.Payload<Extract<Rpcs, { readonly _tag: Tag }>>,
      context: MachineContext<State, Rpcs>,
    ) => MessageResult<State, Data, Rpcs, Extract<Rpcs, { readonly _tag: Tag }>, Name, R>;
  };
  readonly stateTimeout?: (data: Data, content: unknown, context: MachineContext<State, Rpcs>) => EventResult<State, Data, Rpcs, Name, R>;
  readonly eventTimeout?: (data: Data, content: unknown, context: MachineContext<State, Rpcs>) => EventResult<State, Data, Rpcs, Name, R>;
  /** Timeouts with a name. */
  readonly timeouts?: {
    readonly [N in Name]?: (data: Data, content: unknown, context: MachineContext<State, Rpcs>) => EventResult<State, Data, Rpcs, Name, R>;
  };
  /** News from monitors. */
  readonly info?: (data: Data, info: Actor.Info, context: MachineContext<State, Rpcs>) => EventResult<State, Data, Rpcs, Name, R>;
}

/** The services that the handlers in it need. @since 0.1.0 */
export type Services<Handlers> = Handlers extends (...args: never) => infer Result
  ? 0 extends 1 & Result
    ? never // a handler of type any says nothing of its needs
    : Result extends Effect.Effect<any, any, infer R>
      ? R
      : never
  : Handlers extends object
    ? { readonly [K in keyof Handlers]: Services<Handlers[K]> }[keyof Handlers]
    : never;

/** What a state machine is made from. @since 0.1.0 */
export interface Options<State extends string, Data, Args, Rpcs extends Rpc.Any, States, All, Name extends string, InitError, R> {
  /** For people; the default id of the actors made from it. */
  readonly name: string;
  /** Bounds the messages that may wait. Default: no bound. */
  readonly mailbox?: Mailbox;
  /** Whether the end of a linked actor comes as news instead of ending this one: see `Actor.Options`. Default: false. */
  readonly trapExit?: boolean;
  readonly protocol: RpcGroup<Rpcs>;
  /** The names of the timeouts that the machine sets beside those of states and events. Default: none. */
  readonly timeouts?: ReadonlyArray<Name>;
  /** The way into the first state of each incarnation: {@link next}, or {@link stop}. Its enter handler runs before any message. */
  readonly init: (
    args: Args,
    context: Actor.ActorContext<Rpcs>,
  ) => OrEffect<Transition<NoInfer<State>, Data, EnterActions<NoInfer<Name>> | NextEventOf<Rpcs>, boolean>, InitError, R>;
  readonly states: States & { readonly [S in State]: Handlers<NoInfer<State>, Data, Rpcs, NoInfer<Name>, any> };
  /** For each event that the state itself has no handler for. */
  readonly all?: All & Handlers<NoInfer<State>, Data, Rpcs, NoInfer<Name>, any>;
  /** What others are shown of its state and its data: see `Actor.Options`. Default: all of it. */
  readonly format?: (shown: Shown<{ readonly state: State; readonly data: Data }>) => Partial<Shown<unknown>>;
  /** Runs at each end but a kill, after a running handler was interrupted. */
  readonly terminate?: (
    data: Data,
    reason: ExitReason.ExitReason,
    context: MachineContext<NoInfer<State>, Rpcs>,
  ) => void | Effect.Effect<void, never, R>;
}

/**
 * Defines a state machine: an actor, so that it is spawned, supervised and called like any other.
 *
 * Gotchas: an event without a handler ends the incarnation with {@link UnhandledEvent}; casts that are still postponed at the end are lost,
 * calls fail with `ActorDown`.
 *
 * @example
 * ```ts run
 * import { Actor, StateMachine } from "hsu"
 * import { Effect, Fiber, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const { keep, next, postpone, reply, stateTimeout } = StateMachine
 *
 * const Door = StateMachine.make({
 *   name: "door",
 *   protocol: RpcGroup.make(
 *     Rpc.make("Button", { payload: { digit: Schema.Number } }),
 *     Rpc.make("Enter", { success: Schema.String })
 *   ),
 *   init: (code: string) => next("locked", { code, typed: "" }),
 *   states: {
 *     locked: {
 *       enter: (data) => keep({ ...data, typed: "" }),
 *       on: {
 *         Button: (data, { digit }) => {
 *           const typed = (data.typed + digit).slice(-data.code.length)
 *           return typed === data.code ? next("open", data) : keep({ ...data, typed })
 *         },
 *         // Whoever comes early waits until the door is open.
 *         Enter: () => keep(undefined, [postpone])
 *       }
 *     },
 *     open: {
 *       enter: () => keep(undefined, [stateTimeout(10_000)]),
 *       on: {
 *         Button: () => {},
 *         Enter: () => keep(undefined, [reply("welcome")])
 *       },
 *       stateTimeout: () => next("locked")
 *     }
 *   }
 * })
 *
 * const program = Effect.scoped(Effect.gen(function*() {
 *   const door = yield* Actor.spawn(Door, "42")
 *   const visitor = yield* Effect.forkChild(door.call("Enter"), { startImmediately: true })
 *   for (const digit of [7, 4, 2]) door.cast("Button", { digit })
 *   return yield* Fiber.join(visitor)
 * }))
 *
 * await Effect.runPromise(program) // => welcome
 * ```
 * @since 0.1.0
 */
export const make = <
  State extends string,
  Data,
  Args,
  Rpcs extends Rpc.Any,
  States,
  All = {},
  const Name extends string = never,
  InitError = never,
  R = never,
>(
  options: Options<State, Data, Args, Rpcs, States, All, Name, InitError, R>,
): Actor.Actor<Args, Rpcs, Exclude<R | Services<States> | Services<All>, Scope.Scope>> => {
  const { name, protocol } = options;
  const all = flatten(options.all ?? {});
  const table: Record<string, Definition["table"][string]> = Object.create(null);
  for (const [state, handlers] of Object.entries(options.states)) {
    table[state] = Object.assign(Object.create(null), all, flatten(handlers as object));
  }
  const ops: Record<string, Op> = Object.create(null);
  const typedErrors = new Set<string>();
  const known = new Set([
    "enter",
    "stateTimeout",
    "eventTimeout",
    "info",
    ...(options.timeouts ?? []).map((timeout) => `timeouts.${timeout}`),
  ]);
  for (const [tag, rpc] of protocol.requests as ReadonlyMap<string, any> as ReadonlyMap<string, Rpc.AnyWithProps>) {
    const key = `on.${tag}`;
    known.add(key);
    if (Object.values(table).every((handlers) => !(key in handlers))) throw new TypeError(`${name}: no state has a handler for ${tag}`);
    if (rpc.errorSchema !== Schema.Never) typedErrors.add(key);
    // Its typed errors never get as far as the cell: a failure that does is a crash.
    ops[tag] = { tag, handle: (machine, payload) => (machine as Machine).receive(key, payload), typedError: false };
  }
  // The types find most of them, not all.
  const needless = Object.values(table)
    .flatMap(Object.keys)
    .find((key) => !known.has(key));
  if (needless !== undefined) throw new TypeError(`${name}: there is nothing to handle by ${needless}`);
  const definition: Definition = { table, typedErrors };
  const begin = (cell: ActorCell, first: object) => {
    const { kind, to } = first as Step;
    return kind === "stop" ? new Directive("exit", undefined, to) : new Machine(cell, definition, first as Step);
  };
  const { terminate } = options;
  const behavior: Behavior = {
    name,
    mailbox: options.mailbox,
    trapExit: options.trapExit ?? false,
    continue: undefined,
    format: options.format,
    view: {
      get: ({ data, state }: Machine) => ({ state, data }),
      set: (machine: Machine, next: { readonly state: string; readonly data: unknown }) => machine.replace(next.state, next.data),
    },
    ops,
    protocol: options.protocol,
    init: (args: Args, cell: ActorCell) => {
      const first = options.init(args, cell as never);
      return Effect.isEffect(first) ? Effect.map(first, (step) => begin(cell, step)) : begin(cell, first);
    },
    info: (machine: Machine, info) => machine.inform(info),
    terminate: terminate && ((machine: Machine, reason) => terminate(machine.data as Data, reason, machine as never)),
  };
  return definitionOf(name, protocol, behavior);
};

/** Handlers by their path: `enter`, `on.Push`, `timeouts.retry`. */
const flatten = (handlers: object): Record<string, any> => {
  const { on = {}, timeouts = {}, ...others } = handlers as Handlers<any, any, any, any, any>;
  const flat: Record<string, unknown> = { ...others };
  for (const [tag, handler] of Object.entries(on)) flat[`on.${tag}`] = handler;
  for (const [name, handler] of Object.entries(timeouts)) flat[`timeouts.${name}`] = handler;
  return flat;
};

/**
 * Goes to a state; without `data` that stays as it is. When it is another state, its enter handler runs, the state timeout is cancelled and
 * what was postponed comes back. When it is the current one, this is {@link keep}.
 *
 * Gotchas: where a field of the data is one of several literals, say so: `next("open", { ...data, mode: "day" as const })`.
 *
 * @example
 * ```ts run
 * import { Actor, Inspect, StateMachine } from "hsu"
 * import { Effect } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const { next } = StateMachine
 * const Light = StateMachine.make({
 *   name: "light",
 *   protocol: RpcGroup.make(Rpc.make("Change")),
 *   init: () => next("red", { changes: 0 }),
 *   states: {
 *     red: { on: { Change: ({ changes }) => next("green", { changes: changes + 1 }) } },
 *     green: { on: { Change: () => next("red") } } // the data stays as it is
 *   }
 * })
 * const program = Effect.gen(function*() {
 *   const light = yield* Actor.spawn(Light, undefined)
 *   for (const _ of [1, 2, 3]) yield* light.call("Change")
 *   return yield* Inspect.state(light)
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => { state: "green", data: { changes: 2 } }
 * ```
 * @since 0.1.0
 */
export const next: {
  <const State extends string>(state: State): Transition<State, never, never, false>;
  <const State extends string, const Actions extends ReadonlyArray<Action>>(
    state: State,
    data: undefined,
    actions: Actions,
  ): Transition<State, never, Actions[number], Answered<Actions>>;
  <const State extends string, Data, const Actions extends ReadonlyArray<Action> = readonly []>(
    state: State,
    data: Data,
    actions?: Actions,
  ): Transition<State, Data, Actions[number], Answered<Actions>>;
} = (state: string, data?: unknown, actions?: ReadonlyArray<Action>) => new Step("next", state, data, actions) as never;

/** The forms of {@link keep} and {@link repeat}. @since 0.1.0 */
export interface Stay {
  (): Transition<never, never, never, false>;
  <const Actions extends ReadonlyArray<Action>>(
    data: undefined,
    actions: Actions,
  ): Transition<never, never, Actions[number], Answered<Actions>>;
  <Data, const Actions extends ReadonlyArray<Action> = readonly []>(
    data: Data,
    actions?: Actions,
  ): Transition<never, Data, Actions[number], Answered<Actions>>;
}

/**
 * Stays in the state; without `data` that stays as it is. A handler that returns nothing does the same.
 *
 * @example
 * ```ts run
 * import { Actor, Inspect, StateMachine } from "hsu"
 * import { Effect } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Meter = StateMachine.make({
 *   name: "meter",
 *   protocol: RpcGroup.make(Rpc.make("Tick")),
 *   init: () => StateMachine.next("running", 0),
 *   states: { running: { on: { Tick: (ticks) => StateMachine.keep(ticks + 1) } } }
 * })
 * const program = Effect.gen(function*() {
 *   const meter = yield* Actor.spawn(Meter, undefined)
 *   yield* meter.call("Tick")
 *   return yield* Inspect.state(meter)
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => { state: "running", data: 1 }
 * ```
 * @since 0.1.0
 */
export const keep: Stay = (data?: unknown, actions?: ReadonlyArray<Action>) => new Step("keep", undefined, data, actions) as never;

/**
 * Stays in the state and runs its enter handler again. Timeouts go on, and postponed events wait on.
 *
 * @example
 * ```ts run
 * import { Actor, Inspect, StateMachine } from "hsu"
 * import { Effect } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Dialler = StateMachine.make({
 *   name: "dialler",
 *   protocol: RpcGroup.make(Rpc.make("Again")),
 *   init: () => StateMachine.next("dialling", 0),
 *   states: {
 *     dialling: {
 *       enter: (tries) => StateMachine.keep(tries + 1),
 *       on: { Again: () => StateMachine.repeat() }
 *     }
 *   }
 * })
 * const program = Effect.gen(function*() {
 *   const dialler = yield* Actor.spawn(Dialler, undefined)
 *   yield* dialler.call("Again")
 *   return yield* Inspect.state(dialler)
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => { state: "dialling", data: 2 }
 * ```
 * @since 0.1.0
 */
export const repeat: Stay = (data?: unknown, actions?: ReadonlyArray<Action>) => new Step("repeat", undefined, data, actions) as never;

/**
 * Ends this incarnation. Without a reason it is `Normal`; `terminate` gets the `data`. Of the actions only replies make sense; a
 * caller that gets none fails with `ActorDown`.
 *
 * @example
 * ```ts run
 * import { Actor, ExitReason, StateMachine } from "hsu"
 * import { Effect, Fiber, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const { next, reply, stop } = StateMachine
 * const Order = StateMachine.make({
 *   name: "order",
 *   protocol: RpcGroup.make(Rpc.make("Pay", { success: Schema.String })),
 *   init: () => next("open", null),
 *   states: { open: { on: { Pay: () => stop(ExitReason.shutdownWith("paid"), [reply("thank you")]) } } }
 * })
 * const program = Effect.gen(function*() {
 *   const order = yield* Actor.spawn(Order, undefined)
 *   const ended = yield* Effect.forkChild(Actor.awaitExit(order), { startImmediately: true })
 *   return [yield* order.call("Pay"), ExitReason.format(yield* Fiber.join(ended))]
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => ["thank you", "shutdown: paid"]
 * ```
 * @since 0.1.0
 */
export const stop = <const Actions extends ReadonlyArray<Reply<unknown> | Fail<unknown> | ReplyTo> = readonly [], Data = never>(
  reason: ExitReason.ExitReason = ExitReason.normal,
  actions?: Actions,
  data?: Data,
): Transition<never, Data, Actions[number], true> => new Step("stop", reason, data, actions) as never;

/**
 * Answers the caller; a cast's reply goes nowhere. Only the first answer counts, also when the message is postponed.
 *
 * @example
 * ```ts run
 * import { Actor, StateMachine } from "hsu"
 * import { Effect, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const { keep, next, reply } = StateMachine
 * const Switch = StateMachine.make({
 *   name: "switch",
 *   protocol: RpcGroup.make(Rpc.make("Press", { success: Schema.String })),
 *   init: () => next("off", 0),
 *   states: {
 *     off: { on: { Press: () => next("on", undefined, [reply("light")]) } },
 *     on: { on: { Press: () => keep(undefined, [reply("it is on")]) } }
 *   }
 * })
 * const program = Effect.gen(function*() {
 *   const it = yield* Actor.spawn(Switch, undefined)
 *   return [yield* it.call("Press"), yield* it.call("Press")]
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => ["light", "it is on"]
 * ```
 * @since 0.1.0
 */
export const reply = <const Success>(value: Success): Reply<Success> => ({ _tag: "Reply", value });

/**
 * Answers the caller with the error that the protocol declares.
 *
 * @example
 * ```ts run
 * import { Actor, StateMachine } from "hsu"
 * import { Effect, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const { fail, keep, next } = StateMachine
 * const Shop = StateMachine.make({
 *   name: "shop",
 *   protocol: RpcGroup.make(Rpc.make("Buy", { success: Schema.String, error: Schema.Literal("closed") })),
 *   init: () => next("closed", null),
 *   states: { closed: { on: { Buy: () => keep(undefined, [fail("closed")]) } } }
 * })
 * const program = Effect.gen(function*() {
 *   const shop = yield* Actor.spawn(Shop, undefined)
 *   return yield* Effect.flip(shop.call("Buy"))
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => "closed"
 * ```
 * @since 0.1.0
 */
export const fail = <const Error>(error: Error): Fail<Error> => ({ _tag: "Fail", error });

/**
 * Answers a call whose reply was put off with `deferReply`.
 *
 * @example
 * ```ts run
 * import { Actor, StateMachine } from "hsu"
 * import { Effect, Fiber, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const { keep, next, noReply, replyTo } = StateMachine
 * const Bell = StateMachine.make({
 *   name: "bell",
 *   protocol: RpcGroup.make(Rpc.make("Listen", { success: Schema.String }), Rpc.make("Ring")),
 *   init: () => next("silent", { to: null as Actor.ReplyTo<string> | null }),
 *   states: {
 *     silent: {
 *       on: {
 *         Listen: (_, __, context) => keep({ to: context.deferReply() }, [noReply]),
 *         Ring: ({ to }) => to === null ? keep() : keep({ to: null }, [replyTo(to, "dong")])
 *       }
 *     }
 *   }
 * })
 * const program = Effect.gen(function*() {
 *   const bell = yield* Actor.spawn(Bell, undefined)
 *   const heard = yield* Effect.forkChild(bell.call("Listen"), { startImmediately: true })
 *   bell.cast("Ring")
 *   return yield* Fiber.join(heard)
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => "dong"
 * ```
 * @since 0.1.0
 */
export const replyTo = <Success, Error>(to: Actor.ReplyTo<Success, Error>, value: NoInfer<Success>): ReplyTo => ({
  _tag: "ReplyTo",
  to,
  value,
});

/**
 * The reply comes later: from whoever got it from `deferReply`.
 *
 * @example
 * ```ts run
 * import { Actor, StateMachine } from "hsu"
 * import { Effect, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const { keep, next, noReply, stateTimeout } = StateMachine
 * const Oven = StateMachine.make({
 *   name: "oven",
 *   protocol: RpcGroup.make(Rpc.make("Bake", { success: Schema.String })),
 *   init: () => next("cold", { to: null as Actor.ReplyTo<string> | null }),
 *   states: {
 *     cold: { on: { Bake: (_, __, context) => next("hot", { to: context.deferReply() }, [noReply]) } },
 *     hot: {
 *       enter: () => keep(undefined, [stateTimeout(10)]),
 *       stateTimeout: ({ to }) => {
 *         if (to !== null) Actor.replyTo(to, "bread")
 *         return next("cold", { to: null })
 *       }
 *     }
 *   }
 * })
 * const program = Effect.flatMap(Actor.spawn(Oven, undefined), (oven) => oven.call("Bake"))
 * await Effect.runPromise(Effect.scoped(program)) // => "bread"
 * ```
 * @since 0.1.0
 */
export const noReply: NoReply = { _tag: "NoReply" };

/**
 * The event is handled again after the next change of the state, in its old order and ahead of newer ones.
 *
 * @example
 * ```ts run
 * import { Actor, StateMachine } from "hsu"
 * import { Effect, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const { keep, next, postpone, reply } = StateMachine
 * const Client = StateMachine.make({
 *   name: "client",
 *   protocol: RpcGroup.make(Rpc.make("Connected"), Rpc.make("Query", { success: Schema.String })),
 *   init: (_: void, context) => {
 *     context.sendAfter(10, "Connected")
 *     return next("connecting", null)
 *   },
 *   states: {
 *     connecting: {
 *       on: {
 *         Connected: () => next("connected"),
 *         Query: () => keep(undefined, [postpone]) // waits until it is connected
 *       }
 *     },
 *     connected: { on: { Query: () => keep(undefined, [reply("rows")]) } }
 *   }
 * })
 * const program = Effect.flatMap(Actor.spawn(Client, undefined), (client) => client.call("Query"))
 * await Effect.runPromise(Effect.scoped(program)) // => "rows"
 * ```
 * @since 0.1.0
 */
export const postpone: Postpone = { _tag: "Postpone" };

/**
 * Handles a message of the protocol next, ahead of all that waits. Several keep their order.
 *
 * @example
 * ```ts run
 * import { Actor, StateMachine } from "hsu"
 * import { Effect, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const { keep, next, nextEvent, reply } = StateMachine
 * const Parser = StateMachine.make({
 *   name: "parser",
 *   protocol: RpcGroup.make(
 *     Rpc.make("Chunk", { payload: Schema.String }),
 *     Rpc.make("Line", { payload: Schema.String }),
 *     Rpc.make("Lines", { success: Schema.Array(Schema.String) })
 *   ),
 *   init: () => next("reading", [] as ReadonlyArray<string>),
 *   states: {
 *     reading: {
 *       on: {
 *         // The lines come before the next chunk, in their order.
 *         Chunk: (_, text) => keep(undefined, text.split("\n").map((line) => nextEvent("Line", line))),
 *         Line: (lines, line) => keep([...lines, line]),
 *         Lines: (lines) => keep(undefined, [reply(lines)])
 *       }
 *     }
 *   }
 * })
 * const program = Effect.gen(function*() {
 *   const parser = yield* Actor.spawn(Parser, undefined)
 *   parser.cast("Chunk", "a\nb")
 *   parser.cast("Chunk", "c")
 *   return yield* parser.call("Lines")
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => ["a", "b", "c"]
 * ```
 * @since 0.1.0
 */
export const nextEvent = <const Tag extends string, const Payload = void>(tag: Tag, payload?: Payload): NextEvent<Tag, Payload> => ({
  _tag: "NextEvent",
  tag,
  payload: payload as Payload,
});

/**
 * Sets the time limit of the state that the machine is in after this transition. A change of the state cancels it, and a new one takes its
 * place. With 0 it comes after what is queued already, ahead of the mailbox.
 *
 * @example
 * ```ts run
 * import { Actor, Inspect, StateMachine } from "hsu"
 * import { Effect } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const { keep, next, stateTimeout } = StateMachine
 * const Lamp = StateMachine.make({
 *   name: "lamp",
 *   protocol: RpcGroup.make(Rpc.make("Press")),
 *   init: () => next("off", null),
 *   states: {
 *     off: { on: { Press: () => next("on") } },
 *     on: { enter: () => keep(undefined, [stateTimeout(10)]), on: { Press: () => {} }, stateTimeout: () => next("off") }
 *   }
 * })
 * const program = Effect.gen(function*() {
 *   const lamp = yield* Actor.spawn(Lamp, undefined)
 *   yield* lamp.call("Press")
 *   const before = yield* Inspect.state(lamp)
 *   yield* Effect.sleep(50)
 *   return [before, yield* Inspect.state(lamp)]
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => [{ state: "on", data: null }, { state: "off", data: null }]
 * ```
 * @since 0.1.0
 */
export const stateTimeout = (millis: Delay, content?: unknown): Timeout<"stateTimeout"> => timer("stateTimeout", millis, content);

/**
 * A timeout that any event cancels.
 *
 * @example
 * ```ts run
 * import { Actor, ExitReason, StateMachine } from "hsu"
 * import { Effect } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const { eventTimeout, keep, next, stop } = StateMachine
 * const Session = StateMachine.make({
 *   name: "session",
 *   protocol: RpcGroup.make(Rpc.make("Touch")),
 *   init: () => next("open", 0, [eventTimeout(10)]),
 *   states: {
 *     open: {
 *       on: { Touch: (touches) => keep(touches + 1, [eventTimeout(10)]) },
 *       eventTimeout: (touches) => stop(ExitReason.shutdownWith(`idle after ${touches}`))
 *     }
 *   }
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
export const eventTimeout = (millis: Delay, content?: unknown): Timeout<"eventTimeout"> => timer("eventTimeout", millis, content);

/**
 * A timeout with a name. It lasts over changes of the state; each name has one at most.
 *
 * @example
 * ```ts run
 * import { Actor, ExitReason, StateMachine } from "hsu"
 * import { Effect } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const { next, stop, timeout } = StateMachine
 * const Exam = StateMachine.make({
 *   name: "exam",
 *   protocol: RpcGroup.make(Rpc.make("TurnPage")),
 *   timeouts: ["bell"],
 *   init: () => next("page 1", null, [timeout("bell", 20)]),
 *   states: {
 *     "page 1": { on: { TurnPage: () => next("page 2") } },
 *     "page 2": { on: { TurnPage: () => next("page 1") } }
 *   },
 *   // It lasts over changes of the state.
 *   all: { timeouts: { bell: () => stop(ExitReason.shutdownWith("time is up")) } }
 * })
 * const program = Effect.gen(function*() {
 *   const exam = yield* Actor.spawn(Exam, undefined)
 *   exam.cast("TurnPage")
 *   return ExitReason.format(yield* Actor.awaitExit(exam))
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => "shutdown: time is up"
 * ```
 * @since 0.1.0
 */
export const timeout = <const Name extends string>(name: Name, millis: Delay, content?: unknown): Timeout<`timeouts.${Name}`> =>
  timer(`timeouts.${name}`, millis, content);

const timer = <Key extends string>(key: Key, millis: Delay, content: unknown): Timeout<Key> => ({ _tag: "Timeout", key, millis, content });
