/**
 * Supervisors of a fixed number of children that are alike and share the work by key, as Elixir's `PartitionSupervisor`.
 *
 * When to use: where one actor would be the bottleneck, or one failure would hit all: a cache, a writer, a dynamic supervisor, a registry. The messages
 * of one key go to one partition, and keep their order.
 */
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type * as Rpc from "effect/rpc/Rpc";
import { StartError } from "./Actor.ts";
import type { ActorDown, ActorRef } from "./ActorRef.ts";
import type { ChildSpec, Options as ChildOptions } from "./ChildSpec.ts";
import type { ExitReason } from "./ExitReason.ts";
import type { ErasedSpec } from "./internal/child.ts";
import { startRoot } from "./internal/root.ts";
import { partitionOf, tableOf } from "./internal/partitions.ts";
import { renamed, supervisorChild } from "./internal/supervisorChild.ts";
import { SupervisorCell } from "./internal/supervisorCell.ts";
import { SupervisorHandle } from "./internal/supervisorHandle.ts";
import { type ErasedSupervisor, eraseOptions } from "./internal/supervisorSpec.ts";
import {
  type ChildCounts,
  type ChildInfo,
  of as supervisorAt,
  type Options as SupervisorOptions,
  type SupervisorRef,
} from "./Supervisor.ts";

/** What a partition supervisor is made from. @since 0.1.0 */
export interface Options<Rpcs extends Rpc.Any, R> extends Pick<
  SupervisorOptions<R>,
  "strategy" | "intensity" | "periodMillis" | "whenExceeded" | "startOrder"
> {
  /** The child of each partition, from 0. Its id is the partition, whatever its spec says. It may be a supervisor. */
  readonly child: (partition: number) => ChildSpec<Rpcs, R>;
  /** How many there are, and may be at most. Default: as many as the machine runs threads at a time (4 where that is not known). */
  readonly partitions?: number;
}

/**
 * No partition is in use: it was resized to 0, or has never been started.
 *
 * @example
 * ```ts run
 * import { Actor, ChildSpec, PartitionSupervisor } from "hsu"
 * import { Effect } from "effect"
 * import { RpcGroup } from "effect/rpc"
 *
 * const Cache = Actor.make({ name: "cache", protocol: RpcGroup.make(), init: () => 0, handlers: {} })
 * const program = Effect.gen(function*() {
 *   const caches = yield* PartitionSupervisor.start({ id: "caches", partitions: 2, child: () => ChildSpec.make(Cache, undefined, { id: "cache" }) })
 *   yield* caches.resize(0)
 *   return yield* Effect.flip(Effect.try({ try: () => caches.of("ada"), catch: (error) => error as PartitionSupervisor.NoPartitions }))
 * })
 * const error = await Effect.runPromise(Effect.scoped(program))
 *
 * error.message // => "caches has no partition in use"
 * ```
 * @since 0.1.0
 */
export class NoPartitions extends Data.TaggedError("NoPartitions")<{ readonly path: ReadonlyArray<string> }> {
  readonly code = "HSU-SUP-009";
  override get message(): string {
    return `${this.path.join("/")} has no partition in use`;
  }
}

/**
 * There cannot be so many partitions: at least none, and at most as many as it was made with.
 *
 * @example
 * ```ts run
 * import { Actor, ChildSpec, PartitionSupervisor } from "hsu"
 * import { Effect } from "effect"
 * import { RpcGroup } from "effect/rpc"
 *
 * const Cache = Actor.make({ name: "cache", protocol: RpcGroup.make(), init: () => 0, handlers: {} })
 * const program = Effect.gen(function*() {
 *   const caches = yield* PartitionSupervisor.start({ id: "caches", partitions: 2, child: () => ChildSpec.make(Cache, undefined, { id: "cache" }) })
 *   return yield* Effect.flip(caches.resize(3))
 * })
 * const error = await Effect.runPromise(Effect.scoped(program))
 *
 * error.message // => "caches cannot have 3 partitions: 0 to 2"
 * ```
 * @since 0.1.0
 */
export class InvalidResize extends Data.TaggedError("InvalidResize")<{
  readonly path: ReadonlyArray<string>;
  readonly partitions: number;
  readonly max: number;
}> {
  readonly code = "HSU-SUP-010";
  override get message(): string {
    return `${this.path.join("/")} cannot have ${this.partitions} partitions: 0 to ${this.max}`;
  }
}

