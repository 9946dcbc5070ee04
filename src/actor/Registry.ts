/**
 * Registries: actors found by a key, as Elixir's `Registry`.
 *
 * When to use: for actors that come and go and have a name in the problem (a session, an order, a room). Children that are always there are
 * found through their spec with `supervisor.ref(spec)`; for sending to many at once see `Group`.
 *
 * A registry is a value of this process. What an incarnation registered is gone when that incarnation has ended, before its supervisor or a
 * monitor hears of the end, so a successor that registers in its `init` always finds its name free.
 *
 * Keys are compared as a `Map` compares them: objects by identity. A compound key is best made a string.
 */
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import * as Semaphore from "effect/Semaphore";
import type * as Scope from "effect/Scope";
import type * as Rpc from "effect/rpc/Rpc";
import { ActorDown, type ActorRef } from "./ActorRef.ts";
import * as ExitReason from "./ExitReason.ts";
import { Announcer } from "./internal/announcer.ts";
import { Members } from "./internal/members.ts";

/**
 * Another incarnation, or this one, holds the key already; `ref` is its actor.
 *
 * @example
 * ```ts run
 * import { Actor, Registry } from "hsu"
 * import { Effect } from "effect"
 * import { RpcGroup } from "effect/rpc"
 *
 * const rooms = Registry.make<string>({ keys: "unique" })
 * const Room = Actor.make({
 *   name: "room",
 *   protocol: RpcGroup.make(),
 *   init: (name: string, context) => Effect.as(rooms.register(context.self, name), name),
 *   handlers: {}
 * })
 * const program = Effect.gen(function*() {
 *   yield* Actor.spawn(Room, "lobby", { id: "first" })
 *   return yield* Effect.flip(Actor.spawn(Room, "lobby", { id: "second" }))
 * })
 * const error = await Effect.runPromise(Effect.scoped(program))
 *
 * error.message // => "second did not start: lobby is registered to first"
 * ```
 * @since 0.1.0
 */
export class AlreadyRegistered<out Key = unknown, Rpcs extends Rpc.Any = never> extends Data.TaggedError("AlreadyRegistered")<{
  readonly key: unknown;
  readonly ref: ActorRef<never>;
}> {
  readonly code = "HSU-REG-001";
  declare readonly key: Key;
  declare readonly ref: ActorRef<Rpcs>;
  override get message(): string {
    return `${String(this.key)} is registered to ${this.ref.path.join("/")}`;
  }
}

/**
 * The actor has no incarnation just now, so nothing could hold the key.
 *
 * @example
 * ```ts run
 * import { Actor, Registry } from "hsu"
 * import { Effect } from "effect"
 * import { RpcGroup } from "effect/rpc"
 *
 * const rooms = Registry.make<string>({ keys: "unique" })
 * const Room = Actor.make({ name: "room", protocol: RpcGroup.make(), init: () => 0, handlers: {} })
 * const program = Effect.gen(function*() {
 *   const room = yield* Actor.spawn(Room, undefined)
 *   yield* Actor.stop(room)
 *   return yield* Effect.flip(rooms.register(room, "lobby"))
 * })
 * const error = await Effect.runPromise(Effect.scoped(program))
 *
 * error.message // => "room is down and cannot hold lobby"
 * ```
 * @since 0.1.0
 */
export class HolderDown extends Data.TaggedError("HolderDown")<{ readonly key: unknown; readonly path: ReadonlyArray<string> }> {
  readonly code = "HSU-REG-002";
  override get message(): string {
    return `${this.path.join("/")} is down and cannot hold ${String(this.key)}`;
  }
}

/** What is registered. It never changes: after an `updateValue` there is another one. @since 0.1.0 */
export interface Entry<out Key, out Value, Rpcs extends Rpc.Any = never> {
  readonly key: Key;
  readonly ref: ActorRef<Rpcs>;
  readonly value: Value;
}

/** What a listener is told. An incarnation that ends is one `Unregistered` for each of its entries. @since 0.1.0 */
export type Change<Key, Value, Rpcs extends Rpc.Any = never> = Entry<Key, Value, Rpcs> & { readonly _tag: "Registered" | "Unregistered" };

/** The value argument, left out where the registry has no values. */
type ValueArgument<Value> = [Value] extends [void] ? readonly [value?: undefined] : readonly [value: Value];

