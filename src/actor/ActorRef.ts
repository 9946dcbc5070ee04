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

/** What a call can fail with beside the errors that its protocol declares. @since 0.1.0 */
export type CallError = CallTimeout | ActorDown | CallingSelf | MailboxFull;

/** @since 0.1.0 */
export interface CallOptions {
  /** Milliseconds until the call fails with `CallTimeout`. Default: 5000. */
  readonly timeout?: number | "infinity";
}

/** The definition with this tag in a protocol. */
type Message<Rpcs extends Rpc.Any, Tag extends Rpc.Tag<Rpcs>> = Rpc.ExtractTag<Rpcs, Tag>;

/** The payload argument, left out where the protocol has none. */
type PayloadArgument<R extends Rpc.Any> = [Rpc.Payload<R>] extends [void]
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
  ): Effect.Effect<void, MailboxFull | ActorDown>;
  /**
   * Sends a message and waits for its reply, at most 5 s unless `timeout` says otherwise.
   * Fails at once when the actor ends before it replies, and when an actor calls itself.
   */
  call<const Tag extends Rpc.Tag<Rpcs>>(
    tag: Tag,
    ...payload: [...PayloadArgument<Message<Rpcs, Tag>>, options?: CallOptions]
  ): Effect.Effect<Rpc.Success<Message<Rpcs, Tag>>, Rpc.Error<Message<Rpcs, Tag>> | CallError>;
}
