/**
 * The master's gRPC services, each call answered by `Control`. Loads all of gRPC: to be imported only by those who serve it.
 */
import { logVerbosity, setLogVerbosity } from "@grpc/grpc-js";
import * as Cause from "effect/Cause";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import { type CallContext, createServer, type Server, ServerError, Status } from "nice-grpc";
import { Control } from "../master/Control.ts";
import { CoreServiceDefinition } from "../protocol/gen/core.ts";
import {
  type HealthCheckRequest,
  HealthCheckResponse_ServingStatus as Serving,
  HealthDefinition,
} from "../protocol/gen/grpc/health/v1/health.ts";
import { MasterServiceDefinition } from "../protocol/gen/master.ts";

/** What a client sees of a master that works; upstream's text. */
const okText = "hsu-master: OK";

/** What `Check` and `Watch` know, and the server as a whole. */
const known: ReadonlySet<string> = new Set(["", CoreServiceDefinition.fullName, MasterServiceDefinition.fullName]);

/**
 * A server that does not listen yet. Each call is interrupted when its client cancels it, when its deadline passes and when the server is
 * shut down by force. `closing` ends the watches, with NOT_SERVING as their last word.
 */
export const make = (closing: AbortSignal): Effect.Effect<Server, never, Control> =>
  Effect.contextWith((context: Context.Context<Control>) => {
    const control = Context.get(context, Control);
    const run = Effect.runPromiseExitWith(context);
    const answer = async <A>(call: CallContext, effect: Effect.Effect<A>): Promise<A> => {
      const exit = await run(effect, { signal: call.signal });
      if (Exit.isSuccess(exit)) return exit.value;
      if (Cause.hasInterruptsOnly(exit.cause)) throw new ServerError(Status.CANCELLED, "the call was cancelled");
      // Not nice-grpc's own answer, which would write the error to the master's terminal.
      throw new ServerError(Status.INTERNAL, "the master cannot answer");
    };
    return Effect.sync(() => {
      // What goes wrong reaches the client or is an error of `serve`; a line on stderr would only break the picture that `hsu up` draws there.
      if (process.env["GRPC_VERBOSITY"] === undefined) setLogVerbosity(logVerbosity.NONE);
      const server = createServer();
      server.add(CoreServiceDefinition, { ping: async () => ({}) });
      server.add(MasterServiceDefinition, { status: (_, call) => answer(call, Effect.as(control.status, { status: okText })) });
      server.add(HealthDefinition, {
        check: async ({ service }) => {
          if (!known.has(service)) throw new ServerError(Status.NOT_FOUND, `no service ${JSON.stringify(service)}`);
          return { status: Serving.SERVING };
        },
        watch: (request, call) => watch(request, AbortSignal.any([call.signal, closing]), closing),
      });
      return server;
    });
  });

async function* watch({ service }: HealthCheckRequest, over: AbortSignal, closing: AbortSignal) {
  if (!known.has(service)) yield { status: Serving.SERVICE_UNKNOWN };
  else if (!closing.aborted) yield { status: Serving.SERVING };
  if (!over.aborted) await new Promise((done) => over.addEventListener("abort", done, { once: true }));
  if (known.has(service) && closing.aborted) yield { status: Serving.NOT_SERVING };
}
