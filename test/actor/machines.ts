/** A state machine that does what its messages say, for the tests of state machines. */
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import { Actor, type ActorRef, StateMachine } from "../../src/actor/index.ts";
import { cellOf, settled, system } from "./actors.ts";

export class Refused extends Schema.TaggedError<Refused>()("Refused", { why: Schema.String }) {}

const todo = { id: Schema.String, then: Schema.Any };

const probeProtocol = RpcGroup.make(
  Rpc.make("Do", { payload: todo }),
  Rpc.make("Ask", { payload: todo, success: Schema.String, error: Refused }),
  /** Only `b` knows it. */
  Rpc.make("OnlyB"),
  /** Answered by `b` itself, or else for all states. */
  Rpc.make("Who", { success: Schema.String }),
);

type ProbeRpcs = RpcGroup.Rpcs<typeof probeProtocol>;
export type ProbeRef = ActorRef<ProbeRpcs>;
type State = "a" | "b" | "c";
type Context = StateMachine.MachineContext<State, ProbeRpcs>;
type Result = StateMachine.Transition<State, Trace, StateMachine.Action, boolean> | void;
/** What any handler may return. That it does not have to be true is what some tests are about. */
type Anything = StateMachine.Transition<never, never, never, true>;
/** What a message has the machine do: its handler. */
export type Then = (context: Context, trace: Trace) => Result | Effect.Effect<Result, Refused>;

/** What has happened: `a:id` a message `id` in state `a`, `>b a` b was entered from a, `b!timeout content`, and what `run` is told to do. */
export class Trace {
  readonly log: Array<string> = [];
  /** The way into the first state. */
  first: (context: Actor.ActorContext<ProbeRpcs>) => unknown = () => StateMachine.next("a", this);
  /** What the handlers of enter, timeouts and news do, by what they log. */
  readonly on: Record<string, Then | undefined> = {};

  note(context: Context, line: string): Anything {
    this.log.push(line);
    return this.on[line]?.(context, this) as Anything;
  }

  /** Forgets what was, and returns it. */
  take(): ReadonlyArray<string> {
    return this.log.splice(0);
  }
}

const message = (trace: Trace, { id, then }: { readonly id: string; readonly then?: Then }, context: Context): Anything => {
  trace.log.push(`${context.state}:${id}`);
  return then?.(context, trace) as Anything;
};
const timeout = (name: string) => (trace: Trace, content: unknown, context: Context) =>
  trace.note(context, `${context.state}!${name}${content === undefined ? "" : ` ${content as string}`}`);
const state = { enter: (trace: Trace, from: State, context: Context) => trace.note(context, `>${context.state} ${from}`) };

export const Probe = StateMachine.make({
  name: "probe",
  protocol: probeProtocol,
  timeouts: ["x", "y"],
  init: (trace: Trace, context) => trace.first(context) as StateMachine.Transition<State, Trace, never, false>,
  states: {
    a: state,
    b: {
      ...state,
      on: { OnlyB: (trace) => void trace.log.push("b:OnlyB"), Who: () => StateMachine.keep(undefined, [StateMachine.reply("b")]) },
    },
    c: state,
  },
  all: {
    on: { Do: message, Ask: message, Who: () => StateMachine.keep(undefined, [StateMachine.reply("all")]) },
    stateTimeout: timeout("state"),
    eventTimeout: timeout("event"),
    timeouts: { x: timeout("x"), y: timeout("y") },
    info: (trace, info, context) => trace.note(context, `${context.state}!${info._tag === "Down" ? info.reason._tag : info._tag}`),
  },
  terminate: (trace, reason, context) => void trace.log.push(`end ${context.state} ${reason._tag}`),
});

/** Starts a probe. */
export const probe = (trace: Trace) => Actor.spawn(Probe, trace);

/** Sends a message that is to be handled so. */
export const tell = (ref: ProbeRef, id: string, then?: Then): void => ref.cast("Do", { id, then });

/** An inserted event. */
export const event = (id: string, then?: Then) => StateMachine.nextEvent("Do", { id, then });

/** Postpones. */
export const later: Then = () => StateMachine.keep(undefined, [StateMachine.postpone]);

/** Stays, with these actions. */
export const set =
  (...actions: ReadonlyArray<StateMachine.Action>): Then =>
  () =>
    StateMachine.keep(undefined, actions);

/** Goes to a state, with these actions. */
export const go =
  (to: State, ...actions: ReadonlyArray<StateMachine.Action>): Then =>
  () =>
    StateMachine.next(to, undefined, actions);

/** A probe in state `a`, with what has happened so far forgotten. */
export const started = Effect.gen(function* () {
  const trace = new Trace();
  const ref = yield* probe(trace);
  yield* settled;
  trace.take();
  const { timers } = yield* system;
  return { ref, timers, trace };
});

/** Asks for an answer. */
export const ask = (ref: ProbeRef, id: string, then: Then, timeout = 5000) => ref.call("Ask", { id, then }, { timeout });

/** Asks, and goes on before the answer. */
export const asking = (ref: ProbeRef, id: string, then: Then, timeout?: number) =>
  Effect.tap(Effect.forkChild(Effect.result(ask(ref, id, then, timeout)), { startImmediately: true }), settled);

/** Answers in `b`, waits until then. */
export const inB =
  (text: string): Then =>
  (context, trace) =>
    context.state === "b" ? StateMachine.keep(undefined, [StateMachine.reply(text)]) : later(context, trace);

/** The calls that wait for their reply. */
export const held = (ref: ProbeRef) => cellOf(ref).extras?.heldCalls ?? null;
