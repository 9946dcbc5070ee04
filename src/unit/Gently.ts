/**
 * A start that is cut short, by a command or by its deadline, ends its process as a stop does: asked first, and killed when it does not obey.
 */
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import type { Signal } from "../platform/index.ts";
import type { Task } from "../driver/index.ts";

export interface Patience {
  readonly stopSignal: Signal.Signal;
  readonly stopTimeoutMillis: number;
  /** Completes when nobody is waited for any more. */
  readonly forced: Effect.Effect<void>;
}

/** How a process is ended that nobody has asked to end in its own terms. */
export const patienceOf = ({ forced, spec }: Pick<Patience, "forced"> & { readonly spec: Omit<Patience, "forced"> }): Patience => ({
  ...spec,
  forced,
});

/** Asks all of the task to end and waits for it, as long as its patience lasts; whoever owns the task kills what is left. */
export const end = (task: Task, { forced, stopSignal, stopTimeoutMillis }: Patience): Effect.Effect<void> =>
  Effect.andThen(
    Effect.ignore(task.signal(stopSignal)),
    Effect.ignore(Effect.timeout(Effect.raceFirst(task.waitForAll, forced), stopTimeoutMillis)),
  );

/** Waits for something of a task whose start is not complete. */
export const whileStarting = <A, E, R>(task: Task, patience: Patience, waiting: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  // A fiber of its own: one that is interrupted knows no deadlines any more.
  Effect.onInterrupt(waiting, () => Effect.flatMap(Effect.forkDetach(end(task, patience)), Fiber.await));
