/**
 * Actors of other processes: exported under a name there, and addressed here by a ref like any other.
 *
 * When to use: between processes and machines. On a thread of this process a `WorkerSupervisor` costs less and supervises as well.
 * Gotchas: a message is handled at most once. What is sent while there is no connection is lost, and a call fails at once; a call whose connection is
 * lost under way may have been handled. Links, stops and kills do not cross.
 */
import type * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import type { RpcGroup, Rpcs } from "effect/rpc/RpcGroup";
import type { ActorRef } from "./ActorRef.ts";
import { ActorCell } from "./internal/actorCell.ts";
import { Guest, type Shelf } from "./internal/guest.ts";
import { RemoteNode } from "./internal/remoteNode.ts";

export { RemoteMismatch } from "./internal/remoteNode.ts";
export { InOrder, longestText } from "./internal/textTransport.ts";

interface Export {
  readonly cell: ActorCell;
  readonly groups: ReadonlyArray<string>;
}

/**
 * The actors of this process that others may talk to, by name.
 *
 * @example
 * ```ts run
 * import { Actor, Remote } from "hsu"
 * import { Effect, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Stock = Actor.make({
 *   name: "stock",
 *   protocol: RpcGroup.make(Rpc.make("Left", { success: Schema.Number })),
 *   init: () => 7,
 *   handlers: { Left: (left) => Actor.reply(left, left) }
 * })
 * const program = Effect.gen(function*() {
 *   const exports = new Remote.Exports()
 *   exports.add("stock", yield* Actor.spawn(Stock, undefined))
 *   return exports.names
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => ["stock"]
 * ```
 * @since 0.1.0
 */
export class Exports {
  private known = new Map<string, Export>();
  private watchers = new Set<(name: string) => void>();
  private group: string | null = null;

  get names(): ReadonlyArray<string> {
    return [...this.known.keys()];
  }

  /** Until what it gives back is called. `groups`: who may see one of these groups alone may talk to it as well. */
  add(name: string, ref: ActorRef<any>, groups: ReadonlyArray<string> = []): () => void {
    if (!(ref instanceof ActorCell)) throw new TypeError(`${JSON.stringify(name)} cannot be exported: it is no actor of this process`);
    if (this.known.has(name)) throw new TypeError(`there is an export ${JSON.stringify(name)} already`);
    const entry: Export = { cell: ref, groups };
    this.known.set(name, entry);
    this.tell(name);
    return () => {
      if (this.known.get(name) !== entry) return;
      this.known.delete(name);
      this.tell(name);
    };
  }

  /** What who may see this group alone may talk to. */
  within(group: string): Exports {
    const part = new Exports();
    part.known = this.known;
    part.watchers = this.watchers;
    part.group = group;
    return part;
  }

  private tell(name: string): void {
    for (const watcher of this.watchers) watcher(name);
  }

  /** @internal */
  find(name: string): unknown {
    const found = this.known.get(name);
    return found === undefined || (this.group !== null && !found.groups.includes(this.group)) ? undefined : found.cell;
  }

  /** @internal */
  watch(changed: (name: string) => void): () => void {
    this.watchers.add(changed);
    return () => void this.watchers.delete(changed);
  }
}

/** A client that is served: what has come from it is heard, in order. @internal */
export interface Served {
  readonly hear: (text: string) => void;
  readonly close: () => void;
}

/** Serves one client: `write` takes what is to go to it, `end` is asked to end the connection, for what it says. @internal */
export const serve = (exports: Exports, write: (text: string) => void, end: (error: unknown) => void): Served => {
  const guest = new Guest(exports as Shelf, write, end);
  return { hear: (text) => guest.hear(text), close: () => guest.close() };
};

/** Another process, as it is seen from here. @since 0.1.0 */
export interface Node {
  readonly name: string;
  /** `connecting` until the first try has come to its end. */
  readonly state: "connecting" | "up" | "down";
  /** @internal */
  readonly "~hsu/node": RemoteNode;
}

/**
 * The address of an actor that another process exports under this name. It is good for as long as the node is known, over all connections to it:
 * `cast`, `call`, `send` and monitors work as with any other ref.
 *
 * @example
 * ```ts run
 * import { Actor, Remote } from "hsu"
 * import { connect, launch } from "hsu/master"
 * import { Effect, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 * import { mkdtempSync } from "node:fs"
 * import { tmpdir } from "node:os"
 * import { join } from "node:path"
 *
 * const Stock = Actor.make({
 *   name: "stock",
 *   protocol: RpcGroup.make(Rpc.make("Left", { success: Schema.Number })),
 *   init: () => 7,
 *   handlers: { Left: (left) => Actor.reply(left, left) }
 * })
 * const socket = join(mkdtempSync(join(tmpdir(), "hsu-")), "hsu.sock")
 *
 * // In one process, or on one machine:
 * const shop = await launch({ yaml: "managed_processes: []" }, { socket })
 * shop.export("stock", await shop.run(Actor.spawn(Stock, undefined)))
 *
 * // In another:
 * const program = Effect.gen(function*() {
 *   const node = yield* connect({ name: "shop", socket })
 *   return yield* Remote.ref(node, "stock", Stock.protocol).call("Left", undefined, { timeout: 2000 })
 * })
 * const left = await Effect.runPromise(Effect.scoped(program))
 * await shop.stop()
 * left // => 7
 * ```
 * @since 0.1.0
 */
export const ref = <Protocol extends RpcGroup<any>>(node: Node, name: string, protocol: Protocol): ActorRef<Rpcs<Protocol>> =>
  node["~hsu/node"].ref(name, protocol) as unknown as ActorRef<Rpcs<Protocol>>;

/** A process that has no connection yet: messages to it wait for the first try. @internal */
export const node = (name: string): Effect.Effect<Node> =>
  Effect.contextWith((context: Context.Context<never>) =>
    Effect.sync(() => {
      const remote = new RemoteNode(name, context);
      return {
        name,
        get state() {
          return remote.state;
        },
        "~hsu/node": remote,
      };
    }),
  );
