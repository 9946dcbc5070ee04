/**
 * What an event of the supervision tree means: to a unit, and in words to people.
 */
import { type Event, ExitReason } from "../actor/index.ts";
import { FailurePolicy, type Lifecycle } from "../unit/index.ts";

/** A report to a unit's mailbox. */
export interface UnitReport {
  readonly report: Lifecycle.Report;
  readonly note: string | null;
  readonly delayMillis: number | null;
}

/** What the event says of the unit whose child it is about; null when it adds nothing to the events around it. */
export const toUnit = (event: Event.TreeEvent): UnitReport | null => {
  const report = (name: Lifecycle.Report, note: string | null = null, delayMillis: number | null = null): UnitReport => ({
    report: name,
    note,
    delayMillis,
  });
  switch (event._tag) {
    case "Started":
      return report("started");
    case "StartFailed":
      if (FailurePolicy.isNotDue(event.reason)) return null;
      return report("startFailed", ExitReason.format(event.reason));
    case "Stopping":
      return report("stopping");
    case "Restarting":
      return report("restarting", String(event.attempt), event.delayMillis);
    case "GaveUp":
      return report(
        "crashed",
        event.attempts === 0 ? "failed, and is never restarted" : `gave up after ${event.attempts} restarts in a row`,
      );
    case "Exited":
      // Its own failure is followed by Restarting or GaveUp; after a stop for its group nothing else comes.
      if (event.decision === "restart") return event.asked ? report("restarting") : null;
      if (event.decision === "giveUp") return null;
      return !event.asked && ExitReason.isAbnormal(event.reason) ? report("crashed") : report("ended");
    case "Ignored":
      return report("blocked");
    case "Escalated":
    case "CircuitOpen":
    case "CircuitHalfOpen":
    case "CircuitClosed":
      return null;
  }
};

/** The type and the words of an event about a supervisor or a worker of the master; null for what is of no interest. */
export const toPeople = (event: Event.TreeEvent): { readonly type: string; readonly message: string } | null => {
  switch (event._tag) {
    case "Started":
      return event.incarnation === 1 ? null : { type: "started", message: "started again" };
    case "StartFailed":
      return { type: "failed", message: `did not start: ${ExitReason.format(event.reason)}` };
    case "Exited":
      return ExitReason.isAbnormal(event.reason) || event.decision === "restart"
        ? { type: "exited", message: `ended: ${ExitReason.format(event.reason)}` }
        : null;
    case "Restarting":
      return { type: "restarting", message: `restarts ${event.delayMillis === 0 ? "at once" : `in ${event.delayMillis} ms`}` };
    case "GaveUp":
      return { type: "gave_up", message: `gave up after ${event.attempts} restarts in a row` };
    case "Escalated":
      return {
        type: "escalated",
        message: `more than ${event.intensity} restarts in ${event.periodMillis / 1000} s: escalates`,
      };
    case "CircuitOpen":
      return { type: "circuit_open", message: "too many restarts: restarts nothing for a while" };
    case "CircuitHalfOpen":
      return { type: "circuit_half_open", message: "tries again" };
    case "CircuitClosed":
      return { type: "circuit_closed", message: "has been stable" };
    case "Stopping":
    case "Ignored":
      return null;
  }
};
