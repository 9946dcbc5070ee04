/**
 * A process that somebody attends: what it writes is handed on piece by piece, and it is written to, through pipes or a terminal of its own. It lives no
 * longer than who attends it. Loaded with the first one.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import { ReadStream } from "node:tty";
import * as Effect from "effect/Effect";
import { libc } from "./linux/Libc.ts";
import { nicedAs, stepsBeside } from "./linux/Beside.ts";
import { findExecutable, throughShell } from "./linux/Spawn.ts";
import { SpawnError } from "./ProcessErrors.ts";
import type { ProcessExit } from "./Process.ts";
import type { Signal } from "./Signal.ts";

export interface Size {
  readonly rows: number;
  readonly columns: number;
}

export interface AttendedOptions {
  readonly executable: string;
  readonly args: ReadonlyArray<string>;
  /** Absolute. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Null: pipes. */
  readonly tty: Size | null;
  /** In whose control groups and under whose limits; null: where the master is. */
  readonly beside: { readonly pid: number; readonly stateDirectory: string } | null;
}

export interface Piece {
  readonly stream: "stdout" | "stderr";
  readonly data: Uint8Array;
}

export interface Attended {
  readonly pid: number;
  /** What it writes, as fast as it is taken; its end is that of the process. Taken once. */
  readonly output: AsyncIterable<Piece>;
  /** Known when the output has ended. */
  readonly exit: () => ProcessExit;
  /** Returns when it has taken that, or will not any more. */
  readonly write: (data: Uint8Array) => Promise<void>;
  readonly endInput: () => void;
  readonly resize: (size: Size) => void;
  /** To its process group. */
  readonly signal: (signal: Signal) => void;
  /** Nobody attends it any more. */
  readonly hangUp: () => void;
}

/** More than that is not read before it is taken. */
const mostWaiting = 16;
/** From SIGHUP to SIGKILL. */
const graceMillis = 1_000;
/** Who has left its group may still have its pipes. */
const lingerMillis = 300;

/** Numbers of ioctl(2), as most machines have them. */
const [unlock, numberOf, setSize] = [0x40045431n, 0x80045430n, 0x5414n];
/** `F_DUPFD_CLOEXEC` */
const duplicate = 1030;

interface Terminal {
  readonly descriptor: number;
  readonly path: string;
  readonly resize: (size: Size) => void;
  /** It hangs up when its last descriptor is closed, which must not be before the end of its process: that would be ended by SIGHUP just as it ends. */
  readonly close: () => void;
}

const openTerminal = async (size: Size): Promise<Terminal> => {
  const { fcntl, ioctl } = await libc();
  const descriptor = openSync("/dev/ptmx", constants.O_RDWR | constants.O_NOCTTY);
  const number = Buffer.alloc(8);
  const resize = ({ columns, rows }: Size): void => {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt16LE(Math.min(rows, 0xffff), 0);
    bytes.writeUInt16LE(Math.min(columns, 0xffff), 2);
    ioctl(descriptor, setSize, bytes);
  };
  if (ioctl(descriptor, unlock, number) !== 0 || ioctl(descriptor, numberOf, number) !== 0) {
    closeSync(descriptor);
    throw new Error("the system gives out no terminals");
  }
  resize(size);
  const kept = fcntl(descriptor, duplicate, 0);
  return { descriptor, path: `/dev/pts/${number.readInt32LE(0)}`, resize, close: () => (kept < 0 ? undefined : closeSync(kept)) };
};

const kill = (pid: number, signal: Signal): void => {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
};

/** Pieces of several streams, as they come. */
class Pieces implements AsyncIterable<Piece> {
  readonly #waiting: Array<Piece> = [];
  readonly #streams = new Set<Readable>();
  #isOver = false;
  #wake = (): void => {};

