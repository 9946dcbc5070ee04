/**
 * A tree that runs in this process, as promises and async iterables.
 */
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Scope from "effect/Scope";
import * as Stream from "effect/Stream";
import type { Remote } from "../actor/index.ts";
import type { Listener, MountOptions } from "../api/HttpMount.ts";
import { Control } from "../master/index.ts";
import type { LogLine, LogRequest, MasterEvent, MasterStatus, TreeNode, UnitDescription, UnitStatus } from "../protocol/MasterRpc.ts";

/** Which events: those from number `since` on, by default all that are kept, and with `follow` (the default) those to come. @since 0.1.0 */
export interface EventOptions {
  readonly since?: number;
  readonly follow?: boolean;
}

/** Which lines of a unit: see `hsu logs`. @since 0.1.0 */
export type LogOptions = Partial<Omit<LogRequest, "unit">>;

/** One unit of the tree. Each promise is rejected with the typed error that the operation has. @since 0.1.0 */
export interface UnitHandle {
  readonly id: string;
  status(): Promise<UnitStatus>;
  describe(): Promise<UnitDescription>;
  start(): Promise<UnitStatus>;
  stop(): Promise<UnitStatus>;
  restart(): Promise<UnitStatus>;
  reload(): Promise<UnitStatus>;
  resetFailed(): Promise<UnitStatus>;
  signal(signal: NodeJS.Signals): Promise<void>;
  logs(options?: LogOptions): AsyncIterable<LogLine>;
}

/**
 * A tree that {@link launch} has started. `await using` it, or call `stop`: both wait until all that it had started has ended.
 *
 * @since 0.1.0
 */
export interface Tree extends AsyncDisposable {
  /** Each operation, as Effects. */
  readonly control: Control["Service"];
  /** Where its doors are. */
  readonly ports: { readonly rpc?: number; readonly http?: number };
  status(): Promise<MasterStatus>;
  tree(): Promise<TreeNode>;
  /** One of its units; it need not be there yet. */
  unit(id: string): UnitHandle;
  events(options?: EventOptions): AsyncIterable<MasterEvent>;
  /** The HTTP API as a listener for a server of the host; it answers 503 when the tree has ended. */
  handler(options?: MountOptions): Promise<Listener>;
  /** Lets other processes talk to an actor, until what it gives back is called. */
  export(name: string, ref: Parameters<Remote.Exports["add"]>[1]): () => void;
  /** Another master, which the config of this one names as a peer: `Remote.ref` gives the addresses of its actors. */
  peer(name: string): Remote.Node;
  /** Runs an Effect with the tree's services and in its scope: an actor that it spawns lives as long as the tree. */
  run<A, E>(effect: Effect.Effect<A, E, Control | Scope.Scope>): Promise<A>;
  /** Stops all units in order, and waits. */
  stop(): Promise<void>;
  /** When it has ended, by whomever. */
  readonly ended: Promise<void>;
}

/** What an error of a tree is, without the wrapping that a runtime puts around it. */
const unwrapped = <A, E>(exit: Exit.Exit<A, E>): A => {
  if (Exit.isSuccess(exit)) return exit.value;
  throw Cause.squash(exit.cause);
};

/** The items of a stream, which is ended with the loop that reads them. */
const iterable = <A, E>(stream: Stream.Stream<A, E>): AsyncIterable<A> => Stream.toAsyncIterable(stream);

/** Those to come as well; what there is when the tree has ended is said before the end. */
const untilEnd = (control: Control["Service"], since: number) =>
  Stream.suspend(() => {
    let next = since;
    const live = Stream.interruptWhen(control.events({ follow: true, since }), control.terminated);
    const seen = Stream.map(live, (event) => {
      next = event.seq + 1;
      return event;
    });
    return Stream.concat(
      seen,
      Stream.suspend(() => control.events({ follow: false, since: next })),
    );
  });

export interface Parts {
  readonly control: Control["Service"];
  readonly scope: Scope.Closeable;
  readonly ports: Tree["ports"];
  readonly mount: (options: MountOptions) => Effect.Effect<Listener, never, Control | Scope.Scope>;
  readonly peer: (name: string) => Remote.Node | undefined;
  /** Takes away what is left when the scope has been closed. */
  readonly clean: () => void;
}

export const make = ({ clean, control, mount, peer, ports, scope }: Parts): Tree => {
  const run = <A, E>(effect: Effect.Effect<A, E, Control | Scope.Scope>): Promise<A> =>
    Effect.runPromiseExit(Effect.provideService(Effect.provideService(effect, Control, control), Scope.Scope, scope)).then(unwrapped);
  let ending: Promise<void> | undefined;
  const stop = (): Promise<void> => (ending ??= Effect.runPromise(Scope.close(scope, Exit.void)).finally(clean));
  // Whoever ends it over a door has ended it: what is left then is its scope.
  const ended = Effect.runPromise(control.terminated).then(stop);
  const unit = (id: string): UnitHandle => ({
    id,
    status: () => run(Effect.map(control.describe(id), ({ status }) => status)),
    describe: () => run(control.describe(id)),
    start: () => run(control.start(id)),
    stop: () => run(control.stop(id)),
    restart: () => run(control.restart(id)),
    reload: () => run(control.reload(id)),
    resetFailed: () => run(control.resetFailed(id)),
    signal: (signal) => run(control.signal(id, signal)),
    logs: (options) => iterable(control.logs({ follow: false, lines: null, ...options, unit: id })),
  });
  return {
    control,
    ports,
    status: () => run(control.status),
    tree: () => run(control.tree),
    unit,
    events: ({ follow = true, since = 0 } = {}) => iterable(follow ? untilEnd(control, since) : control.events({ follow, since })),
    handler: (options = {}) => run(mount(options)),
    export: (name, ref) => control.exports.add(name, ref),
    peer: (name) => {
      const found = peer(name);
      if (found === undefined) throw new TypeError(`there is no peer ${JSON.stringify(name)}`);
      return found;
    },
    run,
    stop,
    ended,
    [Symbol.asyncDispose]: stop,
  };
};
