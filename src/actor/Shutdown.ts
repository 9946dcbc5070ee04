/**
 * A shutdown in phases, with a deadline for each and one for all: take no more work, finish what there is, close what was used.
 *
 * When to use: in a service that is told to end (SIGTERM) and has so long for it, where the reverse order of a supervisor is not enough: tasks that are no
 * children, children that go together, a time after which the rest is killed. As Akka's CoordinatedShutdown.
 */
import * as Cause from "effect/Cause";
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import type * as Scope from "effect/Scope";
import { kill } from "./Actor.ts";
import { budget, last, phaseProblem } from "./internal/shutdownPlan.ts";
import type { SupervisorRef } from "./Supervisor.ts";

/** One step of a shutdown. All that is in it goes on at once; the next phase begins when it is over. @since 0.1.0 */
export interface Phase<R = never> {
  /** Not `stop`, which is the phase that comes last by itself. */
  readonly name: string;
  /** After this time its tasks are interrupted, its children killed, and the next phase begins. Milliseconds. Default: 5000. */
  readonly timeoutMillis?: number;
  /** Children of the supervisor, by their ids, that are stopped in this phase, each in its own way. */
  readonly children?: ReadonlyArray<string>;
  /** What is done in this phase, by name. More can be added with {@link Shutdown.addTask}. */
  readonly tasks?: Readonly<Record<string, Effect.Effect<unknown, unknown, R>>>;
}

/** What a shutdown is made from. @since 0.1.0 */
export interface Options<R = never> {
  /** In their order. */
  readonly phases: ReadonlyArray<Phase<R>>;
  /** After this time all that is left is killed, and the phases that have not begun are left out. Milliseconds. Default: 30000. */
  readonly totalMillis?: number;
}

/**
 * What became of a task or of a child. `late`: it was interrupted or killed at a deadline. `skipped`: the total was used up before its phase began.
 * `absent`: there was no such child.
 *
 * @since 0.1.0
 */
export type Outcome =
  | { readonly _tag: "done" }
  | { readonly _tag: "failed"; readonly cause: Cause.Cause<unknown> }
  | { readonly _tag: "late" }
  | { readonly _tag: "skipped" }
  | { readonly _tag: "absent" };

/** One task, or one child, of a phase. @since 0.1.0 */
export interface Item {
  readonly kind: "task" | "child";
  readonly name: string;
  readonly outcome: Outcome;
}

/** How a phase went. @since 0.1.0 */
export interface PhaseReport {
  readonly name: string;
  readonly elapsedMillis: number;
  readonly items: ReadonlyArray<Item>;
}

/** How a shutdown went. @since 0.1.0 */
export interface Report {
  readonly elapsedMillis: number;
  /** The phases in their order, and `stop`: the supervisor with what was left of it. */
  readonly phases: ReadonlyArray<PhaseReport>;
  /** `phase/name` of what was late, or skipped as others were. */
  readonly late: ReadonlyArray<string>;
  /** `phase/name` of the tasks that failed. */
  readonly failed: ReadonlyArray<string>;
}

/**
 * The phases make no sense: `problem` says why.
 *
 * @example
 * ```ts run
 * import { Shutdown, Supervisor } from "hsu"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const app = yield* Supervisor.start({ id: "app", children: [] })
 *   return yield* Effect.flip(Shutdown.make(app, { phases: [{ name: "drain" }, { name: "drain" }] }))
 * })
 * const error = await Effect.runPromise(Effect.scoped(program))
 *
 * error.message // => "the shutdown of app: two phases are called \"drain\""
 * ```
 * @since 0.1.0
 */
export class InvalidPhases extends Data.TaggedError("InvalidPhases")<{ readonly path: ReadonlyArray<string>; readonly problem: string }> {
  readonly code = "HSU-SHD-001";
  override get message(): string {
    return `the shutdown of ${this.path.join("/")}: ${this.problem}`;
  }
}

/**
 * There is no such phase, or it has begun already: it takes no more tasks.
 *
 * @example
 * ```ts run
 * import { Shutdown, Supervisor } from "hsu"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const app = yield* Supervisor.start({ id: "app", children: [] })
 *   const shutdown = yield* Shutdown.make(app, { phases: [{ name: "drain" }] })
 *   return yield* Effect.flip(shutdown.addTask("flush", "log", Effect.void))
 * })
 * const error = await Effect.runPromise(Effect.scoped(program))
 *
 * error.message // => "the shutdown of app has no phase \"flush\" to come"
 * ```
 * @since 0.1.0
 */
