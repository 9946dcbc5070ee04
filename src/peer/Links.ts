/**
 * The connections to other masters: each is a child of a supervisor of its own, with a backoff, and a breaker behind that.
 */
import * as Clock from "effect/Clock";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import * as Stream from "effect/Stream";
import { readFileSync } from "node:fs";
import { Remote, Supervisor, Task } from "../actor/index.ts";
import type { Within } from "../master/index.ts";
import type { PeerSpec, PeerStatus } from "../protocol/Peers.ts";
import { AddressNotUsable, type NotConnected } from "../protocol/RemoteErrors.ts";
import { carry } from "./Carry.ts";
import { dial, type Dialed } from "./Dial.ts";
import { backoff, breaker, type NodeDown, watched } from "./Lasting.ts";
import { above } from "./Reach.ts";

export interface Peer {
  readonly spec: PeerSpec;
  readonly configured: boolean;
  /** Its actors, as they are spoken to from here. */
  readonly node: Remote.Node;
  /** There while it is up. */
  client: Dialed | null;
  state: PeerStatus["state"];
  failure: { readonly code: string; readonly message: string } | null;
  since: number;
  /** The start of the other master that was seen last, and its last event that has been told here. */
  seen: { readonly incarnation: string; seq: number } | null;
  /** Done by the next change of its state. */
  changed: Deferred.Deferred<void>;
}

export interface Links {
  readonly all: ReadonlyMap<string, Peer>;
  readonly add: (spec: PeerSpec, configured: boolean) => Effect.Effect<Peer>;
  readonly remove: (name: string) => Effect.Effect<void>;
}

export const statusOf = ({ client, configured, failure, since, spec, state }: Peer): PeerStatus => ({
  name: spec.name,
  address: spec.address,
  state,
  reason: failure?.message ?? null,
  code: failure?.code ?? null,
  since,
  version: client?.welcome.version ?? null,
  role: client?.welcome.role ?? null,
  group: client?.welcome.group ?? null,
  configured,
});

const tokenOf = ({ address, token, tokenFile }: PeerSpec): Effect.Effect<string | undefined, AddressNotUsable> =>
  tokenFile === undefined
    ? Effect.succeed(token)
    : Effect.try({
        try: () => readFileSync(tokenFile, "utf8").trim(),
        catch: (error) => new AddressNotUsable({ address, why: error instanceof Error ? error.message : String(error) }),
      });

/** A session with actors that has ended, while the connection has not, is tried again after so long. */
const againMillis = 5_000;

const carried = ({ node }: Peer, dialed: Dialed): Effect.Effect<never> =>
  Effect.suspend(() => {
    const remote = node["~hsu/node"];
    const { protocol } = dialed.welcome;
    const why = protocol < 2 ? Effect.succeed(`it speaks protocol ${protocol}, in which there are no actors`) : carry(node, dialed);
    return Effect.flatMap(why, (reason) => Effect.sync(() => remote.disconnect(reason))).pipe(
      Effect.andThen(protocol < 2 ? Effect.never : Effect.sleep(againMillis)),
      Effect.forever,
    );
  });

export const make = Effect.fnUntraced(function* (within: Within, version: string): Effect.fn.Return<Links> {
  const { publish, root } = within;
  const all = new Map<string, Peer>();
  const clock = yield* Clock.Clock;
  const supervisor = Supervisor.of(
    yield* Effect.orDie(root.startChild(Supervisor.child({ id: above, intensity: "infinity", children: [] }))),
  );

  const enter = (peer: Peer, state: Peer["state"], failure: Peer["failure"]): void => {
    const { changed, spec } = peer;
    const isNew = peer.state !== state;
    peer.failure = failure;
    if (!isNew) return;
    peer.state = state;
    peer.since = clock.currentTimeMillisUnsafe();
    peer.changed = Deferred.makeUnsafe();
    Deferred.doneUnsafe(changed, Effect.void);
    const { client } = peer;
    if (client === null) publish([above, spec.name], "peer_down", failure?.message ?? "it has ended");
    else publish([above, spec.name], "peer_up", `connected to ${spec.address}, hsu ${client.welcome.version}, as ${client.welcome.role}`);
  };

  /** What happens there happened here too, below the peer's name. Of a start of it that was seen before, from where we were. */
  const follow = (peer: Peer, { call, welcome: { incarnation } }: Dialed) => {
    const since = peer.seen === null ? Number.MAX_SAFE_INTEGER : peer.seen.incarnation === incarnation ? peer.seen.seq + 1 : 0;
    const seen = { incarnation, seq: peer.seen?.incarnation === incarnation ? peer.seen.seq : 0 };
    peer.seen = seen;
    return Stream.runForEach(call.Events({ follow: true, since }), ({ message, path, seq, type }) =>
      Effect.sync(() => {
        seen.seq = seq;
        publish([above, peer.spec.name, ...path], type, message);
      }),
    );
  };

  /** Up while it runs; fails with why it could not be, or is not any more. */
  const link = (peer: Peer): Effect.Effect<never, NodeDown | NotConnected, Scope.Scope> =>
    Effect.gen(function* () {
      const { heartbeatMillis, token: _token, tokenFile: _tokenFile, name, ...spec } = peer.spec;
      const { heartbeat, lasts, silent } = watched(name, heartbeatMillis);
      const token = yield* tokenOf(peer.spec);
      const dialed = yield* dial({ ...spec, token, version, master: true, heartbeat, silent });
      yield* Effect.addFinalizer(() => Effect.sync(() => void (peer.client = null)));
      peer.client = dialed;
      enter(peer, "up", null);
      return yield* Effect.raceAllFirst([
        lasts(dialed),
        Effect.andThen(
          Effect.catch(follow(peer, dialed), () => Effect.never),
          Effect.never,
        ),
        carried(peer, dialed),
      ]);
    }).pipe(
      Effect.tapError((error) =>
        Effect.sync(() => {
          peer.client = null;
          peer.node["~hsu/node"].disconnect(error.message);
          enter(peer, "down", error);
        }),
      ),
    );

  return {
    all,
    add: Effect.fnUntraced(function* (spec, configured) {
      const { name } = spec;
      const since = clock.currentTimeMillisUnsafe();
      const peer: Peer = {
        spec,
        configured,
        node: yield* Remote.node(name),
        client: null,
        state: "connecting",
        failure: null,
        since,
        seen: null,
        changed: Deferred.makeUnsafe(),
      };
      all.set(name, peer);
      const child = Task.child(link(peer), { id: "link", restart: "permanent", backoff, shutdown: 1000 });
      yield* Effect.orDie(supervisor.startChild(Supervisor.child({ id: name, ...breaker, children: [child] })));
      return peer;
    }),
    remove: (name) =>
      Effect.andThen(supervisor.terminateChild(name, { hold: true }), supervisor.deleteChild(name)).pipe(
        Effect.ignore,
        Effect.ensuring(
          Effect.sync(() => {
            all.get(name)?.node["~hsu/node"].disconnect("it is no peer any more");
            all.delete(name);
          }),
        ),
      ),
  };
});
