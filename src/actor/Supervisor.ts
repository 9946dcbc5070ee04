/**
 * Supervisors: they start children in order, start them again when they fail, and stop them in reverse order.
 *
 * When to use: above every actor whose failure must not be the end. Put what fails together under one supervisor.
 */
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type * as Rpc from "effect/rpc/Rpc";
import { StartError } from "./Actor.ts";
import { startRoot } from "./internal/root.ts";
import { ActorDown, type ActorRef } from "./ActorRef.ts";
import type { Any as AnyChildSpec, ChildSpec, Options as ChildOptions } from "./ChildSpec.ts";
import type { CircuitBreaker, CircuitState } from "./CircuitBreaker.ts";
import * as ExitReason from "./ExitReason.ts";
import type { Child, ErasedSpec } from "./internal/child.ts";
import { admin, startAdded, terminate } from "./internal/admin.ts";
import { checkChild, checkSupervisor } from "./internal/check.ts";
import { SupervisorCell } from "./internal/supervisorCell.ts";
import { SupervisorHandle } from "./internal/supervisorHandle.ts";
import { supervisorChild, SupervisorTemplate } from "./internal/supervisorChild.ts";
import { type ErasedSupervisor, eraseOptions, InvalidSpec } from "./internal/supervisorSpec.ts";
import type { RestartIntensity } from "./RestartIntensity.ts";
import type { AutoShutdown, Strategy } from "./Strategy.ts";

/** What a supervisor is made from. @since 0.1.0 */
export interface Options<R> {
  /** Default: `one_for_one`. */
  readonly strategy?: Strategy;
  /** Restarts allowed within `periodMillis`; one more ends the supervisor, for its own supervisor to decide. Default: 1. */
  readonly intensity?: RestartIntensity["intensity"];
  /** Default: 5000. */
  readonly periodMillis?: number;
  /**
   * The answer to an exceeded intensity. `escalate`: the supervisor ends, for its own to decide. A circuit breaker: it restarts nothing for
   * `cooldownMillis`, then tries; a failure before `stableMillis` have passed opens it again. Default: `escalate`.
   */
  readonly whenExceeded?: "escalate" | CircuitBreaker;
  /**
   * Whether it ends, with `Shutdown`, when a significant child ended by itself and is not restarted, or when the last one of them did.
   * Default: never.
   */
  readonly autoShutdown?: AutoShutdown;
  /**
   * `sequential`: each child starts when the one before it is up. `parallel`: all start at once, but for those that are `after` others, and the start is
   * complete when all are up; the first that fails stops the others, the last first. Only for `one_for_one`: who depends on nobody may start with
   * anybody. Default: `sequential`, as in OTP.
   */
  readonly startOrder?: "sequential" | "parallel";
  /**
   * How they stop when it stops itself. `sequential`: each when the one behind it has ended. `parallel`: all are asked at once, but for those that others
   * are `after`, which are asked when these have ended. Only for `one_for_one`. Default: `sequential`, as in OTP.
   */
  readonly stopOrder?: "sequential" | "parallel";
  /** In start order, but for what their `after` says. Ids are unique. */
  readonly children: ReadonlyArray<AnyChildSpec<R>>;
}

/**
 * No child has this id.
 *
 * @example
 * ```ts run
 * import { Supervisor } from "hsu"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const supervisor = yield* Supervisor.start({ id: "app", children: [] })
 *   return yield* Effect.flip(supervisor.whichChild("db"))
 * })
 * const error = await Effect.runPromise(Effect.scoped(program))
 *
 * error.message // => "no child app/db"
 * ```
 * @since 0.1.0
 */
export class ChildNotFound extends Data.TaggedError("ChildNotFound")<{ readonly path: ReadonlyArray<string> }> {
  readonly code = "HSU-SUP-001";
  override get message(): string {
    return `no child ${this.path.join("/")}`;
  }
}

