/**
 * The typed client of a master, over a connection that somebody has opened.
 */
import * as NodeSocket from "@effect/platform-node/NodeSocket";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Rpc from "effect/rpc/RpcClient";
import type { RpcClientError } from "effect/rpc/RpcClientError";
import type * as RpcGroup from "effect/rpc/RpcGroup";
import * as RpcSerialization from "effect/rpc/RpcSerialization";
import * as Schedule from "effect/Schedule";
import type * as Scope from "effect/Scope";
import * as Socket from "effect/socket/Socket";
import type * as Net from "node:net";
import type { Encoding } from "../protocol/Hello.ts";
import * as Ndjson from "../protocol/Ndjson.ts";
import { MasterRpc } from "../protocol/MasterRpc.ts";

/** The calls of `MasterRpc`, and the end of the connection. */
export interface Client {
  readonly call: Rpc.RpcClient<RpcGroup.Rpcs<typeof MasterRpc>, RpcClientError>;
  /** Completes when the master has closed the connection, or has died, or gives no sign of life any more. */
  readonly closed: Effect.Effect<void>;
}

export interface Options {
  readonly encoding: Encoding;
  /** How often the master is asked for a sign of life, and how long it may give none; absent: as Effect has it. */
  readonly heartbeat?: { readonly everyMillis: number; readonly patienceMillis: number };
  /** Who gives no sign of life is taken for dead. */
  readonly silent?: Effect.Effect<void>;
}

const serializations = {
  ndjson: Ndjson.layer(),
  binary: RpcSerialization.layerSchemaBinary(),
};

/** Speaks over the connection until the scope ends, which does not end the connection. */
export const over = Effect.fnUntraced(function* (
  connection: Net.Socket,
  { encoding, heartbeat, silent }: Options,
): Effect.fn.Return<Client, never, Scope.Scope> {
  const socket = yield* NodeSocket.fromDuplex(Effect.succeed(connection));
  // One connection, one try: whoever reconnects would be talking to another master.
  const wire = Rpc.layerProtocolSocket({
    retryPolicy: Schedule.recurs(0),
    ...(heartbeat === undefined ? {} : { pingInterval: heartbeat.everyMillis, pingTimeout: heartbeat.patienceMillis }),
    ...(silent === undefined ? {} : { onPingTimeout: silent }),
  }).pipe(Layer.provide([Layer.succeed(Socket.Socket, socket), serializations[encoding]]));
  const context = yield* Layer.build(wire);
  const call = yield* Rpc.make(MasterRpc, { disableTracing: true }).pipe(Effect.provideContext(context));
  return { call, closed: closedOf(connection) };
});

const closedOf = (connection: Net.Socket): Effect.Effect<void> =>
  Effect.callback((resume) => {
    const done = (): void => resume(Effect.void);
    if (connection.closed || connection.readableEnded) return done();
    connection.once("end", done);
    connection.once("close", done);
    return Effect.sync(() => {
      connection.off("end", done);
      connection.off("close", done);
    });
  });
