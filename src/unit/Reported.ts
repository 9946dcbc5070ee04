/**
 * What a unit's mailbox makes of what its supervisor reports of the child that runs it.
 */
import type { Actor } from "../actor/index.ts";
import { noFailures } from "./FailurePolicy.ts";
import { type Report, step } from "./Lifecycle.ts";
import { listensOn, lookMillis, release } from "./Demand.ts";
import type { Slot } from "./Run.ts";
import { formatExit } from "./RunErrors.ts";
import type { UnitRpcs } from "./UnitRpc.ts";
import * as Unmanaged from "./Unmanaged.ts";
import { waitsForCall } from "./Recovered.ts";
import { keep, replaced, type State, stopsFor, waitsForText, words } from "./UnitState.ts";

/** What the supervisor has reported. */
export interface Reported {
  readonly report: Report;
  readonly note: string | null;
  readonly delayMillis: number | null;
  /** Unix milliseconds. */
  readonly at: number;
}

/** The events that people see, in their words. */
const announce = (state: State, report: Report, note: string | null, delayMillis: number | null): void => {
  const { publish, slot } = state.args;
  switch (report) {
    case "starting":
      return publish("starting", `${slot.reattached ? "reattached" : "starting"}, pid ${slot.task?.identity.pid ?? "?"}`);
    case "completed":
      return publish("completed", `completed${exitNote(state)}`);
    case "started":
      // Of one whose start was not complete this is the second word.
      return publish("started", slot.reattached && state.state === "starting" ? `up, pid ${pidOf(slot)}` : startedAs(slot));
    case "startFailed":
      return publish("failed", `did not start: ${note ?? "unknown"}`);
    case "restarting":
      if (delayMillis === null) return publish("exited", `stopped with its group${exitNote(state)}`);
      if (state.state === "backoff") return publish("restarting", `goes on waiting for its next start: ${delayMillis} ms`);
      return publish(
        "restarting",
        `${cause(state)}restarts ${delayMillis === 0 ? "at once" : `in ${delayMillis} ms`} (attempt ${note ?? "?"} in a row)`,
      );
    case "stopping":
      return publish("stopping", "stopping");
    case "ended":
      return publish("stopped", `stopped${exitNote(state)}`);
    case "waiting":
      return publish("exited", `ended${exitNote(state)}`);
    case "blocked":
      return publish("blocked", waitsForText(slot.blockedBy));
    case "crashed":
      return publish(note === null ? "exited" : "gave_up", joined(note ?? "failed", failure(state)) ?? "failed");
  }
};

/** Of who was started last. It may name another process as its main one with the first that it says, and may have ended by now. */
const pidOf = ({ lastStart, task }: Slot): number | "?" => task?.identity.pid ?? lastStart?.pid ?? "?";

const startedAs = (slot: Slot): string => {
  const { lastStart, module } = slot;
  if (module !== undefined) return module.thread === null ? "started in the master" : `started on thread ${module.thread}`;
  return `${lastStart?.reattached === true ? "reattached" : "started"}, pid ${pidOf(slot)}`;
};

/** A start that failed has been told already. */
const cause = ({ lastExit, state }: State): string => (lastExit === null || state === "failed" ? "" : `${formatExit(lastExit)}: `);

/** What went wrong just now: a start that was reported as failed, or the end of the last process. */
const failure = ({ lastExit, reason, state }: State): string | null =>
  state === "failed" ? reason : lastExit === null ? null : formatExit(lastExit);

const joined = (...parts: ReadonlyArray<string | null>): string | null => {
  const known = parts.filter((part) => part !== null);
  return known.length === 0 ? null : known.join(": ");
};

const exitNote = ({ lastExit }: State): string => (lastExit === null ? "" : `: ${formatExit(lastExit)}`);

/** The report, in the terms of the unit's kind. */
const inWords = (report: Report, { args, timetable }: State, byHand: boolean): Report => {
  const { slot, spec } = args;
  if (report === "started" && spec.start === "oneshot") return "completed";
  if (report === "blocked" && spec.onDemand !== undefined && slot.phase !== "blocked") return "waiting";
  return report === "ended" && (timetable !== null || spec.onDemand !== undefined) && !byHand ? "waiting" : report;
};

