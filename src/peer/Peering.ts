/**
 * A master that may have others: what there is only with others is loaded with the first of them.
 */
import * as Effect from "effect/Effect";
import * as Semaphore from "effect/Semaphore";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Remote } from "../actor/index.ts";
import type { Control, Within } from "../master/index.ts";
import { alone, type Reach } from "./Reach.ts";
import type { Routed } from "./Routed.ts";
import type { PeerSpec } from "../protocol/Peers.ts";

export interface Options {
  readonly control: Control["Service"];
  readonly within: Within;
  readonly stateDirectory: string;
  readonly version: string;
  /** Those of the config. */
  readonly peers: ReadonlyArray<PeerSpec>;
}

export interface Peering {
  /** What can be reached just now. */
  readonly reach: () => Reach;
  /** Connects to the masters that are known. Not from within what the root is just starting: it has to be free. */
  readonly begin: Effect.Effect<void>;
  /** The actors of one of them. */
  readonly node: (name: string) => Remote.Node | undefined;
}

export const make = (options: Options): Peering => {
  const { control, peers, stateDirectory } = options;
  const file = join(stateDirectory, "peers.json");
  const lock = Semaphore.makeUnsafe(1);
  let routed: Routed | undefined;
  const open = lock.withPermit(
    Effect.suspend(() =>
      routed !== undefined
        ? Effect.succeed(routed.reach)
        : Effect.flatMap(
            Effect.promise(() => import("./Routed.ts")),
            (parts) => Effect.map(parts.make({ ...options, file }), (made) => (routed = made).reach),
          ),
    ),
  );
  const own: Reach = {
    ...alone(control),
    events: control.events,
    addPeer: (peer) => Effect.flatMap(open, (reach) => reach.addPeer(peer)),
  };
  return {
    reach: () => routed?.reach ?? own,
    node: (name) => routed?.node(name),
    begin: Effect.suspend(() => (peers.length > 0 || existsSync(file) ? Effect.asVoid(open) : Effect.void)),
  };
};
