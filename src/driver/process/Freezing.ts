/**
 * Holds back units whose output cannot be taken over as fast as they write it, where their config asks for that: they are stopped (SIGSTOP) until there is room.
 */
import * as Effect from "effect/Effect";
import type { Outputs } from "../../logs/index.ts";
import type { Signal } from "../../platform/index.ts";
import type { Started } from "./NativeTask.ts";

/** After any other one it may be on its way out, and is not stopped again. */
const harmless: ReadonlySet<Signal.Signal> = new Set(["SIGHUP", "SIGUSR1", "SIGUSR2", "SIGWINCH", "SIGCONT"]);

/** Behind a signal that somebody sends: who is stopped would not hear of it. */
export const heard = (
  of: Started,
  signal: Signal.Signal,
  send: (signal: Signal.Signal) => Effect.Effect<void, unknown>,
): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (!harmless.has(signal)) of.isEnding = true;
    if (of.isFrozen !== true) return Effect.void;
    of.isFrozen = false;
    return Effect.ignore(send("SIGCONT"));
  });

export interface Freezing {
  /** From here on this is the unit's run. */
  readonly add: (id: string, of: Started) => void;
  readonly remove: (id: string, of: Started) => void;
}

export const make = (outputs: Outputs, signal: (of: Started, signal: Signal.Signal) => Effect.Effect<void, unknown>): Freezing => {
  const running = new Map<string, Started>();
  const said = new Map<string, boolean>();
  const hold = (of: Started, isFull: boolean): void => {
    if (isFull ? of.isFrozen === true || of.isEnding : of.isFrozen === false) return;
    of.isFrozen = isFull;
    Effect.runFork(Effect.ignore(signal(of, isFull ? "SIGSTOP" : "SIGCONT")));
  };
  outputs.whenFull((unit, isFull) => {
    said.set(unit, isFull);
    const of = running.get(unit);
    if (of !== undefined) hold(of, isFull);
  });
  return {
    add: (id, of) => {
      running.set(id, of);
      const isFull = said.get(id);
      if (isFull !== undefined) hold(of, isFull);
    },
    remove: (id, of) => {
      if (running.get(id) === of) running.delete(id);
    },
  };
};
