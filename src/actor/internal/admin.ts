/**
 * What supervisors' refs have in common: an operation is run in the supervisor's own turn, between the exits of its children.
 */
import * as Effect from "effect/Effect";
import { ActorDown } from "../ActorRef.ts";
import * as ExitReason from "../ExitReason.ts";
import { Phase } from "./cell.ts";
import type { Child } from "./child.ts";
import type { SupervisorCell } from "./supervisorCell.ts";

export type Resume<A, E> = (effect: Effect.Effect<A, E>) => void;

/** Runs an operation in the supervisor's turn; fails when it is down or on its way there. */
export const admin = <A, E>(cell: SupervisorCell, operation: (resume: Resume<A, E>) => void): Effect.Effect<A, E | ActorDown> =>
  Effect.callback<A, E | ActorDown>((resume) => {
    cell.pushControl({
      run: () => {
        if (cell.phase === Phase.Down || cell.ending) {
          return resume(Effect.fail(new ActorDown({ path: cell.path, reason: ExitReason.noProc })));
        }
        try {
          operation(resume);
        } catch (error) {
          // An argument that the types rule out is the defect of its caller. It must not reach the loop.
          resume(Effect.die(error));
        }
        cell.advance();
      },
    });
  });

/** Stops a child for good, or ends its restart loop. */
export const terminate = (cell: SupervisorCell, child: Child, hold: boolean, resume: Resume<void, never>): void => {
  child.wanted = false;
  child.held = hold;
  cell.endRestartOf(child);
  if (child.stopped) {
    cell.settleDown(child);
    return resume(Effect.void);
  }
  (child.onStopped ??= []).push(() => resume(Effect.void));
  if (child.state !== "stopping") cell.stopChild(child);
};

/** Starts a child that was added for this; it is forgotten again when that fails. */
export const startAdded = (
  cell: SupervisorCell,
  child: Child,
  started: () => void,
  failed: (reason: ExitReason.ExitReason) => void,
): void => {
  child.wanted = true;
  child.held = false;
  child.onStarted = (failure) => {
    if (failure === null) return started();
    cell.remove(child);
    failed(failure);
  };
  cell.startChild(child);
};
