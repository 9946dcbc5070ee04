/**
 * Tasks: one effect that runs on its own, once, and whose result is waited for, as Elixir's `Task`.
 *
 * When to use: for work beside what an actor or a fiber does, with a result. Many of them, those that are to outlive their caller, and those whose
 * failure must not end it, belong under a `TaskSupervisor`. What has a state and gets messages is an `Actor`.
 */
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import type * as Context from "effect/Context";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Option from "effect/Option";
import type * as Scope from "effect/Scope";
import type * as Stream from "effect/Stream";
import { type ActorDown, type ActorRef, CallingSelf } from "./ActorRef.ts";
import { type ChildSpec, erase, type Options as ChildOptions, type Shutdown } from "./ChildSpec.ts";
import { Callers as CallersReference } from "./internal/caller.ts";
import { checkTask } from "./internal/check.ts";
import { type Result, TaskCell, type TaskExit, type Work } from "./internal/taskCell.ts";
import { type Starter, startAlone, startHeld, stopTask, unlinkCaller } from "./internal/taskStart.ts";
import { asValue, orFail, orFailExits, taskStream } from "./internal/taskStream.ts";

/** A task that was started: the address of its result. @since 0.1.0 */
export interface Task<out A, out E = never> {
  /** For types only: what it succeeds or fails with. */
  readonly "~hsu/Task"?: { readonly value: A; readonly error: E };
  /** The address of what runs it: to monitor, to link, to stop. It takes no messages. */
  readonly ref: ActorRef<never>;
  readonly path: ReadonlyArray<string>;
  /** Whether it has no result yet. */
  readonly alive: boolean;
}

/** How a task ended: `ActorDown` where it was ended from outside. @since 0.1.0 */
export type TaskResult<A, E> = Exit.Exit<A, E | ActorDown>;

/**
 * The task had no result in time. It goes on, unless somebody ends it; a result that comes later can still be awaited.
 *
 * @example
 * ```ts run
 * import { Task } from "hsu"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const task = yield* Task.async(Effect.never, { id: "slow" })
 *   return yield* Effect.flip(Task.await(task, { timeoutMillis: 10 }))
 * })
 * const error = await Effect.runPromise(Effect.scoped(program))
 *
 * error.message // => "slow had no result within 10 ms"
 * ```
 * @since 0.1.0
 */
export class TaskTimeout extends Data.TaggedError("TaskTimeout")<{ readonly path: ReadonlyArray<string>; readonly millis: number }> {
  readonly code = "HSU-TSK-001";
  override get message(): string {
    return `${this.path.join("/")} had no result within ${this.millis} ms`;
  }
}

/** @since 0.1.0 */
export interface Options {
  /** For people: the last part of its path. Default: `task`. */
  readonly id?: string;
  /** How it is stopped when it is not wanted any more: milliseconds that its finalizers have before it counts as killed. Default: 5000. */
  readonly shutdown?: Shutdown;
}

/** @since 0.1.0 */
export interface WaitOptions {
  /** Milliseconds. Default: 5000. */
  readonly timeoutMillis?: number | "infinity";
}

/** @since 0.1.0 */
export interface StreamOptions extends Options {
  /** Tasks that run at a time. Default: 8. */
  readonly maxConcurrency?: number;
  /** Milliseconds that each of them has, `infinity` for no limit. Default: 5000. */
  readonly timeoutMillis?: number | "infinity";
  /**
   * What a task that takes longer means; it is killed either way. `exit`: the stream fails with {@link TaskTimeout}. `killTask`: that is the item's
   * exit, and the stream goes on. Default: `exit`.
   */
  readonly onTimeout?: "exit" | "killTask";
  /** Whether results come in the order of the items, and not in that in which they are there. Default: true. */
  readonly ordered?: boolean;
}

/**
 * The paths of the actors and tasks on whose behalf an effect runs, the nearest first: Elixir's `$callers`. A caller that is neither has no path.
 *
 * @example
 * ```ts run
 * import { Task } from "hsu"
 * import { Effect } from "effect"
 *
 * const inner = Effect.flatMap(Task.async(Task.Callers, { id: "inner" }), Task.await)
 * const program = Effect.flatMap(Task.async(inner, { id: "outer" }), Task.await)
 * await Effect.runPromise(Effect.scoped(program)) // => [["outer"]]
 * ```
 * @since 0.1.0
 */
