/**
 * What a change of the config does to a running tree, as data for the wire.
 */
import * as Schema from "effect/Schema";

/** One key that has another value. Absent: it is not said. */
export const KeyChange = Schema.Struct({
  /** From the spec's own key on: `["restart", "delayMillis"]`. */
  path: Schema.Array(Schema.String),
  from: Schema.optionalKey(Schema.Unknown),
  to: Schema.optionalKey(Schema.Unknown),
});
export type KeyChange = typeof KeyChange.Type;

/**
 * `change`: in place, its process goes on. `start` and `stop`: it has been enabled or disabled. `later`: with the next start of the master.
 */
export const Action = Schema.Literals(["add", "remove", "restart", "change", "start", "stop", "later"]);
export type Action = typeof Action.Type;

/** What becomes of one unit or group, or of the master itself. */
export const Change = Schema.Struct({
  action: Action,
  kind: Schema.Literals(["unit", "group", "master"]),
  id: Schema.String,
  /** The group that it is in then, or was in before it was removed; null for the root group and the master. */
  group: Schema.NullOr(Schema.String),
  /** Of what is added: all that it says; of what is removed: all that it said. */
  keys: Schema.Array(KeyChange),
  /** Why it is done this way. */
  because: Schema.String,
});
export type Change = typeof Change.Type;

/** In the order of the new tree, what is removed behind it. */
export const Plan = Schema.Struct({
  changes: Schema.Array(Change),
  /** Units that nothing happens to. */
  unchanged: Schema.Int,
});
export type Plan = typeof Plan.Type;

/** One config that the master has run. */
export const Revision = Schema.Struct({
  revision: Schema.Int,
  /** Unix milliseconds. */
  at: Schema.Number,
  /** The file it came from. */
  source: Schema.String,
  /** How it came about: `start`, `apply`, `reload`, `rollback to 3`. */
  how: Schema.String,
  /** In one line, what it changed: `1 added, 2 restarted`. */
  summary: Schema.String,
  units: Schema.Int,
});
export type Revision = typeof Revision.Type;

/** A plan that has been carried out. */
export const Applied = Schema.Struct({
  plan: Plan,
  /** The revision that the master runs now. */
  revision: Schema.Int,
});
export type Applied = typeof Applied.Type;

/** Something about a config, and where: `line` and `column` count from 1. */
export const Finding = Schema.Struct({
  code: Schema.String,
  severity: Schema.Literals(["error", "warning"]),
  file: Schema.String,
  line: Schema.Number,
  column: Schema.Number,
  /** How much of the line is meant. */
  length: Schema.Number,
  message: Schema.String,
  expected: Schema.optionalKey(Schema.String),
  nearest: Schema.optionalKey(Schema.String),
  hint: Schema.optionalKey(Schema.String),
  /** The line itself. */
  text: Schema.optionalKey(Schema.String),
});
export type Finding = typeof Finding.Type;

/** A config that can be applied. */
export const Validated = Schema.Struct({
  units: Schema.Int,
  groups: Schema.Int,
  /** What of it is not in effect. */
  warnings: Schema.Array(Finding),
});
export type Validated = typeof Validated.Type;

/** The text is no config. */
export class ConfigInvalid extends Schema.TaggedError<ConfigInvalid>()("ConfigInvalid", { findings: Schema.Array(Finding) }) {
  readonly code = "HSU-APL-003";
  override get message(): string {
    const [first, ...more] = this.findings.filter(({ severity }) => severity === "error");
    if (first === undefined) return "the config is not valid";
    const where = `${first.file}:${first.line}:${first.column}: ${first.message} [${first.code}]`;
    return `the config is not valid: ${where}${more.length === 0 ? "" : `, and ${more.length} more`}`;
  }
  get hint(): string {
    return (
      this.findings.find(({ hint, severity }) => severity === "error" && hint !== undefined)?.hint ?? "`hsu validate FILE` shows all of it"
    );
  }
}

/** The change was not made: what had been done of it has been taken back. */
export class ApplyFailed extends Schema.TaggedError<ApplyFailed>()("ApplyFailed", {
  reason: Schema.String,
  /** What could not be taken back; empty: all is as it was. */
  left: Schema.Array(Schema.String),
}) {
  readonly code = "HSU-APL-001";
  override get message(): string {
    const back = this.left.length === 0 ? "all is as it was before" : `and it could not all be taken back: ${this.left.join("; ")}`;
    return `not applied: ${this.reason}; ${back}`;
  }
  get hint(): string {
    return "`hsu events` says what happened; correct the file, and see `hsu plan` before the next try";
  }
}

/** There is no such revision. */
export class RevisionNotFound extends Schema.TaggedError<RevisionNotFound>()("RevisionNotFound", {
  revision: Schema.Int,
  /** The first and the last that are kept; null: none. */
  kept: Schema.NullOr(Schema.Tuple([Schema.Int, Schema.Int])),
}) {
  readonly code = "HSU-APL-002";
  override get message(): string {
    return this.revision === 0 ? "there is no config before the one that runs" : `there is no revision ${this.revision}`;
  }
  get hint(): string {
    if (this.revision === 0) return "the master has run no other: `hsu apply` gives it a changed one";
    return this.kept === null ? "none is kept" : `kept are ${this.kept[0]} to ${this.kept[1]}: see \`hsu history\``;
  }
}