/** What registries with unique and with duplicate keys have in common. `RegisterError` is what `register` can fail with. @since 0.1.0 */
export interface Registry<Key, Value, Rpcs extends Rpc.Any, RegisterError> {
  /**
   * Registers the actor's incarnation of now under `key`; in a handler or in `init` that is `context.self`.
   * Nothing happens before the effect runs. An `init` that returns it fails with its error.
   */
  register(ref: ActorRef<Rpcs>, key: Key, ...value: ValueArgument<Value>): Effect.Effect<void, RegisterError>;
  /** `register` at once, for an `init` or a handler that is not an effect. Throws what `register` fails with. */
  registerUnsafe(ref: ActorRef<Rpcs>, key: Key, ...value: ValueArgument<Value>): void;
  /** Takes back the actor's entries under `key`, or those whose value is `where`; returns how many these were. */
  unregister(ref: ActorRef<Rpcs>, key: Key, where?: (value: Value) => boolean): number;
  /** The entries of a key, the oldest first. */
  lookup(key: Key): ReadonlyArray<Entry<Key, Value, Rpcs>>;
  /** Those entries of a key whose value is `where`. */
  match(key: Key, where: (value: Value) => boolean): ReadonlyArray<Entry<Key, Value, Rpcs>>;
  /** Those entries of all keys that are `where`. Looks at each. */
  select(where: (entry: Entry<Key, Value, Rpcs>) => boolean): ReadonlyArray<Entry<Key, Value, Rpcs>>;
  /** How many entries there are, or how many are `where`. */
  count(where?: (entry: Entry<Key, Value, Rpcs>) => boolean): number;
  /** The keys of an actor, one an entry. */
  keys(ref: ActorRef<Rpcs>): ReadonlyArray<Key>;
  /** The values of an actor under `key`, the oldest first. */
  values(ref: ActorRef<Rpcs>, key: Key): ReadonlyArray<Value>;
  /** Calls `send` once with all entries of `key`, if there are any, in the caller's turn; what it throws is the caller's. */
  dispatch(key: Key, send: (entries: ReadonlyArray<Entry<Key, Value, Rpcs>>) => void): void;
  /**
   * Runs effects of the same lock key one after the other, in the order in which they came; those of others do not wait. Ends and is given on
   * when the effect ends in any way, also with the actor that runs it. A lock key need not be registered. An effect that takes its own lock
   * again waits for ever.
   */
  lock<A, E, R>(lockKey: unknown, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R>;
  /** What was kept beside the entries under this name; undefined when nothing was. */
  meta(name: string): unknown;
  /** Keeps something beside the entries, until it is replaced; `undefined` takes it away. */
  putMeta(name: string, value: unknown): void;
  /**
   * Calls `listener` with each change from now on, until the scope closes. It runs where the change is made, also in the loop of the actors: it
   * must be short. An actor listens by casting to itself. What it throws is logged.
   */
  subscribe(listener: (change: Change<Key, Value, Rpcs>) => void): Effect.Effect<void, never, Scope.Scope>;
}

/** A registry in which a key has one holder at most. @since 0.1.0 */
export interface Unique<Key, Value, Rpcs extends Rpc.Any = never> extends Registry<
  Key,
  Value,
  Rpcs,
  AlreadyRegistered<Key, Rpcs> | HolderDown
> {
  /** The holder of a key; undefined when there is none. */
  whereis(key: Key): ActorRef<Rpcs> | undefined;
  /**
   * Replaces the value that the actor has under `key`. Returns undefined, and does not call `update`, when the actor does not hold the key.
   * Listeners are not told.
   */
  updateValue(
    ref: ActorRef<Rpcs>,
    key: Key,
    update: (value: Value) => Value,
  ): { readonly value: Value; readonly previous: Value } | undefined;
  /**
   * Sends to whoever holds the key at that moment, for a name whose actor is replaced by another one. Without a holder a cast goes nowhere and
   * a call fails with `ActorDown`, its reason being `NoProc`.
   */
  via(key: Key): Pick<ActorRef<Rpcs>, "cast" | "call">;
}

/** A registry in which a key has any number of entries, also several of one actor. @since 0.1.0 */
export interface Duplicate<Key, Value, Rpcs extends Rpc.Any = never> extends Registry<Key, Value, Rpcs, HolderDown> {}

/** @since 0.1.0 */
export interface Options<Key, Value, Rpcs extends Rpc.Any = never> {
  /** Listeners for as long as the registry exists; see `subscribe`. Default: none. */
  readonly listeners?: ReadonlyArray<(change: Change<Key, Value, Rpcs>) => void>;
}

class Lock {
  readonly semaphore = Semaphore.makeUnsafe(1);
  /** Who has it or waits for it. */
  users = 0;
}

const noTopic = undefined;

class RegistryImpl<Key, Value> implements Unique<Key, Value, any> {
  private readonly unique: boolean;
  private readonly members: Members<Key, Value>;
  private readonly announcer = new Announcer<typeof noTopic, Change<Key, Value, any>>();
  private readonly locks = new Map<unknown, Lock>();
  private readonly metadata = new Map<string, unknown>();

