/**
 * How tasks start and how they are tied to who started them.
 */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Scope from "effect/Scope";
import { report } from "../CrashReport.ts";
import * as ExitReason from "../ExitReason.ts";
import type { Shutdown } from "../ChildSpec.ts";
import { link, unlink } from "./attachments.ts";
import { Current } from "./caller.ts";
import { ActTimer } from "./timers.ts";
import type { Owner } from "./cell.ts";
import { systemOf } from "./system.ts";
import { type Result, TaskCell, type Work } from "./taskCell.ts";

/** What is run, for whom. */
export interface Order {
  readonly work: Work;
  /** The caller's. */
  readonly context: Context.Context<never>;
  readonly id: string;
  readonly shutdown: Shutdown;
  /** To the actor or task that the caller is, if it is one. */
  readonly linked: boolean;
}

/** How a task comes to run: under a supervisor, or alone. */
export type Starter<E> = (order: Order) => Effect.Effect<Result, E>;

/** Owns tasks that no supervisor has. */
const nobody: Owner = {
  path: [],
  started: () => {},
  exited: (cell, reason) => {
    if (ExitReason.isAbnormal(reason) && reason._tag !== "Killed" && !cell.crashIsKnown) {
      report(cell.context, { path: cell.path, incarnation: cell.incarnation, reason });
    }
    cell.retire(reason);
  },
};

export const startAlone: Starter<never> = (order) =>
  Effect.sync(() => {
    const task = new TaskCell(systemOf(order.context), order.context, nobody, order.id, order.work, true);
    task.start();
    tie(task);
    return task.result!;
  });

/** Links a task that has just been started with its caller, where that is an actor or a task. */
export const tie = (task: TaskCell): void => {
  const caller = Context.get(task.context, Current);
  // A caller that has ended has closed its scope: that ends the task.
  if (caller !== null && caller.alive) link(caller.cell, task);
};

/** The end of the task is not the caller's any more. */
export const unlinkCaller = (task: TaskCell): void => {
  const caller = Context.get(task.context, Current);
  if (caller !== null && caller.alive) unlink(caller.cell, task);
};

/** Starts a task that does not outlive the scope of its caller. */
export const startHeld = <E>(starter: Starter<E>, order: Order): Effect.Effect<Result, E, Scope.Scope> =>
  Effect.uninterruptible(
    Effect.flatMap(starter(order), (result) => {
      // A scope of its own, so that a caller who lives long keeps nothing of tasks that have ended.
      const scope = Scope.forkUnsafe(Context.getUnsafe(order.context, Scope.Scope));
      const stop = Effect.suspend(() => {
        unlinkCaller(result.ref);
        return stopTask(result.ref, order.shutdown);
      });
      return Effect.map(Scope.addFinalizer(scope, stop), () => {
        result.holder = scope;
        if (!result.ref.alive) result.letGo();
        return result;
      });
    }),
  );

/** Ends a task that nobody wants any more, within its time, and waits until it has ended. */
export const stopTask = (task: TaskCell, shutdown: Shutdown): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    if (!task.alive) return resume(Effect.void);
    const { timers } = task.system;
    const { incarnation } = task;
    const ofNow = (act: () => void) => (): void => (task.incarnation === incarnation ? act() : undefined);
    const kill = (): void => task.pushUrgent({ urgent: true, run: ofNow(() => task.kill()) });
    const deadline = new ActTimer(kill);
    task.dismiss();
    task.addMonitor({
      notify: () => {
        timers.cancel(deadline);
        resume(Effect.void);
      },
    });
    if (shutdown === "brutal_kill") return kill();
    if (shutdown !== "infinity") timers.add(deadline, shutdown);
    // In the task's own turn: it may be what closes the scope.
    task.pushControl({ run: ofNow(() => task.shutdown(ExitReason.shutdown)) });
  });