export class NoSuchPhase extends Data.TaggedError("NoSuchPhase")<{ readonly path: ReadonlyArray<string>; readonly phase: string }> {
  readonly code = "HSU-SHD-002";
  override get message(): string {
    return `the shutdown of ${this.path.join("/")} has no phase ${JSON.stringify(this.phase)} to come`;
  }
}

/** A shutdown that can be run once. @since 0.1.0 */
export interface Shutdown {
  /** Adds a task to a phase that has not begun, with the services of who adds it; what it returns takes it out again. A task of that name is replaced. */
  addTask<R>(phase: string, name: string, task: Effect.Effect<unknown, unknown, R>): Effect.Effect<() => void, NoSuchPhase, R>;
  /**
   * Goes through the phases, then stops the supervisor, and says how it went. It never fails and is over after `totalMillis` at the latest. The first
   * to ask for it begins it; all get the same report. To interrupt one who waits does not end it.
   */
  readonly run: Effect.Effect<Report>;
}

type Task = Effect.Effect<unknown, unknown>;

/** Something that a phase does, and what is done about it when it is late. */
interface Step {
  readonly kind: Item["kind"];
  readonly name: string;
  readonly act: Effect.Effect<Outcome, unknown>;
  readonly giveUp: Effect.Effect<unknown>;
}

const done: Outcome = { _tag: "done" };
const late: Outcome = { _tag: "late" };
const skipped: Outcome = { _tag: "skipped" };
const absent: Outcome = { _tag: "absent" };

/**
 * Prepares the shutdown of a supervisor. It runs when it is asked to, and when the scope closes if it has not run by then: make it after the supervisor,
 * in the same scope, and an interrupted program (`NodeRuntime.runMain` interrupts on SIGTERM) goes through its phases. What was late or has failed
 * then is logged. Only what waits can be cut off: a task that never gives up its thread keeps everybody.
 *
 * @example
 * ```ts run
 * import { Actor, ChildSpec, Shutdown, Supervisor } from "hsu"
 * import { Effect } from "effect"
 * import { RpcGroup } from "effect/rpc"
 *
 * const log: Array<string> = []
 * const Part = Actor.make({
 *   name: "part",
 *   protocol: RpcGroup.make(),
 *   init: (name: string) => name,
 *   handlers: {},
 *   terminate: (name) => void log.push(`${name} stopped`)
 * })
 * const part = (id: string) => ChildSpec.make(Part, id, { id })
 * const program = Effect.gen(function*() {
 *   const app = yield* Supervisor.start({ id: "app", children: [part("listener"), part("sessions"), part("db")] })
 *   const shutdown = yield* Shutdown.make(app, {
 *     totalMillis: 20_000,
 *     phases: [
 *       { name: "refuse", children: ["listener"] },
 *       { name: "drain", children: ["sessions"], timeoutMillis: 10_000 },
 *       { name: "flush", tasks: { metrics: Effect.sync(() => void log.push("metrics sent")) } }
 *     ]
 *   })
 *   return yield* shutdown.run // for instance in a handler of SIGTERM
 * })
 * const report = await Effect.runPromise(Effect.scoped(program))
 *
 * log // => ["listener stopped", "sessions stopped", "metrics sent", "db stopped"]
 * report.late // => []
 * ```
 * @since 0.1.0
 */
