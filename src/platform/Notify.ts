/**
 * Sockets that processes tell their state to (`sd_notify`): one datagram socket a unit, so that each sender is known by where it sends to.
 */
import type * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import type * as Scope from "effect/Scope";
import type { ProcessIdentity } from "./Process.ts";

/** Who has sent a datagram, as the system says. */
export interface Sender {
  readonly pid: number;
  readonly uid: number;
  /** Whether it is of this process group, or carries this entry in its environment; null when it has ended. */
  readonly isOf: (group: number, entry: string) => boolean | null;
}

/** No such socket can be made here. */
export class NotifyUnavailable extends Schema.TaggedError<NotifyUnavailable>()("NotifyUnavailable", {
  path: Schema.String,
  reason: Schema.String,
}) {
  readonly code = "HSU-UNIT-023";
  override get message(): string {
    return `no notification socket at ${JSON.stringify(this.path)}: ${this.reason}`;
  }
  get hint(): string {
    return "`start: process` needs none";
  }
}

export interface NotifySocket {
  /** What it is called in `NOTIFY_SOCKET`. */
  readonly name: string;
  /** What its process is to have open as well, so that it outlives this program; null where a later one could not have it from there. */
  readonly keeper: number | null;
  /** Takes what has arrived and was not heard of yet. */
  readonly drain: () => void;
}

/** A process of an earlier master that may have the socket. */
export interface NotifyHolder {
  readonly identity: ProcessIdentity;
  /** An entry of the environment of all that it has started. */
  readonly mark: string;
}

/**
 * Opens the socket at a path: the one that this process has inherited, else the one that `holder` has, else a new one, which replaces what is there.
 * Closed and removed with the scope.
 */
export type OpenNotifySocket = (
  path: string,
  received: (text: string, sender: Sender) => void,
  holder?: NotifyHolder,
) => Effect.Effect<NotifySocket, NotifyUnavailable, Scope.Scope>;
