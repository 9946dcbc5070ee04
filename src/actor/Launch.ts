/**
 * Ways into a tree: as a layer, as an effect that runs as long as the tree, and for programs without Effect as an object whose methods return promises.
 */
import * as Cause from "effect/Cause";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Layer from "effect/Layer";
import * as Scope from "effect/Scope";
import type * as Rpc from "effect/rpc/Rpc";
import { awaitExit, StartError } from "./Actor.ts";
import { ActorDown, type ActorRef, type CallOptions, type Message, type PayloadArgument } from "./ActorRef.ts";
import type { ChildSpec } from "./ChildSpec.ts";
import type { TreeEvent } from "./Event.ts";
import * as ExitReason from "./ExitReason.ts";
import { EventFeed } from "./internal/eventFeed.ts";
import { startRoot } from "./internal/root.ts";
import { eraseOptions, IntensityExceeded } from "./internal/supervisorSpec.ts";
import { WatchedCell } from "./internal/watchedCell.ts";
import { type ChildCounts, type ChildInfo, of as supervisorAt, type Options, start, type SupervisorRef } from "./Supervisor.ts";

type RootOptions<R> = Options<R> & { readonly id?: string };

/**
 * A supervisor as a service: it starts with the layer and stops when the layer's scope closes. Its actors get their services from the layers that it is
 * provided with.
 *
 * @example
 * ```ts run
 * import { Actor, ChildSpec, Supervisor } from "hsu"
 * import { Context, Effect, Layer, ManagedRuntime, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * class Greeting extends Context.Service<Greeting, string>()("Greeting") {}
 * class App extends Context.Service<App, Supervisor.SupervisorRef>()("App") {}
 *
 * const Greeter = Actor.make({
 *   name: "greeter",
 *   protocol: RpcGroup.make(Rpc.make("Greet", { payload: { name: Schema.String }, success: Schema.String })),
 *   init: () => Greeting,
 *   handlers: { Greet: (greeting, { name }) => Actor.reply(greeting, `${greeting}, ${name}`) }
 * })
 * const greeter = ChildSpec.make(Greeter, undefined, { id: "greeter" })
 * const AppLive = Supervisor.layer(App, { id: "app", children: [greeter] }).pipe(Layer.provide(Layer.succeed(Greeting, "Hello")))
 *
 * const runtime = ManagedRuntime.make(AppLive)
 * await runtime.runPromise(App.use((app) => app.ref(greeter).call("Greet", { name: "Ada" }))) // => "Hello, Ada"
 * await runtime.dispose()
 * ```
 * @since 0.1.0
 */
export const layer = <Identifier, R = never>(
  service: Context.Key<Identifier, SupervisorRef>,
  options: RootOptions<R>,
): Layer.Layer<Identifier, StartError, Exclude<R, Scope.Scope>> => Layer.effect(service, start(options));

/** Starts a tree whose end is known also to who looks too late. */
const startTree = <R>(options: RootOptions<R>): Effect.Effect<WatchedCell, StartError, R | Scope.Scope> =>
  Effect.suspend(() => {
    const erased = eraseOptions(options);
    return startRoot(
      (system, context, owner) => new WatchedCell(system, context, owner, options.id ?? "root", erased),
      (cell, reason) => new StartError(cell.failedChild ?? { path: cell.path, reason }),
      "infinity",
    );
  });

const refOf = (cell: WatchedCell): SupervisorRef => supervisorAt(cell as unknown as ActorRef<never>);

/** Whether the end was meant: it has done its work, or was told to stop. */
const isMeant = (reason: ExitReason.ExitReason): boolean =>
  !ExitReason.isAbnormal(reason) && !(reason._tag === "Shutdown" && reason.info instanceof IntensityExceeded);

/**
 * Runs a tree until it ends: for `Effect.runFork` and for `NodeRuntime.runMain`. Succeeds with the reason when it was stopped or has done its work
 * (`autoShutdown`), and fails with `ActorDown` when it gave up or was killed. To interrupt it stops the tree, in reverse order, and waits.
 * Like any effect that waits it does not keep an idle process alive by itself: `runMain` does.
 *
 * `use` runs once the tree is up, in its scope: to make a `Shutdown`, to add children, to say that one is ready. When it fails the tree is stopped.
 *
 * @example
 * ```ts run
 * import { Actor, ChildSpec, ExitReason, Supervisor } from "hsu"
 * import { Effect } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Job = Actor.make({
 *   name: "job",
 *   protocol: RpcGroup.make(Rpc.make("Finish")),
 *   init: (_: void, { self }) => void self.cast("Finish"),
 *   handlers: { Finish: () => Actor.exit() }
 * })
 * const job = ChildSpec.make(Job, undefined, { id: "job", restart: "transient", significant: true })
 * const reason = await Effect.runPromise(Supervisor.run({ autoShutdown: "all_significant", children: [job] }))
 *
 * ExitReason.format(reason) // => "shutdown"
 * ```
 * @since 0.1.0
 */
