/**
 * A task an item, a bounded number of them at a time.
 */
import type * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Stream from "effect/Stream";
import type { StreamOptions } from "../Task.ts";
import { checkTask } from "./check.ts";
import { type Result, type TaskExit, type Work } from "./taskCell.ts";
import { type Starter, stopTask } from "./taskStart.ts";

/** What becomes of an exit. */
type Deliver = (exit: TaskExit) => Effect.Effect<unknown, unknown>;

export const taskStream = <E>(
  starter: Starter<E>,
  items: Iterable<unknown> | Stream.Stream<unknown, unknown>,
  f: (item: any) => Effect.Effect<unknown, unknown, any>,
  options: StreamOptions | undefined,
  deliver: Deliver,
  tooLate: (result: Result, millis: number) => Effect.Effect<unknown, unknown>,
): Stream.Stream<any, any, any> => {
  const { id = "task", maxConcurrency = 8, ordered = true, shutdown = 5000, timeoutMillis = 5000 } = options ?? {};
  checkTask(shutdown, maxConcurrency);
  const one = (item: unknown): Effect.Effect<unknown, unknown> =>
    Effect.contextWith((context: Context.Context<never>) =>
      Effect.acquireUseRelease(
        starter({ work: Effect.suspend(() => f(item)) as Work, context, id, shutdown, linked: false }),
        (result) =>
          Effect.flatMap(result.within(timeoutMillis), (exit) => {
            if (exit !== null) return deliver(exit);
            const millis = timeoutMillis === "infinity" ? Infinity : timeoutMillis;
            return Effect.andThen(stopTask(result.ref, "brutal_kill"), tooLate(result, millis));
          }),
        (result) => (result.ref.alive ? stopTask(result.ref, shutdown) : Effect.void),
      ),
    );
  // One at a time: an item is taken when there is a place for its task.
  const source = Stream.isStream(items) ? items : Stream.fromIterable(items, { chunkSize: 1 });
  return Stream.mapEffect(source, one, { concurrency: maxConcurrency, unordered: !ordered });
};

/** Failures are the stream's own. */
export const orFail: Deliver = (exit) => exit;

/** Exits are what comes out. */
export const asValue: Deliver = (exit) => Effect.succeed(exit);

/** A success comes out as an exit, too. */
export const orFailExits: Deliver = (exit) => (Exit.isSuccess(exit) ? Effect.succeed(exit) : exit);
