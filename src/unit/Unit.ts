/**
 * The mailbox of a unit: an actor that outlives the unit's processes. It answers at any time, does what the lifecycle table says to a
 * command, and has the unit's supervisor carry it out.
 */
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Option from "effect/Option";
import { Actor, type ActorRef, ExitReason, Supervisor } from "../actor/index.ts";
import { Signal } from "../platform/index.ts";
import { InvalidTransition, NotAllowed, NotReloadable, StartFailed } from "../protocol/Errors.ts";
import { connectionsOf, isIdle, lookMillis, quietSince, release, startedByConnection } from "./Demand.ts";
import { noFailures } from "./FailurePolicy.ts";
import { type Action, type Command, legal, step } from "./Lifecycle.ts";
import { endTrial, follow, rest } from "./Reported.ts";
import * as Recovered from "./Recovered.ts";
import type { UnitSpec } from "./UnitSpec.ts";
import * as Schedule from "./Schedule.ts";
import * as Timetable from "./Timetable.ts";
import { UnitRpc, type UnitRpcs } from "./UnitRpc.ts";
import { describe, keep, known, configOf, replaced, type State, type UnitArgs, waitsForText, words } from "./UnitState.ts";
import * as Unmanaged from "./Unmanaged.ts";
import { performUnmanaged } from "./Watch.ts";

type Context = Actor.ActorContext<UnitRpcs>;

/** It is not up, and will be started as soon as those before it are: there is nothing to add to that. */
const isUpcoming = (error: unknown): boolean => error instanceof Supervisor.ChildNotDown && error.state === "down";

/** What a command's action has the supervisor do. A stop by hand holds: no sibling's failure undoes it. */
const perform = (action: Action, command: Command, args: UnitArgs): Effect.Effect<void, unknown> => {
  const { spec, supervisor } = args;
  const { id, unmanaged } = spec;
  if (unmanaged !== undefined && command !== "signal" && command !== "reload") {
    return performUnmanaged(command === "reset-failed" ? "start" : command, unmanaged, args);
  }
  const stop = Effect.flatMap(supervisor, (group) => group.terminateChild(id, { hold: true }));
  const start = Effect.catchIf(
    Effect.flatMap(supervisor, (group) => group.restartChild(id)),
    isUpcoming,
    () => Effect.void,
  );
  // A failed start by hand is told, and not tried again; whose failures are only to be forgotten was being tried again, and still is.
  const goOn = Effect.flatMap(supervisor, (group) => group.restartChild(id, { supervised: true }));
  switch (action) {
    case "startChild":
      return Effect.asVoid(start);
    case "stopChild":
      return stop;
    case "cycleChild":
      return Effect.andThen(stop, command === "reset-failed" ? Effect.tapError(start, () => Effect.ignore(goOn)) : Effect.asVoid(start));
    case "signalProcess":
    case "forget":
    case "none":
      return Effect.void;
  }
};

const refuse = (state: State, command: string) =>
  Exit.fail(new InvalidTransition({ unit: state.args.spec.id, command, state: state.state, legal: legal(state.state) }));

/** Takes a command: its reply comes when the supervisor has done it. */
const take = (state: State, command: Command, context: Context, because: string | null = null) =>
  step(state.state, command) === null
    ? refuse(state, command)
    : begin(state, command, context, because === null ? words[command] : waitsForText([because]), because);

