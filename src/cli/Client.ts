/**
 * The typed client of a running master, over its unix socket.
 */
import * as Effect from "effect/Effect";
import type { RpcClientError } from "effect/rpc/RpcClientError";
import type * as Scope from "effect/Scope";
import { isSocketError } from "effect/socket/Socket";
import * as Net from "node:net";
import { type Client, over } from "../peer/Client.ts";
import { CannotConnect, ConnectionLost, NotRunning } from "./Errors.ts";

export type { Client };

/** Connects to the master at `socketPath`; the connection ends with the scope. It never starts a master. */
export const connect = Effect.fnUntraced(function* (socketPath: string): Effect.fn.Return<Client, NotRunning | CannotConnect, Scope.Scope> {
  const connection = yield* Effect.acquireRelease(dial(socketPath), (socket) => Effect.sync(() => socket.destroy()));
  return yield* over(connection, { encoding: "ndjson" });
});

/** Turns what the transport says into what a user can act on. */
export const explainTransport = <A, E, R>(
  effect: Effect.Effect<A, E | RpcClientError, R>,
): Effect.Effect<A, Exclude<E, RpcClientError> | ConnectionLost, R> =>
  Effect.mapError(effect, (error) =>
    isTransportError(error) ? new ConnectionLost({ reason: reasonOf(error) }) : (error as Exclude<E, RpcClientError>),
  ).pipe(
    // Effect takes a write to a connection that is just being closed for a defect.
    Effect.catchDefect((defect) =>
      isSocketError(defect) ? Effect.fail(new ConnectionLost({ reason: "it closed the connection" })) : Effect.die(defect),
    ),
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
