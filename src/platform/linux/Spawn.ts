/**
 * Starting a process, and telling apart why it did not start.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, closeSync, constants, existsSync, openSync, statSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import * as Effect from "effect/Effect";
import type { Output, SpawnOptions } from "../Process.ts";
import { SpawnError, type SpawnFailure } from "../ProcessErrors.ts";

const codeOf = (error: unknown): string => {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
};

/** Where the executable is, as the system looks for it; undefined when it is nowhere. */
const find = ({ executable, cwd, env }: SpawnOptions): string | undefined => {
  const places = executable.includes("/")
    ? [resolve(cwd, executable)]
    : (env["PATH"] ?? "/usr/bin:/bin").split(delimiter).map((folder) => join(resolve(cwd, folder), executable));
  return places.find((place) => existsSync(place));
};

const isDirectory = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

const mayEnter = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** The system reports one code for the folder, the program and the program's interpreter: look at which of them it is. */
const explain = (options: SpawnOptions, errno: string): SpawnError => {
  const because = (reason: SpawnFailure, culprit = options.executable) => new SpawnError({ reason, culprit, errno });
  switch (errno) {
    case "ENOENT":
    case "ENOTDIR": {
      if (!isDirectory(options.cwd)) return because("WorkingDirectoryNotFound", options.cwd);
      const found = find(options);
      return found === undefined ? because("ExecutableNotFound") : because("InterpreterNotFound", found);
    }
    case "EACCES":
      return mayEnter(options.cwd) ? because("NotExecutable", find(options)) : because("WorkingDirectoryNotPermitted", options.cwd);
    case "EMFILE":
    case "ENFILE":
      return because("TooManyOpenFiles");
    case "EAGAIN":
    case "ENOMEM":
      return because("TooManyProcesses");
    case "E2BIG":
      return because("ArgumentsTooLong");
    default:
      return because("Other");
  }
};

/** Throws a `SpawnError`. */
const openOutput = (output: Output): number | "ignore" => {
  if (output === "ignore") return "ignore";
  try {
    return openSync(output.appendTo, "a", 0o600);
  } catch (error) {
    const errno = codeOf(error);
    const reason = errno === "EMFILE" || errno === "ENFILE" ? "TooManyOpenFiles" : "OutputNotWritable";
    throw new SpawnError({ reason, culprit: output.appendTo, errno });
  }
};

/** A process that runs; nobody has waited for it yet. */
export type StartedChild = ChildProcess & { readonly pid: number };

/**
 * Starts the process. The output files are opened here, handed down and closed again: what the process writes goes to the file without
 * passing through the master, so neither a slow reader nor a dead master makes it wait.
 *
 * `started` is called in the same turn of the loop, before anything can have been heard of the process: an `exit` listener set there misses
 * nothing, and the pid cannot have been reused.
 */
export const spawnChild = <A>(options: SpawnOptions, started: (child: StartedChild) => A): Effect.Effect<A, SpawnError> =>
  Effect.callback((resume) => {
    const stdio: Array<number | "ignore"> = [options.stdin];
    try {
      stdio.push(openOutput(options.stdout));
      stdio.push(openOutput(options.stderr));
      const child = spawn(options.executable, options.args, { cwd: options.cwd, env: options.env, detached: true, stdio });
      child.on("error", (error) => resume(Effect.fail(explain(options, codeOf(error)))));
      // With a pid the program has been executed: the system call waits for that.
      if (child.pid !== undefined) {
        const running = started(child as StartedChild);
        // A spawn blocks the loop for a millisecond or more: between two of them it gets to everybody else.
        setImmediate(() => resume(Effect.succeed(running)));
      }
    } catch (error) {
      resume(Effect.fail(error instanceof SpawnError ? error : explain(options, codeOf(error))));
    } finally {
      for (const output of stdio) if (typeof output === "number") closeSync(output);
    }
  });