export const Callers: Context.Reference<ReadonlyArray<ReadonlyArray<string>>> = CallersReference;

/** What is behind a task. */
const resultOf = (task: Task<unknown, unknown>): Result => task as unknown as Result;

/** @internal */
export const started = <A, E, R, SE>(
  starter: Starter<SE>,
  effect: Effect.Effect<A, E, R>,
  options: Options,
): Effect.Effect<Task<A, E>, SE, Exclude<R, Scope.Scope> | Scope.Scope> =>
  Effect.contextWith((context: Context.Context<never>) => {
    const { id = "task", shutdown = 5000 } = options;
    checkTask(shutdown);
    return startHeld(starter, { work: effect as unknown as Work, context, id, shutdown, linked: true });
  }) as Effect.Effect<any, SE, any>;

/**
 * Starts a task that lives no longer than the scope: it is stopped, and waited for, when that closes. Its failure is that of who awaits it. Where an
 * actor or another task starts it, in a handler or in `init`, the two are linked as well: an abnormal end of the task ends its caller, or is an
 * `Exit` to one that traps exits. A failure that nobody waits for and that ends nobody is reported.
 *
 * @example
 * ```ts run
 * import { Task } from "hsu"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const one = yield* Task.async(Effect.succeed(1))
 *   const two = yield* Task.async(Effect.delay(Effect.succeed("two"), "10 millis"))
 *   return yield* Task.awaitAll([one, two])
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => [1, "two"]
 * ```
 * @since 0.1.0
 */
export const async = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  options: Options = {},
): Effect.Effect<Task<A, E>, never, Exclude<R, Scope.Scope> | Scope.Scope> => started(startAlone, effect, options);

/**
 * The task's exit, however it ended, or null when it had none in time.
 *
 * A task that waits for itself would do so for ever.
 */
const within = (task: Task<any, any>, millis: number | "infinity"): Effect.Effect<TaskExit | null> =>
  Effect.suspend(() => {
    const result = resultOf(task);
    if (result.ref.runs(Fiber.getCurrent())) return Effect.die(new CallingSelf({ path: task.path, tag: "await" }));
    return result.within(millis);
  });

const timedOut = (task: Pick<Task<any, any>, "path">, millis: number | "infinity"): Effect.Effect<never, TaskTimeout> =>
  Effect.fail(new TaskTimeout({ path: task.path, millis: millis === "infinity" ? Infinity : millis }));

const await_ = <A, E>(task: Task<A, E>, options?: WaitOptions): Effect.Effect<A, E | ActorDown | TaskTimeout> => {
  const millis = options?.timeoutMillis ?? 5000;
  return Effect.flatMap(within(task, millis), (exit) => exit ?? timedOut(task, millis));
};

const yield_ = <A, E>(task: Task<A, E>, options?: WaitOptions): Effect.Effect<Option.Option<TaskResult<A, E>>> =>
  Effect.map(within(task, options?.timeoutMillis ?? 5000), Option.fromNullishOr);

export {
  /**
   * Waits for the task's value. Fails with what it failed with, with `ActorDown` when it was ended from outside, and with {@link TaskTimeout} after
   * `timeoutMillis`: from then on this waits no more, and the task goes on. Anybody may await a task, and more than once.
   *
   * @example
   * ```ts run
   * import { Task } from "hsu"
   * import { Effect } from "effect"
   *
   * const program = Effect.flatMap(Task.async(Effect.fail("no luck")), (task) => Effect.flip(Task.await(task)))
   * await Effect.runPromise(Effect.scoped(program)) // => "no luck"
   * ```
   * @since 0.1.0
   */
  await_ as await,
  /**
   * Looks for the result, and waits for it up to `timeoutMillis`: how the task ended, or none when it has not. It can be asked again.
   *
   * @example
   * ```ts run
   * import { Task } from "hsu"
   * import { Effect, Option } from "effect"
   *
   * const program = Effect.gen(function*() {
   *   const task = yield* Task.async(Effect.never)
   *   return Option.isNone(yield* Task.yield(task, { timeoutMillis: 10 }))
   * })
   * await Effect.runPromise(Effect.scoped(program)) // => true
   * ```
   * @since 0.1.0
   */
  yield_ as yield,
};