/**
 * There is a child with this id already; `state` tells whether it runs.
 *
 * @example
 * ```ts run
 * import { Actor, ChildSpec, Supervisor } from "hsu"
 * import { Effect } from "effect"
 * import { RpcGroup } from "effect/rpc"
 *
 * const Db = Actor.make({ name: "db", protocol: RpcGroup.make(), init: () => 0, handlers: {} })
 * const db = ChildSpec.make(Db, undefined, { id: "db" })
 * const program = Effect.gen(function*() {
 *   const supervisor = yield* Supervisor.start({ id: "app", children: [db] })
 *   return yield* Effect.flip(supervisor.startChild(db))
 * })
 * const error = await Effect.runPromise(Effect.scoped(program))
 *
 * error.message // => "child app/db is present and up"
 * ```
 * @since 0.1.0
 */
export class ChildPresent extends Data.TaggedError("ChildPresent")<{
  readonly path: ReadonlyArray<string>;
  readonly state: ChildState;
}> {
  readonly code = "HSU-SUP-002";
  override get message(): string {
    return `child ${this.path.join("/")} is present and ${this.state}`;
  }
}

/**
 * The child is not down, so it cannot be started or deleted.
 *
 * @example
 * ```ts run
 * import { Actor, ChildSpec, Supervisor } from "hsu"
 * import { Effect } from "effect"
 * import { RpcGroup } from "effect/rpc"
 *
 * const Db = Actor.make({ name: "db", protocol: RpcGroup.make(), init: () => 0, handlers: {} })
 * const db = ChildSpec.make(Db, undefined, { id: "db" })
 * const program = Effect.gen(function*() {
 *   const supervisor = yield* Supervisor.start({ id: "app", children: [db] })
 *   const error = yield* Effect.flip(supervisor.deleteChild("db"))
 *   yield* supervisor.terminateChild("db")
 *   yield* supervisor.deleteChild("db")
 *   return error.message
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => "child app/db is up"
 * ```
 * @since 0.1.0
 */
export class ChildNotDown extends Data.TaggedError("ChildNotDown")<{
  readonly path: ReadonlyArray<string>;
  readonly state: ChildState;
}> {
  readonly code = "HSU-SUP-003";
  override get message(): string {
    return `child ${this.path.join("/")} is ${this.state}`;
  }
}

/**
 * Children are being started or stopped together: try again when that is over.
 *
 * @example
 * ```ts run
 * import { Actor, ChildSpec, Supervisor } from "hsu"
 * import { Effect, Schedule } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Db = Actor.make({
 *   name: "db",
 *   protocol: RpcGroup.make(Rpc.make("Finish")),
 *   init: () => Effect.as(Effect.sleep(20), 0),
 *   handlers: { Finish: () => Actor.exit() }
 * })
 * const db = ChildSpec.make(Db, undefined, { id: "db" })
 * const children = [db, ChildSpec.make(Db, undefined, { id: "replica" })]
 * const program = Effect.gen(function*() {
 *   const supervisor = yield* Supervisor.start({ id: "app", strategy: "one_for_all", children })
 *   supervisor.ref(db).cast("Finish") // both are stopped and started
 *   const reconfigure = supervisor.reconfigure({ strategy: "one_for_all", intensity: 10, children })
 *   const error = yield* Effect.flip(Effect.repeat(reconfigure, Schedule.spaced(1)))
 *   yield* Effect.retry(reconfigure, Schedule.spaced(1))
 *   return error.message
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => "app is starting or stopping children"
 * ```
 * @since 0.1.0
 */
export class SupervisorBusy extends Data.TaggedError("SupervisorBusy")<{ readonly path: ReadonlyArray<string> }> {
  readonly code = "HSU-SUP-005";
  override get message(): string {
    return `${this.path.join("/")} is starting or stopping children`;
  }
}

/** What a child does just now. `restarting`: it waits for its next start. @since 0.1.0 */
export type ChildState = "down" | "starting" | "up" | "stopping" | "restarting";

/** One child, as {@link SupervisorRef.whichChildren} lists it. @since 0.1.0 */
export interface ChildInfo {
  readonly id: string;
  readonly type: "worker" | "supervisor";
  readonly state: ChildState;
  readonly ref: ActorRef<any>;
  /** Restarts since it was added. */
  readonly restarts: number;
  /** It used up its `maxAttempts`. */
  readonly gaveUp: boolean;
}

