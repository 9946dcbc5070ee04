/**
 * Errors that cross the wire. Each has a stable `code`, says what happened in `message`, and what to do next in `hint`.
 */
import * as Schema from "effect/Schema";

/** No unit of that id is in the tree. */
export class UnitNotFound extends Schema.TaggedError<UnitNotFound>()("UnitNotFound", {
  unit: Schema.String,
  /** The nearest id there is, if one is near. */
  nearest: Schema.NullOr(Schema.String),
}) {
  readonly code = "HSU-UNIT-001";
  override get message(): string {
    return `no unit ${JSON.stringify(this.unit)}`;
  }
  get hint(): string {
    return this.nearest === null ? "`hsu status` lists the units" : `did you mean ${JSON.stringify(this.nearest)}?`;
  }
}

/** The unit's lifecycle has no such step from the state it is in. */
export class InvalidTransition extends Schema.TaggedError<InvalidTransition>()("InvalidTransition", {
  unit: Schema.String,
  command: Schema.String,
  state: Schema.String,
  /** Commands that the state takes. */
  legal: Schema.Array(Schema.String),
}) {
  readonly code = "HSU-UNIT-002";
  override get message(): string {
    return `cannot ${this.command} unit ${JSON.stringify(this.unit)}: it is ${this.state}`;
  }
  get hint(): string {
    return this.legal.length === 0 ? "wait until its state has changed" : `${this.state} takes: ${this.legal.join(", ")}`;
  }
}

/** The config, or the system, does not let it be done to a process that somebody else runs. */
export class NotAllowed extends Schema.TaggedError<NotAllowed>()("NotAllowed", {
  unit: Schema.String,
  command: Schema.String,
  why: Schema.String,
  hint: Schema.String,
}) {
  readonly code = "HSU-UNM-001";
  override get message(): string {
    return `${this.command} of unit ${JSON.stringify(this.unit)} is not allowed: ${this.why}`;
  }
}

/** Nothing says how the unit is told to read its configuration again. */
export class NotReloadable extends Schema.TaggedError<NotReloadable>()("NotReloadable", { unit: Schema.String }) {
  readonly code = "HSU-UNIT-010";
  override get message(): string {
    return `unit ${JSON.stringify(this.unit)} cannot be reloaded: its config names no reload_signal`;
  }
  get hint(): string {
    return `give it control.reload_signal, or start it anew: hsu restart ${this.unit}`;
  }
}

/** The master stays as it is, and so do its units. */
export class NotUpgradable extends Schema.TaggedError<NotUpgradable>()("NotUpgradable", { reason: Schema.String }) {
  readonly code = "HSU-MST-002";
  override get message(): string {
    return `the master is not replaced: ${this.reason}`;
  }
  get hint(): string {
    return "the master that runs goes on, and its units with it";
  }
}

/** The unit's process could not be started. */
export class StartFailed extends Schema.TaggedError<StartFailed>()("StartFailed", {
  unit: Schema.String,
  reason: Schema.String,
  /** What to do about that very reason. */
  advice: Schema.optionalKey(Schema.String),
}) {
  readonly code = "HSU-UNIT-003";
  override get message(): string {
    return `unit ${JSON.stringify(this.unit)} did not start: ${this.reason}`;
  }
  get hint(): string {
    return this.advice ?? `\`hsu logs ${this.unit}\` has what it said, \`hsu describe ${this.unit}\` what was executed`;
  }
}
