/**
 * A master with others: what is said of `east/web` is said to the master `east`, and what is asked of all is asked of each.
 */
import { randomUUID } from "node:crypto";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as RpcClient from "effect/rpc/RpcClient";
import type { RpcClientError } from "effect/rpc/RpcClientError";
import * as Semaphore from "effect/Semaphore";
import * as Stream from "effect/Stream";
import type { Remote } from "../actor/index.ts";
import type { AuditUnwritable } from "../protocol/Audit.ts";
import { UnitNotFound } from "../protocol/Errors.ts";
import { NoSuchExec } from "../protocol/ExecRpc.ts";
import type { MasterStatus, TreeNode } from "../protocol/MasterRpc.ts";
import { OutcomeUnknown, PeerDown, PeerNameTaken, PeerNotFound, type PeerSpec, PeersUnusable } from "../protocol/Peers.ts";
import { commandId } from "../protocol/Rights.ts";
import type { Audit } from "../security/index.ts";
import { parseAddress } from "./Address.ts";
import type { Client } from "./Client.ts";
import type { Dialed } from "./Dial.ts";
import * as Links from "./Links.ts";
import { errorAs, named, split, statusAs, treeAs, withPeers } from "./Names.ts";
import * as PeerFile from "./PeerFile.ts";
import type { Options } from "./Peering.ts";
import { above, type Reach } from "./Reach.ts";

/** What one of several may take that are asked together: a master that hangs, and is not known to, holds nobody up for longer. */
const askMillis = 1_500;
/** How long a command that lost its connection waits for another one. */
const returnMillis = 5_000;

type Call = Client["call"];

const lost = { _tag: "Lost" } as const;
type Lost = typeof lost;

/** Its connection has ended; or the call has, because of that. */
const whileUp = <A, E, R>(
  peer: Links.Peer,
  call: Effect.Effect<A, E | RpcClientError, R>,
): Effect.Effect<A, Exclude<E, RpcClientError> | Lost, R> =>
  Effect.raceFirst(
    Effect.mapError(call, (error): Exclude<E, RpcClientError> | Lost =>
      isTransport(error) ? lost : (error as Exclude<E, RpcClientError>),
    ),
    Effect.andThen(Deferred.await(peer.changed), Effect.fail(lost)),
  );

const isTransport = (error: unknown): error is RpcClientError =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "RpcClientError";

const isLost = (error: unknown): error is Lost => error === lost;

const downOf = ({ failure, spec, state }: Links.Peer): PeerDown =>
  new PeerDown({
    peer: spec.name,
    why: failure?.message ?? (state === "connecting" ? "it is being connected" : "the connection has just ended"),
  });

const clientOf = (peer: Links.Peer): Effect.Effect<Dialed, PeerDown> =>
  Effect.suspend(() => (peer.client === null ? Effect.fail(downOf(peer)) : Effect.succeed(peer.client)));

/** Looks, at once or not at all. */
const ask = <A, E>(
  peer: Links.Peer,
  use: (call: Call) => Effect.Effect<A, E | RpcClientError>,
): Effect.Effect<A, Exclude<E, RpcClientError> | PeerDown> =>
  Effect.flatMap(clientOf(peer), ({ call }) =>
    Effect.mapError(whileUp(peer, use(call)), (error) => (isLost(error) ? downOf(peer) : errorAs(peer.spec.name, error))),
  );

/** The next connection, when this one has gone. */
const next = (peer: Links.Peer, before: Dialed): Effect.Effect<Dialed> =>
  Effect.suspend(() => {
    const { changed, client } = peer;
    return client !== null && client !== before
      ? Effect.succeed(client)
      : Effect.flatMap(Deferred.await(changed), () => next(peer, before));
  });

/**
 * Changes something, at most once: what loses its connection is sent again under its id, over the next one, to the same start of the same master,
 * which answers with the outcome of the first. Where that cannot be had, nobody pretends to know it.
 */
