/**
 * Units that somebody else runs: what their spec says, what may be done to them, and what the reports on their watcher mean. Pure.
 */
import type { DiscoveryQuery, Signal } from "../platform/index.ts";
import { NotAllowed } from "../protocol/Errors.ts";
import type { UnitState } from "../protocol/MasterRpc.ts";
import type { Command, Report } from "./Lifecycle.ts";

/** A process that is found and watched, and touched only as far as it says here. */
export interface Unmanaged {
  readonly discovery: DiscoveryQuery;
  /** How often it is looked for, and whether it is still the one. */
  readonly checkIntervalMillis: number;
  readonly canTerminate: boolean;
  readonly canRestart: boolean;
  /** What systemd restarts; absent: nobody can restart it. */
  readonly restartService?: string;
  readonly allowedSignals: ReadonlyArray<Signal.Signal>;
}

/** Why a command may not be carried out; null when it may. */
export const refusal = (unit: string, of: Unmanaged, command: Command, signal: Signal.Signal | null): NotAllowed | null => {
  const no = (asked: string, hint: string) => new NotAllowed({ unit, command: asked, why: "somebody else runs it", hint });
  switch (command) {
    case "start":
    case "reload":
    case "reset-failed":
      return null;
    case "stop":
      return of.canTerminate ? null : no("stop", "can_terminate: true in the unit's control allows it");
    case "restart":
      if (!of.canRestart) return no("restart", "can_restart: true in the unit's control allows it, with service_manager: systemd");
      return of.restartService === undefined ? no("restart", "service_manager: systemd and service_name say who restarts it") : null;
    case "signal":
      return signal === null || of.allowedSignals.includes(signal)
        ? null
        : no(`signal ${signal}`, `allowed_signals: [${[...of.allowedSignals, signal].join(", ")}] in the unit's control allows it`);
  }
};

/** What a unit is when its watcher is this. */
export interface Followed {
  readonly state: UnitState;
  readonly reason: string | null;
  /** What is new to people. */
  readonly event: readonly [type: string, message: string] | null;
}

/** What the mailbox knows: what it is doing by hand, and whom the watcher has found. */
export interface Known {
  readonly state: UnitState;
  readonly reason: string | null;
  readonly byHand: Command | null;
  readonly pid: number | null;
  readonly missing: string | null;
}

/** A watcher that is up has found somebody or not; that it starts again is no restart of anybody. */
export const follow = (known: Known, report: Report, note: string | null): Followed => {
  const { byHand, missing, pid, reason, state } = known;
  const same: Followed = { state, reason, event: null };
  switch (report) {
    case "started": {
      if (pid !== null) return { state: "running", reason: null, event: ["found", `found, pid ${pid}`] };
      const why = `not found: ${missing ?? "unknown"}`;
      return { state: "stopped", reason: why, event: reason === why ? null : ["not_found", why] };
    }
    case "restarting":
      return byHand === null ? { state: "stopped", reason: "not found", event: ["exited", "has ended"] } : same;
    case "stopping":
      if (byHand === "start" || byHand === "restart") return same;
      return { state: "stopping", reason: byHand === null ? null : reason, event: null };
    case "ended":
      if (byHand === "start" || byHand === "restart") return same;
      return byHand === "stop"
        ? { state: "stopped", reason, event: ["stopped", "stopped by hand"] }
        : { state: "stopped", reason: "not watched", event: ["not_watched", "left alone"] };
    case "starting":
    case "completed":
    case "waiting":
    case "blocked":
      return same;
    case "startFailed":
    case "crashed":
      return { state: "failed", reason: note, event: ["failed", `cannot be watched: ${note ?? "unknown"}`] };
  }
};
