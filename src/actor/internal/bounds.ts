/**
 * A bounded message lane at work: who waits for room, and how many messages were dropped.
 */
import * as Exit from "effect/Exit";
import { ActorDown } from "../ActorRef.ts";
import type { ExitReason } from "../ExitReason.ts";
import type { Call, Op, Unsent } from "./cell.ts";

/** A message that waits for room: a call, or a send that is told when it is in. */
export interface Waiter {
  readonly op: Op;
  readonly payload: unknown;
  readonly call: Call | null;
  readonly admitted: ((exit: Exit.Exit<void, Unsent>) => void) | null;
}

export class Bounds {
  /** In the order in which they came. */
  readonly waiters = new Set<Waiter>();
  dropped = 0;

  /** The next one to let in; calls whose caller has gone are passed over. */
  next(): Waiter | undefined {
    for (const waiter of this.waiters) {
      this.waiters.delete(waiter);
      if (waiter.call === null || waiter.call.awaited) return waiter;
    }
    return undefined;
  }

  /** Nobody will be let in any more. */
  close(path: ReadonlyArray<string>, reason: ExitReason): void {
    const waiters = [...this.waiters];
    this.waiters.clear();
    for (const { admitted, call } of waiters) {
      const down = Exit.fail(new ActorDown({ path, reason }));
      call?.settle(down);
      admitted?.(down);
    }
  }
}
