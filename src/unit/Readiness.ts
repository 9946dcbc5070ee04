/**
 * Whether a unit can be used just now: what order, needs and the registry wait for.
 */
import * as Effect from "effect/Effect";

/** One for each unit; it outlives the unit's processes. */
export interface Readiness {
  readonly isReady: () => boolean;
  /** Waits until the unit is ready; at once when it is. Any number of waiters, and a waiter costs nothing while it waits. */
  readonly awaitReady: Effect.Effect<void>;
  /** Calls back at each change, never from inside of this call; the result unsubscribes. */
  readonly subscribe: (listener: (ready: boolean) => void) => () => void;
  /** Whether it could be used, as its process and its probes say. True when this was a change. */
  readonly set: (ready: boolean) => boolean;
  /** It says of itself that it cannot be used, whatever the others say meanwhile. */
  readonly withhold: (withheld: boolean) => void;
}

export const make = (): Readiness => {
  const listeners = new Set<(ready: boolean) => void>();
  let usable = false;
  let withheld = false;
  let now = false;
  const change = (): boolean => {
    const ready = usable && !withheld;
    if (now === ready) return false;
    now = ready;
    for (const listener of Array.from(listeners)) listener(ready);
    return true;
  };
  const subscribe: Readiness["subscribe"] = (listener) => {
    // Its own each time: who subscribes twice hears it twice.
    const entry = (ready: boolean): void => listener(ready);
    listeners.add(entry);
    return () => void listeners.delete(entry);
  };
  return {
    isReady: () => now,
    subscribe,
    awaitReady: Effect.callback((resume) => {
      if (now) return resume(Effect.void);
      const unsubscribe = subscribe((ready) => {
        if (!ready) return;
        unsubscribe();
        resume(Effect.void);
      });
      return Effect.sync(unsubscribe);
    }),
    set: (ready) => {
      usable = ready;
      return change();
    },
    withhold: (is) => {
      withheld = is;
      change();
    },
  };
};
