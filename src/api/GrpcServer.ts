/**
 * The master's `Control` over gRPC, as upstream's clients know it: in plaintext, for this machine only.
 */
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import type * as Scope from "effect/Scope";
import type { Control } from "../master/Control.ts";
import { optimize } from "../platform/index.ts";

/** Somebody else listens on the port. */
export class PortInUse extends Schema.TaggedError<PortInUse>()("PortInUse", { port: Schema.Int }) {
  readonly code = "HSU-API-003";
  override get message(): string {
    return `port ${this.port} of ${host} is in use`;
  }
  get hint(): string {
    return `\`ss -ltnp sport = :${this.port}\` shows who has it: end that, or give this master another \`process_manager.port\``;
  }
}

/** The port could not be opened, for a reason other than somebody who has it. */
export class PortNotOpened extends Schema.TaggedError<PortNotOpened>()("PortNotOpened", { port: Schema.Int, reason: Schema.String }) {
  readonly code = "HSU-API-004";
  override get message(): string {
    return `cannot listen on port ${this.port} of ${host}: ${this.reason}`;
  }
  get hint(): string {
    return "ports below 1024 are for root; give this master another `process_manager.port`";
  }
}

const host = "127.0.0.1";

/** How long open calls get to end by themselves once the server closes. */
const graceMillis = 500;

/**
 * Serves CoreService, MasterService and gRPC's health service on 127.0.0.1 until the scope ends. It returns when the port takes connections, with
 * its number: of port 0 the system makes a free one.
 *
 * gRPC is loaded here, and only here. Closing takes half a second at most: then open calls are cancelled.
 */
export const serve = Effect.fnUntraced(function* (
  port: number,
): Effect.fn.Return<number, PortInUse | PortNotOpened, Control | Scope.Scope> {
  optimize();
  const { make } = yield* Effect.promise(() => import("./GrpcServices.ts"));
  const closing = new AbortController();
  const server = yield* make(closing.signal);
  const listening = Effect.tryPromise({
    try: () => server.listen(`${host}:${port}`),
    catch: (cause) => explain(port, cause),
  });
  const graceful = Effect.suspend(() => {
    closing.abort();
    return Effect.promise(() => server.shutdown());
  });
  const forced = Effect.sync(() => server.forceShutdown());
  return yield* Effect.acquireRelease(listening, () => Effect.timeoutOrElse(graceful, { duration: graceMillis, orElse: () => forced }));
});

/** gRPC tells the reason in words only. */
const explain = (port: number, cause: unknown): PortInUse | PortNotOpened => {
  const words = cause instanceof Error ? cause.message : String(cause);
  if (words.includes("EADDRINUSE")) return new PortInUse({ port });
  return new PortNotOpened({ port, reason: /errors: \[(.*)\]/.exec(words)?.[1] ?? words });
};
