/**
 * The mailbox of a unit: an actor that outlives the unit's processes. It answers at any time, does what the lifecycle table says to a
 * command, and has the unit's supervisor carry it out.
 */
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Option from "effect/Option";
import { Actor, type ActorRef, ExitReason, type Supervisor } from "../actor/index.ts";
import type { Finder } from "../driver/index.ts";
import { Signal } from "../platform/index.ts";
import { InvalidTransition, NotAllowed, StartFailed } from "../protocol/Errors.ts";
import type { LastExit, UnitState, UnitStatus } from "../protocol/MasterRpc.ts";
import { type Action, type Command, legal, type Report, step } from "./Lifecycle.ts";
import { formatExit, type Slot } from "./Run.ts";
import { UnitRpc, type UnitRpcs } from "./UnitRpc.ts";
import type { UnitMemory } from "../store/index.ts";
import { fingerprint, type Recovered, stoppedByHand } from "./Recovered.ts";
import type { UnitSpec } from "./UnitSpec.ts";
import * as Unmanaged from "./Unmanaged.ts";
import { performUnmanaged } from "./Watch.ts";

/** What a unit's mailbox is given. */
export interface UnitArgs {
  readonly spec: UnitSpec;
  /** Ids from the root group to the unit's own. */
  readonly groups: ReadonlyArray<string>;
  readonly slot: Slot;
  /** The supervisor of the unit's group. */
  readonly supervisor: Effect.Effect<Supervisor.SupervisorRef, unknown>;
  /** What an earlier master has left of it. */
  readonly recovered: Recovered;
  readonly finder: Finder;
  /** Keeps what is known of it for a later master. */
  readonly remember: (memory: UnitMemory) => void;
  /** Says to everybody what has happened to the unit. */
  readonly publish: (type: string, message: string) => void;
}

interface Waiting {
  readonly id: number;
  readonly command: Command;
  readonly to: Actor.ReplyTo<UnitStatus, StartFailed | NotAllowed>;
}

interface State {
  readonly args: UnitArgs;
  readonly state: UnitState;
  readonly reason: string | null;
  readonly restarts: number;
  readonly nextStartAt: number | null;
  readonly lastExit: LastExit | null;
  /** Commands that are being carried out. */
  readonly waiting: ReadonlyArray<Waiting>;
  readonly nextId: number;
}

type Context = Actor.ActorContext<UnitRpcs>;

/** What a command's action has the supervisor do. A stop by hand holds: no sibling's failure undoes it. */
const perform = (action: Action, command: Command, args: UnitArgs): Effect.Effect<void, unknown> => {
  const { spec, supervisor } = args;
  const { id, unmanaged } = spec;
  if (unmanaged !== undefined && command !== "signal") return performUnmanaged(command, unmanaged, args);
  const stop = Effect.flatMap(supervisor, (group) => group.terminateChild(id, { hold: true }));
  const start = Effect.flatMap(supervisor, (group) => group.restartChild(id));
  switch (action) {
    case "startChild":
      return Effect.asVoid(start);
    case "stopChild":
      return stop;
    case "cycleChild":
      return Effect.asVoid(Effect.andThen(stop, start));
    case "signalProcess":
    case "none":
      return Effect.void;
  }
};

const words: Record<Command, string> = { start: "started by hand", stop: stoppedByHand, restart: "restarted by hand", signal: "" };

const refuse = (state: State, command: string) =>
  Exit.fail(new InvalidTransition({ unit: state.args.spec.id, command, state: state.state, legal: legal(state.state) }));

/** Takes a command: its reply comes when the supervisor has done it. */
const take = (state: State, command: Command, context: Context) => {
  const next = step(state.state, command);
  if (next === null) return refuse(state, command);
  const to = context.deferReply();
  const id = state.nextId;
  const carryOut = Effect.exit(perform(next.action, command, state.args)).pipe(
    Effect.map((exit) =>
      context.self.cast("ActionEnded", { id, failure: Exit.isSuccess(exit) ? null : failureText(exit), refused: refusedBy(exit) }),
    ),
  );
  const moved: State = {
    ...state,
    state: next.state,
    reason: words[command],
    nextStartAt: null,
    waiting: to === null ? state.waiting : [...state.waiting, { id, command, to }],
    nextId: id + 1,
  };
  keep(state, moved);
  if (moved.state === "stopped") state.args.publish("stopped", "stopped by hand");
  return Effect.as(Effect.forkIn(carryOut, context.scope), Actor.noReply(moved));
};

