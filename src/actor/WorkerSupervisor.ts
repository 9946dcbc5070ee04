/**
 * Trees on worker threads: a child of a supervisor here, whose own children run there. Its actors have addresses like all others.
 *
 * When to use: for work that would keep the thread busy, and for code that may take its thread down with it. Not for what only waits: an actor of
 * this thread costs a thousandth. What crosses is copied, through the schemas of the protocol.
 */
import * as Effect from "effect/Effect";
import type { RpcGroup, Rpcs } from "effect/rpc/RpcGroup";
import type { ActorRef } from "./ActorRef.ts";
import { type ChildSpec, erase, type Options as ChildOptions } from "./ChildSpec.ts";
import type { ErasedSpec } from "./internal/child.ts";
import { SupervisorHandle } from "./internal/supervisorHandle.ts";
import { PortTransport, type WorkerPort } from "./internal/port.ts";
import { eraseOptions } from "./internal/supervisorSpec.ts";
import { type ErasedWorker, WorkerCell } from "./internal/workerCell.ts";
import { serveTree } from "./internal/workerServer.ts";
import type { Options as SupervisorOptions, SupervisorRef } from "./Supervisor.ts";

export type { WorkerPort };
export { WorkerExited, WorkerMismatch } from "./internal/workerCell.ts";

/** Protocols by the names under which their actors are known to the other thread. @since 0.1.0 */
export type Protocols = Readonly<Record<string, RpcGroup<any>>>;

type Refs<P extends Protocols> = { readonly [Name in keyof P]: ActorRef<Rpcs<P[Name]>> };

/** What a worker child is made from. @since 0.1.0 */
export interface Options<Exports extends Protocols> extends ChildOptions {
  /**
   * Starts a thread, at each start of the child: `() => new Worker(new URL("./images.ts", import.meta.url))`. The program there runs {@link serve}.
   */
  readonly spawn: () => WorkerPort;
  /** The actors of the tree there that may be talked to from here. */
  readonly exports: Exports;
  /** The actors of this thread that the tree there may talk to; it is asked at each start. */
  readonly provides?: () => Readonly<Record<string, ActorRef<any>>>;
}

/** A tree on a worker thread as a child of a supervisor; {@link of} gives its ref. @since 0.1.0 */
export interface WorkerChildSpec<in out Exports extends Protocols> extends ChildSpec<never, never> {
  readonly "~hsu/WorkerChildSpec": { readonly exports: (_: Exports) => Exports };
}

/**
 * A tree on a worker thread, as it is seen from here.
 *
 * @since 0.1.0
 */
export interface WorkerSupervisorRef<Exports extends Protocols> {
  readonly id: string;
  readonly path: ReadonlyArray<string>;
  /** Threads that were started for it. */
  readonly incarnation: number;
  readonly alive: boolean;
  /** The address of an actor there. It outlives the thread: what is sent while there is none waits for the next. */
  ref<Name extends keyof Exports & string>(name: Name): ActorRef<Rpcs<Exports[Name]>>;
  /** Stops the tree there in order, then its thread, and waits. Its supervisor here decides whether it comes back. */
  readonly stop: Effect.Effect<void>;
  /** Ends the thread at once, whatever it does. */
  readonly kill: Effect.Effect<void>;
}

