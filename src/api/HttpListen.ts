/**
 * The HTTP server itself: its limits, what it says to who is not meant, and its end.
 */
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer";
import * as ByteSize from "effect/ByteSize";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder";
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware";
import { MaxBodySize } from "effect/http/HttpIncomingMessage";
import * as HttpRouter from "effect/http/HttpRouter";
import * as HttpServer from "effect/http/HttpServer";
import type { HttpServerError } from "effect/http/HttpServerError";
import { HttpServerRequest } from "effect/http/HttpServerRequest";
import * as HttpServerResponse from "effect/http/HttpServerResponse";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import * as References from "effect/References";
import type * as Scope from "effect/Scope";
import { isLoopback } from "../config/HttpOf.ts";
import { Control } from "../master/Control.ts";
import { alone, type Reach } from "../peer/Reach.ts";
import { type Access, type Problem, Readable } from "../protocol/HttpAccess.ts";
import { MasterHttp } from "../protocol/HttpApi.ts";
import { TooOften } from "../protocol/RemoteErrors.ts";
import { Tokens } from "../security/index.ts";
import { Behind } from "./HttpBehind.ts";
import { access, RetryAfter } from "./HttpAccess.ts";
import { handlers } from "./HttpHandlers.ts";
import { guard, limits } from "./HttpGuard.ts";
import { HttpNotOpened, type HttpPlace } from "./HttpPlace.ts";
import { forbidden, malformed, nothingHere, tooOften } from "./Problems.ts";
import * as Refusals from "./Refusals.ts";
import { make as makeThrottle, type Throttle } from "./Throttle.ts";

export const answer = (problem: Problem): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.jsonUnsafe(problem, { status: problem.status, contentType: "application/problem+json" });

/** A web page reaches this machine under any name that leads to it; who means this machine says so. */
const meant = HttpRouter.middleware(
  (app) =>
    Effect.flatMap(HttpServerRequest, ({ headers }) =>
      /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/.test(headers["host"] ?? "")
        ? app
        : Effect.succeed(answer(forbidden("the request is for another host than this machine"))),
    ),
  { global: true },
);

/** Who has no token is told which kind is wanted, and who comes too often when it is worth coming again. */
const wanting = HttpRouter.middleware(
  (app) =>
    Effect.suspend(() => {
      const after = { seconds: 1 };
      return Effect.map(Effect.provideService(app, RetryAfter, after), (response) => {
        if (response.status === 401) return HttpServerResponse.setHeader(response, "www-authenticate", "Bearer");
        return response.status === 429 && response.headers["retry-after"] === undefined
          ? HttpServerResponse.setHeader(response, "retry-after", String(after.seconds))
          : response;
      });
    }),
  { global: true },
);

/** Paths without a token: each address gets what each token gets. */
const throttled = (throttle: Throttle, control: Control["Service"]) =>
  HttpRouter.middleware(
    (app) =>
      Effect.flatMap(HttpServerRequest, ({ headers, remoteAddress, url }) => {
        if (headers["authorization"] !== undefined && !/^\/(health|ready)\b/.test(url)) return app;
        const address = Option.getOrElse(remoteAddress, () => "");
        const wait = throttle.call(address);
        if (wait === 0) return app;
        const error = new TooOften({ what: address, retryAfterMillis: wait });
        Refusals.count(control, error.code);
        return Effect.succeed(HttpServerResponse.setHeader(answer(tooOften(error)), "retry-after", String(Math.ceil(wait / 1000))));
      }),
    { global: true },
  );

/** No route of its own: one for all methods would take HEAD from what is there for GET. */
const nowhere = HttpRouter.middleware(
  (app) =>
    Effect.catch(app, (error) => {
      const { reason } = error as Partial<HttpServerError>;
      return reason?._tag === "RouteNotFound"
        ? Effect.succeed(answer(nothingHere(reason.request.url.split("?")[0] ?? "/")))
        : Effect.fail(error);
    }),
  { global: true },
);

const readable = HttpApiMiddleware.layerSchemaErrorTransform(Readable, (error) =>
  // What the master answers is its own fault, and no client's.
  error.kind === "Body" || error.kind === "ResponseHeaders"
    ? Effect.die(error)
    : Effect.fail(malformed(`${error.kind.toLowerCase()}: ${error.cause.message}`)),
);

/** All paths, for who may by this. */
export const routesFor = (may: Layer.Layer<Access>) =>
  Layer.mergeAll(HttpApiBuilder.layer(MasterHttp).pipe(Layer.provide(handlers), Layer.provide([may, readable])), nowhere, wanting);

/** What all of them are about. */
export const servedBy = (reach: () => Reach): Layer.Layer<Behind> => Layer.succeed(Behind, { reach });

/** What belongs to each server of them. */
export const bounded = (bodyBytes = 64 * 1024) => Layer.succeed(MaxBodySize, ByteSize.fromInputUnsafe(bodyBytes));

const serverFor = ({ tls }: HttpPlace, timeouts: Partial<typeof limits>): Server =>
  tls === undefined
    ? createServer({ ...limits, ...timeouts })
    : createTlsServer({
        ...limits,
        ...timeouts,
        cert: readFileSync(tls.certificate),
        key: readFileSync(tls.key),
        ...(tls.clientCa === undefined ? {} : { ca: readFileSync(tls.clientCa), requestCert: true, rejectUnauthorized: true }),
      });

export const listen = Effect.fnUntraced(function* (
  place: HttpPlace,
  tokens: string,
  throttle: Throttle = makeThrottle(),
  reach?: () => Reach,
  { most, ...timeouts }: Partial<typeof limits> & { readonly most?: number } = {},
): Effect.fn.Return<number, HttpNotOpened, Control | Scope.Scope> {
  const failed = (cause: unknown) =>
    new HttpNotOpened({ place: `${place.address}:${place.port}`, reason: cause instanceof Error ? cause.message : String(cause) });
  const server = yield* Effect.try({ try: () => serverFor(place, timeouts), catch: failed });
  const http = NodeHttpServer.layerServer(() => server, {
    host: place.address,
    port: place.port,
    gracefulShutdownTimeout: "1 second",
  });
  const control = yield* Control;
  guard(server, control, place.tls !== undefined, most);
  const own = alone(control);
  const routes = Layer.mergeAll(
    routesFor(access(new Tokens.TokenFile(tokens), control, throttle)),
    throttled(throttle, control),
    ...(isLoopback(place.address) && place.tls === undefined ? [meant] : []),
  );
  const context = yield* Layer.build(
    HttpRouter.serve(routes, { disableLogger: true, disableListenLog: true }).pipe(
      Layer.provideMerge(http),
      Layer.provide([HttpServer.layerServices, bounded(throttle.limits.bodyBytes), servedBy(reach ?? (() => own))]),
    ),
  ).pipe(
    Effect.mapError(({ cause }) => failed(cause)),
    Effect.provideService(References.UnhandledLogLevel, undefined),
  );
  // Streams that are followed do not end by themselves.
  yield* Effect.addFinalizer(() => Effect.sync(() => server.closeAllConnections()));
  const { address } = Context.get(context, HttpServer.HttpServer);
  return "port" in address ? address.port : place.port;
});
