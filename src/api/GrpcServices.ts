/**
 * The master's gRPC services. Loads gRPC: to be imported only by those who serve it; what hsu.v1 and reflection need beyond that comes with their
 * first call.
 */
import { readFileSync } from "node:fs";
import { isIPv6 } from "node:net";
import {
  logVerbosity,
  type Metadata,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  setLogVerbosity,
  status as Code,
  type StatusObject,
} from "@grpc/grpc-js";
import type { ServerDuplexStream, ServerUnaryCall, ServerWritableStream, sendUnaryData, UntypedHandleCall } from "@grpc/grpc-js";
import * as Cause from "effect/Cause";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Option from "effect/Option";
import * as References from "effect/References";
import { isLoopback } from "../config/HttpOf.ts";
import { Control } from "../master/Control.ts";
import { alone, type Reach } from "../peer/Reach.ts";
import { doors } from "../protocol/Doors.ts";
import { CoreServiceDefinition } from "../protocol/gen/core.ts";
import {
  type HealthCheckRequest,
  HealthCheckResponse_ServingStatus as Serving,
  HealthDefinition,
} from "../protocol/gen/grpc/health/v1/health.ts";
import { MasterServiceDefinition } from "../protocol/gen/master.ts";
import { TooOften, Unauthorized } from "../protocol/RemoteErrors.ts";
import type { Operation } from "../protocol/Rights.ts";
import { Tokens } from "../security/index.ts";
import { type Caller, isStreaming } from "./Doorkeeper.ts";
import { longestMessage, mostCalls } from "./Guarded.ts";
import { known as knownCaller } from "./Identify.ts";
import type { NetworkPlace } from "./NetworkPlace.ts";
import * as Outcomes from "./Outcomes.ts";
import * as Refusals from "./Refusals.ts";
import { make as makeThrottle, type Throttle } from "./Throttle.ts";

/** What a client sees of a master that works; upstream's text. */
const okText = "hsu-master: OK";

export interface GrpcOptions {
  /** Where tokens are kept. */
  readonly tokens: string;
  /** What can be reached through this master just now; absent: itself alone. */
  readonly reach?: () => Reach;
  /** How much each client gets; absent: as much as is usual. */
  readonly throttle?: Throttle;
}

type Bytes = Uint8Array;
type Unary = ServerUnaryCall<Bytes, Bytes>;
type Streaming = ServerWritableStream<Bytes, Bytes>;
type Duplex = ServerDuplexStream<Bytes, Bytes>;

const same = (bytes: Bytes): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
/** The server deals in bytes: what is in them is for who answers. */
const method = (path: string, requestStream: boolean, responseStream: boolean) => ({
  path,
  requestStream,
  responseStream,
  requestSerialize: same,
  requestDeserialize: (bytes: Buffer): Bytes => bytes,
  responseSerialize: same,
  responseDeserialize: (bytes: Buffer): Bytes => bytes,
});

/** The methods of hsu.v1, and which operation each of them is. */
const own: ReadonlyArray<readonly [name: string, operation: Operation]> = [
  ["UnitService/List", "Status"],
  ...Object.entries(doors).flatMap(([operation, { grpc }]) => (typeof grpc === "string" ? [[grpc, operation as Operation] as const] : [])),
];

const ownServices = [...new Set(own.map(([name]) => `hsu.v1.${name.split("/")[0]}`))];
const reflection = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"] as const;
const upstream = [CoreServiceDefinition.fullName, MasterServiceDefinition.fullName];

/** What `Check` and `Watch` know, and the server as a whole. */
const known: ReadonlySet<string> = new Set(["", ...upstream, ...ownServices]);

const bearer = (metadata: Metadata): string | undefined => /^Bearer\s+(\S+)$/i.exec(String(metadata.get("authorization")[0] ?? ""))?.[1];

/** Options of a server: how much may be said to it, and how long a client that is gone is not known to be. */
export const limits = {
  "grpc.max_receive_message_length": longestMessage,
  "grpc.max_send_message_length": -1,
  "grpc.max_concurrent_streams": mostCalls,
  "grpc.keepalive_time_ms": 30_000,
  "grpc.keepalive_timeout_ms": 10_000,
};

