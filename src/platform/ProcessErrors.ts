/**
 * What can go wrong with a process, told apart: each reason has its own code, message and hint.
 */
import * as Schema from "effect/Schema";

/** Why a process did not start. */
export type SpawnFailure =
  | "ExecutableNotFound"
  | "WorkingDirectoryNotFound"
  | "NotExecutable"
  | "WorkingDirectoryNotPermitted"
  | "InterpreterNotFound"
  | "OutputNotWritable"
  | "TooManyOpenFiles"
  | "TooManyProcesses"
  | "ArgumentsTooLong"
  | "Other";

const failures: Record<SpawnFailure, { readonly code: string; readonly message: string; readonly hint: string }> = {
  ExecutableNotFound: {
    code: "HSU-PROC-001",
    message: "there is no executable {culprit}",
    hint: "a bare name is looked up on the unit's PATH, a name with a slash is a path; check its spelling",
  },
  WorkingDirectoryNotFound: {
    code: "HSU-PROC-002",
    message: "there is no working directory {culprit}",
    hint: "create it, or correct working_directory",
  },
  NotExecutable: {
    code: "HSU-PROC-003",
    message: "{culprit} may not be executed",
    hint: "it has to be a file with the execute permission: `chmod +x` makes it one",
  },
  WorkingDirectoryNotPermitted: {
    code: "HSU-PROC-004",
    message: "the working directory {culprit} may not be entered",
    hint: "the user of the master needs the execute permission on it and on each folder above",
  },
  InterpreterNotFound: {
    code: "HSU-PROC-005",
    message: "the interpreter that {culprit} asks for was not found",
    hint: "look at its first line (#!), or at the loader it was linked with",
  },
  OutputNotWritable: {
    code: "HSU-PROC-006",
    message: "the output file {culprit} cannot be opened for appending",
    hint: "its folder has to exist and to be writable by the user of the master",
  },
  TooManyOpenFiles: {
    code: "HSU-PROC-007",
    message: "no file descriptors are left to start {culprit}",
    hint: "raise `ulimit -n` of the master",
  },
  TooManyProcesses: {
    code: "HSU-PROC-008",
    message: "the system refuses one more process for {culprit}",
    hint: "memory or the limit of processes (`ulimit -u`, pids cgroup) is used up",
  },
  ArgumentsTooLong: {
    code: "HSU-PROC-009",
    message: "arguments and environment of {culprit} are longer than the system takes",
    hint: "put them into a file",
  },
  Other: { code: "HSU-PROC-010", message: "{culprit} could not be started", hint: "the system's own error is in the message" },
};

/** A process could not be started. Nothing was left running and no file is left open. */
export class SpawnError extends Schema.TaggedError<SpawnError>()("SpawnError", {
  reason: Schema.Literals([
    "ExecutableNotFound",
    "WorkingDirectoryNotFound",
    "NotExecutable",
    "WorkingDirectoryNotPermitted",
    "InterpreterNotFound",
    "OutputNotWritable",
    "TooManyOpenFiles",
    "TooManyProcesses",
    "ArgumentsTooLong",
    "Other",
  ]),
  /** The executable, folder or file that the reason is about. */
  culprit: Schema.String,
  /** The system's own error code (`ENOENT`), or its message where there is no code. */
  errno: Schema.String,
}) {
  /** `HSU-PROC-001` … `HSU-PROC-010`. */
  get code(): string {
    return failures[this.reason].code;
  }
  override get message(): string {
    return `${failures[this.reason].message.replace("{culprit}", () => JSON.stringify(this.culprit))} (${this.errno})`;
  }
  get hint(): string {
    return failures[this.reason].hint;
  }
}

/** A signal did not reach a process group, or SIGKILL did not end it. */
export class SignalError extends Schema.TaggedError<SignalError>()("SignalError", {
  /** `Gone`: nobody of the group is left (or the pid is somebody else's by now). `StillAlive`: it outlived SIGKILL's deadline. */
  reason: Schema.Literals(["Gone", "NotPermitted", "StillAlive"]),
  pid: Schema.Int,
  signal: Schema.String,
}) {
  /** `HSU-PROC-011` … `HSU-PROC-013`. */
  get code(): string {
    return { Gone: "HSU-PROC-011", NotPermitted: "HSU-PROC-012", StillAlive: "HSU-PROC-013" }[this.reason];
  }
  override get message(): string {
    const group = `process group ${this.pid}`;
    switch (this.reason) {
      case "Gone":
        return `no ${this.signal} was sent: nobody is left in ${group}`;
      case "NotPermitted":
        return `${this.signal} to ${group} is not permitted`;
      case "StillAlive":
        return `${group} is still there after ${this.signal}`;
    }
  }
  get hint(): string {
    return {
      Gone: "it has ended already",
      NotPermitted: "its processes run as another user: run the master as that user or as root",
      StillAlive: "a process in state D (`ps -o pid,stat,wchan`) waits in the kernel, mostly for a disk or a network file system",
    }[this.reason];
  }
}
