/**
 * What can go wrong between a master and who talks to it over a network.
 */
import * as Schema from "effect/Schema";
import { AuditUnwritable } from "./Audit.ts";
import { OutcomeUnknown, PeerDown } from "./Peers.ts";

/** The master cannot be reached over the network where it should be. */
export class RpcNotOpened extends Schema.TaggedError<RpcNotOpened>()("RpcNotOpened", { place: Schema.String, reason: Schema.String }) {
  readonly code = "HSU-RPC-001";
  override get message(): string {
    return `the RPC door cannot be opened at ${this.place}: ${this.reason}`;
  }
  get hint(): string {
    return "end who has the port, or change `process_manager.rpc`";
  }
}

/** Two versions of hsu that have no protocol in common. */
export class VersionMismatch extends Schema.TaggedError<VersionMismatch>()("VersionMismatch", {
  /** `hsu 0.1.0 (protocol 1)` */
  client: Schema.String,
  server: Schema.String,
}) {
  readonly code = "HSU-RPC-002";
  override get message(): string {
    return `the master is ${this.server}, and who asks is ${this.client}: they have no protocol in common`;
  }
  get hint(): string {
    return "bring both to one version of hsu";
  }
}

/** Who asks has not said who he is, or is nobody that is known. */
export class Unauthorized extends Schema.TaggedError<Unauthorized>()("Unauthorized", { why: Schema.String }) {
  readonly code = "HSU-RPC-003";
  override get message(): string {
    return `the master does not know who asks: ${this.why}`;
  }
  get hint(): string {
    return "give a token of that master (`hsu token create` there), or a certificate that its `process_manager.rpc.clients` names";
  }
}

/** Who asks is known, and may not. */
export class Forbidden extends Schema.TaggedError<Forbidden>()("Forbidden", { why: Schema.String }) {
  readonly code = "HSU-RPC-004";
  override get message(): string {
    return `not allowed: ${this.why}`;
  }
  get hint(): string {
    return "come with a token or a certificate of a higher role, or for another group";
  }
}

/** One side does not take the certificate of the other. */
export class CertificateRefused extends Schema.TaggedError<CertificateRefused>()("CertificateRefused", {
  whose: Schema.Literals(["client", "master"]),
  why: Schema.String,
}) {
  readonly code = "HSU-RPC-005";
  override get message(): string {
    return this.whose === "client"
      ? `the master does not take the certificate that was shown to it: ${this.why}`
      : `the certificate of the master cannot be trusted: ${this.why}`;
  }
  get hint(): string {
    return this.whose === "client"
      ? "show one that has not expired, and that the CA of its `process_manager.rpc.tls` has signed: --cert, --key"
      : "name the CA that has signed it: --ca; its certificate has to be for the host in the address, and must not have expired";
  }
}

/** What came is no message, or a longer one than is taken. */
export class FrameRefused extends Schema.TaggedError<FrameRefused>()("FrameRefused", { why: Schema.String }) {
  readonly code = "HSU-RPC-006";
  override get message(): string {
    return `the connection is ended: ${this.why}`;
  }
  get hint(): string {
    return "what speaks here has to be hsu: docs/reference/peers.md says what goes over the wire";
  }
}

/** More connections, or more calls of one of them, than are served at a time. */
export class TooMany extends Schema.TaggedError<TooMany>()("TooMany", { what: Schema.String, most: Schema.Int }) {
  readonly code = "HSU-RPC-007";
  override get message(): string {
    return `the master serves ${this.most} ${this.what} at a time, and has them`;
  }
  get hint(): string {
    return "try again when others have gone";
  }
}

/** He asks more often than he may. */
export class TooOften extends Schema.TaggedError<TooOften>()("TooOften", { what: Schema.String, retryAfterMillis: Schema.Number }) {
  readonly code = "HSU-RPC-010";
  override get message(): string {
    return `${this.what}: not now, more are allowed in ${Math.ceil(this.retryAfterMillis)} ms`;
  }
  get hint(): string {
    return "ask less often, or have the master's `process_manager.limits` allow more";
  }
}

/** The answer takes longer than is waited for over a network. */
export class TooSlow extends Schema.TaggedError<TooSlow>()("TooSlow", { operation: Schema.String, millis: Schema.Number }) {
  readonly code = "HSU-RPC-011";
  override get message(): string {
    return `${this.operation} has not come to its end within ${this.millis} ms`;
  }
  get hint(): string {
    return "it may still do so: look before you ask for it again; `process_manager.limits.deadline` says how long is waited";
  }
}

/** Nobody answers at the address, or not as a master does. */
export class CannotReach extends Schema.TaggedError<CannotReach>()("CannotReach", { address: Schema.String, reason: Schema.String }) {
  readonly code = "HSU-RPC-008";
  override get message(): string {
    return `cannot reach the master at ${this.address}: ${this.reason}`;
  }
  get hint(): string {
    return "see that it runs, that its config has `process_manager.rpc`, and that the network lets you through";
  }
}

/** The address, or what is to be shown there, cannot be used. */
export class AddressNotUsable extends Schema.TaggedError<AddressNotUsable>()("AddressNotUsable", {
  address: Schema.String,
  why: Schema.String,
}) {
  readonly code = "HSU-RPC-009";
  override get message(): string {
    return `${JSON.stringify(this.address)} cannot be used: ${this.why}`;
  }
  get hint(): string {
    return "addresses look like tls://host:50057; tcp://127.0.0.1:50057 is for this machine alone";
  }
}

/** What a master says to who comes, before it lets him go. */
export const Refused = Schema.Union([VersionMismatch, Unauthorized, CertificateRefused, FrameRefused, TooMany, TooOften]);
export type Refused = typeof Refused.Type;

/** Why there is no connection to a master. */
export type NotConnected = Refused | CannotReach | AddressNotUsable;

/** What any call may be answered with. */
export const Refusal = Schema.Union([Forbidden, TooMany, TooOften, TooSlow, PeerDown, OutcomeUnknown, AuditUnwritable]);
export type Refusal = typeof Refusal.Type;
