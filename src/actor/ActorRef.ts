/**
 * The address of an actor, and what can go wrong when one is called.
 */
import * as Data from "effect/Data";
import type * as Effect from "effect/Effect";
import type * as Rpc from "effect/rpc/Rpc";
import { format, type ExitReason } from "./ExitReason.ts";
import type { MailboxInfo } from "./Mailbox.ts";

const name = (path: ReadonlyArray<string>): string => path.join("/");

/**
 * The call's deadline ran out. A reply that comes later is dropped; whether the message was handled is not known.
 *
 * @example
 * ```ts run
 * import { Actor } from "hsu"
 * import { Effect, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Slow = Actor.make({
 *   name: "slow",
 *   protocol: RpcGroup.make(Rpc.make("Work", { success: Schema.String })),
 *   init: () => 0,
 *   handlers: { Work: () => Effect.never }
 * })
 * const program = Effect.gen(function*() {
 *   const slow = yield* Actor.spawn(Slow, undefined)
 *   return yield* slow.call("Work", undefined, { timeout: 10 })
 * }).pipe(Effect.catchTag("CallTimeout", (error) => Effect.succeed(error.message)))
 * await Effect.runPromise(Effect.scoped(program)) // => "slow did not answer Work in time"
 * ```
 * @since 0.1.0
 */
export class CallTimeout extends Data.TaggedError("CallTimeout")<{ readonly path: ReadonlyArray<string>; readonly tag: string }> {
  readonly code = "HSU-ACT-001";
  override get message(): string {
    return `${name(this.path)} did not answer ${this.tag} in time`;
  }
}

/**
 * The actor ended before it replied, or had ended already (`reason` is then `NoProc`).
 *
 * @example
 * ```ts run
 * import { Actor } from "hsu"
 * import { Effect, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Greeter = Actor.make({
 *   name: "greeter",
 *   protocol: RpcGroup.make(Rpc.make("Greet", { success: Schema.String })),
 *   init: () => 0,
 *   handlers: { Greet: (n) => Actor.reply(n, "hello") }
 * })
 * const program = Effect.gen(function*() {
 *   const greeter = yield* Actor.spawn(Greeter, undefined)
 *   yield* Actor.stop(greeter)
 *   return yield* greeter.call("Greet")
 * }).pipe(Effect.catchTag("ActorDown", (error) => Effect.succeed([error.message, error.reason._tag])))
 * await Effect.runPromise(Effect.scoped(program)) // => ["greeter is down: no such actor", "NoProc"]
 * ```
 * @since 0.1.0
 */
export class ActorDown extends Data.TaggedError("ActorDown")<{ readonly path: ReadonlyArray<string>; readonly reason: ExitReason }> {
  readonly code = "HSU-ACT-002";
  override get message(): string {
    return `${name(this.path)} is down: ${format(this.reason)}`;
  }
}

/**
 * An actor called itself, which could never be answered.
 *
 * @example
 * ```ts run
 * import { Actor } from "hsu"
 * import { Effect, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Loop = Actor.make({
 *   name: "loop",
 *   protocol: RpcGroup.make(Rpc.make("Size", { success: Schema.Number }), Rpc.make("Report", { success: Schema.String })),
 *   init: () => 3,
 *   handlers: {
 *     Size: (size) => Actor.reply(size, size),
 *     Report: (size, _, context) =>
 *       context.self.call("Size").pipe(
 *         Effect.map((n) => Actor.reply(size, `${n}`)),
 *         Effect.catch((error) => Effect.succeed(Actor.reply(size, error.message)))
 *       )
 *   }
 * })
 * const program = Effect.flatMap(Actor.spawn(Loop, undefined), (loop) => loop.call("Report"))
 * await Effect.runPromise(Effect.scoped(program)) // => "loop called itself with Size"
 * ```
 * @since 0.1.0
 */
export class CallingSelf extends Data.TaggedError("CallingSelf")<{ readonly path: ReadonlyArray<string>; readonly tag: string }> {
  readonly code = "HSU-ACT-003";
  override get message(): string {
    return `${name(this.path)} called itself with ${this.tag}`;
  }
}

/**
 * The message is not in the actor's protocol: a defect of the caller, which the types rule out.
 *
 * @example
 * ```ts run
 * import { Actor } from "hsu"
 * import { Cause, Effect, Exit } from "effect"
 * import { RpcGroup } from "effect/rpc"
 *
 * const Mute = Actor.make({ name: "mute", protocol: RpcGroup.make(), init: () => 0, handlers: {} })
 * const program = Effect.gen(function*() {
 *   const mute = yield* Actor.spawn(Mute, undefined)
 *   const exit = yield* Effect.exit(mute.call("Sing" as never))
 *   return Exit.isFailure(exit) ? String(Cause.squash(exit.cause)) : ""
 * })
 * await Effect.runPromise(Effect.scoped(program)) // => UnknownMessage: mute has no message "Sing" in its protocol
 * ```
 * @since 0.1.0
 */
export class UnknownMessage extends Data.TaggedError("UnknownMessage")<{ readonly path: ReadonlyArray<string>; readonly tag: string }> {
  readonly code = "HSU-ACT-004";
  override get message(): string {
    return `${name(this.path)} has no message ${JSON.stringify(this.tag)} in its protocol`;
  }
}

