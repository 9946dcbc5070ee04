/**
 * Supervisors of tasks, as Elixir's `Task.Supervisor`.
 *
 * When to use: where tasks come and go while the program runs, are to be limited, outlive who started them, fail without harm to him (`asyncNoLink`),
 * or are started again when they fail (`startChild`). All are stopped with the supervisor.
 */
import * as Effect from "effect/Effect";
import type * as Context from "effect/Context";
import type * as Exit from "effect/Exit";
import type * as Scope from "effect/Scope";
import type * as Stream from "effect/Stream";
import { StartError } from "./Actor.ts";
import { startRoot } from "./internal/root.ts";
import type { ActorDown, ActorRef } from "./ActorRef.ts";
import { type ChildSpec, erase, type Options as ChildOptions } from "./ChildSpec.ts";
import type { MaxChildren, Options as DynamicOptions, Template } from "./DynamicSupervisor.ts";
import * as ExitReason from "./ExitReason.ts";
import { admin, startAdded } from "./internal/admin.ts";
import { checkChild, checkTask } from "./internal/check.ts";
import type { ErasedSpec } from "./internal/child.ts";
import { DynamicHandle } from "./internal/dynamicHandle.ts";
import { SupervisorCell } from "./internal/supervisorCell.ts";
import { supervisorChild } from "./internal/supervisorChild.ts";
import { dynamicOptions, type ErasedSupervisor, InvalidSpec } from "./internal/supervisorSpec.ts";
import { type Result, TaskCell, type Work } from "./internal/taskCell.ts";
import { type Order, tie } from "./internal/taskStart.ts";
import type { ChildCounts, ChildInfo, ChildNotFound } from "./Supervisor.ts";
import {
  type AsyncStream,
  type Items,
  linkedStream,
  type Options as TaskOptions,
  started,
  type StreamOptions,
  type Task,
  type TaskTimeout,
  valueStream,
} from "./Task.ts";

/** What a task supervisor is made from. @since 0.1.0 */
export interface Options extends Pick<DynamicOptions, "intensity" | "periodMillis" | "whenExceeded" | "maxChildren"> {
  /** Default: `tasks`. */
  readonly id?: string;
}

/** How a child that runs an effect is kept up. @since 0.1.0 */
export interface StartOptions extends Partial<Pick<ChildOptions, "id" | "restart" | "shutdown" | "backoff" | "maxAttempts">> {}

/** The types of {@link TaskSupervisorRef.asyncStreamNoLink}. @since 0.1.0 */
export interface AsyncStreamNoLink {
  <A, B, E, R, E2 = never, R2 = never>(
    items: Items<A, E2, R2>,
    f: (item: A) => Effect.Effect<B, E, R>,
    options: StreamOptions & { readonly onTimeout: "killTask" },
  ): Stream.Stream<Exit.Exit<B, E | ActorDown | TaskTimeout>, E2 | MaxChildren | ActorDown, Exclude<R, Scope.Scope> | R2>;
  <A, B, E, R, E2 = never, R2 = never>(
    items: Items<A, E2, R2>,
    f: (item: A) => Effect.Effect<B, E, R>,
    options?: StreamOptions,
  ): Stream.Stream<Exit.Exit<B, E | ActorDown>, E2 | MaxChildren | ActorDown | TaskTimeout, Exclude<R, Scope.Scope> | R2>;
}

/**
 * A running task supervisor. What a task acquires in its `Scope` is its own, and released before anybody hears of its end. It has the services of who
 * started it.
 *
 * @since 0.1.0
 */