/**
 * A server that does not listen yet. Each call is interrupted when its client cancels it, when its deadline passes and when the server is
 * shut down by force. `closing` ends the watches, with NOT_SERVING as their last word, and all other streams.
 */
export const make = (place: NetworkPlace, options: GrpcOptions, closing: AbortSignal): Effect.Effect<Server, never, Control> =>
  Effect.contextWith((context: Context.Context<Control>) => {
    const control = Context.get(context, Control);
    const fork = Effect.runForkWith(context);
    // Each failure is told to who has asked.
    const run = <A, E>(effect: Effect.Effect<A, E>) => fork(Effect.provideService(effect, References.UnhandledLogLevel, undefined));
    const itself = alone(control);
    const tokens = new Tokens.TokenFile(options.tokens);
    const whoOf = (call: Unary | Streaming | Duplex): Effect.Effect<Caller, Unauthorized> => {
      const name = call.getAuthContext().sslPeerCertificate?.subject.CN;
      return knownCaller({ token: bearer(call.metadata), name: typeof name === "string" ? name : undefined }, place, tokens);
    };
    const { throttle = makeThrottle() } = options;
    const count = (code: string): void => Refusals.count(control, code);
    // `127.0.0.1:40000`, `[::1]:40000`
    const addressOf = (call: Unary | Streaming): string =>
      call
        .getPeer()
        .replace(/:\d+$/, "")
        .replace(/^\[|\]$/g, "");
    const fromOf = (call: Unary | Streaming) => ({
      who: Effect.mapError(whoOf(call), (refused) => {
        const wait = throttle.failure(addressOf(call));
        return wait === 0 ? refused : new TooOften({ what: "guesses", retryAfterMillis: wait });
      }),
      origin: Effect.sync(() => ({ door: "grpc", address: addressOf(call) })),
    });
    const ownDoor = once(async () => {
      const { make: makeOwn } = await import("./GrpcOwn.ts");
      return makeOwn({
        reach: options.reach ?? (() => itself),
        outcomes: Outcomes.make(run),
        audit: control.audit,
        throttle,
        count,
        run,
        closing,
      });
    });
    const reflector = once(async () => {
      const [{ answers }, { GrpcReflection }] = await Promise.all([
        import("../integrated/ReflectionServer.ts"),
        import("./GrpcReflection.ts"),
      ]);
      return GrpcReflection(answers([], [...upstream, HealthDefinition.fullName, ...ownServices, reflection[0]]), run);
    });

    // Whether it lives, a machine may be asked by all who are on it.
    const may = isLoopback(place.address) ? () => Effect.void : (call: Unary | Streaming) => Effect.asVoid(whoOf(call));
    const answer = (call: Unary, done: sendUnaryData<Bytes>, effect: Effect.Effect<Bytes, Partial<StatusObject>>): void => {
      const wait = throttle.call(addressOf(call));
      if (wait > 0) {
        count("HSU-RPC-010");
        return done({ code: Code.RESOURCE_EXHAUSTED, details: `not now, more are allowed in ${wait} ms` });
      }
      const fiber = run(Effect.andThen(may(call), effect));
      call.once("cancelled", () => fiber.interruptUnsafe());
      fiber.addObserver((exit) => {
        if (Exit.isSuccess(exit)) return done(null, exit.value);
        if (Cause.hasInterruptsOnly(exit.cause)) return done({ code: Code.CANCELLED, details: "the call was cancelled" });
        const error = Option.getOrUndefined(Cause.findErrorOption(exit.cause));
        if (error === undefined) done({ code: Code.INTERNAL, details: "the master cannot answer" });
        else done("_tag" in error ? { code: Code.UNAUTHENTICATED, details: error.message } : error);
      });
    };

    return Effect.sync(() => {
      // What goes wrong reaches the client or is an error of `serve`; a line on stderr would only break the picture that `hsu up` draws there.
      if (process.env["GRPC_VERBOSITY"] === undefined) setLogVerbosity(logVerbosity.NONE);
      const server = new Server(limits);
      const services = new Map<string, { readonly definition: ServiceDefinition; readonly handlers: Record<string, UntypedHandleCall> }>();
      const add = (service: string, name: string, streams: readonly [boolean, boolean], handle: UntypedHandleCall): void => {
        const found = services.get(service) ?? { definition: {}, handlers: {} };
        services.set(service, found);
        (found.definition as Record<string, unknown>)[name] = method(`/${service}/${name}`, ...streams);
        found.handlers[name] = handle;
      };
      const { ping } = CoreServiceDefinition.methods;
      add(CoreServiceDefinition.fullName, ping.name, [false, false], (call: Unary, done: sendUnaryData<Bytes>) =>
        answer(call, done, Effect.succeed(new Uint8Array())),
      );
      const { status } = MasterServiceDefinition.methods;
      const okBytes = status.responseType.encode({ status: okText }).finish();
      add(MasterServiceDefinition.fullName, status.name, [false, false], (call: Unary, done: sendUnaryData<Bytes>) =>
        answer(call, done, Effect.as(control.status, okBytes)),
      );
      const { check, watch } = HealthDefinition.methods;
      add(HealthDefinition.fullName, check.name, [false, false], (call: Unary, done: sendUnaryData<Bytes>) => {
        const { service } = check.requestType.decode(call.request);
        const serving = check.responseType.encode({ status: Serving.SERVING }).finish();
        const unknown = { code: Code.NOT_FOUND, details: `no service ${JSON.stringify(service)}` };
        answer(call, done, known.has(service) ? Effect.succeed(serving) : Effect.fail(unknown));
      });
      add(HealthDefinition.fullName, watch.name, [false, true], (call: Streaming) => {
        const write = (serving: Serving): Bytes => watch.responseType.encode({ status: serving }).finish();
        run(may(call)).addObserver((exit) => {
          if (Exit.isSuccess(exit)) watching(call, watch.requestType.decode(call.request), closing, write);
          else call.emit("error", { code: Code.UNAUTHENTICATED, details: "the master does not know who asks" });
        });
      });
      for (const [name, operation] of own) {
        const [service = "", of = ""] = name.split("/");
        const streams = isStreaming(operation);
        add(
          `hsu.v1.${service}`,
          of,
          [false, streams],
          streams
            ? (call: Streaming) => void ownDoor().then((door) => door(name, operation).stream(call, fromOf(call)))
            : (call: Unary, done: sendUnaryData<Bytes>) =>
                void ownDoor().then((door) => door(name, operation).unary(call, fromOf(call), done)),
        );
      }
      for (const service of reflection) {
        add(
          service,
          "ServerReflectionInfo",
          [true, true],
          (call: Duplex) => void reflector().then((reflect) => reflect(call, whoOf(call))),
        );
      }
      for (const { definition, handlers } of services.values()) server.addService(definition, handlers);
      return server;
    });
  });

