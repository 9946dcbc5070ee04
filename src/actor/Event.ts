/**
 * The life of the trees: what started, ended, was restarted or given up.
 */
import * as Effect from "effect/Effect";
import * as Queue from "effect/Queue";
import * as Stream from "effect/Stream";
import type { ExitReason } from "./ExitReason.ts";
import { systemOf } from "./internal/system.ts";

/**
 * What a supervisor makes of a child's end: starts it again, alone or with its group (`restart`), lets it be (`stay`), has tried it often
 * enough (`giveUp`), or has itself had enough (`escalate`).
 *
 * @since 0.1.0
 */
export type ExitDecision = "restart" | "stay" | "giveUp" | "escalate";

/** What happened, without where and when. @since 0.1.0 */
export type TreeEventBody =
  | { readonly _tag: "Started"; readonly incarnation: number }
  | { readonly _tag: "StartFailed"; readonly reason: ExitReason }
  | { readonly _tag: "Stopping" }
  /** A start said that there is nothing to do: no failure, and it is not tried again. */
  | { readonly _tag: "Ignored" }
  /** `asked`: its supervisor had told it to stop. */
  | {
      readonly _tag: "Exited";
      readonly incarnation: number;
      readonly reason: ExitReason;
      readonly asked: boolean;
      readonly decision: ExitDecision;
    }
  /** A restart is due after `delayMillis`; `attempt` counts the restarts in a row, from 1. */
  | { readonly _tag: "Restarting"; readonly attempt: number; readonly delayMillis: number }
  /** The child used up its `maxAttempts` and stays down. */
  | { readonly _tag: "GaveUp"; readonly attempts: number }
  /** A supervisor used up its intensity and restarts nothing for a while; tries again; has been stable since. */
  | { readonly _tag: "CircuitOpen" }
  | { readonly _tag: "CircuitHalfOpen" }
  | { readonly _tag: "CircuitClosed" }
  /** A supervisor used up its intensity and ends; its own supervisor decides what next. */
  | { readonly _tag: "Escalated"; readonly intensity: number; readonly periodMillis: number };

/**
 * Something that happened to a supervised actor or to a supervisor.
 *
 * @since 0.1.0
 */
export type TreeEvent = TreeEventBody & {
  /** Ids from the root of the tree to the actor. */
  readonly path: ReadonlyArray<string>;
  /** Unix milliseconds, of the tree's clock. */
  readonly at: number;
};

/**
 * The events of all trees on the current clock, from now on. Slow readers keep them in memory.
 *
 * @example
 * ```ts
 * import { Event } from "hsu"
 * import { Effect, Stream } from "effect"
 *
 * const printRestarts = Event.stream.pipe(
 *   Stream.filter((event) => event._tag === "Restarting"),
 *   Stream.runForEach((event) => Effect.log(event.path.join("/"), "restarts"))
 * )
 * ```
 * @since 0.1.0
 */
export const stream: Stream.Stream<TreeEvent> = Stream.callback<TreeEvent>((queue) =>
  Effect.andThen(
    subscribe((event) => void Queue.offerUnsafe(queue, event)),
    Effect.never,
  ),
);

/**
 * Calls `listener` with each event until the scope closes. It runs inside the loop of the actors: it must be short and must not throw.
 *
 * @since 0.1.0
 */
export const subscribe = (listener: (event: TreeEvent) => void) =>
  Effect.flatMap(Effect.context(), (context) => {
    const { listeners } = systemOf(context);
    return Effect.acquireRelease(
      Effect.sync(() => void listeners.add(listener)),
      () => Effect.sync(() => void listeners.delete(listener)),
    );
  });