/** Children counted, as OTP's `count_children` does. @since 0.1.0 */
export interface ChildCounts {
  readonly specs: number;
  readonly active: number;
  readonly supervisors: number;
  readonly workers: number;
}

/**
 * A running supervisor. Its operations are done one after the other, between the exits of its children.
 *
 * @since 0.1.0
 */
export interface SupervisorRef {
  readonly id: string;
  readonly path: ReadonlyArray<string>;
  readonly incarnation: number;
  readonly alive: boolean;
  /** The address of a child, typed by its spec. Good as long as the supervisor has the spec. */
  ref<Rpcs extends Rpc.Any>(spec: ChildSpec<Rpcs, any>): ActorRef<Rpcs>;
  /** A child that is itself a supervisor. One that is dynamic is found with `DynamicSupervisor.of`. */
  supervisor(id: string): Effect.Effect<SupervisorRef, ChildNotFound | ActorDown>;
  /** Adds a child behind the others and starts it. A child that fails to start is not kept. */
  startChild<Rpcs extends Rpc.Any>(spec: ChildSpec<Rpcs, never>): Effect.Effect<ActorRef<Rpcs>, ChildPresent | StartError | ActorDown>;
  /**
   * Stops a child and keeps its spec (a `temporary` child's is removed). It is not restarted; no error when it is down already.
   * With `hold` it stays down even when its siblings are restarted together.
   */
  terminateChild(id: string, options?: { readonly hold?: boolean }): Effect.Effect<void, ChildNotFound | ActorDown>;
  /**
   * Starts a child that is down, and waits until it is up; a start that fails is told, and not tried again. With `supervised` it does not wait, and a
   * failure is one like any other: the child is tried again as its spec says.
   */
  restartChild(
    id: string,
    options?: { readonly supervised?: boolean },
  ): Effect.Effect<ActorRef<any>, ChildNotFound | ChildNotDown | StartError | ActorDown>;
  /** Forgets a child that is down. */
  deleteChild(id: string): Effect.Effect<void, ChildNotFound | ChildNotDown | ActorDown>;
  /** The state of its circuit breaker; always `Closed` without one. */
  readonly circuit: CircuitState;
  /** Waits for the end of the incarnation that is there now, e.g. because it gave up; `NoProc` when there is none. */
  readonly awaitExit: Effect.Effect<ExitReason.ExitReason>;
  /** Stops it and all below it, in reverse order, and waits. Its own supervisor, if it has one, decides whether it comes back. */
  readonly stop: Effect.Effect<void>;
  /** Kills all below it at once and waits until everything that they held is released. */
  readonly kill: Effect.Effect<void>;
  /**
   * Takes new options while it runs. Strategy, intensity and `autoShutdown` hold at once; restarts so far count against a new limit. What a
   * child's spec says of its restart and its stop holds at once, and what it runs from its next start on. A new child is not started until
   * `restartChild`; one that is left out stays until it is deleted or the supervisor is restarted. Fails, and changes nothing, when the options
   * make no sense, and when a group of children is just being started or stopped.
   */
  reconfigure(options: Options<never>): Effect.Effect<void, StartError | SupervisorBusy | ActorDown>;
  /** The spec of a child, with its defaults filled in. */
  getChildSpec(id: string): Effect.Effect<AnyChildSpec<unknown>, ChildNotFound | ActorDown>;
  /** One child, as `whichChildren` lists it. */
  whichChild(id: string): Effect.Effect<ChildInfo, ChildNotFound | ActorDown>;
  /** In start order. */
  readonly whichChildren: Effect.Effect<ReadonlyArray<ChildInfo>, ActorDown>;
  readonly countChildren: Effect.Effect<ChildCounts, ActorDown>;
}

