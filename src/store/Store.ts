/**
 * The state that outlives a master, and what can go wrong with it.
 */
import * as Schema from "effect/Schema";
import { ProcessIdentity } from "../platform/index.ts";
import { LastExit, Transition, UnitState } from "../protocol/MasterRpc.ts";
import type { AuditHead } from "../protocol/Audit.ts";
import type { Revision } from "../protocol/PlanRpc.ts";

/** Revisions that are kept. */
export const keptRevisions = 100;

/** One start of a unit: written before the process is there, so that no instant exists in which nobody knows of it. */
export const ProcessRecord = Schema.Struct({
  unit: Schema.String,
  /** Names this start; its processes have it in their environment. */
  invocation: Schema.String,
  /** What was run; a config that says something else is another process. */
  fingerprint: Schema.String,
  /** Null until the system has said who it is. */
  identity: Schema.NullOr(ProcessIdentity),
  /** Unix milliseconds. */
  startedAt: Schema.Number,
  /** Of an integrated unit: where it listens. */
  port: Schema.optionalKey(Schema.Int),
  /** Of a unit that tells its state: what it has said last of that. */
  told: Schema.optionalKey(Schema.Literals(["ready", "reloading", "stopping"])),
  /** What it has published to the service registry, as it was answered. */
  published: Schema.optionalKey(Schema.Unknown),
});
export type ProcessRecord = typeof ProcessRecord.Type;

/** Failures in a row: what the next one means depends on them. */
export const FailureRow = Schema.Struct({
  /** Restarts in a row. */
  attempts: Schema.Int,
  /** When the last failures were that the breaker counts, Unix milliseconds. */
  failures: Schema.Array(Schema.Number),
  /** The breaker; `until` is in Unix milliseconds. */
  circuit: Schema.Union([
    Schema.TaggedStruct("Closed", {}),
    Schema.TaggedStruct("Open", { until: Schema.Number }),
    Schema.TaggedStruct("HalfOpen", { until: Schema.Number }),
  ]),
});
export type FailureRow = typeof FailureRow.Type;

/** What is remembered of a unit beside its process. */
export const UnitMemory = Schema.Struct({
  state: UnitState,
  reason: Schema.NullOr(Schema.String),
  restarts: Schema.Int,
  lastExit: Schema.NullOr(LastExit),
  /** Of a one-shot that has been completed: what was run. */
  done: Schema.optionalKey(Schema.String),
  /** When its next start is due, Unix milliseconds; only in `backoff`. */
  nextStartAt: Schema.NullOr(Schema.Number),
  row: FailureRow,
  /** Its last states, the oldest first. */
  history: Schema.Array(Transition),
});
export type UnitMemory = typeof UnitMemory.Type;

/** Synchronous: a write takes microseconds, and nothing may come between it and what it is about. Whatever is written later is written in order. */
export interface Store {
  readonly processes: ReadonlyArray<ProcessRecord>;
  readonly units: ReadonlyMap<string, UnitMemory>;
  readonly putProcess: (record: ProcessRecord) => void;
  /** As soon as `putUnitSoon`. */
  readonly putProcessSoon: (record: ProcessRecord) => void;
  /** What is to be written soon is written now: of many, as one. */
  readonly settle: () => void;
  /** As soon as `putUnitSoon`. */
  readonly removeProcess: (unit: string) => void;
  readonly putUnit: (unit: string, memory: UnitMemory) => void;
  /** The same at the end of the turn, or with the next other write: what has come to pass by itself, and was answered to nobody. */
  readonly putUnitSoon: (unit: string, memory: UnitMemory) => void;
  readonly removeUnit: (unit: string) => void;
  /** Units that were stopped by hand and that no master is to start, whatever has happened in between: an orderly end, another boot. */
  readonly held: ReadonlySet<string>;
  readonly hold: (unit: string) => void;
  readonly unhold: (unit: string) => void;
  /** The time that each schedule has dealt with last: outlives an orderly end and a boot. Unix milliseconds. */
  readonly schedules: ReadonlyMap<string, number>;
  readonly putSchedule: (unit: string, last: number) => void;
  readonly removeSchedule: (unit: string) => void;
  /** Configs that a master of this state has run, the oldest first: the last hundred. */
  readonly revisions: () => ReadonlyArray<Revision>;
  /** The spec of one, as it was given. */
  readonly revisionSpec: (revision: number) => string | null;
  /** Gives back its number. */
  readonly addRevision: (revision: Omit<Revision, "revision">, spec: string) => number;
  /** The last record of the audit log: outlives all. */
  readonly auditHead: () => AuditHead | null;
  readonly putAuditHead: (head: AuditHead) => void;
  /** After an orderly end: the next master starts afresh, but for the units that are held, and for schedules. */
  readonly clear: () => void;
}

/** Another master has this state open. */
export class StateInUse extends Schema.TaggedError<StateInUse>()("StateInUse", {
  directory: Schema.String,
  /** Who, as far as it has written that down. */
  pid: Schema.NullOr(Schema.Int),
}) {
  readonly code = "HSU-STO-001";
  override get message(): string {
    return `another master${this.pid === null ? "" : ` (pid ${this.pid})`} uses the state directory ${this.directory}`;
  }
  get hint(): string {
    const unreachable = this.pid === null ? "" : `; if that finds none, its socket is another or gone: \`kill ${this.pid}\``;
    return `end it with \`hsu down\`${unreachable}. Or give this one its own with $HSU_STATE_DIR`;
  }
}

/** The state can be neither read nor written. */
export class StoreUnusable extends Schema.TaggedError<StoreUnusable>()("StoreUnusable", { file: Schema.String, reason: Schema.String }) {
  readonly code = "HSU-STO-002";
  override get message(): string {
    return `the state in ${this.file} cannot be used: ${this.reason}`;
  }
  get hint(): string {
    return "make room or give the directory back to this user; a damaged file may be moved away: units that run are then not known any more";
  }
}
