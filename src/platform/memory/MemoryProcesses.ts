/**
 * Simulated processes for tests: no system is asked, time is the test's clock, and the test says what each program does.
 *
 * ```ts
 * import { makeMemoryProcesses } from "hsu/testing"
 *
 * const memory = makeMemoryProcesses({ server: {}, worker: { runMillis: 500, exit: { code: 1, signal: null } } })
 * // … Effect.provide(memory.layer) …
 * memory.started("server").at(-1)?.end({ code: 0, signal: null })
 * ```
 */
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import { notHeld } from "../Caps.ts";
import { type Meter, noUsage } from "../Meter.ts";
import { type ProcessExit, Processes, type ProcessHandle, type ProcessStats, type SpawnOptions } from "../Process.ts";
import { SignalError, SpawnError } from "../ProcessErrors.ts";
import type { Signal } from "../Signal.ts";
import { makeSockets, type MemorySockets } from "./MemorySockets.ts";
import { type Facts, makeForeign, type MemoryForeignProcess } from "./MemoryForeign.ts";

/** What one run of a program does. */
export interface Script {
  /** Ends by itself after so long; absent: runs until it is signalled. */
  readonly runMillis?: number;
  /** How it ends by itself. Default: code 0. */
  readonly exit?: ProcessExit;
  /** What SIGTERM, SIGINT and SIGHUP do: `die` (default) of the signal, nothing at all, or a graceful end after a while. */
  readonly onTerm?: "die" | "ignore" | { readonly afterMillis: number; readonly exit: ProcessExit };
  /** Leaves somebody in the group when it ends, until SIGKILL. Default: false. */
  readonly leavesDescendants?: boolean;
  readonly stats?: ProcessStats;
}

/** One script for every run, or one made for each run: `run` is 1 for the first. */
export type Program = Script | SpawnError | ((options: SpawnOptions, run: number) => Script | SpawnError);

/** A simulated process, as the test sees it. */
export interface MemoryProcess {
  readonly options: SpawnOptions;
  readonly handle: ProcessHandle;
  /** Every signal that reached its group, in order. */
  readonly signals: ReadonlyArray<Signal>;
  readonly running: boolean;
  /** Ends it now. Does nothing when it has ended. */
  readonly end: (exit: ProcessExit) => void;
}

/** The simulation and the test's hands on it. */
export interface MemoryProcesses {
  readonly layer: Layer.Layer<Processes>;
  /** Sets what an executable does from its next start on. */
  readonly define: (executable: string, program: Program) => void;
  /** Everything started so far, oldest first; of one executable, or of all. */
  readonly started: (executable?: string) => ReadonlyArray<MemoryProcess>;
  /** Sends a notification to a socket as this process; nobody hears it where there is no such socket. */
  readonly notify: (path: string, text: string, pid: number) => void;
  /** Sockets that are held for units. */
  readonly sockets: Omit<MemorySockets, "holdSockets">;
  /** Gives the pid of an ended process to a stranger. */
  readonly reusePid: (pid: number) => void;
  /** Somebody else starts a process. */
  readonly appear: (facts: Facts) => MemoryForeignProcess;
}