const begin = (state: State, command: Command, context: Context, reason: string, because: string | null = null) => {
  const next = step(state.state, command);
  if (next === null) return Effect.succeed(Actor.noReply(state));
  const { args } = state;
  // Somebody wants to see it run: what has failed before counts no more.
  if (command !== "stop") {
    args.slot.row = noFailures;
    args.slot.raised = {};
  }
  if (args.slot.phase === "blocked") args.slot.phase = "down";
  if (args.spec.restart.when === "unless_stopped" && because === null && reason !== Recovered.waitsForCall && reason !== idle)
    args.hold(command === "stop");
  if (next.action === "startChild" || next.action === "cycleChild") args.slot.requested = true;
  const to = context.deferReply();
  const id = state.nextId;
  const carryOut = Effect.exit(perform(next.action, command, state.args)).pipe(
    Effect.map((exit) => {
      context.self.cast("ActionEnded", { id, ...(Exit.isSuccess(exit) ? succeeded : failureOf(exit)), refused: refusedBy(exit) });
      if (Exit.isSuccess(exit) && (reason === idle || reason === Recovered.waitsForCall)) context.self.cast("Rested");
    }),
  );
  const moved = keep(state, {
    ...state,
    state: because !== null && next.state === "stopped" ? "blocked" : next.state,
    reason,
    nextStartAt: null,
    waiting: to === null ? state.waiting : [...state.waiting, { id, command, because, to }],
    nextId: id + 1,
  });
  if (moved.state === "stopped" && because === null) state.args.publish("stopped", "stopped by hand");
  return Effect.as(Effect.forkIn(carryOut, context.scope), Actor.noReply(moved));
};

/** What a unit that somebody else runs, or that is no process, answers to what cannot be done to it. */
const permitted = ({ args: { spec } }: State, command: Command, signal: Signal.Signal | null = null) => {
  if (spec.module !== undefined && signal !== null) {
    const [why, hint] = ["a module is no process of its own", "`hsu stop` and `hsu restart` end its actor in good order"];
    return Exit.fail(new NotAllowed({ unit: spec.id, command: `signal ${signal}`, why, hint }));
  }
  const refused = spec.unmanaged === undefined ? null : Unmanaged.refusal(spec.id, spec.unmanaged, command, signal);
  return refused === null ? undefined : Exit.fail(refused);
};

const refusedBy = (exit: Exit.Exit<void, unknown>): NotAllowed | null => {
  const error = Option.getOrUndefined(Exit.findErrorOption(exit));
  return error instanceof NotAllowed ? error : null;
};

/** In its own words; and what to do, where the error knows. */
const failureOf = (exit: Exit.Exit<void, unknown>): { readonly failure: string; readonly advice: string | null } => {
  const error = Option.getOrUndefined(Exit.findErrorOption(exit));
  if (!(error instanceof Actor.StartError)) return { failure: error instanceof Error ? error.message : String(error), advice: null };
  const { reason } = error;
  const origin = (reason._tag === "Error" ? Cause.squash(reason.cause) : null) as {
    readonly code?: unknown;
    readonly hint?: unknown;
  } | null;
  const advice = typeof origin?.hint === "string" && typeof origin.code === "string" ? `${origin.hint} (${origin.code})` : null;
  return { failure: ExitReason.format(reason), advice };
};

const succeeded = { failure: null, advice: null };

const timetableOf = (args: UnitArgs, context: Context): Timetable.Timetable | null => {
  const { clockwork, now, spec } = args;
  if (spec.schedule === undefined) return null;
  return Timetable.make(
    spec.schedule,
    { ...clockwork, now },
    {
      wake: (millis) => context.sendAfter(millis, "Due", { queued: false }),
      now: () => context.self.cast("Due", { queued: true }),
    },
  );
};

/** Why it is down at the start of its master. */
const reasonOf = ({ enabled, onCall }: UnitSpec, isScheduled: boolean): string | null =>
  !enabled && !isScheduled ? "disabled" : onCall === undefined ? null : Recovered.waitsForCall;

/** Of one that starts with its master, which has not come to it yet: what it waits for. */
const turnOf = ({ isHeld, recovered, slot, spec, turn }: UnitArgs): string | null => {
  if (turn === null || spec.unmanaged !== undefined || slot.completed || !Recovered.startsWithMaster(spec, recovered, isHeld)) return null;
  return turn.length === 0 ? "waits for its turn" : waitsForText(turn);
};

/** One timer from the end of the last call on; a call that comes meanwhile makes it count for nothing. */
const idleSoon = ({ slot, spec }: UnitArgs, context: Context): void => {
  const idleMillis = spec.onCall?.idleMillis;
  if (idleMillis !== undefined) context.sendAfter(idleMillis, "Idle", { made: slot.calls.made });
};