const command = <A, E>(
  peer: Links.Peer,
  use: (call: Call) => Effect.Effect<A, E | RpcClientError>,
): Effect.Effect<A, Exclude<E, RpcClientError> | PeerDown | OutcomeUnknown> =>
  Effect.gen(function* () {
    const { name } = peer.spec;
    const first = yield* clientOf(peer);
    const id = randomUUID();
    const send = ({ call }: Dialed) => whileUp(peer, RpcClient.withHeaders(use(call), { [commandId]: id }));
    const unknown = (why: string) => new OutcomeUnknown({ peer: name, why });
    const again = Effect.gen(function* () {
      const second = yield* Effect.timeoutOrElse(next(peer, first), {
        duration: returnMillis,
        orElse: () => Effect.fail(unknown(`the connection was lost, and is not back: ${downOf(peer).why}`)),
      });
      if (second.welcome.incarnation !== first.welcome.incarnation) return yield* unknown("it has been started anew since");
      return yield* Effect.mapError(send(second), (error) => (isLost(error) ? unknown("the connection was lost again") : error));
    });
    return yield* Effect.catchIf(send(first), isLost, () => again).pipe(Effect.mapError((error) => errorAs(name, error)));
  });

/** A stream from there ends with its connection, in an error. */
const streamed = <A, E>(
  peer: Links.Peer,
  use: (call: Call) => Stream.Stream<A, E | RpcClientError>,
): Stream.Stream<A, Exclude<E, RpcClientError> | PeerDown> =>
  Stream.unwrap(
    Effect.map(clientOf(peer), ({ call }) =>
      Stream.mapError(
        Stream.interruptWhen(
          use(call),
          Effect.flatMap(Deferred.await(peer.changed), () => Effect.fail(lost)),
        ),
        (error): Exclude<E, RpcClientError> | PeerDown =>
          isLost(error) || isTransport(error) ? downOf(peer) : errorAs(peer.spec.name, error as Exclude<E, RpcClientError>),
      ),
    ),
  );

const NAME = /^[A-Za-z0-9_-]{1,64}$/;

export interface Routed {
  readonly reach: Reach;
  readonly node: (name: string) => Remote.Node | undefined;
}

