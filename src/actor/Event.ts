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
 * ```ts run
 * import { Actor, ChildSpec, CrashReport, Event, Supervisor } from "hsu"
 * import { Effect, Fiber, Stream } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Flaky = Actor.make({
 *   name: "flaky",
 *   protocol: RpcGroup.make(Rpc.make("Crash")),
 *   init: () => 0,
 *   handlers: {
 *     Crash: () => {
 *       throw new Error("boom")
 *     }
 *   }
 * })
 * const flaky = ChildSpec.make(Flaky, undefined, { id: "flaky" })
 * const program = Effect.gen(function*() {
 *   const three = Event.stream.pipe(
 *     Stream.filter(({ path }) => path.at(-1) === "flaky"),
 *     Stream.map(({ _tag }) => _tag),
 *     Stream.take(3),
 *     Stream.runCollect
 *   )
 *   const seen = yield* Effect.forkChild(three, { startImmediately: true })
 *   const supervisor = yield* Supervisor.start({ children: [flaky] })
 *   supervisor.ref(flaky).cast("Crash")
 *   return yield* Fiber.join(seen)
 * }).pipe(Effect.provideService(CrashReport.Reporter, () => Effect.void))
 * await Effect.runPromise(Effect.scoped(program)) // => ["Started", "Exited", "Restarting"]
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
 * @example
 * ```ts run
 * import { Actor, ChildSpec, Event, Supervisor } from "hsu"
 * import { Effect } from "effect"
 * import { RpcGroup } from "effect/rpc"
 *
 * const Idle = Actor.make({ name: "idle", protocol: RpcGroup.make(), init: () => 0, handlers: {} })
 * const seen: Array<string> = []
 * const program = Effect.gen(function*() {
 *   yield* Event.subscribe(({ _tag, path }) => void seen.push(`${_tag} ${path.join("/")}`))
 *   yield* Supervisor.start({ children: [ChildSpec.make(Idle, undefined, { id: "a" }), ChildSpec.make(Idle, undefined, { id: "b" })] })
 * })
 * await Effect.runPromise(Effect.scoped(program))
 *
 * seen.slice(0, 2) // => ["Started root/a", "Started root/b"]
 * seen.slice(2) // => ["Stopping root/b", "Exited root/b", "Stopping root/a", "Exited root/a"]
 * ```
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
