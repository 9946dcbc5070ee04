/**
 * Errors that the command line itself makes. Those of the master come over the wire, see `protocol/Errors.ts`.
 */
import * as Data from "effect/Data";

/** What every error shown to a user has: what happened, a stable code, and what to do next. */
export interface Explained {
  readonly message: string;
  readonly code: string;
  readonly hint: string;
}

/** The command line cannot be understood. */
export class UsageError extends Data.TaggedError("UsageError")<{ readonly message: string; readonly hint: string }> {
  readonly code = "HSU-CLI-001";
}

/** Nobody serves the socket. */
export class NotRunning extends Data.TaggedError("NotRunning")<{ readonly socketPath: string }> {
  readonly code = "HSU-CLI-002";
  override get message(): string {
    return `no master is running at ${this.socketPath}`;
  }
  get hint(): string {
    return "start one with `hsu up FILE`, or name its socket with --socket PATH or $HSU_SOCKET";
  }
}

/** The master went away, or stopped answering, in the middle of a call. */
export class ConnectionLost extends Data.TaggedError("ConnectionLost")<{ readonly reason: string }> {
  readonly code = "HSU-CLI-003";
  override get message(): string {
    return `the master does not answer any more: ${this.reason}`;
  }
  get hint(): string {
    return "`hsu status` tells whether it still runs";
  }
}

/** It took longer than `--timeout`. */
export class DeadlineExceeded extends Data.TaggedError("DeadlineExceeded")<{
  readonly what: string;
  readonly millis: number;
  readonly hint: string;
}> {
  readonly code = "HSU-CLI-004";
  override get message(): string {
    return `${this.what} took longer than ${this.millis / 1000}s`;
  }
}

/** A socket that is there but not for this user, or not a socket. */
export class CannotConnect extends Data.TaggedError("CannotConnect")<{ readonly socketPath: string; readonly reason: string }> {
  readonly code = "HSU-CLI-005";
  override get message(): string {
    return `cannot connect to ${this.socketPath}: ${this.reason}`;
  }
  get hint(): string {
    return "only the user who started a master may talk to it";
  }
}

/** A master in the background that ended before it was ready. */
export class DaemonEnded extends Data.TaggedError("DaemonEnded")<{ readonly ending: string; readonly logFile: string }> {
  readonly code = "HSU-CLI-006";
  override get message(): string {
    return `the master ended before it was ready: ${this.ending}`;
  }
  get hint(): string {
    return `its output is in ${this.logFile}`;
  }
}

/** No config was named and none lies where one is looked for. */
export class NoConfig extends Data.TaggedError("NoConfig")<{ readonly lookedAt: ReadonlyArray<string> }> {
  readonly code = "HSU-CLI-007";
  override get message(): string {
    return `no config: there is none of ${this.lookedAt.join(", ")}`;
  }
  get hint(): string {
    return "name one: `hsu up FILE`, or set $HSU_CONFIG";
  }
}

/** What is waited for does not come by itself. */
export class WillNotBe extends Data.TaggedError("WillNotBe")<{ readonly unit: string; readonly condition: string; readonly why: string }> {
  readonly code = "HSU-CLI-008";
  override get message(): string {
    return `unit ${JSON.stringify(this.unit)} will not be ${this.condition}: ${this.why}`;
  }
  get hint(): string {
    return `\`hsu describe ${this.unit}\` tells what has become of it, \`hsu start ${this.unit}\` starts it`;
  }
}

/** No page has this code. */
export class UnknownCode extends Data.TaggedError("UnknownCode")<{ readonly given: string; readonly nearest: string | null }> {
  readonly code = "HSU-CLI-009";
  override get message(): string {
    return `there is no error ${JSON.stringify(this.given)}`;
  }
  get hint(): string {
    return this.nearest === null ? "a code looks like HSU-UNIT-002" : `did you mean ${this.nearest}?`;
  }
}

/** The file of `-O`. */
export class CannotWrite extends Data.TaggedError("CannotWrite")<{ readonly file: string; readonly reason: string }> {
  readonly code = "HSU-CLI-010";
  override get message(): string {
    return `${this.file} cannot be written: ${this.reason === "EEXIST" ? "there is such a file already" : this.reason}`;
  }
  get hint(): string {
    return this.reason === "EEXIST" ? "name another file, or remove that one" : "see its folder, and who may write there: ls -ld";
  }
}

/** Nobody reads our output any more (EPIPE, or the terminal has gone). Not shown to anybody: there is nobody to show it to. */
export class OutputClosed extends Data.TaggedError("OutputClosed") {}
