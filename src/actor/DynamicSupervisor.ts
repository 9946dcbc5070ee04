/**
 * Supervisors of any number of children that are alike and come and go: connections, sessions, jobs.
 *
 * When to use: where children are started while the program runs, each with arguments of its own. They have no ids and no order: a child is known by
 * its ref, a failing one is restarted alone (`one_for_one`), one that ended for good is forgotten, and all are stopped at once.
 */
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type * as Rpc from "effect/rpc/Rpc";
import { type Actor, behaviorOf, StartError } from "./Actor.ts";
import { startRoot } from "./internal/root.ts";
import type { ActorDown, ActorRef } from "./ActorRef.ts";
import { type Any as AnyChildSpec, type ChildSpec, erase, type Options as ChildOptions } from "./ChildSpec.ts";
import * as ExitReason from "./ExitReason.ts";
import { admin, startAdded } from "./internal/admin.ts";
import { ActorCell } from "./internal/actorCell.ts";
import type { ErasedSpec } from "./internal/child.ts";
import { DynamicHandle } from "./internal/dynamicHandle.ts";
import { SupervisorCell } from "./internal/supervisorCell.ts";
import { supervisorChild, SupervisorTemplate as TemplateOf, TemplateCell } from "./internal/supervisorChild.ts";
import { dynamicOptions, type ErasedSupervisor, InvalidSpec, MaxChildren, type Template as Blueprint } from "./internal/supervisorSpec.ts";
import { checkSupervisor } from "./internal/check.ts";
import type { RestartIntensity } from "./RestartIntensity.ts";
import {
  startError,
  type Template as SupervisorTemplate,
  type ChildCounts,
  type ChildInfo,
  ChildNotFound,
  type Options as SupervisorOptions,
} from "./Supervisor.ts";

/** What every child of a dynamic supervisor has in common. @since 0.1.0 */
export type Template = Pick<ChildOptions, "restart" | "shutdown" | "backoff" | "maxAttempts" | "startTimeoutMillis" | "mailbox">;

/** What a dynamic supervisor is made from. @since 0.1.0 */
export interface Options extends Template {
  /** Default: `dynamic`. */
  readonly id?: string;
  /** Restarts of all its children together within `periodMillis`; one more ends the supervisor. Default: 1. */
  readonly intensity?: RestartIntensity["intensity"];
  /** Default: 5000. */
  readonly periodMillis?: number;
  /** The answer to an exceeded intensity. Default: `escalate`. */
  readonly whenExceeded?: NonNullable<SupervisorOptions<never>["whenExceeded"]>;
  /** Children that it may have at a time. Default: no limit. */
  readonly maxChildren?: number;
}

export {
  /**
   * There are as many children as there may be.
   *
   * @example
   * ```ts run
   * import { Actor, DynamicSupervisor } from "hsu"
   * import { Effect } from "effect"
   * import { RpcGroup } from "effect/rpc"
   *
   * const Session = Actor.make({ name: "session", protocol: RpcGroup.make(), init: (user: string) => user, handlers: {} })
   * const program = Effect.gen(function*() {
   *   const sessions = yield* DynamicSupervisor.start(Session, { id: "sessions", maxChildren: 1 })
   *   yield* sessions.startChild("ada")
   *   return yield* Effect.flip(sessions.startChild("joe"))
   * })
   * const error = await Effect.runPromise(Effect.scoped(program))
   *
   * error.message // => "sessions has 1 children, and may not have more"
   * ```
   * @since 0.1.0
   */
  MaxChildren,
};

/** A running dynamic supervisor. The refs of children that are supervisors are for `Supervisor.of`. @since 0.1.0 */
export interface DynamicSupervisorRef<in Args, in out Rpcs extends Rpc.Any> {
  readonly id: string;
  readonly path: ReadonlyArray<string>;
  readonly incarnation: number;
  readonly alive: boolean;
  /** Starts one more child. Nothing is kept of one that fails to start. */
  startChild(args: Args): Effect.Effect<ActorRef<Rpcs>, StartError | MaxChildren | ActorDown>;
  /** Stops a child, or ends its restart loop, and forgets it. No error when it has ended already; `ChildNotFound` for an actor of somebody else. */
  terminateChild(ref: ActorRef<Rpcs>): Effect.Effect<void, ChildNotFound | ActorDown>;
  /** Those that run or are being restarted, oldest first. */
  readonly children: Effect.Effect<ReadonlyArray<ActorRef<Rpcs>>, ActorDown>;
  /** The same children with their states, oldest first. */
  readonly whichChildren: Effect.Effect<ReadonlyArray<ChildInfo>, ActorDown>;
  /** One child, as `whichChildren` lists it. */
  whichChild(ref: ActorRef<Rpcs>): Effect.Effect<ChildInfo, ChildNotFound | ActorDown>;
  /** The spec of a child: the template, with its defaults filled in. */
  getChildSpec(ref: ActorRef<Rpcs>): Effect.Effect<AnyChildSpec<unknown>, ChildNotFound | ActorDown>;
  /**
   * Takes a new template and new limits while it runs. Its children go on, and use the template from their next start or stop on, with the arguments
   * that they have; those that were temporary stay so, as their arguments are not kept. Fails, and changes nothing, when the options make no sense.
   */
  reconfigure(
    kind: Actor<Args, Rpcs, never> | ([Rpcs] extends [never] ? SupervisorTemplate<Args, never> : never),
    options?: Options,
  ): Effect.Effect<void, StartError | ActorDown>;
  /** Waits for the end of the incarnation that is there now, e.g. because it gave up; `NoProc` when there is none. */
  readonly awaitExit: Effect.Effect<ExitReason.ExitReason>;
  /** `active` counts those that run; `workers` those that are being restarted as well. */
  readonly countChildren: Effect.Effect<ChildCounts, ActorDown>;
  readonly stop: Effect.Effect<void>;
  readonly kill: Effect.Effect<void>;
}