export interface TaskSupervisorRef {
  readonly id: string;
  readonly path: ReadonlyArray<string>;
  readonly incarnation: number;
  readonly alive: boolean;
  /** Starts a task as `Task.async` does, tied to its caller, and stopped with this supervisor as well. It is never started again. */
  async<A, E, R>(
    effect: Effect.Effect<A, E, R>,
    options?: TaskOptions,
  ): Effect.Effect<Task<A, E>, MaxChildren | ActorDown, Exclude<R, Scope.Scope> | Scope.Scope>;
  /**
   * Starts a task that is not tied to its caller: it goes on when that ends, and its failure is only that of who awaits it. A failure that nobody waits
   * for is reported. It is never started again.
   */
  asyncNoLink<A, E, R>(
    effect: Effect.Effect<A, E, R>,
    options?: TaskOptions,
  ): Effect.Effect<Task<A, E>, MaxChildren | ActorDown, Exclude<R, Scope.Scope>>;
  /**
   * Starts a child that runs the effect, for what it does and not for its result: its failure is reported. With `restart` it is run again; default:
   * `temporary`.
   */
  startChild<A, E, R>(
    effect: Effect.Effect<A, E, R>,
    options?: StartOptions,
  ): Effect.Effect<ActorRef<never>, StartError | MaxChildren | ActorDown, Exclude<R, Scope.Scope>>;
  /** As `Task.asyncStream`, with the tasks under this supervisor. It fails with `MaxChildren` when that has no place for one more. */
  readonly asyncStream: AsyncStream<MaxChildren>;
  /** The same with an exit for each item: a task that fails does not end the stream. */
  readonly asyncStreamNoLink: AsyncStreamNoLink;
  /** Stops a task or a child, and forgets it. Who awaits a task is told `ActorDown`. */
  terminateChild(child: Task<unknown, unknown> | ActorRef<never>): Effect.Effect<void, ChildNotFound | ActorDown>;
  /** Those that run or wait for their restart, oldest first. */
  readonly children: Effect.Effect<ReadonlyArray<ActorRef<never>>, ActorDown>;
  /** The same with their states. */
  readonly whichChildren: Effect.Effect<ReadonlyArray<ChildInfo>, ActorDown>;
  /** Waits for the end of the incarnation that is there now, e.g. because it gave up; `NoProc` when there is none. */
  readonly awaitExit: Effect.Effect<ExitReason.ExitReason>;
  /** `active` counts those that run; `workers` those that are being restarted as well. */
  readonly countChildren: Effect.Effect<ChildCounts, ActorDown>;
  readonly stop: Effect.Effect<void>;
  readonly kill: Effect.Effect<void>;
}

const never = (): never => {
  throw new Error("the children of a task supervisor are made with their effects");
};

const specOf = (options: StartOptions): ErasedSpec =>
  erase({ ...options, id: options.id ?? "task", restart: options.restart ?? "temporary" }, "worker", never) as unknown as ErasedSpec;

const usual = specOf({});

const erasedOptions = (options: Options): ErasedSupervisor =>
  dynamicOptions(options, { spec: usual, make: never, maxChildren: options.maxChildren });

/**
 * Starts a task supervisor, without tasks. It stops them all when the scope closes.
 *
 * @example
 * ```ts run
 * import { Task, TaskSupervisor } from "hsu"
 * import { Effect, Exit, Stream } from "effect"
 *
 * const check = (n: number) => n === 2 ? Effect.fail("two") : Effect.succeed(n)
 * const program = Effect.gen(function*() {
 *   const tasks = yield* TaskSupervisor.start({ maxChildren: 100 })
 *   const one = yield* tasks.asyncNoLink(check(1))
 *   const exits = yield* Stream.runCollect(tasks.asyncStreamNoLink([1, 2, 3], check))
 *   return [yield* Task.await(one), exits.map(Exit.isSuccess)]
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => [1, [true, false, true]]
 * ```
 * @since 0.1.0
 */
export const start = (options: Options = {}): Effect.Effect<TaskSupervisorRef, StartError, Scope.Scope> =>
  Effect.map(
    startRoot(
      (system, context, owner) => new SupervisorCell(system, context, owner, options.id ?? "tasks", erasedOptions(options)),
      (cell, reason) => new StartError({ path: cell.path, reason }),
      "infinity",
    ),
    (cell): TaskSupervisorRef => new Ref(cell),
  );

/** A task supervisor as a child of a supervisor; {@link of} gives its ref. @since 0.1.0 */
export interface TaskChildSpec extends ChildSpec<never, never> {
  readonly "~hsu/TaskChildSpec": true;
}

/**
 * A child that is a task supervisor. When it is restarted it begins without tasks.
 *
 * @example
 * ```ts run
 * import { Supervisor, Task, TaskSupervisor } from "hsu"
 * import { Effect } from "effect"
 *
 * const tasks = TaskSupervisor.child({ id: "tasks", maxChildren: 10 })
 * const program = Effect.gen(function*() {
 *   const supervisor = yield* Supervisor.start({ children: [tasks] })
 *   const task = yield* TaskSupervisor.of(supervisor.ref(tasks), tasks).async(Effect.succeed("done"))
 *   return [task.path, yield* Task.await(task)]
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => [["root", "tasks", "task"], "done"]
 * ```
 * @since 0.1.0
 */
export const child = (options: Options & { readonly id: string; readonly supervisor?: Template }): TaskChildSpec => {
  const spec = supervisorChild<never>({ ...options.supervisor, id: options.id }, erasedOptions(options));
  return spec as unknown as TaskChildSpec;
};

