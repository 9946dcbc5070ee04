/**
 * Groups: actors that are sent to together, as Erlang's `pg`.
 *
 * When to use: to tell something to all who care, without the sender knowing them. To find one actor by a name see `Registry`.
 *
 * A group is a value of this process. A membership ends with the incarnation that joined, before its supervisor or a monitor hears of that
 * end; an actor that joins in its `init` is in again after a restart.
 */
import type * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type * as Rpc from "effect/rpc/Rpc";
import type { RpcGroup } from "effect/rpc/RpcGroup";
import type { ActorRef } from "./ActorRef.ts";
import { Announcer } from "./internal/announcer.ts";
import { Members } from "./internal/members.ts";

/** What a listener is told. An incarnation that ends is one `Left` for each time that it had joined. @since 0.1.0 */
export interface Change<Rpcs extends Rpc.Any, out Name = string> {
  readonly _tag: "Joined" | "Left";
  readonly group: Name;
  readonly ref: ActorRef<Rpcs>;
}

/** A group of actors that understand the messages of `Rpcs`. @since 0.1.0 */
export interface Group<Rpcs extends Rpc.Any, out Name = string> {
  readonly name: Name;
  /**
   * Makes the actor's incarnation of now a member; in a handler or in `init` that is `context.self`. An actor may join several times and is then
   * a member as often. False when the actor has ended: it has left at once.
   */
  join(ref: ActorRef<Rpcs>): boolean;
  /** Takes back one join, the latest. False when the actor is not a member. */
  leave(ref: ActorRef<Rpcs>): boolean;
  /** In the order in which they joined; who joined several times is there as often. */
  members(): ReadonlyArray<ActorRef<Rpcs>>;
  /** Those members that run in this process. So far that is all of them. */
  localMembers(): ReadonlyArray<ActorRef<Rpcs>>;
  /** Casts to each member, once for each time that it joined. All in one go: it takes as long as there are members. */
  readonly broadcast: ActorRef<Rpcs>["cast"];
  /**
   * Calls `listener` with each change from now on, until the scope closes, and succeeds with the members of now: nothing is missed in between.
   * The listener runs where the change is made, also in the loop of the actors: it must be short. What it throws is logged.
   */
  subscribe(listener: (change: Change<Rpcs, Name>) => void): Effect.Effect<ReadonlyArray<ActorRef<Rpcs>>, never, Scope.Scope>;
}

/** Groups by name: there is no need to create one, and one that everybody has left costs nothing. @since 0.1.0 */
export interface Groups<Rpcs extends Rpc.Any, in out Name = string> {
  /** The group of that name, with or without members. */
  group(name: Name): Group<Rpcs, Name>;
  /** The names of the groups that have a member. */
  names(): ReadonlyArray<Name>;
  /** {@link Group.subscribe} for all groups; succeeds with the members of each. */
  subscribe(
    listener: (change: Change<Rpcs, Name>) => void,
  ): Effect.Effect<ReadonlyMap<Name, ReadonlyArray<ActorRef<Rpcs>>>, never, Scope.Scope>;
}

/** @since 0.1.0 */
export interface Options<Rpcs extends Rpc.Any> {
  /** What the members have in common: each member's own protocol has at least these messages. */
  readonly protocol: RpcGroup<Rpcs>;
}

/** The topic of who listens to all groups; no name is equal to it. */
const everyGroup = Symbol("every group");

class GroupsImpl<Name> implements Groups<any, Name> {
  readonly members: Members<Name, undefined>;
  readonly announcer = new Announcer<Name | typeof everyGroup, Change<any, Name>>();

  constructor() {
    this.members = new Members((joined, { key, ref }) => {
      const change = (): Change<any, Name> => ({ _tag: joined ? "Joined" : "Left", group: key, ref });
      this.announcer.announce(key, ref, change);
      this.announcer.announce(everyGroup, ref, change);
    });
  }

  group(name: Name): Group<any, Name> {
    return new View(this, name);
  }

  names(): ReadonlyArray<Name> {
    return [...this.members.byKey.keys()];
  }

  refs(name: Name): ReadonlyArray<ActorRef<any>> {
    return this.members.byKey.get(name).map(({ ref }) => ref);
  }