/** What a unit that somebody else runs answers to what its config does not allow. */
const permitted = ({ args: { spec } }: State, command: Command, signal: Signal.Signal | null = null) => {
  const refused = spec.unmanaged === undefined ? null : Unmanaged.refusal(spec.id, spec.unmanaged, command, signal);
  return refused === null ? undefined : Exit.fail(refused);
};

const refusedBy = (exit: Exit.Exit<void, unknown>): NotAllowed | null => {
  const error = Option.getOrUndefined(Exit.findErrorOption(exit));
  return error instanceof NotAllowed ? error : null;
};

const failureText = (exit: Exit.Exit<void, unknown>): string => {
  const error = Option.getOrUndefined(Exit.findErrorOption(exit));
  if (error instanceof Actor.StartError) return ExitReason.format(error.reason);
  return error instanceof Error ? error.message : String(error);
};

/** The state, kept for a later master where that would not know it. */
const keep = (before: State, { args, lastExit, reason, restarts, state }: State): void => {
  const done = state === "completed" ? { done: fingerprint(args.spec) } : {};
  const same = before.state === state && before.reason === reason && before.restarts === restarts && before.lastExit === lastExit;
  // Whom nobody has found is looked for by the next master as well.
  const isSought = args.spec.unmanaged !== undefined && state === "stopped" && reason !== stoppedByHand;
  if (!same) args.remember({ state: isSought ? "running" : state, reason, restarts, lastExit, ...done });
};

const describe = (state: State): Effect.Effect<UnitStatus> => {
  const { groups, slot, spec } = state.args;
  const { task } = slot;
  return Effect.map(task === null ? Effect.succeed(null) : task.memory, (memory) => ({
    id: spec.id,
    kind: spec.kind,
    groups: [...groups],
    state: state.state,
    reason: state.reason,
    pid: task?.identity.pid ?? null,
    restarts: state.restarts,
    startedAt: task === null ? null : slot.startedAt,
    nextStartAt: state.nextStartAt,
    lastExit: state.lastExit,
    memory,
    health: slot.health ?? (spec.probes === undefined ? null : "unknown"),
    ready: slot.readiness.isReady(),
    ...(slot.port === null ? {} : { port: slot.port }),
  }));
};

/** The events that people see, in their words. */
const announce = (state: State, report: Report, note: string | null, delayMillis: number | null): void => {
  const { publish, slot } = state.args;
  switch (report) {
    case "starting":
      return publish("starting", `${slot.reattached ? "reattached" : "starting"}, pid ${slot.task?.identity.pid ?? "?"}`);
    case "completed":
      return publish("completed", `completed${exitNote(state)}`);
    case "started":
      return publish("started", `${slot.reattached ? "reattached" : "started"}, pid ${slot.task?.identity.pid ?? "?"}`);
    case "startFailed":
      return publish("failed", `did not start: ${note ?? "unknown"}`);
    case "restarting":
      if (delayMillis === null) return publish("exited", `stopped with its group${exitNote(state)}`);
      return publish(
        "restarting",
        `${cause(state)}restarts ${delayMillis === 0 ? "at once" : `in ${delayMillis} ms`} (attempt ${note ?? "?"} in a row)`,
      );
    case "stopping":
      return publish("stopping", "stopping");
    case "ended":
    case "waiting":
      return publish("stopped", `stopped${exitNote(state)}`);
    case "crashed":
      return publish(note === null ? "exited" : "gave_up", `${note ?? "failed"}${exitNote(state)}`);
  }
};

/** A start that failed has been told already. */
const cause = ({ lastExit, state }: State): string => (lastExit === null || state === "failed" ? "" : `${formatExit(lastExit)}: `);

const exitNote = ({ lastExit }: State): string => (lastExit === null ? "" : `: ${formatExit(lastExit)}`);

