/**
 * Starting a program that goes on without us: a session of its own, no terminal, its output in a file.
 */
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { spawn } from "node:child_process";
import { closeSync, fstatSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { makeFolder } from "./Folder.ts";

/** The program could not be started, or its log not be opened. */
export class DaemonError extends Schema.TaggedError<DaemonError>()("DaemonError", { what: Schema.String, reason: Schema.String }) {
  readonly code = "HSU-DMN-001";
  override get message(): string {
    return `cannot start ${this.what} in the background: ${this.reason}`;
  }
  get hint(): string {
    return "run it in the foreground to see more, or name another folder with $HSU_STATE_DIR";
  }
}

/** A program in the background. */
export interface Daemon {
  readonly pid: number;
  /** Size of the log before it began: what it writes stands behind. */
  readonly logOffset: number;
  /** Completes if it ends while we are here: `exit code 1`, `SIGKILL`. */
  readonly ended: Effect.Effect<string>;
}

/**
 * Starts `command` detached: it leads its own session, reads nothing, and appends what it writes to `logFile` (0600, in a folder that is made 0700
 * if there is none). It neither ends with this process nor keeps it alive.
 */
export const spawnDetached = (options: {
  readonly command: ReadonlyArray<string>;
  readonly workingDirectory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly logFile: string;
}): Effect.Effect<Daemon, DaemonError> =>
  Effect.callback((resume) => {
    const [program = "", ...args] = options.command;
    const fail = (cause: unknown): void =>
      resume(Effect.fail(new DaemonError({ what: program, reason: cause instanceof Error ? cause.message : String(cause) })));
    let log: number | undefined;
    try {
      makeFolder(dirname(options.logFile), 0o700);
      log = openSync(options.logFile, "a", 0o600);
      const logOffset = fstatSync(log).size;
      const ended = Deferred.makeUnsafe<string>();
      const child = spawn(program, args, {
        cwd: options.workingDirectory,
        env: options.environment,
        detached: true,
        stdio: ["ignore", log, log],
      });
      child.once("error", fail);
      child.once("exit", (code, signal) => {
        Deferred.doneUnsafe(ended, Effect.succeed(signal ?? `exit code ${code}`));
      });
      child.once("spawn", () => resume(Effect.succeed({ pid: child.pid ?? 0, logOffset, ended: Deferred.await(ended) })));
      child.unref();
    } catch (cause) {
      fail(cause);
    } finally {
      if (log !== undefined) closeSync(log);
    }
  });