  subscribe(listener: (change: Change<any, Name>) => void) {
    return this.announcer.scoped(everyGroup, listener, () => new Map(this.names().map((name) => [name, this.refs(name)])));
  }
}

/** One group of many: it keeps nothing itself, so it may be made anew each time. */
class View<Name> implements Group<any, Name> {
  private readonly groups: GroupsImpl<Name>;
  readonly name: Name;

  constructor(groups: GroupsImpl<Name>, name: Name) {
    this.groups = groups;
    this.name = name;
  }

  join(ref: ActorRef<any>): boolean {
    return this.groups.members.add(ref, this.name, undefined);
  }

  leave(ref: ActorRef<any>): boolean {
    const latest = this.groups.members.of(ref, this.name).at(-1);
    if (latest === undefined) return false;
    this.groups.members.remove(latest);
    return true;
  }

  members(): ReadonlyArray<ActorRef<any>> {
    return this.groups.refs(this.name);
  }

  localMembers(): ReadonlyArray<ActorRef<any>> {
    return this.members();
  }

  broadcast(...message: Parameters<ActorRef<any>["cast"]>): void {
    for (const member of this.members()) member.cast(...message);
  }

  subscribe(listener: (change: Change<any, Name>) => void) {
    return this.groups.announcer.scoped(this.name, listener, () => this.members());
  }
}

/**
 * Makes one group. Its name is for those who hear of its changes.
 *
 * @example
 * ```ts run
 * import { Actor, Group } from "hsu"
 * import { Effect, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const protocol = RpcGroup.make(
 *   Rpc.make("Deposit", { payload: { n: Schema.Number } }),
 *   Rpc.make("Balance", { success: Schema.Number })
 * )
 * const accounts = Group.make({ protocol })
 *
 * const Account = Actor.make({
 *   name: "account",
 *   protocol,
 *   init: (balance: number, context) => {
 *     accounts.join(context.self)
 *     return balance
 *   },
 *   handlers: {
 *     Deposit: (balance, { n }) => balance + n,
 *     Balance: (balance) => Actor.reply(balance, balance)
 *   }
 * })
 *
 * const program = Effect.scoped(Effect.gen(function*() {
 *   yield* Actor.spawn(Account, 10)
 *   yield* Actor.spawn(Account, 20)
 *   accounts.broadcast("Deposit", { n: 1 })
 *   return yield* Effect.forEach(accounts.members(), (account) => account.call("Balance"))
 * }))
 *
 * await Effect.runPromise(program) // => [11, 21]
 * accounts.members() // => []
 * ```
 * @since 0.1.0
 */
export const make = <Rpcs extends Rpc.Any>(options: Options<Rpcs> & { readonly name?: string }): Group<Rpcs> =>
  new GroupsImpl<string>().group(options.name ?? "");

/**
 * Makes groups that are told apart by a name, as a scope of `pg`. Names are compared as a `Map` compares its keys.
 *
 * @example
 * ```ts run
 * import { Actor, Group } from "hsu"
 * import { Effect, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const protocol = RpcGroup.make(
 *   Rpc.make("Said", { payload: { text: Schema.String } }),
 *   Rpc.make("Heard", { success: Schema.Array(Schema.String) })
 * )
 * const rooms = Group.scope({ protocol })
 *
 * const Guest = Actor.make({
 *   name: "guest",
 *   protocol,
 *   init: (room: string, context): ReadonlyArray<string> => {
 *     rooms.group(room).join(context.self)
 *     return []
 *   },
 *   handlers: {
 *     Said: (heard, { text }) => [...heard, text],
 *     Heard: (heard) => Actor.reply(heard, heard)
 *   }
 * })
 *
 * const program = Effect.scoped(Effect.gen(function*() {
 *   const ada = yield* Actor.spawn(Guest, "lobby")
 *   const bob = yield* Actor.spawn(Guest, "bar")
 *   rooms.group("lobby").broadcast("Said", { text: "hello" })
 *   return [yield* ada.call("Heard"), yield* bob.call("Heard")]
 * }))
 *
 * await Effect.runPromise(program) // => [["hello"], []]
 * rooms.names() // => []
 * ```
 * @since 0.1.0
 */
export const scope = <Rpcs extends Rpc.Any, Name = string>(_options: Options<Rpcs>): Groups<Rpcs, Name> => new GroupsImpl<Name>();