  add(stream: Piece["stream"], from: Readable): void {
    this.#streams.add(from);
    from.on("data", (data: Uint8Array) => {
      this.#waiting.push({ stream, data });
      if (this.#waiting.length >= mostWaiting) for (const each of this.#streams) each.pause();
      this.#wake();
    });
    // A terminal ends in an error (EIO) when nobody has it open any more.
    from.on("error", () => from.destroy());
    from.once("close", () => {
      this.#streams.delete(from);
      this.#wake();
    });
  }

  /** The process has ended: what comes after a while is not waited for. */
  over(): void {
    this.#isOver = true;
    this.#wake();
    setTimeout(() => {
      for (const each of this.#streams) each.destroy();
    }, lingerMillis);
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Piece> {
    for (;;) {
      const piece = this.#waiting.shift();
      if (piece !== undefined) {
        if (this.#waiting.length === 0) for (const each of this.#streams) each.resume();
        yield piece;
      } else if (this.#isOver && this.#streams.size === 0) return;
      else await new Promise<void>((wake) => (this.#wake = wake));
    }
  }
}

/** Made before the program is there, and gone with it. */
const started = (options: AttendedOptions, terminal: Terminal | null): ChildProcess => {
  const { args, beside, cwd, env, executable } = options;
  const steps = [
    ...(beside === null ? [] : stepsBeside(beside.pid, beside.stateDirectory)),
    // The first terminal that the leader of a session opens is the one that controls it.
    ...(terminal === null ? [] : [`exec <>${terminal.path} >&0 2>&0`]),
  ];
  const words =
    steps.length === 0
      ? [executable, ...args]
      : ["/bin/sh", "-c", `${steps.join("\n")}\nexec "$@"`, "sh", ...throughShell(env, executable, ...args)];
  const [program = "", ...rest] = words;
  return spawn(program, rest, { cwd, env, detached: true, stdio: terminal === null ? "pipe" : "ignore" });
};

const begin = async (options: AttendedOptions): Promise<Attended> => {
  const found = findExecutable({ ...options, stdin: "ignore", stdout: "ignore", stderr: "ignore" });
  if (found === undefined) throw new SpawnError({ reason: "ExecutableNotFound", culprit: options.executable, errno: "ENOENT" });
  const terminal = options.tty === null ? null : await openTerminal(options.tty);
  const child = started({ ...options, executable: found }, terminal);
  const { pid } = child;
  if (pid === undefined) {
    const error = await new Promise<NodeJS.ErrnoException>((failed) => child.once("error", failed));
    if (terminal !== null) closeSync(terminal.descriptor);
    terminal?.close();
    const reason = error.code === "EACCES" ? "NotExecutable" : error.code === "EAGAIN" ? "TooManyProcesses" : "Other";
    throw new SpawnError({ reason, culprit: options.executable, errno: error.code ?? error.message });
  }
  if (options.beside !== null) nicedAs(pid, options.beside.pid);
  const pieces = new Pieces();
  const wire: Socket | null = terminal === null ? null : new ReadStream(terminal.descriptor);
  if (wire !== null) pieces.add("stdout", wire);
  if (child.stdout !== null) pieces.add("stdout", child.stdout);
  if (child.stderr !== null) pieces.add("stderr", child.stderr);
  const input = wire ?? child.stdin;
  // Who has closed its input hears nothing more.
  input?.on("error", () => {});
  let exit: ProcessExit | null = null;
  child.once("exit", (code, signal) => {
    exit = { code, signal };
    terminal?.close();
    // Whom it has left in its group is ended with it.
    kill(pid, "SIGKILL");
    pieces.over();
  });
  return {
    pid,
    output: pieces,
    exit: () => exit ?? { code: null, signal: null },
    write: (data) =>
      new Promise((done) => {
        if (input === null || !input.writable) return done();
        input.write(data, () => done());
        input.once("close", done);
      }),
    // A terminal's end of input is a character.
    endInput: () => void (wire === null ? child.stdin?.end() : wire.write("\x04")),
    resize: (size) => terminal?.resize(size),
    signal: (signal) => (exit === null ? kill(pid, signal) : undefined),
    hangUp: () => {
      if (exit !== null) return;
      kill(pid, "SIGHUP");
      // One that is stopped does not hear that.
      kill(pid, "SIGCONT");
      setTimeout(() => (exit === null ? kill(pid, "SIGKILL") : undefined), graceMillis);
    },
  };
};

export const attend = (options: AttendedOptions): Effect.Effect<Attended, SpawnError> =>
  Effect.tryPromise({
    try: () => begin(options),
    catch: (cause) =>
      cause instanceof SpawnError
        ? cause
        : new SpawnError({ reason: "Other", culprit: options.executable, errno: cause instanceof Error ? cause.message : String(cause) }),
  });
