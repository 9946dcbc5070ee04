/**
 * The master's side: one connection to a unit on this machine. Looks first whether anybody is there, and loads gRPC only then.
 */
import type { Client, ServiceError } from "@grpc/grpc-js";
import * as Clock from "effect/Clock";
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import * as Stream from "effect/Stream";
import { createConnection } from "node:net";

/** Nobody takes connections there. */
export class Unreachable extends Data.TaggedError("Unreachable")<{ readonly port: number; readonly reason: string }> {}

/** What a call ended with, other than OK. */
export class GrpcStatus extends Data.TaggedError("GrpcStatus")<{
  readonly code: number;
  /** `NOT_FOUND`, `UNIMPLEMENTED` … */
  readonly status: string;
  readonly details: string;
}> {}

export const unimplemented = 12;

/** Requests and replies are bytes: what is in them is known above. Paths are `/package.Service/Method`. */
export interface Channel {
  readonly unary: (path: string, request: Uint8Array, timeoutMillis: number) => Effect.Effect<Uint8Array, GrpcStatus>;
  readonly serverStream: (path: string, request: Uint8Array, timeoutMillis: number) => Stream.Stream<Uint8Array, GrpcStatus>;
  /** All requests at once; the replies until the server has no more. */
  readonly exchange: (
    path: string,
    requests: ReadonlyArray<Uint8Array>,
    timeoutMillis: number,
  ) => Effect.Effect<ReadonlyArray<Uint8Array>, GrpcStatus>;
}

/** Units bind 127.0.0.1, `[::]` or `::1`. */
const hosts = ["127.0.0.1", "::1"];

const connects = (host: string, port: number): Effect.Effect<void, string> =>
  Effect.callback((resume) => {
    const socket = createConnection({ host, port });
    socket.once("connect", () => {
      socket.destroy();
      resume(Effect.void);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => resume(Effect.fail(error.code ?? error.message)));
    return Effect.sync(() => socket.destroy());
  });

/** The address at which somebody takes connections on this port. */
const addressOf = (port: number): Effect.Effect<string, Unreachable> => {
  const [first = "", ...others] = hosts;
  const at = (host: string) => Effect.as(connects(host, port), host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`);
  // The first refusal is the one to tell: many machines have no ::1.
  return Effect.catch(at(first), (reason) =>
    others
      .reduce<Effect.Effect<string, string>>((found, host) => Effect.catch(found, () => at(host)), Effect.fail(reason))
      .pipe(Effect.mapError(() => new Unreachable({ port, reason }))),
  );
};

/** Connects; the connection ends with the scope. */
export const connect = Effect.fnUntraced(function* (port: number): Effect.fn.Return<Channel, Unreachable, Scope.Scope> {
  const address = yield* addressOf(port);
  const grpc = yield* Effect.promise(() => import("@grpc/grpc-js"));
  if (process.env["GRPC_VERBOSITY"] === undefined) grpc.setLogVerbosity(grpc.logVerbosity.NONE);
  const client = yield* Effect.acquireRelease(
    // A proxy of the environment is for the network, not for this machine.
    Effect.sync(() => new grpc.Client(address, grpc.credentials.createInsecure(), { "grpc.enable_http_proxy": 0 })),
    (open) => Effect.sync(() => open.close()),
  );
  const explain = (error: ServiceError): GrpcStatus =>
    new GrpcStatus({ code: error.code, status: grpc.status[error.code] ?? `status ${error.code}`, details: error.details });
  return { ...calls(client, explain, () => new grpc.Metadata()) };
});

const same = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const calls = (client: Client, explain: (error: ServiceError) => GrpcStatus, metadata: () => import("@grpc/grpc-js").Metadata): Channel => {
  const deadline = (timeoutMillis: number) => Effect.map(Clock.currentTimeMillis, (now) => ({ deadline: now + timeoutMillis }));
  return {
    unary: (path, request, timeoutMillis) =>
      Effect.flatMap(deadline(timeoutMillis), (options) =>
        Effect.callback((resume) => {
          const call = client.makeUnaryRequest(path, same, same, request, metadata(), options, (error, reply) => {
            if (error !== null) resume(Effect.fail(explain(error)));
            else resume(Effect.succeed(reply ?? new Uint8Array()));
          });
          return Effect.sync(() => call.cancel());
        }),
      ),
    serverStream: (path, request, timeoutMillis) =>
      Stream.unwrap(
        Effect.gen(function* () {
          const options = yield* deadline(timeoutMillis);
          const call = yield* Effect.acquireRelease(
            Effect.sync(() => client.makeServerStreamRequest(path, same, same, request, metadata(), options)),
            (open) => Effect.sync(() => open.cancel()),
          );
          // It may fail before, and after, anybody reads it.
          call.on("error", () => {});
          return Stream.fromAsyncIterable<Uint8Array, GrpcStatus>(call, (error) => explain(error as ServiceError));
        }),
      ),
    exchange: (path, requests, timeoutMillis) =>
      Effect.flatMap(deadline(timeoutMillis), (options) =>
        Effect.callback((resume) => {
          const call = client.makeBidiStreamRequest(path, same, same, metadata(), options);
          const replies: Array<Uint8Array> = [];
          call.on("data", (reply: Uint8Array) => replies.push(reply));
          call.on("error", (error) => resume(Effect.fail(explain(error as ServiceError))));
          call.on("end", () => resume(Effect.succeed(replies)));
          for (const request of requests) call.write(request);
          call.end();
          return Effect.sync(() => call.cancel());
        }),
      ),
  };
};