/** What its children are: actors, or supervisors. */
type Kind = Actor<any, any, any> | SupervisorTemplate<any, any>;

const never = (): never => {
  throw new Error("the children of a dynamic supervisor are made with their arguments");
};

const blueprint = (kind: Kind, options: Options): Blueprint => {
  const { maxChildren } = options;
  const template: unknown = kind;
  if (template instanceof TemplateOf) {
    const spec = erase({ ...options, id: template.name }, "supervisor", never) as unknown as ErasedSpec;
    return { spec, make: (cell, args) => new TemplateCell(cell, template, args), maxChildren };
  }
  const behavior = behaviorOf(kind as Actor<any, any, any>);
  const make: Blueprint["make"] = (cell, args) => new ActorCell(cell.system, cell.context, cell, behavior.name, behavior, args);
  return { spec: erase({ ...options, id: behavior.name }, "worker", never) as unknown as ErasedSpec, make, maxChildren };
};

const erasedOptions = (kind: Kind, options: Options): ErasedSupervisor => dynamicOptions(options, blueprint(kind, options));

/**
 * Starts a dynamic supervisor of one kind of actor, or of one `Supervisor.template`, without children. It stops them all when the scope closes.
 *
 * @example
 * ```ts run
 * import { Actor, DynamicSupervisor } from "hsu"
 * import { Effect, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Session = Actor.make({
 *   name: "session",
 *   protocol: RpcGroup.make(Rpc.make("Who", { success: Schema.String })),
 *   init: (user: string) => user,
 *   handlers: { Who: (user) => Actor.reply(user, user) }
 * })
 * const program = Effect.gen(function*() {
 *   const sessions = yield* DynamicSupervisor.start(Session, { restart: "transient", maxChildren: 1000 })
 *   const ada = yield* sessions.startChild("ada")
 *   yield* sessions.startChild("joe")
 *   const { active } = yield* sessions.countChildren
 *   return [yield* ada.call("Who"), active]
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => ["ada", 2]
 * ```
 * @since 0.1.0
 */
export const start: {
  <Args, Rpcs extends Rpc.Any, R>(
    actor: Actor<Args, Rpcs, R>,
    options?: Options,
  ): Effect.Effect<DynamicSupervisorRef<Args, Rpcs>, StartError, R | Scope.Scope>;
  <Args, R>(
    template: SupervisorTemplate<Args, R>,
    options?: Options,
  ): Effect.Effect<DynamicSupervisorRef<Args, never>, StartError, R | Scope.Scope>;
} = (kind: Kind, options: Options = {}): any =>
  Effect.map(
    startRoot(
      (system, context, owner) => new SupervisorCell(system, context, owner, options.id ?? "dynamic", erasedOptions(kind, options)),
      (cell, reason) => new StartError({ path: cell.path, reason }),
      "infinity",
    ),
    (cell) => new Ref<unknown, never>(cell),
  );

/** A dynamic supervisor as a child of a supervisor; {@link of} gives its ref. @since 0.1.0 */
export interface DynamicChildSpec<in out Args, in out Rpcs extends Rpc.Any, out R> extends ChildSpec<never, R> {
  readonly "~hsu/DynamicChildSpec": { readonly args: (_: Args) => Args; readonly protocol: (_: Rpcs) => Rpcs };
}

/** What a dynamic supervisor is made from that is a child itself; `supervisor` says how its own supervisor treats it. @since 0.1.0 */
export interface ChildOfTree extends Options {
  readonly id: string;
  readonly supervisor?: Template;
}

/**
 * A child that is a dynamic supervisor. When it is restarted it begins without children.
 *
 * @example
 * ```ts run
 * import { Actor, DynamicSupervisor, Supervisor } from "hsu"
 * import { Effect } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Job = Actor.make({
 *   name: "job",
 *   protocol: RpcGroup.make(Rpc.make("Run")),
 *   init: (n: number) => n,
 *   handlers: { Run: () => Actor.exit() }
 * })
 * const jobs = DynamicSupervisor.child(Job, { id: "jobs", restart: "temporary" })
 * const program = Effect.gen(function*() {
 *   const supervisor = yield* Supervisor.start({ children: [jobs] })
 *   const job = yield* DynamicSupervisor.of(supervisor.ref(jobs), jobs).startChild(1)
 *   job.cast("Run")
 *   return yield* Actor.awaitExit(job)
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => { _tag: "Normal" }
 * ```
 * @since 0.1.0
 */