/**
 * A child that is a tree on a worker thread of its own. It is up when the tree there is; it ends when that ends, and when the thread fails: then a
 * new thread is started. Its stop is an ordered stop of the tree; `shutdown` is 5000 ms unless it says otherwise, as a thread that is busy forever
 * can only be killed.
 *
 * @example
 * ```ts run
 * import { Actor, ChildSpec, Supervisor, WorkerSupervisor } from "hsu"
 * import { Effect, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 * import { isMainThread, parentPort, Worker } from "node:worker_threads"
 *
 * const Squares = Actor.make({
 *   name: "squares",
 *   protocol: RpcGroup.make(Rpc.make("Sum", { payload: { below: Schema.Number }, success: Schema.Number })),
 *   init: () => 0,
 *   handlers: {
 *     Sum: (sums, { below }) => {
 *       let total = 0
 *       for (let n = 0; n < below; n++) total += n * n
 *       return Actor.reply(sums + 1, total)
 *     }
 *   }
 * })
 * const squares = ChildSpec.make(Squares, undefined, { id: "squares" })
 *
 * if (!isMainThread) {
 *   await Effect.runPromise(WorkerSupervisor.serve({ port: parentPort, tree: { children: [squares], exports: { squares } } }))
 * } else {
 *   const math = WorkerSupervisor.child({
 *     id: "math",
 *     spawn: () => new Worker(new URL(import.meta.url)),
 *     exports: { squares: Squares.protocol }
 *   })
 *   const program = Effect.gen(function*() {
 *     const app = yield* Supervisor.start({ id: "app", children: [math] })
 *     return yield* WorkerSupervisor.of(app, math).ref("squares").call("Sum", { below: 1000 })
 *   })
 *   await Effect.runPromise(Effect.scoped(program)) // => 332833500
 * }
 * ```
 * @since 0.1.0
 */
export const child = <const Exports extends Protocols>(options: Options<Exports>): WorkerChildSpec<Exports> => {
  const { exports, provides, spawn } = options;
  const erased: ErasedWorker = { spawn, exports, provides };
  const spec = erase<never, never>(
    { ...options, shutdown: options.shutdown ?? 5000 },
    "supervisor",
    (system, context, owner) => new WorkerCell(system, context, owner, options.id, erased),
  );
  return spec as unknown as WorkerChildSpec<Exports>;
};

/**
 * The tree at the address of such a child.
 *
 * @example
 * ```ts run
 * import { Actor, ChildSpec, Supervisor, WorkerSupervisor } from "hsu"
 * import { Effect, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 * import { isMainThread, parentPort, Worker } from "node:worker_threads"
 *
 * const Greeter = Actor.make({
 *   name: "greeter",
 *   protocol: RpcGroup.make(Rpc.make("Hello", { success: Schema.String })),
 *   init: () => 0,
 *   handlers: { Hello: (n) => Actor.reply(n, "hello from a thread") }
 * })
 * const greeter = ChildSpec.make(Greeter, undefined, { id: "greeter" })
 *
 * if (!isMainThread) {
 *   await Effect.runPromise(WorkerSupervisor.serve({ port: parentPort, tree: { children: [greeter], exports: { greeter } } }))
 * } else {
 *   const spawn = () => new Worker(new URL(import.meta.url))
 *   const place = WorkerSupervisor.child({ id: "place", spawn, exports: { greeter: Greeter.protocol } })
 *   const program = Effect.gen(function*() {
 *     const app = yield* Supervisor.start({ id: "app", children: [place] })
 *     const ref = WorkerSupervisor.of(app, place).ref("greeter")
 *     yield* WorkerSupervisor.of(app, place).kill // and its supervisor starts another
 *     return [ref.path, yield* ref.call("Hello"), ref.incarnation]
 *   })
 *   await Effect.runPromise(Effect.scoped(program)) // => [["app", "place", "greeter"], "hello from a thread", 2]
 * }
 * ```
 * @since 0.1.0
 */
export const of = <Exports extends Protocols>(
  supervisor: Pick<SupervisorRef, "ref" | "path">,
  spec: WorkerChildSpec<Exports>,
): WorkerSupervisorRef<Exports> => {
  const cell: unknown = supervisor.ref(spec);
  if (cell instanceof WorkerCell) return new Ref(cell);
  throw new TypeError(`${supervisor.path.join("/")} has no worker ${spec.id}`);
};