/**
 * Starts a supervisor and its children, in order, and stops them, in reverse order, when the scope closes.
 * Fails with the path of the child whose start failed; those started before it have been stopped then.
 *
 * @example
 * ```ts run
 * import { Actor, ChildSpec, CrashReport, Supervisor } from "hsu"
 * import { Effect, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Flaky = Actor.make({
 *   name: "flaky",
 *   protocol: RpcGroup.make(Rpc.make("Crash"), Rpc.make("Hello", { success: Schema.String })),
 *   init: () => 0,
 *   handlers: {
 *     Crash: () => { throw new Error("boom") },
 *     Hello: (n) => Actor.reply(n, "still here")
 *   }
 * })
 * const flaky = ChildSpec.make(Flaky, undefined, { id: "flaky" })
 *
 * const program = Effect.scoped(Effect.gen(function*() {
 *   const supervisor = yield* Supervisor.start({ children: [flaky] })
 *   const ref = supervisor.ref(flaky)
 *   ref.cast("Crash")
 *   return [yield* ref.call("Hello"), ref.incarnation]
 * })).pipe(Effect.provideService(CrashReport.Reporter, () => Effect.void))
 *
 * await Effect.runPromise(program) // => ["still here", 2]
 * ```
 * @since 0.1.0
 */
export const start = <R = never>(
  options: Options<R> & { readonly id?: string },
): Effect.Effect<SupervisorRef, StartError, R | Scope.Scope> =>
  Effect.suspend(() => {
    const erased = eraseOptions(options);
    return Effect.map(
      startRoot(
        (system, context, owner) => new SupervisorCell(system, context, owner, options.id ?? "root", erased),
        (cell, reason) => new StartError(cell.failedChild ?? { path: cell.path, reason }),
        "infinity",
      ),
      (cell): SupervisorRef => new Ref(cell),
    );
  }) as Effect.Effect<SupervisorRef, StartError, R | Scope.Scope>;

/**
 * A child that is a supervisor: its stop has all the time it takes unless `shutdown` says otherwise.
 *
 * @example
 * ```ts run
 * import { Actor, ChildSpec, Supervisor } from "hsu"
 * import { Effect } from "effect"
 * import { RpcGroup } from "effect/rpc"
 *
 * const Worker = Actor.make({ name: "worker", protocol: RpcGroup.make(), init: () => 0, handlers: {} })
 * const worker = (id: string) => ChildSpec.make(Worker, undefined, { id })
 * const workers = Supervisor.child({ id: "workers", strategy: "one_for_all", children: [worker("a"), worker("b")] })
 * const program = Effect.gen(function*() {
 *   const app = yield* Supervisor.start({ id: "app", children: [workers] })
 *   const below = yield* app.supervisor("workers")
 *   return (yield* below.whichChildren).map(({ id, state }) => `${id} ${state}`)
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => ["a up", "b up"]
 * ```
 * @since 0.1.0
 */
export const child = <R = never>(options: Options<R> & ChildOptions): ChildSpec<never, R> =>
  supervisorChild(options, eraseOptions(options));

/** One that is down and wanted waits for its turn in the restart of its group. */
const stateOf = (entry: Child): ChildState =>
  entry.state === "waiting" || (entry.state === "down" && entry.wanted && entry.cell.incarnation > 0) ? "restarting" : entry.state;

declare const TemplateType: unique symbol;

/** What makes the options of a supervisor from arguments: see {@link template}. @since 0.1.0 */
export interface Template<in Args, out R> {
  readonly name: string;
  readonly [TemplateType]: { readonly args: (args: Args) => void; readonly services: () => R };
}

/**
 * A kind of supervisor, for a `DynamicSupervisor` whose children are trees: one for each tenant, connection, session. `name` is the id of each.
 *
 * @example
 * ```ts run
 * import { Actor, ChildSpec, DynamicSupervisor, Supervisor } from "hsu"
 * import { Effect } from "effect"
 * import { RpcGroup } from "effect/rpc"
 *
 * const Part = Actor.make({ name: "part", protocol: RpcGroup.make(), init: (tenant: string) => tenant, handlers: {} })
 * const tenant = Supervisor.template("tenant", (name: string) => ({
 *   strategy: "one_for_all",
 *   children: [ChildSpec.make(Part, name, { id: "store" }), ChildSpec.make(Part, name, { id: "api" })]
 * }))
 * const program = Effect.gen(function*() {
 *   const tenants = yield* DynamicSupervisor.start(tenant, { id: "tenants" })
 *   const acme = Supervisor.of(yield* tenants.startChild("acme"))
 *   return (yield* acme.whichChildren).map(({ ref }) => ref.path.join("/"))
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => ["tenants/tenant/store", "tenants/tenant/api"]
 * ```
 * @since 0.1.0
 */