  constructor(unique: boolean, listeners: ReadonlyArray<(change: Change<Key, Value, any>) => void>) {
    this.unique = unique;
    this.members = new Members((added, entry) =>
      this.announcer.announce(noTopic, entry.ref, () => ({ _tag: added ? "Registered" : "Unregistered", ...entry })),
    );
    for (const listener of listeners) this.announcer.subscribe(noTopic, listener);
  }

  register(ref: ActorRef<any>, key: Key, ...[value]: ValueArgument<Value>): Effect.Effect<void, AlreadyRegistered<Key, any> | HolderDown> {
    return Effect.suspend(() => {
      const refusal = this.tryRegister(ref, key, value as Value);
      return refusal === null ? Effect.void : Effect.fail(refusal);
    });
  }

  registerUnsafe(ref: ActorRef<any>, key: Key, ...[value]: ValueArgument<Value>): void {
    const refusal = this.tryRegister(ref, key, value as Value);
    if (refusal !== null) throw refusal;
  }

  private tryRegister(ref: ActorRef<any>, key: Key, value: Value): AlreadyRegistered<Key, any> | HolderDown | null {
    const holder = this.unique ? this.whereis(key) : undefined;
    if (holder !== undefined) return new AlreadyRegistered<Key, any>({ key, ref: holder });
    return this.members.add(ref, key, value) ? null : new HolderDown({ key, path: ref.path });
  }

  unregister(ref: ActorRef<any>, key: Key, where: (value: Value) => boolean = () => true): number {
    const entries = this.members.of(ref, key).filter(({ value }) => where(value));
    return entries.filter((entry) => this.members.remove(entry)).length;
  }

  whereis(key: Key): ActorRef<any> | undefined {
    return this.members.byKey.first(key)?.ref;
  }

  lookup(key: Key): ReadonlyArray<Entry<Key, Value, any>> {
    return this.members.byKey.get(key);
  }

  match(key: Key, where: (value: Value) => boolean): ReadonlyArray<Entry<Key, Value, any>> {
    return this.lookup(key).filter(({ value }) => where(value));
  }

  select(where: (entry: Entry<Key, Value, any>) => boolean): ReadonlyArray<Entry<Key, Value, any>> {
    return [...this.members.byKey].filter(where);
  }

  count(where?: (entry: Entry<Key, Value, any>) => boolean): number {
    return where === undefined ? this.members.size : this.select(where).length;
  }

  keys(ref: ActorRef<any>): ReadonlyArray<Key> {
    return this.members.all(ref).map(({ key }) => key);
  }

  values(ref: ActorRef<any>, key: Key): ReadonlyArray<Value> {
    return this.members.of(ref, key).map(({ value }) => value);
  }

  updateValue(ref: ActorRef<any>, key: Key, update: (value: Value) => Value) {
    const entry = this.members.of(ref, key)[0];
    if (entry === undefined) return undefined;
    const value = update(entry.value);
    return this.members.replace(entry, value) ? { value, previous: entry.value } : undefined;
  }

  dispatch(key: Key, send: (entries: ReadonlyArray<Entry<Key, Value, any>>) => void): void {
    const entries = this.lookup(key);
    if (entries.length > 0) send(entries);
  }

  via(key: Key): Pick<ActorRef<any>, "cast" | "call"> {
    return {
      cast: (tag, ...payload) => this.whereis(key)?.cast(tag, ...payload),
      call: (tag, ...payload) =>
        Effect.suspend(() => {
          const nobody = () => Effect.fail(new ActorDown({ path: [String(key)], reason: ExitReason.noProc }));
          return this.whereis(key)?.call(tag, ...payload) ?? nobody();
        }),
    };
  }