export const child: {
  <Args, Rpcs extends Rpc.Any, R>(actor: Actor<Args, Rpcs, R>, options: ChildOfTree): DynamicChildSpec<Args, Rpcs, R>;
  <Args, R>(template: SupervisorTemplate<Args, R>, options: ChildOfTree): DynamicChildSpec<Args, never, R>;
} = (kind: Kind, options: ChildOfTree): any => supervisorChild({ ...options.supervisor, id: options.id }, erasedOptions(kind, options));

/**
 * The dynamic supervisor at the address of such a child.
 *
 * @example
 * ```ts run
 * import { Actor, DynamicSupervisor, Supervisor } from "hsu"
 * import { Effect } from "effect"
 * import { RpcGroup } from "effect/rpc"
 *
 * const Session = Actor.make({ name: "session", protocol: RpcGroup.make(), init: (user: string) => user, handlers: {} })
 * const sessions = DynamicSupervisor.child(Session, { id: "sessions" })
 * const program = Effect.gen(function*() {
 *   const supervisor = yield* Supervisor.start({ id: "app", children: [sessions] })
 *   const session = yield* DynamicSupervisor.of(supervisor.ref(sessions), sessions).startChild("ada")
 *   return session.path
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => ["app", "sessions", "session"]
 * ```
 * @since 0.1.0
 */
export const of = <Args, Rpcs extends Rpc.Any, R>(
  ref: ActorRef<never>,
  spec: DynamicChildSpec<Args, Rpcs, R>,
): DynamicSupervisorRef<Args, Rpcs> => {
  const cell: unknown = ref;
  if (cell instanceof SupervisorCell && cell.spec.dynamic !== null) return new Ref(cell);
  throw new TypeError(`${ref.path.join("/")} is not the dynamic supervisor ${spec.id}`);
};

class Ref<Args, Rpcs extends Rpc.Any> extends DynamicHandle implements DynamicSupervisorRef<Args, Rpcs> {
  startChild(args: Args): Effect.Effect<ActorRef<Rpcs>, StartError | MaxChildren | ActorDown> {
    return admin(this.cell, (resume) => {
      const { cell } = this;
      const { make, spec } = this.blueprint;
      const { full } = this;
      if (full !== null) return resume(Effect.fail(full));
      const failed = (reason: ExitReason.ExitReason): void => resume(Effect.fail(startError(added, reason)));
      const added = cell.children.addNameless(spec, make(cell, args));
      const started = (): void => {
        // It is never started again: what it was started with may be large.
        if (spec.restart === "temporary") (added.cell as ActorCell | TemplateCell).args = undefined;
        resume(Effect.succeed(added.cell as any));
      };
      startAdded(cell, added, started, failed);
    });
  }

  /** As in OTP: who is dead is terminated, and only a live stranger is no child. */
  override terminateChild(ref: ActorRef<Rpcs>): Effect.Effect<void, ChildNotFound | ActorDown> {
    return Effect.catchTag(super.terminateChild(ref), "ChildNotFound", (error) => (ref.alive ? Effect.fail(error) : Effect.void));
  }

  getChildSpec(ref: ActorRef<Rpcs>): Effect.Effect<AnyChildSpec<unknown>, ChildNotFound | ActorDown> {
    return admin(this.cell, (resume) => {
      const found = this.cell.children.of(ref as unknown as ActorCell);
      if (found === undefined) resume(Effect.fail(new ChildNotFound({ path: ref.path })));
      else resume(Effect.succeed(found.spec as unknown as AnyChildSpec<unknown>));
    });
  }

  reconfigure(kind: Kind, options: Options = {}): Effect.Effect<void, StartError | ActorDown> {
    return admin(this.cell, (resume) => {
      const { cell } = this;
      const erased = erasedOptions(kind, options);
      const problem = checkSupervisor(erased);
      if (problem !== null) {
        return resume(
          Effect.fail(new StartError({ path: cell.path, reason: ExitReason.error(new InvalidSpec({ path: cell.path, problem })) })),
        );
      }
      const { spec } = erased.dynamic!;
      const temporary: ErasedSpec = Object.create(spec, { restart: { value: "temporary" } });
      for (const child of cell.children.list()) {
        if (child.spec.restart === "temporary") {
          child.spec = temporary;
          continue;
        }
        child.spec = spec;
        child.next = erased.dynamic!.make(cell, (child.cell as ActorCell | TemplateCell).args);
      }
      cell.reconfigure(erased);
      resume(Effect.void);
    });
  }
}
