/**
 * Commands that are run beside a unit, in its environment: what is asked, what comes back, and what is said to one that runs.
 */
import * as Schema from "effect/Schema";

/** Of a terminal, in characters. */
const TerminalSize = Schema.Struct({ rows: Schema.Int, columns: Schema.Int });

export const ExecRequest = Schema.Struct({
  unit: Schema.String,
  /** The program and its arguments; nothing of it is read by a shell. */
  command: Schema.NonEmptyArray(Schema.String),
  /** It gets a terminal of its own, of this kind (`$TERM`) and size; null: pipes. */
  tty: Schema.NullOr(Schema.Struct({ term: Schema.String, size: TerminalSize })),
  /** Also beside a unit that does not run, and then under no limits. */
  standalone: Schema.Boolean,
});
export type ExecRequest = typeof ExecRequest.Type;

/** `Started` first, then what it writes, `Exited` last. It lives no longer than the stream. */
export const ExecEvent = Schema.Union([
  /** `session` is what it is spoken to by. */
  Schema.TaggedStruct("Started", { session: Schema.String, pid: Schema.Int }),
  Schema.TaggedStruct("Output", { stream: Schema.Literals(["stdout", "stderr"]), data: Schema.Uint8Array }),
  /** An exit code or the name of a signal. */
  Schema.TaggedStruct("Exited", { code: Schema.NullOr(Schema.Int), signal: Schema.NullOr(Schema.String) }),
]);
export type ExecEvent = typeof ExecEvent.Type;

/** What is said to one. */
export const ExecInput = Schema.Union([
  /** For its standard input. Answered when it has been taken. */
  Schema.TaggedStruct("Data", { data: Schema.Uint8Array }),
  /** There is no more input. */
  Schema.TaggedStruct("End", {}),
  Schema.TaggedStruct("Signal", { signal: Schema.String }),
  Schema.TaggedStruct("Resize", { size: TerminalSize }),
]);
export type ExecInput = typeof ExecInput.Type;

const quote = JSON.stringify;

/** What is written to a unit reaches nobody. */
export class NoInput extends Schema.TaggedError<NoInput>()("NoInput", { unit: Schema.String, why: Schema.String, hint: Schema.String }) {
  readonly code = "HSU-EXEC-004";
  override get message(): string {
    return `unit ${quote(this.unit)} cannot be written to: ${this.why}`;
  }
}

/** There is nothing to be beside of. */
export class NotBeside extends Schema.TaggedError<NotBeside>()("NotBeside", {
  unit: Schema.String,
  why: Schema.String,
  hint: Schema.String,
}) {
  readonly code = "HSU-EXEC-001";
  override get message(): string {
    return `nothing can be run beside unit ${quote(this.unit)}: ${this.why}`;
  }
}

/** The command was not started. */
export class CommandNotStarted extends Schema.TaggedError<CommandNotStarted>()("CommandNotStarted", {
  unit: Schema.String,
  /** There is no such program. */
  isMissing: Schema.Boolean,
  why: Schema.String,
  hint: Schema.String,
}) {
  readonly code = "HSU-EXEC-002";
  override get message(): string {
    return `the command beside unit ${quote(this.unit)} was not started: ${this.why}`;
  }
}

/** Nobody is there to be told. */
export class NoSuchExec extends Schema.TaggedError<NoSuchExec>()("NoSuchExec", { session: Schema.String }) {
  readonly code = "HSU-EXEC-003";
  override get message(): string {
    return "that command has ended";
  }
  get hint(): string {
    return "`hsu exec UNIT -- COMMAND` starts another one";
  }
}