/**
 * The task supervisor at the address of such a child.
 *
 * @example
 * ```ts run
 * import { Supervisor, TaskSupervisor } from "hsu"
 * import { Effect, Stream } from "effect"
 *
 * const jobs = TaskSupervisor.child({ id: "jobs" })
 * const program = Effect.gen(function*() {
 *   const supervisor = yield* Supervisor.start({ children: [jobs] })
 *   const tasks = TaskSupervisor.of(supervisor.ref(jobs), jobs)
 *   return yield* Stream.runCollect(tasks.asyncStream(["a", "b"], (name) => Effect.succeed(name.toUpperCase())))
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => ["A", "B"]
 * ```
 * @since 0.1.0
 */
export const of = (ref: ActorRef<never>, spec: TaskChildSpec): TaskSupervisorRef => {
  const cell: unknown = ref;
  if (cell instanceof SupervisorCell && cell.spec.dynamic !== null && cell.spec.dynamic.make === never) return new Ref(cell);
  throw new TypeError(`${ref.path.join("/")} is not the task supervisor ${spec.id}`);
};

class Ref extends DynamicHandle implements TaskSupervisorRef {
  async<A, E, R>(effect: Effect.Effect<A, E, R>, options: TaskOptions = {}) {
    return started(this.starter, effect, options);
  }

  asyncNoLink<A, E, R>(effect: Effect.Effect<A, E, R>, { id = "task", shutdown = 5000 }: TaskOptions = {}) {
    return Effect.contextWith((context: Context.Context<never>) => {
      checkTask(shutdown);
      return this.starter({ work: effect as unknown as Work, context, id, shutdown, linked: false });
    }) as unknown as Effect.Effect<Task<A, E>, MaxChildren | ActorDown, Exclude<R, Scope.Scope>>;
  }

  startChild<A, E, R>(effect: Effect.Effect<A, E, R>, options: StartOptions = {}) {
    return Effect.contextWith((context: Context.Context<never>) => {
      const spec = specOf(options);
      return this.begin(
        spec,
        (supervisor) => new TaskCell(supervisor.system, context, supervisor, spec.id, effect as unknown as Work, false),
      );
    }) as Effect.Effect<ActorRef<any>, StartError | MaxChildren | ActorDown, Exclude<R, Scope.Scope>>;
  }

  readonly asyncStream: AsyncStream<MaxChildren> = (items: any, f: any, options?: StreamOptions) =>
    linkedStream(this.starter, items, f, options);

  readonly asyncStreamNoLink: AsyncStreamNoLink = (items: any, f: any, options?: StreamOptions) =>
    valueStream(this.starter, items, f, options);

  override terminateChild(target: Task<unknown, unknown> | ActorRef<never>): Effect.Effect<void, ChildNotFound | ActorDown> {
    return super.terminateChild(("ref" in target ? target.ref : target) as ActorRef<any>);
  }

  private readonly starter = (order: Order): Effect.Effect<Result, MaxChildren | ActorDown> => {
    const { context, id, shutdown, work } = order;
    const spec = id === usual.id && shutdown === usual.shutdown ? usual : specOf({ id, shutdown });
    const started = this.begin(spec, (supervisor) => new TaskCell(supervisor.system, context, supervisor, id, work, true), order.linked);
    // The start of a task cannot fail, and its options have been looked at.
    return Effect.map(Effect.catchTag(started, "StartError", Effect.die), (task) => task.result!);
  };

  /** Who asks is not interrupted before he has what he asked for: nothing runs for nobody. */
  private begin(spec: ErasedSpec, make: (supervisor: SupervisorCell) => TaskCell, linked = false) {
    return Effect.uninterruptible(
      admin<TaskCell, StartError | MaxChildren>(this.cell, (resume) => {
        const { cell, full } = this;
        const failed = (reason: ExitReason.ExitReason): void =>
          resume(Effect.fail(new StartError({ path: [...cell.path, spec.id], reason })));
        const problem = spec === usual ? null : checkChild(spec, "never");
        if (problem !== null) return failed(ExitReason.error(new InvalidSpec({ path: [...cell.path, spec.id], problem })));
        if (full !== null) return resume(Effect.fail(full));
        const task = make(cell);
        startAdded(
          cell,
          cell.children.addNameless(spec, task),
          () => {
            if (linked) tie(task);
            resume(Effect.succeed(task));
          },
          failed,
        );
      }),
    );
  }
}
