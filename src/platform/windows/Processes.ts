/**
 * `Processes` of Windows, as far as its own commands reach. What they do not tell is said to be so, by errors that have a code; the gaps are in
 * docs/reference/platforms.md. Nobody has run it on Windows yet: what is asked and how answers are read is in Commands.ts, and tested.
 */
import { execFileSync } from "node:child_process";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import { Undiscovered } from "../Discovery.ts";
import { spawnChild, type StartedChild } from "../linux/Spawn.ts";
import { formatAddress, NotListening } from "../Listening.ts";
import { notHeld } from "../Caps.ts";
import { noUsage } from "../Meter.ts";
import { NotifyUnavailable } from "../Notify.ts";
import { type ProcessExit, type ProcessHandle, type ProcessIdentity, Processes } from "../Process.ts";
import { ServiceManagerError } from "../Discovery.ts";
import { SignalError } from "../ProcessErrors.ts";
import type { Signal } from "../Signal.ts";
import { boot, type Command, processes, type Row, rowsOf, taskkill, treeOf } from "./Commands.ts";

/** Runs a command to its end and gives what it printed; nothing where it has failed. */
export type Run = (command: Command) => string;

const runNow: Run = ([file, args]) => {
  try {
    return execFileSync(file, [...args], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], windowsHide: true });
  } catch {
    return ""; // As where nobody has the pid.
  }
};

/** Signals that ask a process to end. */
const asks: ReadonlySet<Signal> = new Set<Signal>(["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"]);

const make = (run: Run): Processes["Service"] => {
  let booted: string | undefined;
  const bootId = (): string => (booted ??= run(boot).trim() || "unknown");
  const look = (pid: number): Row | undefined => rowsOf(run(processes(pid)))[0];
  const tree = (identity: ProcessIdentity): ReadonlyArray<Row> => treeOf(rowsOf(run(processes())), identity);
  const identify = (pid: number): ProcessIdentity | undefined => {
    const row = look(pid);
    return row && { pid, startTime: row.startTime, bootId: bootId() };
  };
  const runs = ({ bootId: of, pid, startTime }: ProcessIdentity): boolean => of === bootId() && look(pid)?.startTime === startTime;

  const meterOf = (identity: ProcessIdentity, whole: boolean) =>
    Promise.resolve({
      read: () => {
        const rows = whole ? tree(identity) : runs(identity) ? [look(identity.pid)].filter((row) => row !== undefined) : [];
        if (rows.length === 0) return undefined;
        const sum = (of: (row: Row) => number): number => rows.reduce((total, row) => total + of(row), 0);
        return {
          ...noUsage,
          cpuMillis: sum(({ cpuMillis }) => cpuMillis),
          rssBytes: sum(({ rssBytes }) => rssBytes),
          threads: sum(({ threads }) => threads),
          processes: rows.length,
        };
      },
      close: () => {},
    });

  const handleOf = (child: StartedChild): ProcessHandle => {
    const { pid } = child;
    // When the system does not tell: an identity that nobody has is never signalled wrongly.
    const identity = identify(pid) ?? { pid, startTime: -1, bootId: "unknown" };
    let ended = false;
    const exited = new Promise<ProcessExit>((done) =>
      child.onEnd((exit) => {
        ended = true;
        done(exit);
      }),
    );
    const groupAlive = (): boolean => !ended || tree(identity).length > 0;
    const fail = (reason: SignalError["reason"], signal: Signal) => Effect.fail(new SignalError({ reason, pid, signal }));
    const signal: ProcessHandle["signal"] = (name) =>
      Effect.suspend(() => {
        if (!groupAlive()) return fail("Gone", name);
        if (name !== "SIGKILL" && !asks.has(name)) return fail("NotPermitted", name);
        run(taskkill(pid, name === "SIGKILL"));
        return Effect.void;
      });
    return {
      pid,
      identity,
      exit: Effect.promise(() => exited),
      onExit: (callback) => {
        let entry = callback;
        void exited.then((exit) => entry(exit));
        return () => void (entry = () => {});
      },
      signal,
      groupAlive,
      contained: false,
      held: null,
      recap: () => Effect.succeed(notHeld),
      killGroup: Effect.suspend(() => {
        if (!groupAlive()) return Effect.void;
        run(taskkill(pid, true));
        return tree(identity).length === 0 ? Effect.asVoid(Effect.promise(() => exited)) : fail("StillAlive", "SIGKILL");
      }),
      meter: () => meterOf(identity, true),
    };
  };

  return {
    spawn: (options) => Effect.uninterruptible(spawnChild(options, handleOf)),
    bootId,
    // A master that keeps state does not run here: there is nobody of an earlier one.
    attach: () => Effect.succeedNone,
    clear: () => Effect.void,
    exitOf: () => Effect.succeedNone,
    marked: () => Effect.succeed([]),
    kill: (identity) => Effect.sync(() => void (runs(identity) && run(taskkill(identity.pid, true)))),
    identify: (pid) => Effect.sync(() => Option.fromUndefinedOr(identify(pid))),
    isAlive: (identity) => Effect.sync(() => runs(identity)),
    openNotifySocket: (path) => Effect.fail(new NotifyUnavailable({ path, reason: "Windows has no such sockets" })),
    stats: (identity) =>
      Effect.sync(() => {
        const row = look(identity.pid);
        return row?.startTime === identity.startTime ? Option.some(row) : Option.none();
      }),
    meter: (identity) => meterOf(identity, false),
    holdSockets: (sockets) => {
      const address = sockets.map((socket) => formatAddress(socket.address)).join(", ");
      return Effect.fail(new NotListening({ address, reason: "Other", detail: "no process of Windows takes a socket over as it starts" }));
    },
    foreign: {
      discover: () => Effect.fail(new Undiscovered({ reason: "Unavailable", what: "processes of others are not looked for on Windows" })),
      restartService: (service) => Effect.fail(new ServiceManagerError({ service, what: "there is none on Windows" })),
    },
  };
};

/** With Windows' own commands; or with others, for tests. */
export const layer = (run: Run = runNow): Layer.Layer<Processes> => Layer.sync(Processes, () => make(run));