class Ref<Exports extends Protocols> extends SupervisorHandle<WorkerCell> implements WorkerSupervisorRef<Exports> {
  ref<Name extends keyof Exports & string>(name: Name): ActorRef<Rpcs<Exports[Name]>> {
    const found = this.cell.remotes.get(name);
    if (found === undefined) throw new TypeError(`${this.path.join("/")} exports no ${JSON.stringify(name)}`);
    return found as unknown as ActorRef<Rpcs<Exports[Name]>>;
  }
}

/** A tree that is served: a supervisor's options, and the actors that the other thread may talk to. @since 0.1.0 */
export interface Tree<R> extends SupervisorOptions<R> {
  /** Specs of actors of this tree, of children or of those below. */
  readonly exports: Readonly<Record<string, ChildSpec<any, R>>>;
}

/** What {@link serve} is given. @since 0.1.0 */
export interface ServeOptions<Imports extends Protocols, R> {
  /** `parentPort` of `node:worker_threads`; in a browser's worker `globalThis`. */
  readonly port: WorkerPort | null;
  /** The actors of the other thread that the tree talks to, which it `provides`. */
  readonly imports?: Imports;
  readonly tree: Tree<R> | ((refs: Refs<Imports>) => Tree<R>);
}

/**
 * Runs a tree in a worker thread for the supervisor that has started the thread, and ends with it. Why it did not start, or ended, is told there.
 *
 * @example
 * ```ts run
 * import { Actor, type ActorRef, ChildSpec, Supervisor, WorkerSupervisor } from "hsu"
 * import { Effect, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 * import { isMainThread, parentPort, Worker } from "node:worker_threads"
 *
 * const log = RpcGroup.make(Rpc.make("Write", { payload: { line: Schema.String } }), Rpc.make("Lines", { success: Schema.Array(Schema.String) }))
 *
 * if (!isMainThread) {
 *   const Teller = Actor.make({
 *     name: "teller",
 *     protocol: RpcGroup.make(),
 *     init: (to: ActorRef<RpcGroup.Rpcs<typeof log>>) => to.cast("Write", { line: "I am up" }),
 *     handlers: {}
 *   })
 *   const program = WorkerSupervisor.serve({
 *     port: parentPort,
 *     imports: { log },
 *     tree: (main) => ({ children: [ChildSpec.make(Teller, main.log, { id: "teller" })], exports: {} })
 *   })
 *   await Effect.runPromise(program)
 * } else {
 *   const Log = Actor.make({
 *     name: "log",
 *     protocol: log,
 *     init: (): ReadonlyArray<string> => [],
 *     handlers: { Write: (lines, { line }) => [...lines, line], Lines: (lines) => Actor.reply(lines, lines) }
 *   })
 *   const program = Effect.gen(function*() {
 *     const ref = yield* Actor.spawn(Log, undefined)
 *     const spawn = () => new Worker(new URL(import.meta.url))
 *     yield* Supervisor.start({ children: [WorkerSupervisor.child({ id: "place", spawn, exports: {}, provides: () => ({ log: ref }) })] })
 *     return yield* ref.call("Lines")
 *   })
 *   await Effect.runPromise(Effect.scoped(program)) // => ["I am up"]
 * }
 * ```
 * @since 0.1.0
 */
export const serve = <R = never, const Imports extends Protocols = {}>(
  options: ServeOptions<Imports, R>,
): Effect.Effect<void, never, R> => {
  const { imports, port, tree } = options;
  if (port === null) return Effect.die(new TypeError("WorkerSupervisor.serve: there is no port, so this is no worker thread"));
  const erased = {
    imports: imports ?? {},
    tree: (refs: Readonly<Record<string, ActorRef<any>>>) => {
      const made = typeof tree === "function" ? tree(refs as unknown as Refs<Imports>) : tree;
      return { supervisor: eraseOptions(made), exports: made.exports as unknown as Readonly<Record<string, ErasedSpec>> };
    },
  };
  return Effect.suspend(() => serveTree(new PortTransport(port), erased)) as Effect.Effect<void, never, R>;
};