/** What the supervisor reports is a fact; only its words depend on what was asked. */
export const follow = (state: State, { at, delayMillis, note, report }: Reported, context: Actor.ActorContext<UnitRpcs>): State => {
  if (state.args.spec.unmanaged !== undefined) return followWatcher(state, report, note);
  // One with a schedule has nothing to do until it is due, and waits for nobody.
  if (report === "blocked" && state.args.slot.phase !== "blocked" && state.args.spec.onDemand === undefined) return state;
  // An end that was asked for is no failure, even where it took a kill.
  const asked = report === "crashed" && state.state === "stopping";
  // A restart by hand ends what runs, and is no stop.
  const cycles = state.reason === words.restart || state.reason === replaced;
  const byHand = state.reason === words.stop || state.reason === waitsForCall || cycles || stopsFor(state) !== null;
  const fact = inWords(asked ? "ended" : report, state, byHand);
  if (fact === "ended" || fact === "waiting" || fact === "crashed" || fact === "startFailed") state.args.slot.requested = cycles;
  if (report === "blocked" && fact === "waiting") state.args.publish("listening", listensOn(state.args.spec));
  else announce(state, fact, note, delayMillis);
  // Only the wait of an earlier master is reported in a backoff: that restart has been counted.
  const counts = fact === "restarting" && state.state !== "backoff";
  const { circuit } = state.args.slot.row;
  if (fact === "restarting" || fact === "started") tellBreaker(state, fact, context);
  const reasons: Record<Report, string | null> = {
    starting: byHand ? state.reason : null,
    started: null,
    completed: null,
    waiting: waitsFor(state.args),
    blocked: waitsForText(state.args.slot.blockedBy),
    startFailed: note,
    restarting: delayMillis === null ? "its group restarts" : waitsBecause(state, circuit._tag === "Open"),
    stopping: byHand ? state.reason : null,
    ended: byHand ? state.reason : `ended${exitNote(state)}`,
    // A module that is not what it should be is given up at once: what is wrong with it is of more use than that.
    crashed:
      state.state !== "failed"
        ? (note ?? `failed${exitNote(state)}`)
        : state.args.spec.module === undefined
          ? joined(note, state.reason)
          : state.reason,
  };
  // Between its two halves a restart by hand is no stop.
  const between = cycles ? "starting" : stopsFor(state) !== null ? "blocked" : null;
  const reached = (fact === "ended" ? between : null) ?? step(state.state, fact)?.state;
  const followed: State = {
    ...state,
    state: reached ?? state.state,
    reason: reasons[fact],
    restarts: counts ? state.restarts + 1 : state.restarts,
    nextStartAt: fact === "restarting" && delayMillis !== null ? at + delayMillis : null,
  };
  if (fact === "crashed") release(state.args.slot);
  if (state.args.spec.onDemand !== undefined) attend(state.args, fact, context);
  const ends = (fact === "restarting" && counts && delayMillis !== null) || fact === "crashed";
  return keep(
    state,
    followed,
    ends && state.state !== "failed" ? joined(fact === "crashed" ? note : followed.reason, failure(state)) : followed.reason,
    state.waiting.length === 0,
  );
};

/** Why it waits for its next start; how its last process has ended is known beside that. The wait of an earlier master goes on as it was. */
const waitsBecause = ({ reason, state }: State, isOpen: boolean): string | null => {
  if (state === "backoff" && reason !== null) return reason;
  return joined(isOpen ? breakerOpen : null, state === "failed" ? reason : null);
};

/** Why one that is started by a connection waits; null: it is none. */
const waitsFor = ({ slot, spec }: State["args"]): string | null => {
  if (spec.onDemand === undefined) return null;
  return slot.sockets === null ? "its sockets are made anew" : listensOn(spec);
};

/** Looks out for the next connection of a unit that is started by one, or for the end of the last one. */
const attend = ({ slot, spec }: State["args"], fact: Report, context: Actor.ActorContext<UnitRpcs>): void => {
  const idleMillis = spec.onDemand?.idleMillis;
  if (fact === "started" && idleMillis !== undefined) {
    context.sendAfter(lookMillis(idleMillis), "CountConnections", { startedAt: slot.startedAt, quietSince: null });
  }
  if (fact !== "waiting") return;
  slot.sockets?.onConnection(() => context.self.cast("Connected"));
  // It had them from an earlier master, which nobody could get them from while it ran: its next start makes new ones.
  if (slot.sockets === null) context.self.cast("Unheld");
};

/**
 * It has been stopped for being idle, and has ended by itself just before: it was reported as waiting for its restart, which that stop has taken back without
 * a word.
 */
export const rest = (state: State, context: Actor.ActorContext<UnitRpcs>): State => {
  if (state.state !== "backoff") return state;
  const { slot, spec } = state.args;
  slot.requested = false;
  const isOnDemand = spec.onDemand !== undefined;
  if (isOnDemand) attend(state.args, "waiting", context);
  return keep(state, {
    ...state,
    state: isOnDemand ? "waiting" : "stopped",
    reason: waitsFor(state.args) ?? waitsForCall,
    nextStartAt: null,
  });
};

const followWatcher = (state: State, report: Report, note: string | null): State => {
  const { publish, slot } = state.args;
  const byHand = state.waiting.at(-1)?.command ?? (state.reason === words.stop ? "stop" : null);
  const known = { state: state.state, reason: state.reason, byHand, pid: slot.task?.identity.pid ?? null, missing: slot.missing ?? null };
  const { event, reason, state: reached } = Unmanaged.follow(known, report, note);
  if (event !== null) publish(...event);
  return keep(state, { ...state, state: reached, reason });
};

const breakerOpen = "circuit breaker open";

/** Its breaker opens with a failure, goes on trial with the start after that, and closes when the trial is over. */
const tellBreaker = ({ args, reason, state }: State, report: "restarting" | "started", context: Actor.ActorContext<UnitRpcs>): void => {
  const { publish, slot, spec } = args;
  const { breaker } = spec.restart;
  if (breaker === undefined || slot.row.circuit._tag === "Closed") return;
  if (report === "started") {
    publish("circuit_half_open", `circuit breaker half-open: on trial for ${breaker.stableMillis} ms`);
    context.sendAfter(breaker.stableMillis, "TrialOver", { startedAt: slot.startedAt });
  } else if (slot.row.circuit._tag === "Open" && !(state === "backoff" && reason?.startsWith(breakerOpen) === true)) {
    publish(
      "circuit_open",
      `circuit breaker open: ${slot.row.failures.length} failures within ${breaker.windowMillis} ms, not started for ${breaker.cooldownMillis} ms`,
    );
  }
};

/** Closes the breaker, if what was on trial still runs. */
export const endTrial = (state: State, startedAt: number | null): State => {
  const { publish, slot } = state.args;
  if (slot.startedAt === null || slot.startedAt !== startedAt || slot.row.circuit._tag === "Closed") return state;
  slot.row = noFailures;
  publish("circuit_closed", "circuit breaker closed: the trial has held");
  return state;
};