export const run = <R = never, E2 = never, R2 = never>(
  options: RootOptions<R>,
  use?: (supervisor: SupervisorRef) => Effect.Effect<unknown, E2, R2>,
): Effect.Effect<ExitReason.ExitReason, StartError | ActorDown | E2, Exclude<R | R2, Scope.Scope>> =>
  Effect.scoped(
    Effect.gen(function* () {
      const cell = yield* startTree(options);
      if (use !== undefined) yield* use(refOf(cell));
      const reason = yield* cell.end;
      return isMeant(reason) ? reason : yield* Effect.fail(new ActorDown({ path: cell.path, reason }));
    }),
  ) as Effect.Effect<ExitReason.ExitReason, StartError | ActorDown | E2, Exclude<R | R2, Scope.Scope>>;

/** An actor of a {@link Launched} tree, for promises. Errors are the same typed values, as rejections. @since 0.1.0 */
export interface LaunchedActor<in out Rpcs extends Rpc.Any> {
  /** The same actor, for effects. */
  readonly ref: ActorRef<Rpcs>;
  readonly alive: boolean;
  /** Sends a message and expects no answer. */
  cast<const Tag extends Rpc.Tag<Rpcs>>(tag: Tag, ...payload: PayloadArgument<Message<Rpcs, Tag>>): void;
  /** Sends a message and resolves once it is in the mailbox. Rejects with `MailboxFull` or `ActorDown`. */
  send<const Tag extends Rpc.Tag<Rpcs>>(tag: Tag, ...payload: PayloadArgument<Message<Rpcs, Tag>>): Promise<void>;
  /**
   * Sends a message and resolves with its reply. Rejects with the error that the protocol declares, with `CallTimeout`, `ActorDown`, `CallingSelf` or
   * `MailboxFull`, or with the reason of the signal.
   */
  call<const Tag extends Rpc.Tag<Rpcs>>(
    tag: Tag,
    ...payload: [...PayloadArgument<Message<Rpcs, Tag>>, options?: CallOptions & { readonly signal?: AbortSignal }]
  ): Promise<Rpc.Success<Message<Rpcs, Tag>>>;
  /** Resolves with the end of the incarnation that is there now. */
  awaitExit(): Promise<ExitReason.ExitReason>;
}

/** How {@link launch} starts a tree. @since 0.1.0 */
export interface LaunchOptions {
  /** Gives up the start, or stops the tree. */
  readonly signal?: AbortSignal;
  /** Whether the tree keeps its process alive until it has ended, as a server does. Default: true. */
  readonly keepAlive?: boolean;
}

/** A running tree for programs without Effect: see {@link launch}. `R` are the services that its children may need. @since 0.1.0 */
export interface Launched<in R = never> extends AsyncDisposable {
  /** The same tree, for effects. */
  readonly supervisor: SupervisorRef;
  readonly id: string;
  readonly path: ReadonlyArray<string>;
  readonly alive: boolean;
  /** Resolves when the tree has ended, by itself or because it was stopped, and all is released. It never rejects. */
  readonly ended: Promise<ExitReason.ExitReason>;
  /** A child by its spec, or any actor by its ref. */
  actor<Rpcs extends Rpc.Any>(actor: ChildSpec<Rpcs, any> | ActorRef<Rpcs>): LaunchedActor<Rpcs>;
  /** Rejects with `ChildPresent`, `StartError` or `ActorDown`. */
  startChild<Rpcs extends Rpc.Any>(spec: ChildSpec<Rpcs, R>): Promise<LaunchedActor<Rpcs>>;
  /** Rejects with `ChildNotFound` or `ActorDown`. */
  terminateChild(id: string, options?: { readonly hold?: boolean }): Promise<void>;
  /** Rejects with `ChildNotFound`, `ChildNotDown`, `StartError` or `ActorDown`. */
  restartChild(id: string): Promise<LaunchedActor<any>>;
  /** Rejects with `ChildNotFound`, `ChildNotDown` or `ActorDown`. */
  deleteChild(id: string): Promise<void>;
  whichChildren(): Promise<ReadonlyArray<ChildInfo>>;
  countChildren(): Promise<ChildCounts>;
  /** Runs an effect with the services of the tree. */
  run<A, E>(effect: Effect.Effect<A, E, R>, options?: { readonly signal?: AbortSignal }): Promise<A>;
  /**
   * What happens in the tree from now on, until it has ended or the loop is left. What is not read yet waits in memory. It goes by the id of the root:
   * trees of one id see each other's events.
   */
  events(): AsyncIterableIterator<TreeEvent, undefined> & AsyncDisposable;
  /** Stops the tree, in reverse order, and its services; resolves when all is released. The same as the end of an `await using`. */
  stop(): Promise<void>;
  /** Kills all of it at once. */
  kill(): Promise<void>;
}