export const listen = (server: Server, { address, port, tls }: NetworkPlace): Promise<number> =>
  new Promise((resolve, reject) => {
    const credentials =
      tls === undefined
        ? ServerCredentials.createInsecure()
        : ServerCredentials.createSsl(
            tls.ca === undefined ? null : readFileSync(tls.ca),
            [{ cert_chain: readFileSync(tls.cert), private_key: readFileSync(tls.key) }],
            tls.ca !== undefined,
          );
    const host = isIPv6(address) ? `[${address}]` : address;
    server.bindAsync(`${host}:${port}`, credentials, (error, bound) => (error === null ? resolve(bound) : reject(error)));
  });

/** Loaded once, when it is needed. */
const once = <A>(load: () => Promise<A>): (() => Promise<A>) => {
  let loaded: Promise<A> | undefined;
  return () => (loaded ??= load());
};

const watching = (call: Streaming, { service }: HealthCheckRequest, closing: AbortSignal, write: (status: Serving) => Bytes): void => {
  if (!known.has(service)) call.write(write(Serving.SERVICE_UNKNOWN));
  else if (!closing.aborted) call.write(write(Serving.SERVING));
  const end = (): void => {
    if (known.has(service)) call.write(write(Serving.NOT_SERVING));
    call.end();
  };
  if (closing.aborted) return end();
  closing.addEventListener("abort", end, { once: true });
  call.once("cancelled", () => closing.removeEventListener("abort", end));
};
