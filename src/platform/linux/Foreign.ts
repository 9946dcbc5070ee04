/**
 * A process of somebody else: its end, and signals to it alone.
 */
import * as Effect from "effect/Effect";
import type { ForeignProcess } from "../Discovery.ts";
import type { ProcessIdentity } from "../Process.ts";
import { SignalError } from "../ProcessErrors.ts";
import type { Probe } from "../Probe.ts";

/** The kernel tells an end to the parent only: all that are watched are looked at once a second, by one timer (20 µs each; no timer without any). */
const lookMillis = 1000;
const watched = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

const watch = (look: () => void): (() => void) => {
  watched.add(look);
  timer ??= setInterval(() => {
    for (const each of watched) each();
  }, lookMillis);
  return () => {
    watched.delete(look);
    if (watched.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
};

export const foreignProcess = (identity: ProcessIdentity, startedAt: number, probe: Probe): ForeignProcess => {
  const { pid, startTime } = identity;
  let gone = false;
  const running = (): boolean => {
    if (gone) return false;
    try {
      const now = probe.look(pid);
      gone = now === undefined || !now.running || now.startTime !== startTime;
      return !gone;
    } catch {
      // The system does not let itself be asked just now: the next look tells.
      return true;
    }
  };
  return {
    identity,
    startedAt,
    running,
    exit: Effect.callback((resume) => {
      let close = (): void => {};
      const look = (): void => {
        if (running()) return;
        close();
        resume(Effect.void);
      };
      close = watch(look);
      look();
      return Effect.sync(close);
    }),
    signal: (signal) =>
      Effect.suspend(() => {
        const failed = (reason: SignalError["reason"]) => Effect.fail(new SignalError({ reason, pid, signal }));
        if (!running()) return failed("Gone");
        try {
          process.kill(pid, signal);
          return Effect.void;
        } catch (error) {
          return failed((error as NodeJS.ErrnoException).code === "ESRCH" ? "Gone" : "NotPermitted");
        }
      }),
  };
};