  lock<A, E, R>(lockKey: unknown, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    const enter = Effect.sync(() => {
      const lock = this.locks.get(lockKey) ?? new Lock();
      this.locks.set(lockKey, lock);
      lock.users++;
      return lock;
    });
    // The last one out takes the lock away, so that keys which are gone leave nothing behind.
    const leave = (lock: Lock) => Effect.sync(() => --lock.users === 0 && this.locks.delete(lockKey));
    return Effect.acquireUseRelease(enter, (lock) => lock.semaphore.withPermit(effect), leave);
  }

  meta(name: string): unknown {
    return this.metadata.get(name);
  }

  putMeta(name: string, value: unknown): void {
    if (value === undefined) this.metadata.delete(name);
    else this.metadata.set(name, value);
  }

  subscribe(listener: (change: Change<Key, Value, any>) => void): Effect.Effect<void, never, Scope.Scope> {
    return this.announcer.scoped(noTopic, listener, () => {});
  }
}

/**
 * Makes a registry. `Rpcs` is the protocol that its actors have in common: what `whereis` finds can be sent these messages.
 *
 * @example
 * ```ts run
 * import { Actor, Registry } from "hsu"
 * import { Effect, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const protocol = RpcGroup.make(
 *   Rpc.make("Add", { payload: { n: Schema.Number } }),
 *   Rpc.make("Total", { success: Schema.Number })
 * )
 * const carts = Registry.make<string, void, RpcGroup.Rpcs<typeof protocol>>({ keys: "unique" })
 *
 * const Cart = Actor.make({
 *   name: "cart",
 *   protocol,
 *   init: (customer: string, context) => Effect.as(carts.register(context.self, customer), 0),
 *   handlers: {
 *     Add: (total, { n }) => total + n,
 *     Total: (total) => Actor.reply(total, total)
 *   }
 * })
 *
 * const program = Effect.scoped(Effect.gen(function*() {
 *   yield* Actor.spawn(Cart, "ada")
 *   carts.whereis("ada")?.cast("Add", { n: 42 })
 *   return yield* carts.via("ada").call("Total")
 * }))
 *
 * await Effect.runPromise(program) // => 42
 * carts.count() // => 0
 * ```
 *
 * @example
 * ```ts run
 * import { Actor, Registry } from "hsu"
 * import { Effect, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const protocol = RpcGroup.make(
 *   Rpc.make("Heard", { payload: { text: Schema.String } }),
 *   Rpc.make("All", { success: Schema.Array(Schema.String) })
 * )
 * const topics = Registry.make<string, { readonly loud: boolean }, RpcGroup.Rpcs<typeof protocol>>({ keys: "duplicate" })
 *
 * const Listener = Actor.make({
 *   name: "listener",
 *   protocol,
 *   init: (loud: boolean, context): ReadonlyArray<string> => {
 *     topics.registerUnsafe(context.self, "news", { loud })
 *     return []
 *   },
 *   handlers: {
 *     Heard: (heard, { text }) => [...heard, text],
 *     All: (heard) => Actor.reply(heard, heard)
 *   }
 * })
 *
 * const program = Effect.scoped(Effect.gen(function*() {
 *   const quiet = yield* Actor.spawn(Listener, false)
 *   const loud = yield* Actor.spawn(Listener, true)
 *   topics.dispatch("news", (entries) => {
 *     for (const { ref, value } of entries) ref.cast("Heard", { text: value.loud ? "HELLO" : "hello" })
 *   })
 *   return [yield* quiet.call("All"), yield* loud.call("All")]
 * }))
 *
 * await Effect.runPromise(program) // => [["hello"], ["HELLO"]]
 * ```
 * @since 0.1.0
 */
export const make: {
  <Key, Value = void, Rpcs extends Rpc.Any = never>(
    options: Options<Key, Value, Rpcs> & { readonly keys: "unique" },
  ): Unique<Key, Value, Rpcs>;
  <Key, Value = void, Rpcs extends Rpc.Any = never>(
    options: Options<Key, Value, Rpcs> & { readonly keys: "duplicate" },
  ): Duplicate<Key, Value, Rpcs>;
} = <Key, Value>(options: Options<Key, Value, any> & { readonly keys: "unique" | "duplicate" }): any =>
  new RegistryImpl<Key, Value>(options.keys === "unique", options.listeners ?? []);