/** A running partition supervisor. @since 0.1.0 */
export interface PartitionSupervisorRef<in out Rpcs extends Rpc.Any> {
  readonly id: string;
  readonly path: ReadonlyArray<string>;
  readonly incarnation: number;
  readonly alive: boolean;
  /** Partitions in use. After each start of the supervisor: all. */
  readonly partitions: number;
  /** Partitions that there may be. */
  readonly maxPartitions: number;
  /**
   * The actor of a key's partition: an integer's absolute value modulo `partitions`, else the key's hash (Effect's `Hash`: equal keys, same partition).
   * Throws {@link NoPartitions} when none is in use.
   */
  of(key: unknown): ActorRef<Rpcs>;
  /**
   * Uses the first so many partitions from now on; the others are stopped, and their specs are kept. A partition that does not start ends it: those
   * before it are in use then. A key may have another partition after it.
   */
  resize(partitions: number): Effect.Effect<void, InvalidResize | StartError | ActorDown>;
  /** All that there may be, in their order; those out of use are down. */
  readonly whichChildren: Effect.Effect<ReadonlyArray<ChildInfo>, ActorDown>;
  readonly countChildren: Effect.Effect<ChildCounts, ActorDown>;
  readonly stop: Effect.Effect<void>;
  readonly kill: Effect.Effect<void>;
  /** Waits for the end of the incarnation that is there now; `NoProc` when there is none. */
  readonly awaitExit: Effect.Effect<ExitReason>;
}

const threads = (): number => {
  const { navigator } = globalThis as { readonly navigator?: { readonly hardwareConcurrency?: number } };
  return navigator?.hardwareConcurrency ?? 4;
};

/** Those that are partition supervisors. */
const partitioned = new WeakSet<ErasedSupervisor>();

const problemOf = ({ child, partitions }: Options<any, any>, autoShutdown: unknown): string | null => {
  if (typeof child !== "function") return "child is no function that gives the child of a partition";
  if (partitions !== undefined && !(Number.isInteger(partitions) && partitions >= 1)) {
    return `partitions is ${partitions}: it has to be a whole number from 1 on`;
  }
  return autoShutdown === undefined || autoShutdown === "never" ? null : "autoShutdown is not for partitions: they are alike";
};

const eraseAll = (options: Options<any, any>): ErasedSupervisor => {
  const problem = problemOf(options, (options as { readonly autoShutdown?: unknown }).autoShutdown);
  const { partitions = threads() } = options;
  const specs =
    problem === null ? Array.from({ length: partitions }, (_, i) => renamed(options.child(i) as unknown as ErasedSpec, String(i))) : [];
  const erased = { ...eraseOptions({ ...options, autoShutdown: "never", children: [] }), children: specs, problem };
  partitioned.add(erased);
  return erased;
};

/**
 * Starts a partition supervisor and its children, in order, and stops them when the scope closes.
 *
 * @example
 * ```ts run
 * import { Actor, ChildSpec, PartitionSupervisor } from "hsu"
 * import { Effect, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Counter = Actor.make({
 *   name: "counter",
 *   protocol: RpcGroup.make(Rpc.make("Next", { success: Schema.Number })),
 *   init: () => 1,
 *   handlers: { Next: (n) => Actor.reply(n + 1, n) }
 * })
 * const program = Effect.gen(function*() {
 *   const counters = yield* PartitionSupervisor.start({
 *     id: "counters",
 *     partitions: 4,
 *     child: () => ChildSpec.make(Counter, undefined, { id: "counter" })
 *   })
 *   yield* counters.of("ada").call("Next")
 *   return [yield* counters.of("ada").call("Next"), counters.of(6).path.join("/")]
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => [2, "counters/2"]
 * ```
 * @since 0.1.0
 */
export const start = <Rpcs extends Rpc.Any, R>(
  options: Options<Rpcs, R> & { readonly id?: string },
): Effect.Effect<PartitionSupervisorRef<Rpcs>, StartError, R | Scope.Scope> =>
  Effect.suspend(() => {
    const erased = eraseAll(options);
    return Effect.map(
      startRoot(
        (system, context, owner) => new SupervisorCell(system, context, owner, options.id ?? "partitions", erased),
        (cell, reason) => new StartError(cell.failedChild ?? { path: cell.path, reason }),
        "infinity",
      ),
      (cell): PartitionSupervisorRef<Rpcs> => new Ref(cell),
    );
  }) as Effect.Effect<PartitionSupervisorRef<Rpcs>, StartError, R | Scope.Scope>;

/** A partition supervisor as a child of a supervisor; {@link of} gives its ref. @since 0.1.0 */
export interface PartitionChildSpec<in out Rpcs extends Rpc.Any, out R> extends ChildSpec<never, R> {
  readonly "~hsu/PartitionChildSpec": { readonly protocol: (_: Rpcs) => Rpcs };
}

