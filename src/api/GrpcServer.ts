/**
 * The master's `Control` over gRPC. Only the door is here: what is behind it is loaded by the first master that opens it.
 */
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import type * as Scope from "effect/Scope";
import type { Control } from "../master/Control.ts";
import { optimize } from "../platform/index.ts";
import type { GrpcOptions } from "./GrpcServices.ts";
import type { NetworkPlace } from "./NetworkPlace.ts";

/** Somebody else listens on the port. */
export class PortInUse extends Schema.TaggedError<PortInUse>()("PortInUse", { address: Schema.String, port: Schema.Int }) {
  readonly code = "HSU-API-003";
  override get message(): string {
    return `port ${this.port} of ${this.address} is in use`;
  }
  get hint(): string {
    return `\`ss -ltnp sport = :${this.port}\` shows who has it: end that, or give this master another \`process_manager.port\``;
  }
}

/** The port could not be opened, for a reason other than somebody who has it. */
export class PortNotOpened extends Schema.TaggedError<PortNotOpened>()("PortNotOpened", {
  address: Schema.String,
  port: Schema.Int,
  reason: Schema.String,
}) {
  readonly code = "HSU-API-004";
  override get message(): string {
    return `cannot listen on port ${this.port} of ${this.address}: ${this.reason}`;
  }
  get hint(): string {
    return "ports below 1024 are for root; give this master another `process_manager.port`";
  }
}

/** How long open calls get to end by themselves once the server closes. */
const graceMillis = 500;

/**
 * Serves CoreService, MasterService, gRPC's health service and hsu.v1 until the scope ends. It returns when the port takes connections, with its
 * number: of port 0 the system makes a free one. A number alone is a port of 127.0.0.1, in plaintext.
 *
 * gRPC is loaded here, and only here. Closing takes half a second at most: then open calls are cancelled.
 */
export const serve = Effect.fnUntraced(function* (
  at: number | NetworkPlace,
  options: GrpcOptions,
): Effect.fn.Return<number, PortInUse | PortNotOpened, Control | Scope.Scope> {
  optimize();
  const place = typeof at === "number" ? { address: "127.0.0.1", port: at, clients: [] } : at;
  const { listen, make } = yield* Effect.promise(() => import("./GrpcServices.ts"));
  const closing = new AbortController();
  const server = yield* make(place, options, closing.signal);
  const listening = Effect.tryPromise({ try: () => listen(server, place), catch: (cause) => explain(place, cause) });
  const graceful = Effect.callback<void>((resume) => {
    closing.abort();
    server.tryShutdown(() => resume(Effect.void));
  });
  const forced = Effect.sync(() => server.forceShutdown());
  return yield* Effect.acquireRelease(listening, () => Effect.timeoutOrElse(graceful, { duration: graceMillis, orElse: () => forced }));
});

/** gRPC tells the reason in words only. */
const explain = ({ address, port }: NetworkPlace, cause: unknown): PortInUse | PortNotOpened => {
  const words = cause instanceof Error ? cause.message : String(cause);
  if (words.includes("EADDRINUSE")) return new PortInUse({ address, port });
  return new PortNotOpened({ address, port, reason: /errors: \[(.*)\]/.exec(words)?.[1] ?? words });
};