/**
 * The mailbox is full, and by its policy does not wait; or the message was dropped to make room for another.
 *
 * @example
 * ```ts run
 * import { Actor } from "hsu"
 * import { Effect } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Printer = Actor.make({
 *   name: "printer",
 *   protocol: RpcGroup.make(Rpc.make("Print")),
 *   mailbox: { capacity: 2, overflow: "fail" },
 *   init: () => 0,
 *   handlers: { Print: () => Effect.never }
 * })
 * const program = Effect.gen(function*() {
 *   const printer = yield* Actor.spawn(Printer, undefined)
 *   for (;;) yield* printer.send("Print")
 * }).pipe(Effect.catchTag("MailboxFull", (error) => Effect.succeed(error.message)))
 * await Effect.runPromise(Effect.scoped(program)) // => "the mailbox of printer is full (2): Print was not taken"
 * ```
 * @since 0.1.0
 */
export class MailboxFull extends Data.TaggedError("MailboxFull")<{
  readonly path: ReadonlyArray<string>;
  readonly tag: string;
  readonly capacity: number;
}> {
  readonly code = "HSU-ACT-007";
  override get message(): string {
    return `the mailbox of ${name(this.path)} is full (${this.capacity}): ${this.tag} was not taken`;
  }
}

/**
 * A message to an actor in another thread, or its reply, could not be copied there: it is not what the protocol says, or holds something that cannot
 * be copied. An actor of the same thread gets its messages as they are, and never fails so.
 *
 * @example
 * ```ts run
 * import { NotEncodable } from "hsu"
 *
 * const error = new NotEncodable({ path: ["app", "images", "resizer"], tag: "Resize", part: "payload", cause: new Error("not a number") })
 * error.message // => "app/images/resizer: the payload of Resize cannot be sent: Error: not a number"
 * ```
 * @since 0.1.0
 */
export class NotEncodable extends Data.TaggedError("NotEncodable")<{
  readonly path: ReadonlyArray<string>;
  readonly tag: string;
  readonly part: "payload" | "reply";
  readonly cause: unknown;
}> {
  readonly code = "HSU-WRK-001";
  override get message(): string {
    return `${name(this.path)}: the ${this.part} of ${this.tag} cannot be sent: ${String(this.cause)}`;
  }
}

/** What a call can fail with beside the errors that its protocol declares. @since 0.1.0 */
export type CallError = CallTimeout | ActorDown | CallingSelf | MailboxFull | NotEncodable;

/** @since 0.1.0 */
export interface CallOptions {
  /** Milliseconds until the call fails with `CallTimeout`. Default: 5000. */
  readonly timeout?: number | "infinity";
}

/** The definition with this tag in a protocol. @since 0.1.0 */
export type Message<Rpcs extends Rpc.Any, Tag extends Rpc.Tag<Rpcs>> = Rpc.ExtractTag<Rpcs, Tag>;

/** The payload argument, left out where the protocol has none. @since 0.1.0 */
export type PayloadArgument<R extends Rpc.Any> = [Rpc.Payload<R>] extends [void]
  ? readonly [payload?: undefined]
  : readonly [payload: Rpc.Payload<R>];

/**
 * The address of an actor. It names the actor, not one incarnation: it stays good over restarts, and messages that come
 * while the actor is being restarted wait in its mailbox.
 *
 * @since 0.1.0
 */
export interface ActorRef<Rpcs extends Rpc.Any> {
  /** For types only: an actor that takes more messages can stand in for one that takes fewer, and for no other. */
  readonly "~hsu/accepts"?: (message: Rpcs) => void;
  readonly id: string;
  /** Ids from the root of the tree to this actor. */
  readonly path: ReadonlyArray<string>;
  /** Which incarnation it is in; 1 after the first start. */
  readonly incarnation: number;
  /** Whether an incarnation exists just now. */
  readonly alive: boolean;
  /** How full its mailbox is. */
  readonly mailbox: MailboxInfo;
  /**
   * Sends a message and expects no answer. It never blocks; to an actor that has ended it goes nowhere, as in Erlang, and so it does when a bounded
   * mailbox is full (it is counted there): where that must not be, use `send`.
   */
  cast<const Tag extends Rpc.Tag<Rpcs>>(tag: Tag, ...payload: PayloadArgument<Message<Rpcs, Tag>>): void;
  /** Sends a message and waits until it is in the mailbox, as its policy says; not until it is handled. At once where there is no bound. */
  send<const Tag extends Rpc.Tag<Rpcs>>(
    tag: Tag,
    ...payload: PayloadArgument<Message<Rpcs, Tag>>
  ): Effect.Effect<void, MailboxFull | ActorDown | NotEncodable>;
  /**
   * Sends a message and waits for its reply, at most 5 s unless `timeout` says otherwise.
   * Fails at once when the actor ends before it replies, and when an actor calls itself.
   */
  call<const Tag extends Rpc.Tag<Rpcs>>(
    tag: Tag,
    ...payload: [...PayloadArgument<Message<Rpcs, Tag>>, options?: CallOptions]
  ): Effect.Effect<Rpc.Success<Message<Rpcs, Tag>>, Rpc.Error<Message<Rpcs, Tag>> | CallError>;
}
