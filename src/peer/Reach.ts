/**
 * What can be done through a door: all of `Control`, each of it refused where it has to be, and other masters.
 */
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import type { Control } from "../master/Control.ts";
import type { MasterEvent } from "../protocol/MasterRpc.ts";
import { type PeerNameTaken, PeerNotFound, type PeerSpec, type PeerStatus, PeersUnusable } from "../protocol/Peers.ts";
import type { AddressNotUsable, Refusal } from "../protocol/RemoteErrors.ts";

type Refusable<T> =
  T extends Effect.Effect<infer A, infer E, infer R>
    ? Effect.Effect<A, E | Refusal, R>
    : T extends Stream.Stream<infer A, infer E, infer R>
      ? Stream.Stream<A, E | Refusal, R>
      : T extends (...args: infer Args) => infer Out
        ? (...args: Args) => Refusable<Out>
        : T;

/** Other masters that are seen through this one. */
export interface Peers {
  readonly peers: Effect.Effect<ReadonlyArray<PeerStatus>>;
  /** Keeps it, and tells how the first try to reach it went. */
  readonly addPeer: (peer: PeerSpec) => Effect.Effect<PeerStatus, PeerNameTaken | PeersUnusable | AddressNotUsable>;
  readonly removePeer: (name: string) => Effect.Effect<void, PeerNotFound | PeersUnusable>;
}

export type Own = Control["Service"] & Peers;
export type Reach = { readonly [K in keyof Own]: Refusable<Own[K]> };

/** Below this name is what other masters have told: it is passed on to none. */
export const above = "peers";

const isOwn = ({ path }: MasterEvent): boolean => path[0] !== above || path.length <= 2;

/** A master without others: what it tells of itself to one of them. */
export const alone = (control: Control["Service"]): Own => ({
  ...control,
  events: (options) => Stream.filter(control.events(options), isOwn),
  peers: Effect.succeed([]),
  addPeer: () => Effect.fail(new PeersUnusable({ reason: "this master can have none", hint: "add it to a master that `hsu up` runs" })),
  removePeer: (name) => Effect.fail(new PeerNotFound({ name })),
});
