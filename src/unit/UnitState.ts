/**
 * What a unit's mailbox knows, what of it a later master is told, and what of it people see.
 */
import * as Effect from "effect/Effect";
import type { Actor, Supervisor } from "../actor/index.ts";
import type { Finder } from "../driver/index.ts";
import type { NotAllowed, StartFailed } from "../protocol/Errors.ts";
import type { LastExit, Transition, UnitDescription, UnitState, UnitStatus } from "../protocol/MasterRpc.ts";
import type { UnitMemory } from "../store/index.ts";
import { release } from "./Demand.ts";
import { circuitAt } from "./FailurePolicy.ts";
import type { Command } from "./Lifecycle.ts";
import { fingerprint, type Recovered, stoppedByHand } from "./Recovered.ts";
import type { Slot } from "./Run.ts";
import type { Clockwork, Timetable } from "./Timetable.ts";
import type { UnitSpec } from "./UnitSpec.ts";

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
  readonly remember: (memory: UnitMemory, soon: boolean) => void;
  /** Says to everybody what has happened to the unit. */
  readonly publish: (type: string, message: string) => void;
  /** It was stopped by hand, and that has been kept. */
  readonly isHeld: boolean;
  /** Whom it is behind in the start of its master; null: that is over. */
  readonly turn: ReadonlyArray<string> | null;
  /** It was stopped by hand, and is not to be started by a later master either; or it was started by hand. */
  readonly hold: (held: boolean) => void;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly clockwork: Clockwork;
}

/** Why it is in a state that somebody has asked for. */
export const words: Record<Command, string> = {
  start: "started by hand",
  stop: stoppedByHand,
  restart: "restarted by hand",
  signal: "",
  reload: "",
  "reset-failed": "reset by hand",
};

/** Why it is ended where its next run takes its place. */
export const replaced = "replaced by its next run";

/** Transitions that are kept of each unit. */
const historyLength = 20;

export interface Waiting {
  readonly id: number;
  readonly command: Command;
  /** It is stopped because this one is, and goes on with it. */
  readonly because: string | null;
  readonly to: Actor.ReplyTo<UnitStatus, StartFailed | NotAllowed>;
}

export interface State {
  readonly args: UnitArgs;
  readonly state: UnitState;
  readonly reason: string | null;
  readonly restarts: number;
  readonly nextStartAt: number | null;
  readonly lastExit: LastExit | null;
  /** Commands that are being carried out. */
  readonly waiting: ReadonlyArray<Waiting>;
  readonly nextId: number;
  /** Its last states, the oldest first. */
  readonly history: ReadonlyArray<Transition>;
  /** Of a unit with a schedule. */
  readonly timetable: Timetable | null;
}

/** Whom it is just being stopped for. */
export const stopsFor = (state: State): string | null => state.waiting.findLast(({ command }) => command === "stop")?.because ?? null;

/** Why a unit is down that waits for others. */
export const waitsForText = (units: ReadonlyArray<string>): string => `waits for ${units.join(", ")}`;

/**
 * The state, with its place in the history, and kept for a later master where that would not know it. `why` is for the history, where it takes more
 * words than the state's own reason: how the last process has ended stands beside that one, but not beside what was long ago. `byItself`: nobody has asked
 * for it, and waits for an answer.
 */
export const keep = (before: State, after: State, why: string | null = after.reason, byItself = false): State => {
  const { args, lastExit, nextStartAt, reason, restarts, state, timetable } = after;
  // What is stopped has no schedule.
  if (state === "stopped") timetable?.stop();
  else timetable?.resume(state);
  if (state === "stopped") release(args.slot);
  const moved = before.state !== state || before.reason !== reason;
  if (!moved && before.restarts === restarts && before.lastExit === lastExit) return after;
  const history = moved ? [...after.history, { state, at: args.now(), reason: why }].slice(-historyLength) : after.history;
  const done = state === "completed" ? { done: fingerprint(args.spec) } : {};
  // Whom nobody has found is looked for by the next master as well.
  const isSought = args.spec.unmanaged !== undefined && state === "stopped" && reason !== stoppedByHand;
  const kept = isSought ? "running" : state;
  args.remember({ state: kept, reason, restarts, lastExit, nextStartAt, row: args.slot.row, history, ...done }, byItself);
  return { ...after, history };
};

/** All that is known of it without a look at its process. */
export const known = (state: State): UnitStatus => {
  const { groups, slot, spec } = state.args;
  const { task } = slot;
  return {
    id: spec.id,
    kind: spec.kind,
    groups: [...groups],
    state: state.state,
    reason: state.reason ?? slot.said,
    pid: task?.identity.pid ?? null,
    restarts: state.restarts,
    startedAt: task === null && spec.module === undefined ? null : slot.startedAt,
    nextStartAt: state.nextStartAt ?? state.timetable?.startAt() ?? null,
    lastExit: state.lastExit,
    memory: null,
    health: slot.health ?? (spec.probes === undefined ? null : "unknown"),
    ready: slot.readiness.isReady(),
    ...(slot.port === null ? {} : { port: slot.port }),
    ...breakerOf(state),
    ...limitsOf(slot),
  };
};

export const describe = (state: State): Effect.Effect<UnitStatus> => {
  const { task } = state.args.slot;
  return task === null ? Effect.succeed(known(state)) : Effect.map(task.memory, (memory) => ({ ...known(state), memory }));
};

/** What the config says of it that people ask for: what it runs, and whom it waits for. */
export const configOf = ({
  after,
  args,
  executable,
  kind,
  requires,
  workingDirectory,
}: UnitSpec): Omit<UnitDescription, "status" | "history"> => ({
  ...(kind === "managed" || kind === "integrated" ? { program: { command: [executable, ...args], folder: workingDirectory } } : {}),
  ...(after === undefined ? {} : { after }),
  ...(requires === undefined ? {} : { requires }),
});

const limitsOf = ({ limits }: Slot): Pick<UnitStatus, "limits" | "warnings"> => {
  if (limits == null) return {};
  const warnings = [...limits.broken, ...limits.warnings];
  const held = limits.held.map(({ by, limit }) => ({ limit, by }));
  return { ...(held.length === 0 ? {} : { limits: held }), ...(warnings.length === 0 ? {} : { warnings }) };
};

const circuitWords = { Closed: "closed", Open: "open", HalfOpen: "half_open" } as const;

const breakerOf = ({ args: { now, slot, spec } }: State): Pick<UnitStatus, "breaker"> => {
  const { breaker } = spec.restart;
  return breaker === undefined ? {} : { breaker: circuitWords[circuitAt(breaker, slot.row, now(), slot.startedAt)._tag] };
};