/**
 * A child that is a partition supervisor.
 *
 * @example
 * ```ts run
 * import { Actor, ChildSpec, DynamicSupervisor, PartitionSupervisor, Supervisor } from "hsu"
 * import { Effect } from "effect"
 * import { RpcGroup } from "effect/rpc"
 *
 * const Session = Actor.make({ name: "session", protocol: RpcGroup.make(), init: (user: string) => user, handlers: {} })
 * const sessions = DynamicSupervisor.child(Session, { id: "sessions" })
 * const partitions = PartitionSupervisor.child({ id: "sessions", partitions: 3, child: () => sessions })
 * const program = Effect.gen(function*() {
 *   const app = yield* Supervisor.start({ id: "app", children: [partitions] })
 *   const partition = PartitionSupervisor.of(app.ref(partitions), partitions).of(5)
 *   return (yield* DynamicSupervisor.of(partition, sessions).startChild("ada")).path
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => ["app", "sessions", "2", "session"]
 * ```
 * @since 0.1.0
 */
export const child = <Rpcs extends Rpc.Any, R>(
  options: Options<Rpcs, R> & Omit<ChildOptions, "significant">,
): PartitionChildSpec<Rpcs, R> => supervisorChild<R>(options, eraseAll(options)) as unknown as PartitionChildSpec<Rpcs, R>;

/**
 * The partition supervisor at the address of such a child.
 *
 * @example
 * ```ts run
 * import { Actor, ChildSpec, PartitionSupervisor, Supervisor } from "hsu"
 * import { Effect } from "effect"
 * import { RpcGroup } from "effect/rpc"
 *
 * const Cache = Actor.make({ name: "cache", protocol: RpcGroup.make(), init: () => 0, handlers: {} })
 * const caches = PartitionSupervisor.child({ id: "caches", partitions: 3, child: () => ChildSpec.make(Cache, undefined, { id: "cache" }) })
 * const program = Effect.gen(function*() {
 *   const app = yield* Supervisor.start({ children: [caches] })
 *   const running = PartitionSupervisor.of(app.ref(caches), caches)
 *   yield* running.resize(2)
 *   return [running.partitions, running.maxPartitions]
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => [2, 3]
 * ```
 * @since 0.1.0
 */
export const of = <Rpcs extends Rpc.Any, R>(ref: ActorRef<never>, spec: PartitionChildSpec<Rpcs, R>): PartitionSupervisorRef<Rpcs> => {
  const cell: unknown = ref;
  if (cell instanceof SupervisorCell && partitioned.has(cell.spec)) return new Ref(cell);
  throw new TypeError(`${ref.path.join("/")} is not the partition supervisor ${spec.id}`);
};

class Ref<Rpcs extends Rpc.Any> extends SupervisorHandle implements PartitionSupervisorRef<Rpcs> {
  private get table() {
    return tableOf(this.cell);
  }

  private get supervisor(): SupervisorRef {
    return supervisorAt(this.cell as unknown as ActorRef<never>);
  }

  get partitions(): number {
    return this.table.active;
  }

  get maxPartitions(): number {
    return this.table.max;
  }

  of(key: unknown): ActorRef<Rpcs> {
    const { table } = this;
    const found = table.active === 0 ? undefined : table.at(partitionOf(key, table.active));
    if (found === undefined) throw new NoPartitions({ path: this.path });
    return found as unknown as ActorRef<Rpcs>;
  }

  resize(partitions: number): Effect.Effect<void, InvalidResize | StartError | ActorDown> {
    const { supervisor, table } = this;
    return Effect.suspend((): Effect.Effect<void, InvalidResize | StartError | ActorDown> => {
      const { max } = table;
      if (!(Number.isInteger(partitions) && partitions >= 0 && partitions <= max)) {
        return Effect.fail(new InvalidResize({ path: this.path, partitions, max }));
      }
      const before = table.active;
      if (partitions <= before) {
        // First nobody is sent there any more, then they are stopped.
        table.active = partitions;
        const surplus = Array.from({ length: before - partitions }, (_, i) => String(before - 1 - i));
        const stopped = Effect.forEach(surplus, (id) => supervisor.terminateChild(id, { hold: true }), { discard: true });
        return Effect.catchTag(stopped, "ChildNotFound", Effect.die);
      }
      const added = Array.from({ length: partitions - before }, (_, i) => before + i);
      const started = Effect.forEach(
        added,
        (partition) =>
          supervisor.restartChild(String(partition)).pipe(
            // It runs already: somebody has started it by hand.
            Effect.catchTag("ChildNotDown", () => Effect.void),
            Effect.andThen(Effect.sync(() => void (table.active = partition + 1))),
          ),
        { discard: true },
      );
      return Effect.catchTag(started, "ChildNotFound", Effect.die);
    }).pipe(table.lock.withPermits(1));
  }

  get whichChildren(): Effect.Effect<ReadonlyArray<ChildInfo>, ActorDown> {
    return this.supervisor.whichChildren;
  }

  get countChildren(): Effect.Effect<ChildCounts, ActorDown> {
    return this.supervisor.countChildren;
  }
}