/** The values of tasks. @since 0.1.0 */
export type Values<Tasks extends ReadonlyArray<Task<any, any>>> = {
  readonly [I in keyof Tasks]: Tasks[I] extends Task<infer A, any> ? A : never;
};

/** What one of the tasks may fail with. @since 0.1.0 */
export type ErrorOf<Tasks extends ReadonlyArray<Task<any, any>>> = Tasks[number] extends Task<any, infer E> ? E : never;

/**
 * Waits for the values of all, in the order given, within one time. Fails with the first failure; the others are then stopped when their scope
 * closes, not by this.
 *
 * @example
 * ```ts run
 * import { Task } from "hsu"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const tasks = [yield* Task.async(Effect.never), yield* Task.async(Effect.fail("no luck"))]
 *   return yield* Effect.flip(Task.awaitAll(tasks))
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => "no luck"
 * ```
 * @since 0.1.0
 */
export const awaitAll = <const Tasks extends ReadonlyArray<Task<any, any>>>(
  tasks: Tasks,
  options?: WaitOptions,
): Effect.Effect<Values<Tasks>, ErrorOf<Tasks> | ActorDown | TaskTimeout> =>
  Effect.forEach(tasks, (task) => await_(task, options), { concurrency: "unbounded" }) as Effect.Effect<any, any>;

/** @since 0.1.0 */
export interface YieldManyOptions extends WaitOptions {
  /** Results after which to wait no more. Default: as many as there are tasks. */
  readonly limit?: number;
  /** What becomes of tasks without a result: they go on, or are killed. Default: `nothing`. */
  readonly onTimeout?: "nothing" | "killTask";
}

/**
 * Looks for the results of several tasks, and waits for them up to `timeoutMillis`: each with how it ended, or none when it has not.
 *
 * @example
 * ```ts run
 * import { Task } from "hsu"
 * import { Effect, Option } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const tasks = [yield* Task.async(Effect.succeed(1)), yield* Task.async(Effect.never)]
 *   const results = yield* Task.yieldMany(tasks, { timeoutMillis: 10, onTimeout: "killTask" })
 *   return results.map(([, exit]) => Option.isSome(exit))
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => [true, false]
 * ```
 * @since 0.1.0
 */
export const yieldMany = <A, E>(
  tasks: ReadonlyArray<Task<A, E>>,
  options: YieldManyOptions = {},
): Effect.Effect<ReadonlyArray<readonly [task: Task<A, E>, exit: Option.Option<TaskResult<A, E>>]>> =>
  Effect.gen(function* () {
    const { limit = tasks.length, onTimeout = "nothing", timeoutMillis = 5000 } = options;
    const enough = Math.min(limit, tasks.length);
    const found = new Map<Task<A, E>, TaskExit>();
    const look = (task: Task<A, E>): Effect.Effect<void, "enough"> =>
      Effect.flatMap(within(task, timeoutMillis), (exit) => {
        if (exit !== null && found.size < enough) found.set(task, exit);
        return found.size >= enough ? Effect.fail("enough") : Effect.void;
      });
    // A failure ends the other looks.
    yield* Effect.ignore(Effect.forEach(enough === 0 ? [] : tasks, look, { concurrency: "unbounded", discard: true }));
    if (onTimeout === "killTask") {
      yield* Effect.forEach(tasks, (task) => (found.has(task) ? Effect.void : shutdown(task, { shutdown: "brutal_kill" })), {
        concurrency: "unbounded",
        discard: true,
      });
    }
    return tasks.map((task) => [task, Option.fromNullishOr(found.get(task))] as const);
  });

/**
 * Ends a task that is not wanted any more, within 5 s unless `shutdown` says otherwise, and waits until it has ended. Succeeds with how it ended
 * where it ended by itself, before this or in the meantime, and with none where it was ended. A caller that is linked with it does not end with it.
 *
 * @example
 * ```ts run
 * import { Task } from "hsu"
 * import { Effect, Option } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const task = yield* Task.async(Effect.never)
 *   return [Option.isNone(yield* Task.shutdown(task)), task.alive]
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => [true, false]
 * ```
 * @since 0.1.0
 */
