/**
 * Starting a process, and telling apart why it did not start.
 */
import { spawn } from "node:child_process";
import { accessSync, closeSync, constants, existsSync, openSync, statSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import * as Effect from "effect/Effect";
import type { Output, ProcessExit, SpawnOptions } from "../Process.ts";
import { SpawnError, type SpawnFailure } from "../ProcessErrors.ts";
import { type NativeSpawn, type NativeSpawner, nativeSpawn } from "./PosixSpawn.ts";

const codeOf = (error: unknown): string => {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
};

/** Where the executable is, as the system looks for it; undefined when it is nowhere. */
export const findExecutable = (
  { executable, cwd, env }: SpawnOptions,
  suits: (place: string) => boolean = existsSync,
): string | undefined => {
  const places = executable.includes("/") ? [resolve(cwd, executable)] : placesOf(env["PATH"] ?? "/usr/bin:/bin", cwd, executable);
  return places.find((place) => suits(place));
};

/** Of the last name that was looked up: many units of one program start together, and Node takes its time to join paths. */
let latest: { readonly key: string; readonly places: ReadonlyArray<string> } | undefined;
const placesOf = (path: string, cwd: string, executable: string): ReadonlyArray<string> => {
  const key = [executable, cwd, path].join("\0");
  if (latest?.key !== key) latest = { key, places: path.split(delimiter).map((folder) => join(resolve(cwd, folder), executable)) };
  return latest.places;
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

const mayRun = (path: string): boolean => existsSync(path) && !isDirectory(path) && mayEnter(path);

/** The system reports one code for the folder, the program and the program's interpreter: look at which of them it is. */
const explain = (options: SpawnOptions, errno: string): SpawnError => {
  const because = (reason: SpawnFailure, culprit = options.executable) => new SpawnError({ reason, culprit, errno });
  switch (errno) {
    case "ENOENT":
    case "ENOTDIR": {
      if (!isDirectory(options.cwd)) return because("WorkingDirectoryNotFound", options.cwd);
      const found = findExecutable(options);
      return found === undefined ? because("ExecutableNotFound") : because("InterpreterNotFound", found);
    }
    case "EACCES":
      return mayEnter(options.cwd)
        ? because("NotExecutable", findExecutable(options))
        : because("WorkingDirectoryNotPermitted", options.cwd);
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

/** What is opened here is put among what is to be closed. Throws a `SpawnError`. */
const openOutput = (output: Output, opened: Array<number>): number | "ignore" => {
  if (output === "ignore") return "ignore";
  if ("descriptor" in output) return output.descriptor;
  try {
    const fd = openSync(output.appendTo, "a", 0o600);
    opened.push(fd);
    return fd;
  } catch (error) {
    const errno = codeOf(error);
    const reason = errno === "EMFILE" || errno === "ENFILE" ? "TooManyOpenFiles" : "OutputNotWritable";
    throw new SpawnError({ reason, culprit: output.appendTo, errno });
  }
};

/** A process that runs; nobody has waited for it yet. */
export interface StartedChild {
  readonly pid: number;
  /** Calls back once when it has ended, from the event loop. */
  readonly onEnd: (ended: (exit: ProcessExit) => void) => void;
}

type Stdio = ReadonlyArray<number | "ignore">;

/** What is started without Node's help; undefined where that is not to be had. */
const nativelyOf = (options: SpawnOptions, stdio: Stdio): { readonly spawner: NativeSpawner; readonly what: NativeSpawn } | undefined => {
  const { args, cwd, env, executable, keeper, sockets } = options;
  const spawner = sockets === undefined ? nativeSpawn() : null;
  if (spawner === null) return undefined;
  const path = executable.includes("/") ? executable : findExecutable(options, mayRun);
  return path === undefined ? undefined : { spawner, what: { path, args: [executable, ...args], cwd, env, stdio, keeper } };
};

const startByNode = (options: SpawnOptions, stdio: Stdio, failed: (error: unknown) => void): StartedChild | undefined => {
  const { args, env, executable, fds } = commandOf(options);
  const { cwd, keeper } = options;
  const child = spawn(executable, args, { cwd, env, detached: true, stdio: [...stdio, ...fds, ...(keeper === undefined ? [] : [keeper])] });
  child.on("error", failed);
  const { pid } = child;
  return pid === undefined ? undefined : { pid, onEnd: (ended) => void child.once("exit", (code, signal) => ended({ code, signal })) };
};

/** Only the process itself knows its pid before it is the program: a shell tells it, and becomes it. */
const tellPid = 'export LISTEN_PID=$$; exec "$@"';

/** A shell leaves out what cannot be one of its variables. */
const isVariable = (name: string): boolean => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);

/** The same words, with those variables added that a shell would leave out. */
export const throughShell = (env: SpawnOptions["env"], ...words: ReadonlyArray<string>): ReadonlyArray<string> => {
  const odd = Object.entries(env).filter(([name]) => !isVariable(name));
  return odd.length === 0 ? words : ["/usr/bin/env", ...odd.map((entry) => entry.join("=")), ...words];
};

/** What is executed: the program, or a shell that becomes it where it is told of sockets. Throws a `SpawnError`. */
const commandOf = (options: SpawnOptions): Pick<SpawnOptions, "executable" | "args" | "env"> & { readonly fds: ReadonlyArray<number> } => {
  const { args, env, executable, sockets } = options;
  if (sockets === undefined) return { executable, args, env, fds: [] };
  const { held, told } = sockets;
  if (!told) return { executable, args, env, fds: held.handOver() };
  // Of the shell's own failure nobody would know what it was.
  const found = isDirectory(options.cwd) ? findExecutable(options) : undefined;
  if (found === undefined) throw explain(options, "ENOENT");
  if (!mayEnter(found) || isDirectory(found)) throw explain(options, "EACCES");
  const program = throughShell(env, executable, ...args);
  const fds = held.handOver();
  const known = { LISTEN_FDS: String(fds.length), LISTEN_FDNAMES: held.names.join(":") };
  return { executable: "/bin/sh", args: ["-c", tellPid, "sh", ...program], env: { ...env, ...known }, fds };
};

/**
 * Starts the process. The output files are opened here, handed down and closed again: what the process writes goes to the file without
 * passing through the master, so neither a slow reader nor a dead master makes it wait.
 *
 * `started` is called before anything can have been heard of the process: who listens for its end there misses nothing, and the pid cannot have been
 * reused.
 */
export const spawnChild = <A>(options: SpawnOptions, started: (child: StartedChild) => A): Effect.Effect<A, SpawnError> =>
  Effect.callback((resume) => {
    const stdio: Array<number | "ignore"> = [options.stdin === "ignore" ? "ignore" : options.stdin.descriptor];
    const opened: Array<number> = [];
    const failed = (error: unknown): void => resume(Effect.fail(error instanceof SpawnError ? error : explain(options, codeOf(error))));
    const close = (): void => {
      for (const output of opened.splice(0)) closeSync(output);
    };
    // With a pid the program has been executed: the system call waits for that. Where nothing has worked, Node's own way says why.
    const go = (spawned: () => StartedChild | undefined, told: (running: A) => void): void => {
      try {
        const child = spawned() ?? startByNode(options, stdio, failed);
        close();
        if (child !== undefined) told(started(child));
      } catch (error) {
        close();
        failed(error);
      }
    };
    const tell = (running: A): void => resume(Effect.succeed(running));
    // A spawn blocks the loop for a millisecond or more: between two of them it gets to everybody else.
    const tellLater = (running: A): void => void setImmediate(tell, running);
    try {
      stdio.push(openOutput(options.stdout, opened));
      stdio.push(openOutput(options.stderr, opened));
      const natively = nativelyOf(options, stdio);
      if (options.among === true && natively?.spawner.beside(natively.what, (child) => go(() => child, tell)) === true) return;
      go(() => natively?.spawner.now(natively.what), tellLater);
    } catch (error) {
      close();
      failed(error);
    }
  });