export const template = <Args = void, R = never>(name: string, options: (args: Args) => Options<R>): Template<Args, R> =>
  new SupervisorTemplate(name, (args) => eraseOptions(options(args as Args))) as unknown as Template<Args, R>;

/**
 * The supervisor at an address: that of a child which is one, or of what a `DynamicSupervisor` of a {@link template} has started. One that is dynamic
 * is found with `DynamicSupervisor.of`.
 *
 * @example
 * ```ts run
 * import { Supervisor } from "hsu"
 * import { Effect } from "effect"
 *
 * const inner = Supervisor.child({ id: "inner", children: [] })
 * const program = Effect.gen(function*() {
 *   const supervisor = yield* Supervisor.start({ id: "app", children: [inner] })
 *   return Supervisor.of(supervisor.ref(inner)).path
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => ["app", "inner"]
 * ```
 * @since 0.1.0
 */
export const of = (ref: ActorRef<never>): SupervisorRef => {
  const cell: unknown = ref;
  if (cell instanceof SupervisorCell && cell.spec.dynamic === null) return new Ref(cell);
  throw new TypeError(`${ref.path.join("/")} is no supervisor, or a dynamic one`);
};

export { type Launched, type LaunchedActor, type LaunchOptions, launch, layer, run } from "./Launch.ts";
export { check, type Finding, type FindingCode } from "./SpecCheck.ts";

class Ref extends SupervisorHandle implements SupervisorRef {
  get circuit(): CircuitState {
    return this.cell.circuitState;
  }

  ref<Rpcs extends Rpc.Any>(spec: ChildSpec<Rpcs, any>): ActorRef<Rpcs> {
    const found = this.cell.cellOf(spec.id);
    if (found === undefined) throw new ChildNotFound({ path: [...this.path, spec.id] });
    return found as unknown as ActorRef<Rpcs>;
  }

  supervisor(id: string): Effect.Effect<SupervisorRef, ChildNotFound | ActorDown> {
    return this.withChild(id, (found, resume) => {
      if (found.cell instanceof SupervisorCell && found.cell.spec.dynamic === null) resume(Effect.succeed(new Ref(found.cell)));
      else resume(Effect.fail(this.notFound(id)));
    });
  }

  startChild<Rpcs extends Rpc.Any>(spec: ChildSpec<Rpcs, never>): Effect.Effect<ActorRef<Rpcs>, ChildPresent | StartError | ActorDown> {
    return admin(this.cell, (resume) => {
      const { cell } = this;
      const present = cell.children.byKey.get(spec.id);
      if (present !== undefined) return resume(Effect.fail(new ChildPresent({ path: present.cell.path, state: stateOf(present) })));
      const erased = spec as unknown as ErasedSpec;
      const problem = checkChild(erased, cell.spec.autoShutdown);
      if (problem !== null) return resume(Effect.fail(invalid([...cell.path, spec.id], problem)));
      const added = cell.children.add(spec.id, erased, erased.make(cell.system, cell.context, cell));
      cell.added.add(added.cell);
      startAdded(
        cell,
        added,
        () => resume(Effect.succeed(added.cell as any)),
        (reason) => resume(Effect.fail(startError(added, reason))),
      );
    });
  }

  terminateChild(id: string, options?: { readonly hold?: boolean }): Effect.Effect<void, ChildNotFound | ActorDown> {
    return this.withChild(id, (found, resume) => terminate(this.cell, found, options?.hold ?? false, resume));
  }

  restartChild(
    id: string,
    options?: { readonly supervised?: boolean },
  ): Effect.Effect<ActorRef<any>, ChildNotFound | ChildNotDown | StartError | ActorDown> {
    return this.withChild(id, (found, resume) => {
      if (found.state !== "down" || found.wanted)
        return resume(Effect.fail(new ChildNotDown({ path: found.cell.path, state: stateOf(found) })));
      found.wanted = true;
      found.held = false;
      found.attempts = 0;
      if (options?.supervised === true) {
        this.cell.startChild(found);
        this.cell.advance();
        return resume(Effect.succeed(found.cell as any));
      }
      found.onStarted = (failure) => resume(failure === null ? Effect.succeed(found.cell as any) : Effect.fail(startError(found, failure)));
      this.cell.startChild(found);
    });
  }

