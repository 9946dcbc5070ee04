/**
 * Sockets that are held for a process and handed to it as it starts (socket activation): they outlive it, so that nobody is refused in between.
 */
import type * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import type { ProcessIdentity } from "./Process.ts";

/** Where a socket listens. `host` is an IP address; `::` takes IPv4 as well. A `path` that begins with `@` is an abstract name. */
export type SocketAddress =
  | { readonly _tag: "Tcp"; readonly host: string; readonly port: number }
  | { readonly _tag: "Unix"; readonly path: string; readonly mode: number };

export interface SocketSpec {
  readonly address: SocketAddress;
  /** What it is called in `LISTEN_FDNAMES`. */
  readonly name: string;
  /** Connections that may wait to be accepted; the system has a limit of its own. */
  readonly backlog: number;
  /** Several units of this process have it together, and take connections from it as they come. */
  readonly shared?: true;
}

/** As people write it. */
export const formatAddress = (address: SocketAddress): string => {
  if (address._tag === "Unix") return address.path;
  return address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
};

const reasons = {
  InUse: { says: "it is in use", hint: "end who listens there, or choose another address; it is tried again as the restart policy says" },
  NotPermitted: {
    says: "that is not permitted",
    hint: "ports below 1024 need root or CAP_NET_BIND_SERVICE; a path needs a folder that may be written",
  },
  NotHere: { says: "this machine has no such address", hint: "`ip addr` shows those that it has; 0.0.0.0 and [::] are all of them" },
  StillHeld: { says: "the process that listens there cannot be asked for the socket", hint: "it is made anew when that process ends" },
  Other: { says: "the system refuses it", hint: "the system's own error is in the message" },
} as const;

/** A socket cannot be made, or not be had from who holds it. */
export class NotListening extends Schema.TaggedError<NotListening>()("NotListening", {
  address: Schema.String,
  reason: Schema.Literals(["InUse", "NotPermitted", "NotHere", "StillHeld", "Other"]),
  /** The system's own error, or who has it. */
  detail: Schema.String,
}) {
  readonly code = "HSU-UNIT-024";
  override get message(): string {
    return `cannot listen on ${this.address}: ${reasons[this.reason].says} (${this.detail})`;
  }
  get hint(): string {
    return reasons[this.reason].hint;
  }
}

/** Connections that are being passed on. */
export interface Passing {
  /** Takes nobody more; who has been passed on stays. */
  readonly stop: () => void;
  /** Whether whoever was passed on has been accepted: whom a process has not accepted when it closes its socket is lost. */
  readonly isSettled: () => boolean;
}

/** The sockets of one unit, open until they are closed. */
export interface HeldSockets {
  readonly names: ReadonlyArray<string>;
  /** Ready to be inherited: blocking, as a program expects a socket that it has not made itself. */
  readonly handOver: () => ReadonlyArray<number>;
  /**
   * Calls once, when a connection waits that nobody has accepted; at once where one does. It is left waiting. The result takes that back. To be asked
   * only while nobody else has them.
   */
  readonly onConnection: (callback: () => void) => () => void;
  /**
   * Passes connections on to a port of 127.0.0.1, from when somebody listens there; until then they wait. `notice`: what people should know.
   */
  readonly forward: (port: number, notice: (message: string) => void) => Passing;
  /** Whether a connection waits just now. */
  readonly isAwaited: () => boolean;
  /** Connections that are open or wait to be accepted. */
  readonly connections: () => number;
  /** Those who wait are refused; a path is removed. */
  readonly close: () => void;
}

/**
 * Has these sockets: those that this process has inherited, else those that `holder` has, which goes on having them, else new ones. All or none.
 */
export type HoldSockets = (sockets: ReadonlyArray<SocketSpec>, holder: ProcessIdentity | null) => Effect.Effect<HeldSockets, NotListening>;
