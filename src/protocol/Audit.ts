/**
 * The audit log: who did what by which door, and what became of it.
 */
import * as Schema from "effect/Schema";

const optional = Schema.optionalKey;

/** Who has asked for something, as far as it is certain. */
export const AuditWho = Schema.Struct({
  /** `unix` `rpc` `http` `grpc`; `program`: code of the master's own process. */
  door: Schema.String,
  /** `token ci`, `certificate east`. */
  name: optional(Schema.String),
  role: optional(Schema.String),
  group: optional(Schema.String),
  /** Where he came from, over a network. */
  address: optional(Schema.String),
  /** Of the process at the other end of a unix socket, as the kernel tells it. */
  uid: optional(Schema.Int),
  pid: optional(Schema.Int),
  /** He is another master. */
  master: optional(Schema.Boolean),
});
export type AuditWho = typeof AuditWho.Type;

/**
 * One line of the log. What changes something has two: `begun`, written before anything is done, and `done`, with what has become of it. A refusal has
 * one. `opened` is the first of each master.
 */
export const AuditRecord = Schema.Struct({
  seq: Schema.Int,
  /** Unix milliseconds. */
  at: Schema.Number,
  /** The hash of the record before it, whichever file that is in. */
  prev: Schema.String,
  kind: Schema.Literals(["opened", "begun", "done", "refused"]),
  who: optional(AuditWho),
  operation: optional(Schema.String),
  /** The unit, the peer, the file. */
  target: optional(Schema.String),
  /** What was asked for, without secrets; of what may hold some only the SHA-256. */
  payload: optional(Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Number, Schema.Boolean]))),
  /** Of `done`: the `seq` of its `begun`. */
  of: optional(Schema.Int),
  outcome: optional(Schema.Literals(["ok", "failed", "interrupted"])),
  /** The code of the error. */
  code: optional(Schema.String),
  millis: optional(Schema.Number),
  /** What stands before this line has no end, as its writer was killed, or had no room: so many bytes, and their hash. */
  torn: optional(Schema.Struct({ bytes: Schema.Int, sha256: Schema.String })),
  /** Of the line before this one the log should have gone on to this record, and does not. */
  missing: optional(Schema.Struct({ from: Schema.Int, to: Schema.Int })),
  /** So many records before this one could not be written. */
  lost: optional(Schema.Int),
  /** So many refusals before this one were not written, as there were too many of them. */
  suppressed: optional(Schema.Int),
  /** Of `opened`: the master. */
  pid: optional(Schema.Int),
  version: optional(Schema.String),
  startedAt: optional(Schema.Number),
});
export type AuditRecord = typeof AuditRecord.Type;

/** A record with its own hash. */
export const AuditEntry = Schema.Struct({ ...AuditRecord.fields, hash: Schema.String });
export type AuditEntry = typeof AuditEntry.Type;

/** The last record that was written, as the master's state knows it. */
export const AuditHead = Schema.Struct({
  seq: Schema.Int,
  hash: Schema.String,
  /** The oldest one that rotation has left; absent: it has removed none. */
  first: optional(Schema.Int),
  /** Where the log is. */
  file: optional(Schema.String),
});
export type AuditHead = typeof AuditHead.Type;

export const AuditVerdict = Schema.Struct({
  ok: Schema.Boolean,
  /** Read, from the oldest file that is there to the end. */
  records: Schema.Int,
  first: Schema.NullOr(Schema.Int),
  last: Schema.NullOr(Schema.Int),
  /** Lines that a master was killed in, each marked by the next one. */
  torn: Schema.Int,
  /** Whether the state says what the last record is: without it nobody knows of an end that was cut off. */
  headKnown: Schema.Boolean,
  /** Where the chain breaks first. */
  broken: Schema.NullOr(Schema.Struct({ file: Schema.String, line: Schema.Int, seq: Schema.NullOr(Schema.Int), why: Schema.String })),
});
export type AuditVerdict = typeof AuditVerdict.Type;

/** Which records. */
export const AuditRequest = Schema.Struct({
  /** At or after: Unix milliseconds. */
  since: optional(Schema.Number),
  /** Whose name, door, address or uid this is. */
  who: optional(Schema.String),
  /** The target. */
  unit: optional(Schema.String),
});
export type AuditRequest = typeof AuditRequest.Type;

/** What was asked for is to stand in the audit log, and cannot: it was not done. */
export class AuditUnwritable extends Schema.TaggedError<AuditUnwritable>()("AuditUnwritable", {
  file: Schema.String,
  reason: Schema.String,
}) {
  readonly code = "HSU-SEC-004";
  override get message(): string {
    return `nothing was done: the audit log ${this.file} cannot be written: ${this.reason}`;
  }
  get hint(): string {
    return "make room; units can be stopped meanwhile. process_manager.audit: { on_failure: go_on } lets commands through";
  }
}

/** There is no audit log to be read. */
export class NoAudit extends Schema.TaggedError<NoAudit>()("NoAudit", { reason: Schema.String }) {
  readonly code = "HSU-SEC-005";
  override get message(): string {
    return `there is no audit log: ${this.reason}`;
  }
  get hint(): string {
    return "`hsu up` writes one, unless process_manager.audit says enabled: false";
  }
}