  deleteChild(id: string): Effect.Effect<void, ChildNotFound | ChildNotDown | ActorDown> {
    return this.withChild(id, (found, resume) => {
      if (found.state !== "down" || found.wanted) {
        return resume(Effect.fail(new ChildNotDown({ path: found.cell.path, state: stateOf(found) })));
      }
      this.cell.remove(found);
      resume(Effect.void);
    });
  }

  reconfigure(options: Options<never>): Effect.Effect<void, StartError | SupervisorBusy | ActorDown> {
    return admin(this.cell, (resume) => {
      const { cell } = this;
      const erased = eraseOptions(options);
      const problem = checkSupervisor(erased) ?? otherKind(cell, erased);
      if (problem !== null) return resume(Effect.fail(invalid(cell.path, problem)));
      if (cell.busy) return resume(Effect.fail(new SupervisorBusy({ path: cell.path })));
      cell.reconfigure(erased);
      resume(Effect.void);
    });
  }

  getChildSpec(id: string): Effect.Effect<AnyChildSpec<unknown>, ChildNotFound | ActorDown> {
    return this.withChild(id, (found, resume) => resume(Effect.succeed(found.spec as unknown as AnyChildSpec<unknown>)));
  }

  whichChild(id: string): Effect.Effect<ChildInfo, ChildNotFound | ActorDown> {
    return this.withChild(id, (found, resume) => resume(Effect.succeed(infoOf(found))));
  }

  get whichChildren(): Effect.Effect<ReadonlyArray<ChildInfo>, ActorDown> {
    return admin(this.cell, (resume) => resume(Effect.succeed(this.cell.children.list().map(infoOf))));
  }

  get countChildren(): Effect.Effect<ChildCounts, ActorDown> {
    return admin(this.cell, (resume) => {
      const entries = [...this.cell.children.byKey.values()];
      const supervisors = entries.filter((entry) => entry.spec.type === "supervisor").length;
      resume(
        Effect.succeed({
          specs: entries.length,
          active: entries.filter((entry) => entry.state === "up").length,
          supervisors,
          workers: entries.length - supervisors,
        }),
      );
    });
  }

  private notFound(id: string): ChildNotFound {
    return new ChildNotFound({ path: [...this.path, id] });
  }

  private withChild<A, E>(
    id: string,
    operation: (found: Child, resume: (effect: Effect.Effect<A, E | ChildNotFound>) => void) => void,
  ): Effect.Effect<A, E | ChildNotFound | ActorDown> {
    return admin<A, E | ChildNotFound>(this.cell, (resume) => {
      const found = this.cell.children.byKey.get(id);
      if (found === undefined) resume(Effect.fail(this.notFound(id)));
      else operation(found, resume);
    });
  }
}

/** @internal */
export const infoOf = (entry: Child): ChildInfo => ({
  id: entry.id,
  type: entry.spec.type,
  state: stateOf(entry),
  ref: entry.cell,
  restarts: entry.restarts,
  gaveUp: entry.gaveUp,
});

/** A ref is the address of the one or of the other. */
const otherKind = (cell: SupervisorCell, { children }: ErasedSupervisor): string | null => {
  for (const next of children) {
    const { id, type } = next;
    const known = cell.children.byKey.get(id);
    if (known === undefined) continue;
    const was = known.spec.type;
    if (was !== type) return `child ${JSON.stringify(id)}: is a ${was}, and cannot become a ${type}`;
    const same = known.cell.constructor === next.make(cell.system, cell.context, cell).constructor;
    if (!same) return `child ${JSON.stringify(id)}: an actor cannot become a task, nor a task an actor`;
  }
  return null;
};

const invalid = (path: ReadonlyArray<string>, problem: string): StartError =>
  new StartError({ path, reason: ExitReason.error(new InvalidSpec({ path, problem })) });

/** @internal */
export const startError = (found: Child, reason: ExitReason.ExitReason): StartError =>
  new StartError((found.cell instanceof SupervisorCell ? found.cell.failedChild : null) ?? { path: found.cell.path, reason });