export const shutdown = <A, E>(
  task: Task<A, E>,
  options?: { readonly shutdown?: Shutdown },
): Effect.Effect<Option.Option<TaskResult<A, E>>> =>
  Effect.suspend(() => {
    const result = resultOf(task);
    const { exit, ref } = result;
    if (exit !== null) return Effect.succeed(Option.some(exit));
    result.expected = true;
    unlinkCaller(ref);
    return Effect.map(stopTask(ref, options?.shutdown ?? 5000), () => {
      const late = result.exit!;
      return ref.wasStopped && Exit.isFailure(late) ? Option.none() : Option.some(late);
    });
  });

/**
 * A stream with a task for each item, at most `maxConcurrency` at a time. It fails with the first task that does. When it ends, however it does, none
 * of its tasks is left: those that run are stopped, and waited for. Whichever fiber runs it is the caller of the tasks. Under a supervisor, and with
 * failures as values: see `TaskSupervisor`.
 *
 * @example
 * ```ts run
 * import { Task } from "hsu"
 * import { Effect, Stream } from "effect"
 *
 * const squares = Task.asyncStream([1, 2, 3], (n) => Effect.succeed(n * n), { maxConcurrency: 2 })
 * await Effect.runPromise(Stream.runCollect(squares)) // => [1, 4, 9]
 * ```
 * @since 0.1.0
 */
export const asyncStream: AsyncStream<never> = (items: any, f: any, options?: StreamOptions) => linkedStream(startAlone, items, f, options);

/**
 * A child of a supervisor that runs an effect, for what it does and not for its result: its failure is reported. It is up while the effect runs.
 * Where it is `significant`, the supervisor ends when the work is done. `restart` is `temporary` unless it says otherwise.
 *
 * @example
 * ```ts run
 * import { Actor, Supervisor, Task } from "hsu"
 * import { Effect } from "effect"
 *
 * const log: Array<string> = []
 * const migrate = Task.child(Effect.sync(() => void log.push("migrated")), { id: "migrate" })
 * const program = Effect.gen(function*() {
 *   const supervisor = yield* Supervisor.start({ children: [migrate] })
 *   yield* Actor.awaitExit(supervisor.ref(migrate))
 *   return log
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => ["migrated"]
 * ```
 * @since 0.1.0
 */
export const child = <A, E, R>(effect: Effect.Effect<A, E, R>, options: ChildOptions): ChildSpec<never, Exclude<R, Scope.Scope>> => {
  const { id } = options;
  const work = effect as unknown as Work;
  return erase({ ...options, restart: options.restart ?? "temporary" }, "worker", (system, context, owner) => {
    return new TaskCell(system, context, owner, id, work, false);
  });
};

/** What gives the items. @since 0.1.0 */
export type Items<A, E, R> = Iterable<A> | Stream.Stream<A, E, R>;

/** The types of {@link asyncStream}; `SE` is what a start may fail with. @since 0.1.0 */
export interface AsyncStream<SE> {
  <A, B, E, R, E2 = never, R2 = never>(
    items: Items<A, E2, R2>,
    f: (item: A) => Effect.Effect<B, E, R>,
    options: StreamOptions & { readonly onTimeout: "killTask" },
  ): Stream.Stream<Exit.Exit<B, TaskTimeout>, E | E2 | SE | ActorDown, Exclude<R, Scope.Scope> | R2>;
  <A, B, E, R, E2 = never, R2 = never>(
    items: Items<A, E2, R2>,
    f: (item: A) => Effect.Effect<B, E, R>,
    options?: StreamOptions,
  ): Stream.Stream<B, E | E2 | SE | ActorDown | TaskTimeout, Exclude<R, Scope.Scope> | R2>;
}

/** @internal */
export const linkedStream = (starter: Starter<any>, items: any, f: any, options?: StreamOptions): Stream.Stream<any, any, any> =>
  options?.onTimeout === "killTask"
    ? taskStream(starter, items, f, options, orFailExits, (task, millis) => Effect.exit(timedOut(task, millis)))
    : taskStream(starter, items, f, options, orFail, timedOut);

/** @internal */
export const valueStream = (starter: Starter<any>, items: any, f: any, options?: StreamOptions): Stream.Stream<any, any, any> =>
  taskStream(starter, items, f, options, asValue, (task, millis) =>
    options?.onTimeout === "killTask" ? Effect.exit(timedOut(task, millis)) : timedOut(task, millis),
  );