/** A promise that rejects with the typed error itself, and with the signal's reason when that has cut it off. */
const promised = async <A, E, R>(context: Context.Context<R>, effect: Effect.Effect<A, E, R>, signal?: AbortSignal): Promise<A> => {
  signal?.throwIfAborted();
  const exit = await Effect.runPromiseExitWith(context)(effect, { signal });
  if (Exit.isSuccess(exit)) return exit.value;
  if (Cause.hasInterruptsOnly(exit.cause)) signal?.throwIfAborted();
  throw Cause.squash(exit.cause);
};

/**
 * Starts a tree for a program without Effect, and gives an object whose methods return promises. It is stopped by `stop`, at the end of an `await using`,
 * or when the signal is aborted; an abort during the start gives that up. Rejects with the `StartError`, with what the layer failed with, or with the
 * reason of the signal; nothing is left running then. A tree keeps its process alive until it has ended, unless `keepAlive` is false. Handlers that need promises return `Effect.promise((signal) => …)`: the signal is aborted when the
 * actor is stopped, and a rejection is a failure of the actor.
 *
 * @example
 * ```ts run
 * import { Actor, ChildSpec, Supervisor } from "hsu"
 * import { Effect, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const load = async (key: string, signal: AbortSignal) => signal.aborted ? "" : `value of ${key}`
 * const Cache = Actor.make({
 *   name: "cache",
 *   protocol: RpcGroup.make(Rpc.make("Get", { payload: { key: Schema.String }, success: Schema.String })),
 *   init: () => new Map<string, string>(),
 *   handlers: {
 *     Get: (known, { key }) =>
 *       Effect.map(Effect.promise((signal) => load(key, signal)), (value) => Actor.reply(known.set(key, value), value))
 *   }
 * })
 * const cache = ChildSpec.make(Cache, undefined, { id: "cache" })
 *
 * await using app = await Supervisor.launch({ id: "app", children: [cache] })
 * await app.actor(cache).call("Get", { key: "a" }, { timeout: 1000 }) // => "value of a"
 * ```
 * @since 0.1.0
 */
export const launch: {
  (options: RootOptions<never>, how?: LaunchOptions): Promise<Launched>;
  <R, E>(options: RootOptions<R>, how: LaunchOptions & { readonly layer: Layer.Layer<R, E> }): Promise<Launched<Exclude<R, Scope.Scope>>>;
} = async (
  options: RootOptions<any>,
  { keepAlive = true, layer, signal }: LaunchOptions & { readonly layer?: Layer.Layer<any, unknown> } = {},
): Promise<Launched<any>> => {
  const scope = Scope.makeUnsafe();
  const starting = Effect.gen(function* () {
    const services = layer === undefined ? Context.empty() : yield* Layer.buildWithScope(layer, scope);
    const cell = yield* startTree(options).pipe(Effect.provideContext(Context.add(services, Scope.Scope, scope)));
    return new Tree(cell, services, scope);
  }).pipe(Effect.onExit((exit) => (Exit.isSuccess(exit) ? Effect.void : Scope.close(scope, exit)))) as Effect.Effect<Tree, unknown>;
  const tree = await promised(Context.empty(), starting, signal);
  if (keepAlive) tree.keepAlive();
  tree.stopAt(signal);
  return tree;
};

class Tree implements Launched<any> {
  readonly supervisor: SupervisorRef;
  readonly ended: Promise<ExitReason.ExitReason>;
  private readonly cell: WatchedCell;
  private readonly context: Context.Context<never>;
  private readonly scope: Scope.Closeable;
  private readonly feeds = new Set<EventFeed>();
  private closing: Promise<void> | undefined;