/** Nobody has asked for it by hand: it is tried again when it fails. */
const startSoon = (state: State, context: Context) => {
  const { spec, supervisor } = state.args;
  const start = Effect.flatMap(supervisor, (group) => group.restartChild(spec.id, { supervised: true }));
  return Effect.as(Effect.forkIn(Effect.ignore(start), context.scope), state);
};

/** Why it is stopped when nobody has been connected to it for its idle time. */
const idle = "nobody is connected";

export const Unit = Actor.make({
  name: "unit",
  protocol: UnitRpc,
  init: (args: UnitArgs, context): State => {
    const { memory, process } = args.recovered;
    const timetable = timetableOf(args, context);
    const isScheduled = timetable !== null && Recovered.waitsForNextRun(args.spec, memory, args.isHeld);
    args.slot.requested ||= process !== null || memory?.state === "backoff";
    const isDown = !isScheduled && memory !== null && (memory.state === "stopped" || memory.state === "failed");
    const waits = memory?.state === "backoff" && args.slot.notBefore !== null;
    const turn = isDown || process !== null ? null : turnOf(args);
    const down = turn !== null ? "blocked" : !isScheduled ? "stopped" : memory?.state === "failed" ? "failed" : "waiting";
    const initial: State = {
      args,
      state: args.slot.task !== null ? (args.spec.start === "oneshot" ? "starting" : "running") : isDown || waits ? memory.state : down,
      reason: isDown || waits ? memory.reason : args.isHeld ? words.stop : (turn ?? reasonOf(args.spec, isScheduled)),
      restarts: memory?.restarts ?? 0,
      nextStartAt: args.slot.notBefore,
      lastExit: memory?.lastExit ?? null,
      waiting: [],
      nextId: 0,
      history: memory?.history ?? [],
      timetable,
    };
    if (initial.state !== "stopped") timetable?.resume(initial.state);
    if (process !== null) idleSoon(args, context);
    return initial;
  },
  handlers: {
    Start: (state, _, context) => take(state, "start", context),
    Stop: (state, _, context) => permitted(state, "stop") ?? take(state, "stop", context),
    StopFor: (state, { unit }, context) => permitted(state, "stop") ?? take(state, "stop", context, unit),
    Unblocked: (state, _, context) => {
      const { slot } = state.args;
      if (slot.phase !== "blocked") return state;
      slot.phase = "down";
      return startSoon(state, context);
    },
    Unheld: (state, _, context) => (state.state === "waiting" && state.args.slot.sockets === null ? startSoon(state, context) : state),
    Connected: (state, _, context) => {
      if (state.state !== "waiting") return state;
      state.args.slot.requested = true;
      state.args.publish("connected", "a connection waits: it is started");
      return startSoon(keep(state, { ...state, state: "starting", reason: startedByConnection }), context);
    },
    CountConnections: (state, { quietSince: before, startedAt }, context) => {
      const { now, slot, spec } = state.args;
      const idleMillis = spec.onDemand?.idleMillis;
      if (idleMillis === undefined || slot.startedAt !== startedAt || state.state !== "running") return state;
      const since = quietSince(before, connectionsOf(slot.sockets), now());
      if (isIdle(idleMillis, since, now())) return begin(state, "stop", context, idle);
      context.sendAfter(lookMillis(idleMillis), "CountConnections", { startedAt, quietSince: since });
      return state;
    },
    Restart: (state, _, context) => permitted(state, "restart") ?? take(state, "restart", context),
    Signal: (state, { signal }) => {
      const parsed = Signal.parse(signal);
      const { task } = state.args.slot;
      const refused = Option.isSome(parsed) ? permitted(state, "signal", parsed.value) : undefined;
      if (refused !== undefined) return refused;
      if (step(state.state, "signal") === null || task === null || Option.isNone(parsed)) return refuse(state, `signal ${signal}`);
      state.args.publish("signal", `sent ${parsed.value}`);
      // It may have ended in between: then there is nobody to be told.
      return Effect.as(Effect.ignore(task.signal(parsed.value)), state);
    },
    Reload: (state) => {
      const { publish, slot, spec } = state.args;
      if (spec.reloadSignal === undefined) return Exit.fail(new NotReloadable({ unit: spec.id }));
      if (step(state.state, "reload") === null || slot.task === null) return refuse(state, "reload");
      publish("reload", `reloading: sent ${spec.reloadSignal}`);
      return Effect.andThen(
        Effect.ignore(slot.task.signal(spec.reloadSignal)),
        Effect.map(describe(state), (status) => Actor.reply(state, status)),
      );
    },
    Noticed: (state, { message, type }) => state.args.publish(type, message),
    ResetFailed: (state, _, context) => {
      const next = step(state.state, "reset-failed");
      if (next === null || next.action !== "forget") return take(state, "reset-failed", context);
      state.args.slot.row = noFailures;
      const reset = keep(state, { ...state, state: next.state, reason: next.state === state.state ? state.reason : words["reset-failed"] });
      return Effect.map(describe(reset), (status) => Actor.reply(reset, status));
    },
    History: (state) => Actor.reply(state, { status: known(state), history: state.history, ...configOf(state.args.spec) }),
    Describe: (state) => Actor.reply(state, known(state)),
    ProcessExited: (state, exit) => keep(state, { ...state, lastExit: exit }, state.reason, state.waiting.length === 0),
    Reported: (state, reported, context) => follow(state, reported, context),
    TrialOver: (state, { startedAt }) => endTrial(state, startedAt),
    Uncalled: (state, _, context) => idleSoon(state.args, context),
    Respec: (state, _, context) => {
      const { spec } = state.args;
      if (state.timetable === null || JSON.stringify(state.timetable.schedule) === JSON.stringify(spec.schedule)) return state;
      state.timetable.stop();
      const timetable = timetableOf(state.args, context);
      if (state.state !== "stopped") timetable?.resume(state.state);
      return { ...state, timetable };
    },
    Idle: (state, { made }, context) => {
      const { calls } = state.args.slot;
      const isIdle = calls.open === 0 && calls.made === made && state.state === "running";
      return isIdle ? begin(state, "stop", context, Recovered.waitsForCall) : state;
    },
    Due: (state, { queued }, context) => {
      const { timetable } = state;
      if (timetable === null || !(queued || timetable.wake())) return state;
      switch (Schedule.onDue(state.state, timetable.schedule.overlap)) {
        case "start":
          return begin(state, "start", context, "started by its schedule");
        case "replace":
          return begin(state, state.state === "backoff" ? "start" : "restart", context, replaced);
        case "queue":
          timetable.queued = true;
          state.args.publish("queued", "a run is due, and waits for the end of the one before");
          return state;
        case "skip":
          state.args.publish("skipped", "a run is due, and is left out: the one before is not over");
          return state;
        case "none":
          return state;
      }
    },
    Rested: (state, _, context) => rest(state, context),
    ActionEnded: (state, { advice, failure, id, refused }) => {
      const done = state.waiting.find((waiting) => waiting.id === id);
      const waiting = state.waiting.filter((each) => each !== done);
      // A process that ended by itself just before its stop was reported as waiting for its restart, which the stop has taken back without a word.
      const isDown = done?.command === "stop" && failure === null;
      const because = done?.because ?? null;
      const down =
        because === null
          ? ({ state: "stopped", reason: state.reason === Recovered.waitsForCall ? state.reason : words.stop } as const)
          : ({ state: "blocked", reason: waitsForText([because]) } as const);
      if (isDown && because !== null) state.args.slot.phase = "blocked";
      const settled = keep(state, isDown ? { ...state, waiting, ...down, nextStartAt: null } : { ...state, waiting });
      if (done === undefined) return settled;
      if (failure !== null) {
        if (settled.state === "failed") release(settled.args.slot);
        Actor.failTo(
          done.to,
          refused ?? new StartFailed({ unit: state.args.spec.id, reason: failure, ...(advice === null ? {} : { advice }) }),
        );
        return settled;
      }
      return Effect.map(describe(settled), (status) => {
        Actor.replyTo(done.to, status);
        return settled;
      });
    },
  },
  // A mailbox that crashes comes back to what it has.
  terminate: ({ args }, reason) => void (reason._tag === "Shutdown" && release(args.slot)),
});

export type UnitRef = ActorRef<UnitRpcs>;