export const make = <R = never>(
  supervisor: SupervisorRef,
  { phases, totalMillis = 30_000 }: Options<R>,
): Effect.Effect<Shutdown, InvalidPhases, R | Scope.Scope> =>
  Effect.contextWith((context: Context.Context<any>) => {
    const planned = phases.map(({ children = [], name, timeoutMillis = 5000 }) => ({ name, timeoutMillis, children }));
    const problem = phaseProblem(planned, totalMillis);
    if (problem !== null) return Effect.fail(new InvalidPhases({ path: supervisor.path, problem }));
    const provided = (task: Effect.Effect<unknown, unknown, any>, services: Context.Context<any>): Task =>
      Effect.provideContext(task, services);
    const tasks = new Map(
      phases.map(({ name, tasks = {} }) => [
        name,
        new Map(Object.entries(tasks).map(([task, effect]) => [task, provided(effect, context)])),
      ]),
    );

    const steps = ({ children, name }: (typeof planned)[number]): ReadonlyArray<Step> => {
      const own = tasks.get(name)!;
      tasks.delete(name);
      return [...Array.from(own, ([task, effect]) => stepOfTask(task, effect)), ...children.map((id) => stepOfChild(supervisor, id))];
    };

    const all = Effect.gen(function* () {
      const begun = yield* Clock.currentTimeMillis;
      const reports: Array<PhaseReport> = [];
      for (const phase of planned) {
        const elapsed = (yield* Clock.currentTimeMillis) - begun;
        reports.push(yield* runPhase(phase.name, steps(phase), budget(phase.timeoutMillis, totalMillis, elapsed), elapsed < totalMillis));
      }
      const elapsed = (yield* Clock.currentTimeMillis) - begun;
      reports.push(yield* runPhase(last, [stepOfSupervisor(supervisor)], budget(totalMillis, totalMillis, elapsed), true));
      return reportOf(reports, (yield* Clock.currentTimeMillis) - begun);
    });

    let running: Fiber.Fiber<Report> | undefined;
    const run = Effect.suspend(() => Fiber.join((running ??= Effect.runForkWith(context)(all))));
    const atTheEnd = Effect.suspend(() => (running === undefined ? Effect.flatMap(run, logged) : Effect.asVoid(run)));
    const shutdown: Shutdown = {
      addTask: (phase, name, task) =>
        Effect.contextWith((services: Context.Context<any>) => {
          const own = tasks.get(phase);
          if (own === undefined) return Effect.fail(new NoSuchPhase({ path: supervisor.path, phase }));
          const added = provided(task, services);
          own.set(name, added);
          return Effect.succeed(() => void (own.get(name) === added && own.delete(name)));
        }) as Effect.Effect<() => void, NoSuchPhase, any>,
      run,
    };
    return Effect.as(
      Effect.addFinalizer(() => atTheEnd),
      shutdown,
    );
  }) as Effect.Effect<Shutdown, InvalidPhases, R | Scope.Scope>;

const stepOfTask = (name: string, task: Task): Step => ({ kind: "task", name, act: Effect.as(task, done), giveUp: Effect.void });

const stepOfChild = (supervisor: SupervisorRef, id: string): Step => ({
  kind: "child",
  name: id,
  // Held, so that a group that is restarted meanwhile does not bring it back.
  act: Effect.as(supervisor.terminateChild(id, { hold: true }), done).pipe(
    Effect.catchTag(["ChildNotFound", "ActorDown"], () => Effect.succeed(absent)),
  ),
  giveUp: Effect.ignore(Effect.flatMap(supervisor.whichChild(id), ({ ref }) => kill(ref))),
});

const stepOfSupervisor = (supervisor: SupervisorRef): Step => ({
  kind: "child",
  name: supervisor.id,
  act: Effect.as(supervisor.stop, done),
  giveUp: supervisor.kill,
});

const runPhase = (name: string, steps: ReadonlyArray<Step>, millis: number, begins: boolean): Effect.Effect<PhaseReport> =>
  Effect.gen(function* () {
    if (!begins) return { name, elapsedMillis: 0, items: steps.map((step) => ({ kind: step.kind, name: step.name, outcome: skipped })) };
    const begun = yield* Clock.currentTimeMillis;
    const fibers = yield* Effect.forEach(steps, ({ act }) => Effect.forkDetach(act, { startImmediately: true }));
    yield* Effect.raceFirst(Effect.forEach(fibers, Fiber.await, { discard: true }), Effect.sleep(millis));
    const items: Array<Item> = [];
    for (const [i, step] of steps.entries()) {
      const exit = fibers[i]!.pollUnsafe();
      if (exit === undefined) {
        // Nobody waits for it any more, also not for what it does about it.
        fibers[i]!.interruptUnsafe();
        yield* Effect.forkDetach(step.giveUp, { startImmediately: true });
      }
      const outcome: Outcome = exit === undefined ? late : Exit.isSuccess(exit) ? exit.value : { _tag: "failed", cause: exit.cause };
      items.push({ kind: step.kind, name: step.name, outcome });
    }
    return { name, elapsedMillis: (yield* Clock.currentTimeMillis) - begun, items };
  });

const reportOf = (phases: ReadonlyArray<PhaseReport>, elapsedMillis: number): Report => {
  const named = (...tags: ReadonlyArray<Outcome["_tag"]>): ReadonlyArray<string> =>
    phases.flatMap(({ items, name }) => items.filter(({ outcome }) => tags.includes(outcome._tag)).map((item) => `${name}/${item.name}`));
  return { elapsedMillis, phases, late: named("late", "skipped"), failed: named("failed") };
};

/** Nobody asked for it, so nobody reads the report. */
const logged = ({ failed, late, phases }: Report): Effect.Effect<void> => {
  if (failed.length === 0 && late.length === 0) return Effect.void;
  const causes = phases.flatMap(({ items }) => items.flatMap(({ outcome }) => (outcome._tag === "failed" ? outcome.cause.reasons : [])));
  return Effect.logWarning("shutdown", { late, failed }, Cause.fromReasons(causes));
};