const graceful: ReadonlyArray<Signal> = ["SIGTERM", "SIGINT", "SIGHUP"];
const harmless: ReadonlyArray<Signal> = ["SIGCHLD", "SIGCONT", "SIGURG", "SIGWINCH", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU"];
const bootId = "memory";

/** Says what the script says. */
const meterOf = (stats: () => ProcessStats | undefined): Meter => ({
  read: () => {
    const now = stats();
    return now && { ...noUsage, ...now, processes: 1 };
  },
  close: () => {},
});

const start = (options: SpawnOptions, script: Script, pid: number) => {
  const callbacks = new Set<(exit: ProcessExit) => void>();
  const signals: Array<Signal> = [];
  const timers = new Set<Fiber.Fiber<void>>();
  let ended: ProcessExit | undefined;
  let descendants = script.leavesDescendants ?? false;

  const end = (exit: ProcessExit): void => {
    if (ended !== undefined) return;
    ended = exit;
    for (const timer of timers) timer.interruptUnsafe();
    for (const callback of callbacks) callback(exit);
    callbacks.clear();
  };
  const endAfter = (millis: number, exit: ProcessExit): Effect.Effect<void> =>
    Effect.sleep(millis).pipe(
      Effect.andThen(Effect.sync(() => end(exit))),
      Effect.forkDetach({ startImmediately: true }),
      Effect.map((timer) => void timers.add(timer)),
    );
  const onExit: ProcessHandle["onExit"] = (callback) => {
    let entry = (exit: ProcessExit) => callback(exit);
    const exit = ended;
    if (exit === undefined) callbacks.add(entry);
    else queueMicrotask(() => entry(exit));
    return () => {
      callbacks.delete(entry);
      entry = () => {};
    };
  };
  const groupAlive = () => ended === undefined || descendants;
  const deliver = (signal: Signal): Effect.Effect<void> => {
    signals.push(signal);
    const died: ProcessExit = { code: null, signal };
    if (signal === "SIGKILL") {
      descendants = false;
      return Effect.sync(() => end(died));
    }
    if (ended !== undefined || harmless.includes(signal)) return Effect.void;
    const reaction = graceful.includes(signal) ? (script.onTerm ?? "die") : "die";
    if (reaction === "ignore") return Effect.void;
    return reaction === "die" ? Effect.sync(() => end(died)) : endAfter(reaction.afterMillis, reaction.exit);
  };
  const signal: ProcessHandle["signal"] = (name) =>
    Effect.suspend(() => (groupAlive() ? deliver(name) : Effect.fail(new SignalError({ reason: "Gone", pid, signal: name }))));

  const handle: ProcessHandle = {
    pid,
    identity: { pid, startTime: pid, bootId },
    exit: Effect.callback((resume) => {
      if (ended !== undefined) return resume(Effect.succeed(ended));
      return Effect.sync(onExit((exit) => resume(Effect.succeed(exit))));
    }),
    onExit,
    signal,
    groupAlive,
    contained: true,
    held: null,
    recap: () => Effect.succeed(notHeld),
    killGroup: Effect.suspend(() => (groupAlive() ? deliver("SIGKILL") : Effect.void)),
    meter: () => Promise.resolve(meterOf(() => (ended === undefined ? script.stats : undefined))),
  };
  const process: MemoryProcess = {
    options,
    handle,
    signals,
    end,
    get running() {
      return ended === undefined;
    },
  };
  const exit = script.exit ?? { code: 0, signal: null };
  return { process, script, begin: script.runMillis === undefined ? Effect.void : endAfter(script.runMillis, exit) };
};

/**
 * A simulation that knows these executables; every other one fails with `ExecutableNotFound`. Sleeps use the clock of the fiber that spawns or
 * signals, so under `TestClock` nothing ends by itself until the test moves it.
 */
export const makeMemoryProcesses = (programs: Readonly<Record<string, Program>> = {}): MemoryProcesses => {
  const known = new Map(Object.entries(programs));
  const started: Array<ReturnType<typeof start>> = [];
  const strangers = new Set<number>();
  const ears = new Map<string, (text: string, pid: number) => void>();
  const sockets = makeSockets();
  const find = (pid: number) => started.find(({ process }) => process.handle.pid === pid);
  const startedOf = (executable?: string) =>
    started.map(({ process }) => process).filter(({ options }) => executable === undefined || options.executable === executable);
  const isAlive = ({ pid, startTime, bootId: boot }: ProcessHandle["identity"]) =>
    boot === bootId && startTime === pid && !strangers.has(pid) && (find(pid)?.process.running ?? false);

  const { appear, foreign } = makeForeign(bootId);
  const service: Processes["Service"] = {
    foreign,
    spawn: Effect.fnUntraced(function* (options) {
      const program =
        known.get(options.executable) ?? new SpawnError({ reason: "ExecutableNotFound", culprit: options.executable, errno: "ENOENT" });
      const script = typeof program === "function" ? program(options, startedOf(options.executable).length + 1) : program;
      if (script instanceof SpawnError) return yield* script;
      const { process, ...rest } = start(options, script, 1001 + started.length);
      started.push({ process, ...rest });
      yield* rest.begin;
      return process.handle;
    }),
    holdSockets: sockets.holdSockets,
    openNotifySocket: (path, received) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          ears.set(path, (text, pid) => received(text, { pid, uid: 0, isOf: (group) => group === pid }));
          return { name: path, keeper: null, drain: () => {} };
        }),
        () => Effect.sync(() => void ears.delete(path)),
      ),
    identify: (pid) =>
      Effect.sync(() => {
        if (strangers.has(pid)) return Option.some({ pid, startTime: -pid, bootId });
        return find(pid)?.process.running === true ? Option.some({ pid, startTime: pid, bootId }) : Option.none();
      }),
    bootId: () => bootId,
    exitOf: () => Effect.succeedNone,
    attach: (identity) => Effect.sync(() => Option.map(Option.liftPredicate(isAlive)(identity), ({ pid }) => find(pid)!.process.handle)),
    clear: () => Effect.void,
    marked: (name, ...values) =>
      Effect.sync(() =>
        startedOf().flatMap(({ handle, options, running }) =>
          running && values.includes(options.env[name] ?? "") ? [{ ...handle.identity, group: handle.pid }] : [],
        ),
      ),
    kill: (identity) => Effect.sync(() => void (isAlive(identity) && find(identity.pid)?.process.end({ code: null, signal: "SIGKILL" }))),
    isAlive: (identity) => Effect.sync(() => isAlive(identity)),
    meter: (identity) => Promise.resolve(meterOf(() => (isAlive(identity) ? find(identity.pid)?.script.stats : undefined))),
    stats: (identity) => Effect.sync(() => (isAlive(identity) ? Option.fromUndefinedOr(find(identity.pid)?.script.stats) : Option.none())),
  };
  return {
    layer: Layer.succeed(Processes, service),
    define: (executable, program) => void known.set(executable, program),
    started: startedOf,
    sockets,
    notify: (path, text, pid) => ears.get(path)?.(text, pid),
    reusePid: (pid) => void strangers.add(pid),
    appear,
  };
};