  constructor(cell: WatchedCell, context: Context.Context<never>, scope: Scope.Closeable) {
    this.cell = cell;
    this.supervisor = refOf(cell);
    this.context = context;
    this.scope = scope;
    this.ended = this.end();
  }

  private async end(): Promise<ExitReason.ExitReason> {
    const reason = await promised(this.context, this.cell.end);
    for (const feed of this.feeds) feed.close();
    await this.quietly(this.stop());
    return reason;
  }

  /** Nobody waits for it: a finalizer that fails is logged. */
  private async quietly(closing: Promise<void>): Promise<void> {
    try {
      await closing;
    } catch (error) {
      await promised(this.context, Effect.logError(`the end of ${this.id} failed`, Cause.die(error)));
    }
  }

  /** A promise that nobody settles does not keep a process alive, a timer does. */
  keepAlive(): void {
    const timer = setInterval(() => {}, 2 ** 31 - 1);
    void this.ended.then(() => clearInterval(timer));
  }

  stopAt(signal: AbortSignal | undefined): void {
    if (signal === undefined) return;
    const stop = (): void => void this.quietly(this.stop());
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop, { once: true });
    void this.ended.then(() => signal.removeEventListener("abort", stop));
  }

  get id(): string {
    return this.cell.id;
  }

  get path(): ReadonlyArray<string> {
    return this.cell.path;
  }

  get alive(): boolean {
    return this.cell.alive;
  }

  actor<Rpcs extends Rpc.Any>(actor: ChildSpec<Rpcs, any> | ActorRef<Rpcs>): LaunchedActor<Rpcs> {
    return new Promised("call" in actor ? actor : this.supervisor.ref(actor), this.context);
  }

  async startChild<Rpcs extends Rpc.Any>(spec: ChildSpec<Rpcs, any>): Promise<LaunchedActor<Rpcs>> {
    return this.actor(await this.run(this.supervisor.startChild(spec as ChildSpec<Rpcs, never>)));
  }

  async restartChild(id: string): Promise<LaunchedActor<any>> {
    return this.actor(await this.run(this.supervisor.restartChild(id)));
  }

  terminateChild(id: string, options?: { readonly hold?: boolean }): Promise<void> {
    return this.run(this.supervisor.terminateChild(id, options));
  }

  deleteChild(id: string): Promise<void> {
    return this.run(this.supervisor.deleteChild(id));
  }

  whichChildren(): Promise<ReadonlyArray<ChildInfo>> {
    return this.run(this.supervisor.whichChildren);
  }

  countChildren(): Promise<ChildCounts> {
    return this.run(this.supervisor.countChildren);
  }

  run<A, E>(effect: Effect.Effect<A, E, any>, options?: { readonly signal?: AbortSignal }): Promise<A> {
    return promised(this.context, effect as Effect.Effect<A, E>, options?.signal);
  }

  events(): EventFeed {
    const feed = new EventFeed(this.cell.system, this.id);
    if (this.cell.alive) this.feeds.add(feed);
    else feed.close();
    return feed;
  }

  stop(): Promise<void> {
    return (this.closing ??= promised(this.context, Scope.close(this.scope, Exit.void)));
  }

  async kill(): Promise<void> {
    await this.run(this.supervisor.kill);
    await this.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

class Promised<Rpcs extends Rpc.Any> implements LaunchedActor<Rpcs> {
  readonly ref: ActorRef<Rpcs>;
  private readonly context: Context.Context<never>;

  constructor(ref: ActorRef<Rpcs>, context: Context.Context<never>) {
    this.ref = ref;
    this.context = context;
  }

  get alive(): boolean {
    return this.ref.alive;
  }

  cast(tag: any, ...payload: any): void {
    (this.ref as ActorRef<any>).cast(tag, ...(payload as [any?]));
  }

  send(tag: any, ...payload: any): Promise<void> {
    return promised(this.context, (this.ref as ActorRef<any>).send(tag, ...(payload as [any?])));
  }

  call(tag: any, ...rest: any): Promise<any> {
    const [payload, options] = rest as [unknown, (CallOptions & { readonly signal?: AbortSignal })?];
    return promised<any, unknown, never>(this.context, (this.ref as ActorRef<any>).call(tag, payload, options), options?.signal);
  }

  awaitExit(): Promise<ExitReason.ExitReason> {
    return promised(this.context, awaitExit(this.ref as unknown as ActorRef<never>));
  }
}
