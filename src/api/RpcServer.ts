/**
 * The master's `Control` over Effect RPC: newline-delimited JSON on a unix socket.
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as References from "effect/References";
import * as RpcSerialization from "effect/rpc/RpcSerialization";
import * as Server from "effect/rpc/RpcServer";
import * as Scope from "effect/Scope";
import * as SocketServer from "effect/socket/SocketServer";
import { Control } from "../master/Control.ts";
import { alone, type Own, type Reach } from "../peer/Reach.ts";
import { MasterRpc } from "../protocol/MasterRpc.ts";
import * as Ndjson from "../protocol/Ndjson.ts";
import { doorFor, owner } from "./Doorkeeper.ts";
import { operationsOf } from "./Operations.ts";
import * as Outcomes from "./Outcomes.ts";
import { inLines } from "./Remembered.ts";
import { make as makeThrottle } from "./Throttle.ts";
import { type ListenFailed, listen, peerAtSocket, type SocketInUse } from "./UnixSocket.ts";

/** That are followed at a time, at 5 kB each: logs of all units of the largest tree. More are somebody's mistake. */
const mostStreams = 16_384;

/** Each call of the wire contract, answered by what can be reached through a door. */
// A refusal is an error of the door, and as such one of each call: the types of handlers alone do not know it.
export const handlersOf = (reach: () => Reach) => MasterRpc.toLayer(operationsOf(reach as () => Own));

/**
 * Serves `Control` at `socketPath` until the scope ends. It returns when the socket takes connections.
 *
 * A socket that nobody answers at is replaced; one that somebody answers at is `SocketInUse`. The file is 0600 from the moment it has its
 * name and is removed at the end, which is prompt: streams that are still open are ended, and clients that do not read are cut off.
 */
export const serve = Effect.fnUntraced(function* (
  socketPath: string,
  reach?: () => Reach,
  streams = mostStreams,
): Effect.fn.Return<void, SocketInUse | ListenFailed, Control | Scope.Scope> {
  const { endClients, server } = yield* listen(socketPath);
  const ndjson = Layer.effect(RpcSerialization.RpcSerialization, Effect.map(RpcSerialization.RpcSerialization, inLines));
  const wire = Server.layerProtocolSocketServer.pipe(
    Layer.provide([Layer.succeed(SocketServer.SocketServer, server), Layer.provide(ndjson, Ndjson.layer())]),
  );
  // A defect of one handler is answered to its own caller, not to every call on that connection.
  const answering = Server.layer(MasterRpc, { disableTracing: true, disableFatalDefects: true });
  const own = alone(yield* Control);
  const door = doorFor({
    who: owner,
    origin: Effect.map(peerAtSocket, (peer) => ({ door: "unix", ...peer })),
    outcomes: Outcomes.make(Effect.runForkWith(yield* Effect.context())),
    audit: own.audit,
    throttle: makeThrottle({ rate: 0, failures: 0, deadlineMillis: 0, streams }),
  });
  yield* Layer.build(answering.pipe(Layer.provide([handlersOf(reach ?? (() => own)), door, wire]))).pipe(
    Effect.provideService(References.UnhandledLogLevel, undefined),
  );
  yield* Effect.addFinalizer(() => endClients);
});

/** `serve` as a layer. */
export const layer = (socketPath: string): Layer.Layer<never, SocketInUse | ListenFailed, Control> =>
  Layer.effectDiscard(serve(socketPath));