export const make = Effect.fnUntraced(function* (options: Options & { readonly file: string }): Effect.fn.Return<Routed> {
  const { control, file, peers: configured, within } = options;
  const links = yield* Links.make(within, options.version);
  const lock = Semaphore.makeUnsafe(1);
  const stored = yield* Effect.catch(PeerFile.read(file), ({ message }) =>
    Effect.sync((): ReadonlyArray<PeerSpec> => (within.publish([above], "failed", message), [])),
  );
  for (const spec of configured) yield* links.add(spec, true);
  for (const spec of stored) if (!links.all.has(spec.name)) yield* links.add(spec, false);

  /** The peer that a unit is of; undefined: it is of this master. */
  const at = (unit: string): Effect.Effect<{ readonly peer: Links.Peer; readonly unit: string } | undefined, UnitNotFound> =>
    Effect.suspend(() => {
      const parts = split(unit);
      if (parts === undefined) return Effect.succeed(undefined);
      const peer = links.all.get(parts.peer);
      return peer === undefined ? Effect.fail(new UnitNotFound({ unit, nearest: null })) : Effect.succeed({ peer, unit: parts.unit });
    });

  /** What is asked of others is written down here as well: there it is known who this master is, and not who has asked it. */
  const noted = <A, E, R>(act: Audit.Act, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | AuditUnwritable, R> =>
    control.audit === undefined ? effect : control.audit.around(act, effect);

  const notedStream = <A, E, R>(act: Audit.Act, stream: Stream.Stream<A, E, R>): Stream.Stream<A, E | AuditUnwritable, R> =>
    control.audit === undefined ? stream : control.audit.aroundStream(act, stream);

  const commanding =
    <A, E, RE>(
      operation: string,
      here: (unit: string) => Effect.Effect<A, E>,
      there: (call: Call, unit: string) => Effect.Effect<A, RE | RpcClientError>,
      as: (peer: string, answer: A) => A,
    ) =>
    (id: string) =>
      Effect.flatMap(at(id), (where): Effect.Effect<A, E | Exclude<RE, RpcClientError> | PeerDown | OutcomeUnknown | AuditUnwritable> =>
        where === undefined
          ? here(id)
          : noted(
              { operation, target: id, isEnd: operation === "Stop" },
              Effect.map(
                command(where.peer, (call) => there(call, where.unit)),
                (answer) => as(where.peer.spec.name, answer),
              ),
            ),
      );

  /** What each peer answers in time; null: it does not. */
  const answers = <A, E>(use: (call: Call) => Effect.Effect<A, E | RpcClientError>) =>
    Effect.suspend(() =>
      Effect.forEach(
        links.all.values(),
        (peer) =>
          Effect.map(Effect.option(Effect.timeout(ask(peer, use), askMillis)), (answer) => ({ peer, answer: Option.getOrNull(answer) })),
        { concurrency: "unbounded" },
      ),
    );

  const asked = Effect.map(
    answers((call) => call.Status(undefined)),
    (all) => all.map(({ answer, peer }) => ({ peer, units: answer?.units.map((unit) => statusAs(peer.spec.name, unit)) ?? null })),
  );

  const status = Effect.map(Effect.all([control.status, asked], { concurrency: 2 }), ([own, all]): MasterStatus => ({
    ...own,
    units: [...own.units, ...all.flatMap(({ units }) => units ?? [])],
    peers: all.map(({ peer, units }) => {
      const said = Links.statusOf(peer);
      return units === null && said.state === "up" ? { ...said, reason: "it does not answer in time" } : said;
    }),
  }));

  const nodes = Effect.map(
    answers((call) => call.Tree(undefined)),
    (all) =>
      all.map(({ answer, peer }): TreeNode => {
        const { name } = peer.spec;
        const children = answer === null ? [] : treeAs(name, answer).children;
        const state = peer.state === "up" ? "running" : peer.state === "down" ? "down" : "starting";
        return { id: name, kind: "supervisor", strategy: "one_for_one", state, pid: null, restarts: 0, children };
      }),
  );

  const reach: Reach = {
    ...control,
    status,
    tree: Effect.map(Effect.all([control.tree, nodes], { concurrency: 2 }), ([own, all]) => withPeers(own, all)),
    start: commanding("Start", control.start, (call, unit) => call.Start({ unit }), statusAs),
    stop: commanding("Stop", control.stop, (call, unit) => call.Stop({ unit }), statusAs),
    restart: commanding("Restart", control.restart, (call, unit) => call.Restart({ unit }), statusAs),
    reload: commanding("Reload", control.reload, (call, unit) => call.Reload({ unit }), statusAs),
    resetFailed: commanding("ResetFailed", control.resetFailed, (call, unit) => call.ResetFailed({ unit }), statusAs),
    signal: (id, signal) =>
      commanding(
        "Signal",
        (unit) => control.signal(unit, signal),
        (call, unit) => call.Signal({ unit, signal }),
        () => undefined,
      )(id),
    describe: (id) =>
      Effect.flatMap(at(id), (where) =>
        where === undefined
          ? control.describe(id)
          : Effect.map(
              ask(where.peer, (call) => call.Describe({ unit: where.unit })),
              (found) => ({ ...found, status: statusAs(where.peer.spec.name, found.status) }),
            ),
      ),
    resources: (request) =>
      Effect.flatMap(request.unit === null ? Effect.succeed(undefined) : at(request.unit), (where) =>
        where === undefined
          ? control.resources(request)
          : Effect.map(
              ask(where.peer, (call) => call.Resources({ ...request, unit: where.unit })),
              (report) => ({ ...report, units: report.units.map((each) => ({ ...each, unit: named(where.peer.spec.name, each.unit) })) }),
            ),
      ),
    logs: (request) =>
      Stream.unwrap(
        Effect.map(at(request.unit), (where) =>
          where === undefined
            ? control.logs(request)
            : Stream.map(
                streamed(where.peer, (call) => call.Logs({ ...request, unit: where.unit })),
                (line) => ({ ...line, unit: request.unit }),
              ),
        ),
      ),
    roll: (units) => {
      // Each master rolls its own, one master after the other, in the order of the words.
      const turns = Map.groupBy(units, (unit) => split(unit)?.peer);
      if (turns.size === 0) return control.roll(units);
      return Stream.flatMap(Stream.fromIterable(turns), ([name, ids]) =>
        name === undefined
          ? control.roll(ids)
          : Stream.unwrap(
              Effect.map(at(ids[0]!), (where) =>
                notedStream(
                  { operation: "Roll", target: ids.join(" ") },
                  Stream.map(
                    streamed(where!.peer, (call) => call.Roll({ units: ids.map((id) => split(id)!.unit) })),
                    (status) => statusAs(name, status),
                  ),
                ),
              ),
            ),
      );
    },
    call: (request) =>
      Stream.unwrap(
        Effect.map(at(request.unit), (where) =>
          where === undefined
            ? control.call(request)
            : notedStream(
                { operation: "Call", target: request.unit, payload: () => ({ method: request.method ?? "" }) },
                streamed(where.peer, (call) => call.Call({ ...request, unit: where.unit })),
              ),
        ),
      ),
    input: (id, data) =>
      Effect.flatMap(at(id), (where) =>
        where === undefined ? control.input(id, data) : ask(where.peer, (call) => call.Input({ unit: where.unit, data })),
      ),
    exec: (request) =>
      Stream.unwrap(
        Effect.map(at(request.unit), (where) =>
          where === undefined
            ? control.exec(request)
            : Stream.map(
                streamed(where.peer, (call) => call.Exec({ ...request, unit: where.unit })),
                (event) => (event._tag === "Started" ? { ...event, session: named(where.peer.spec.name, event.session) } : event),
              ),
        ),
      ),
    execInput: (session, input) =>
      Effect.suspend(() => {
        const parts = split(session);
        if (parts === undefined) return control.execInput(session, input);
        const peer = links.all.get(parts.peer);
        if (peer === undefined) return Effect.fail(new NoSuchExec({ session }));
        return ask(peer, (call) => call.ExecInput({ session: parts.unit, input }));
      }),
    peers: Effect.sync(() => Array.from(links.all.values(), Links.statusOf)),
    addPeer: (spec) =>
      Effect.gen(function* () {
        const { name } = spec;
        if (!NAME.test(name)) {
          return yield* new PeersUnusable({
            reason: `${JSON.stringify(name)} is no name`,
            hint: "names are 1 to 64 characters of A-Z, a-z, 0-9, _ and -",
          });
        }
        yield* Effect.fromResult(parseAddress(spec.address));
        if (links.all.has(name)) return yield* new PeerNameTaken({ name });
        yield* PeerFile.write(file, [...kept(links), spec]);
        return yield* links.add(spec, false);
      }).pipe(
        lock.withPermit,
        // The first try has a deadline of its own.
        Effect.tap((peer) => (peer.state === "connecting" ? Deferred.await(peer.changed) : Effect.void)),
        Effect.map(Links.statusOf),
        (adding) => noted({ operation: "AddPeer", target: spec.name, payload: () => ({ address: spec.address }) }, adding),
      ),
    removePeer: (name) =>
      noted(
        { operation: "RemovePeer", target: name },
        lock.withPermit(
          Effect.gen(function* () {
            const peer = links.all.get(name);
            if (peer === undefined) return yield* new PeerNotFound({ name });
            if (peer.configured) {
              return yield* new PeersUnusable({
                reason: `the config names ${JSON.stringify(name)}`,
                hint: "take it out of process_manager.peers",
              });
            }
            yield* PeerFile.write(
              file,
              kept(links).filter((each) => each.name !== name),
            );
            yield* links.remove(name);
          }),
        ),
      ),
  };
  return { reach, node: (name) => links.all.get(name)?.node };
});

const kept = ({ all }: Links.Links): ReadonlyArray<PeerSpec> =>
  Array.from(all.values()).flatMap(({ configured, spec }) => (configured ? [] : [spec]));
