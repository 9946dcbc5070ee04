/**
 * The lifecycle of a unit: one table, state × event → next state and action. Pure; the unit actor does what it says.
 *
 * Commands come from people and APIs; the other events are what the unit's supervisor reports of the child that runs it.
 */
import { UnitState } from "../protocol/MasterRpc.ts";

/** What a person or an API asks of a unit. */
export const commands = ["start", "stop", "restart", "signal", "reload", "reset-failed"] as const;
export type Command = (typeof commands)[number];

/** What the supervisor reports. */
export const reports = [
  /** It begins to start the child again by itself: at once, or after its backoff. */
  "restarting",
  /** A process runs whose start is not complete: it has to say that it is ready, or to end with success. */
  "starting",
  "started",
  /** A one-shot has ended with success. It counts as up. */
  "completed",
  /** A start that somebody asked for has failed, and nothing is retried. */
  "startFailed",
  /** It asks the child to end, for a command, for a sibling, or for a shutdown. */
  "stopping",
  /** Ended as asked, or by itself and not as a failure; stays down. */
  "ended",
  /** The same of a unit that has a next start: by its schedule, or by a connection. */
  "waiting",
  /** Its start has found that it has to wait for others, and begins again when it has not. */
  "blocked",
  /** Ended by itself, as a failure; stays down. */
  "crashed",
] as const;
export type Report = (typeof reports)[number];

export type LifecycleEvent = Command | Report;

export const states = UnitState.literals;

/**
 * What the unit has its supervisor do: start the child; stop it and keep it down; both, in that order; or pass a signal on to the process. `forget`:
 * the failures so far count no more.
 */
export type Action = "startChild" | "stopChild" | "cycleChild" | "signalProcess" | "forget" | "none";

/** A step of the table; null where the state does not take the event. */
export type Step = { readonly state: UnitState; readonly action: Action } | null;

const to = (state: UnitState, action: Action = "none"): Step => ({ state, action });

/** What every state makes of what the supervisor reports: the report is a fact, whatever was thought before. */
const facts = {
  restarting: to("backoff"),
  starting: to("starting"),
  started: to("running"),
  completed: to("completed"),
  startFailed: to("failed"),
  stopping: to("stopping"),
  ended: to("stopped"),
  waiting: to("waiting"),
  blocked: to("blocked"),
  crashed: to("failed"),
} satisfies Record<Report, Step>;

/** The table. `start` and `restart` of a unit in backoff do not wait for it, and neither does a `reset-failed`. */
export const table: Readonly<Record<UnitState, Readonly<Record<LifecycleEvent, Step>>>> = {
  stopped: {
    ...facts,
    start: to("starting", "startChild"),
    stop: null,
    restart: to("starting", "startChild"),
    signal: null,
    reload: null,
    "reset-failed": to("stopped", "forget"),
  },
  waiting: {
    ...facts,
    start: to("starting", "startChild"),
    stop: to("stopped", "stopChild"),
    restart: to("starting", "startChild"),
    signal: null,
    reload: null,
    "reset-failed": to("waiting", "forget"),
  },
  blocked: {
    ...facts,
    start: to("starting", "startChild"),
    stop: to("stopped", "stopChild"),
    restart: to("starting", "startChild"),
    signal: null,
    reload: null,
    "reset-failed": to("blocked", "forget"),
  },
  starting: {
    ...facts,
    start: null,
    stop: to("stopping", "stopChild"),
    restart: to("stopping", "cycleChild"),
    signal: null,
    reload: null,
    "reset-failed": to("starting", "forget"),
  },
  running: {
    ...facts,
    start: null,
    stop: to("stopping", "stopChild"),
    restart: to("stopping", "cycleChild"),
    signal: to("running", "signalProcess"),
    reload: to("running", "signalProcess"),
    "reset-failed": to("running", "forget"),
  },
  stopping: {
    ...facts,
    start: null,
    stop: null,
    restart: null,
    signal: to("stopping", "signalProcess"),
    reload: null,
    "reset-failed": to("stopping", "forget"),
  },
  completed: {
    ...facts,
    start: null,
    stop: to("stopping", "stopChild"),
    restart: to("stopping", "cycleChild"),
    signal: null,
    reload: null,
    "reset-failed": to("completed", "forget"),
  },
  failed: {
    ...facts,
    start: to("starting", "startChild"),
    stop: to("stopped", "stopChild"),
    restart: to("starting", "startChild"),
    signal: null,
    reload: null,
    "reset-failed": to("stopped", "forget"),
  },
  backoff: {
    ...facts,
    start: to("starting", "cycleChild"),
    stop: to("stopped", "stopChild"),
    restart: to("starting", "cycleChild"),
    signal: null,
    reload: null,
    "reset-failed": to("starting", "cycleChild"),
  },
};

/** The step that an event makes from a state. */
export const step = (state: UnitState, event: LifecycleEvent): Step => table[state][event];

/** The commands that a state takes, and that change anything but what is remembered. */
export const legal = (state: UnitState): ReadonlyArray<Command> =>
  commands.filter((command) => {
    const next = step(state, command);
    return next !== null && !(next.action === "forget" && next.state === state);
  });
