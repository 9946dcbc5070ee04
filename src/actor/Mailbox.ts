/**
 * How many messages may wait for an actor, and what becomes of one too many.
 */

/**
 * What a full mailbox does.
 *
 * - `suspend`: `send` and `call` wait until there is room. A `cast`, which cannot wait, is dropped.
 * - `fail`: `send` and `call` fail with `MailboxFull`. A `cast` is dropped.
 * - `drop_newest`: the new message is dropped; a `call` fails with `MailboxFull`.
 * - `drop_oldest`: the message that has waited longest is dropped to make room; if it was a call, that call fails with `MailboxFull`.
 *
 * Each message that was dropped is counted: see {@link MailboxInfo}.
 *
 * @since 0.1.0
 */
export type Overflow = "suspend" | "fail" | "drop_newest" | "drop_oldest";

/**
 * A bounded mailbox. It bounds messages only: signals, stops and news from monitors always arrive.
 *
 * @since 0.1.0
 */
export interface Mailbox {
  /** Messages that may wait; at least 1. */
  readonly capacity: number;
  readonly overflow: Overflow;
}

/** A mailbox as it is now. @since 0.1.0 */
export interface MailboxInfo {
  /** Messages that wait. */
  readonly depth: number;
  /** Null: it has no bound. */
  readonly capacity: number | null;
  /** Senders and callers that wait for room. */
  readonly waiting: number;
  /** Messages that were dropped since the actor was made, over all its incarnations. */
  readonly dropped: number;
}
