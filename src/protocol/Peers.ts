/**
 * Other masters, as a master tells of them, and what can go wrong with them.
 */
import * as Schema from "effect/Schema";

const quote = JSON.stringify;

/** Another master whose units are to be seen here. Paths of PEM files are absolute. */
export const PeerSpec = Schema.Struct({
  name: Schema.String,
  address: Schema.String,
  ca: Schema.optionalKey(Schema.String),
  cert: Schema.optionalKey(Schema.String),
  key: Schema.optionalKey(Schema.String),
  token: Schema.optionalKey(Schema.String),
  /** Where the token is, which is read with each connection. */
  tokenFile: Schema.optionalKey(Schema.String),
  heartbeatMillis: Schema.optionalKey(Schema.Number),
});
export type PeerSpec = typeof PeerSpec.Type;

export const PeerStatus = Schema.Struct({
  name: Schema.String,
  address: Schema.String,
  /** `connecting` until the first try has come to its end. */
  state: Schema.Literals(["connecting", "up", "down"]),
  /** Of a peer that is down: why. */
  reason: Schema.NullOr(Schema.String),
  code: Schema.NullOr(Schema.String),
  /** It has been in this state since: Unix milliseconds. */
  since: Schema.Number,
  /** Of a peer that is up: its version, and what we may there. */
  version: Schema.NullOr(Schema.String),
  role: Schema.NullOr(Schema.String),
  group: Schema.NullOr(Schema.String),
  /** Whether the config names it, and not `hsu peer add`. */
  configured: Schema.Boolean,
});
export type PeerStatus = typeof PeerStatus.Type;

/** There is no connection to the master that the unit is of. Nothing was sent to it. */
export class PeerDown extends Schema.TaggedError<PeerDown>()("PeerDown", { peer: Schema.String, why: Schema.String }) {
  readonly code = "HSU-PEER-001";
  override get message(): string {
    return `the master ${quote(this.peer)} is not connected: ${this.why}`;
  }
  get hint(): string {
    return "it is tried again by itself; `hsu peer list` tells how it is";
  }
}

/** The connection ended while a command was under way, and did not come back in time. */
export class OutcomeUnknown extends Schema.TaggedError<OutcomeUnknown>()("OutcomeUnknown", { peer: Schema.String, why: Schema.String }) {
  readonly code = "HSU-PEER-005";
  override get message(): string {
    return `the master ${quote(this.peer)} may have carried it out, or not: ${this.why}`;
  }
  get hint(): string {
    return "look at the unit before you command it again, when `hsu peer list` shows the master as up";
  }
}

export class PeerNameTaken extends Schema.TaggedError<PeerNameTaken>()("PeerNameTaken", { name: Schema.String }) {
  readonly code = "HSU-PEER-002";
  override get message(): string {
    return `there is a peer ${quote(this.name)} already`;
  }
  get hint(): string {
    return `take another name, or remove that one: hsu peer remove ${this.name}`;
  }
}

export class PeerNotFound extends Schema.TaggedError<PeerNotFound>()("PeerNotFound", { name: Schema.String }) {
  readonly code = "HSU-PEER-003";
  override get message(): string {
    return `there is no peer ${quote(this.name)}`;
  }
  get hint(): string {
    return "`hsu peer list` lists them";
  }
}

/** Peers cannot be had, kept or removed. */
export class PeersUnusable extends Schema.TaggedError<PeersUnusable>()("PeersUnusable", { reason: Schema.String, hint: Schema.String }) {
  readonly code = "HSU-PEER-004";
  override get message(): string {
    return `peers cannot be changed: ${this.reason}`;
  }
}