/** What the supervisor reports is a fact; only its words depend on what was asked. */
const follow = (state: State, report: Report, note: string | null, delayMillis: number | null, now: number): State => {
  if (state.args.spec.unmanaged !== undefined) return followWatcher(state, report, note);
  // An end that was asked for is no failure, even where it took a kill.
  const asked = report === "crashed" && state.state === "stopping";
  const fact = asked ? "ended" : report === "started" && state.args.spec.start === "oneshot" ? "completed" : report;
  announce(state, fact, note, delayMillis);
  const byHand = state.reason === words.stop || state.reason === words.restart;
  const reasons: Record<Report, string | null> = {
    starting: byHand ? state.reason : null,
    started: null,
    completed: null,
    waiting: null,
    startFailed: note,
    restarting: delayMillis === null ? "its group restarts" : null,
    stopping: byHand ? state.reason : null,
    ended: byHand ? state.reason : `ended${exitNote(state)}`,
    crashed: note ?? `failed${exitNote(state)}`,
  };
  // Between its two halves a restart by hand is no stop.
  const reached = fact === "ended" && state.reason === words.restart ? "starting" : step(state.state, fact)?.state;
  const followed: State = {
    ...state,
    state: reached ?? state.state,
    reason: reasons[fact],
    restarts: fact === "restarting" ? state.restarts + 1 : state.restarts,
    nextStartAt: fact === "restarting" && delayMillis !== null ? now + delayMillis : null,
  };
  keep(state, followed);
  return followed;
};

const followWatcher = (state: State, report: Report, note: string | null): State => {
  const { publish, slot } = state.args;
  const byHand = state.waiting.at(-1)?.command ?? (state.reason === stoppedByHand ? "stop" : null);
  const known = { state: state.state, reason: state.reason, byHand, pid: slot.task?.identity.pid ?? null, missing: slot.missing ?? null };
  const { event, reason, state: reached } = Unmanaged.follow(known, report, note);
  if (event !== null) publish(...event);
  const followed: State = { ...state, state: reached, reason };
  keep(state, followed);
  return followed;
};

export const Unit = Actor.make({
  name: "unit",
  protocol: UnitRpc,
  init: (args: UnitArgs): State => {
    const { memory } = args.recovered;
    const isDown = memory !== null && (memory.state === "stopped" || memory.state === "failed");
    return {
      args,
      state: args.slot.task !== null ? (args.spec.start === "oneshot" ? "starting" : "running") : isDown ? memory.state : "stopped",
      reason: isDown ? memory.reason : args.spec.enabled ? null : "disabled",
      restarts: memory?.restarts ?? 0,
      nextStartAt: null,
      lastExit: memory?.lastExit ?? null,
      waiting: [],
      nextId: 0,
    };
  },
  handlers: {
    Start: (state, _, context) => take(state, "start", context),
    Stop: (state, _, context) => permitted(state, "stop") ?? take(state, "stop", context),
    Restart: (state, _, context) => permitted(state, "restart") ?? take(state, "restart", context),
    Signal: (state, { signal }) => {
      const parsed = Signal.parse(signal);
      const { task } = state.args.slot;
      if (step(state.state, "signal") === null || task === null || Option.isNone(parsed)) return refuse(state, `signal ${signal}`);
      const refused = permitted(state, "signal", parsed.value);
      if (refused !== undefined) return refused;
      state.args.publish("signal", `sent ${parsed.value}`);
      // It may have ended in between: then there is nobody to be told.
      return Effect.as(Effect.ignore(task.signal(parsed.value)), state);
    },
    Describe: (state) => Effect.map(describe(state), (status) => Actor.reply(state, status)),
    ProcessExited: (state, exit) => {
      const ended = { ...state, lastExit: exit };
      keep(state, ended);
      return ended;
    },
    Noticed: (state, { message, type }) => state.args.publish(type, message),
    Reported: (state, { at, delayMillis, note, report }) => follow(state, report, note, delayMillis, at),
    ActionEnded: (state, { failure, id, refused }) => {
      const done = state.waiting.find((waiting) => waiting.id === id);
      const waiting = state.waiting.filter((each) => each !== done);
      // A process that ended by itself just before its stop was reported as waiting for its restart, which the stop has taken back without a word.
      const isDown = done?.command === "stop" && failure === null;
      const settled: State = isDown
        ? { ...state, waiting, state: "stopped", reason: words.stop, nextStartAt: null }
        : { ...state, waiting };
      keep(state, settled);
      if (done === undefined) return settled;
      if (failure !== null) {
        Actor.failTo(done.to, refused ?? new StartFailed({ unit: state.args.spec.id, reason: failure }));
        return settled;
      }
      return Effect.map(describe(settled), (status) => {
        Actor.replyTo(done.to, status);
        return settled;
      });
    },
  },
});

export type UnitRef = ActorRef<UnitRpcs>;
