/**
 * The typed client of a running master, over its unix socket.
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
import * as Net from "node:net";
import { MasterRpc } from "../protocol/MasterRpc.ts";
import { CannotConnect, ConnectionLost, NotRunning } from "./Errors.ts";

/** The calls of `MasterRpc`, and the end of the connection. */
export interface Client {
  readonly call: Rpc.RpcClient<RpcGroup.Rpcs<typeof MasterRpc>, RpcClientError>;
  /** Completes when the master has closed the connection, or has died. */
  readonly closed: Effect.Effect<void>;
}

/** Connects to the master at `socketPath`; the connection ends with the scope. It never starts a master. */
export const connect = Effect.fnUntraced(function* (socketPath: string): Effect.fn.Return<Client, NotRunning | CannotConnect, Scope.Scope> {
  const connection = yield* Effect.acquireRelease(dial(socketPath), (socket) => Effect.sync(() => socket.destroy()));
  const socket = yield* NodeSocket.fromDuplex(Effect.succeed(connection));
  // One connection, one try: whoever reconnects would be talking to another master.
  const wire = Rpc.layerProtocolSocket({ retryPolicy: Schedule.recurs(0) }).pipe(
    Layer.provide([Layer.succeed(Socket.Socket, socket), RpcSerialization.layerNdjson]),
  );
  const context = yield* Layer.build(wire);
  const call = yield* Rpc.make(MasterRpc, { disableTracing: true }).pipe(Effect.provideContext(context));
  return { call, closed: closedOf(connection) };
});

/** Turns what the transport says into what a user can act on. */
export const explainTransport = <A, E, R>(
  effect: Effect.Effect<A, E | RpcClientError, R>,
): Effect.Effect<A, Exclude<E, RpcClientError> | ConnectionLost, R> =>
  Effect.mapError(effect, (error) =>
    isTransportError(error) ? new ConnectionLost({ reason: reasonOf(error) }) : (error as Exclude<E, RpcClientError>),
  );

const isTransportError = (error: unknown): error is RpcClientError =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "RpcClientError";

const reasonOf = (error: RpcClientError): string => {
  if (error.reason._tag === "SocketCloseError") return "it closed the connection";
  const cause = error.reason.cause;
  return cause instanceof Error ? cause.message : error.reason.message;
};

const dial = (socketPath: string): Effect.Effect<Net.Socket, NotRunning | CannotConnect> =>
  Effect.callback((resume) => {
    const socket = Net.createConnection(socketPath);
    socket.once("connect", () => {
      socket.pause();
      resume(Effect.succeed(socket));
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      const nobody = error.code === "ENOENT" || error.code === "ECONNREFUSED" || error.code === "ENOTDIR";
      resume(Effect.fail(nobody ? new NotRunning({ socketPath }) : new CannotConnect({ socketPath, reason: error.message })));
    });
    return Effect.sync(() => socket.destroy());
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
