/**
 * The HTTP API as a listener for somebody else's server: Node's own, or one of a framework, below any path.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable as ReadableStream } from "node:stream";
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer";
import * as Effect from "effect/Effect";
import * as HttpRouter from "effect/http/HttpRouter";
import * as HttpServer from "effect/http/HttpServer";
import * as Layer from "effect/Layer";
import * as References from "effect/References";
import * as Scope from "effect/Scope";
import { Control } from "../master/Control.ts";
import { alone } from "../peer/Reach.ts";
import { Tokens } from "../security/index.ts";
import type { DoorLimits } from "../unit/index.ts";
import type { Caller } from "./Doorkeeper.ts";
import { access, accessBy } from "./HttpAccess.ts";
import { bounded, routesFor, servedBy } from "./HttpListen.ts";
import { ended, forbidden } from "./Problems.ts";
import { make as makeThrottle } from "./Throttle.ts";

/** Who asks, as the host knows him. */
export interface Identity {
  readonly name: string;
  readonly role: Tokens.Role;
  /** All that he may see. */
  readonly group?: string;
}

export interface MountOptions {
  /** The path below which it is mounted, where the host does not take it off itself: `/hsu`. */
  readonly prefix?: string;
  /** Who asks, by the host's own means; null: nobody that it knows. Absent: tokens, as `hsu token` makes them. */
  readonly identify?: (request: IncomingMessage) => Identity | null | Promise<Identity | null>;
  /** How much each one gets who asks; what is not said is as usual, and 0 is as much as he wants. */
  readonly limits?: DoorLimits;
}

export type Listener = (request: IncomingMessage, response: ServerResponse) => void;

const refuse = (response: ServerResponse, { status, ...rest }: { readonly status: number }): void => {
  response.writeHead(status, { "content-type": "application/problem+json" });
  response.end(JSON.stringify({ ...rest, status }));
};

const safe: ReadonlySet<string | undefined> = new Set(["GET", "HEAD", "OPTIONS"]);

/** A page of somebody else has the browser send what the host knows its user by: it may look, which it cannot read, and change nothing. */
const isForged = ({ headers, method }: IncomingMessage): boolean => {
  if (safe.has(method)) return false;
  const { host, origin } = headers;
  const site = headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin" && site !== "none") return true;
  return origin !== undefined && URL.parse(origin)?.host !== host;
};

/** A framework that has read the body already has what was in it. */
const readAgain = (request: IncomingMessage): IncomingMessage => {
  const { body } = request as { readonly body?: unknown };
  if (body === undefined || !request.readableEnded) return request;
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  const { headers, httpVersion, httpVersionMajor, method, rawHeaders, socket, url } = request;
  const again = Object.assign(ReadableStream.from([bytes]), { headers, httpVersion, httpVersionMajor, method, rawHeaders, socket, url });
  return Object.assign(again, { complete: true }) as unknown as IncomingMessage;
};

/** What the path is without the prefix; undefined: it is not below it. */
const below = (prefix: string, url: string): string | undefined => {
  if (prefix === "") return url;
  if (!url.startsWith(prefix)) return undefined;
  const rest = url.slice(prefix.length);
  return rest === "" || rest.startsWith("?") ? `/${rest}` : rest.startsWith("/") ? rest : undefined;
};

/** It answers until the scope ends, and says then that the tree has ended. */
export const mount = Effect.fnUntraced(function* (
  { identify, limits, prefix = "" }: MountOptions,
  tokens: string,
): Effect.fn.Return<Listener, never, Control | Scope.Scope> {
  const scope = yield* Effect.scope;
  const identities = new WeakMap<object, Caller>();
  const control = yield* Control;
  const throttle = makeThrottle(limits);
  const may =
    identify === undefined
      ? access(new Tokens.TokenFile(tokens), control, throttle)
      : // Who the host does not know has guessed nothing.
        accessBy((_, { source }) => Effect.succeed(identities.get(source)), control, throttle);
  const own = alone(control);
  const parts = Layer.mergeAll(
    HttpServer.layerServices,
    bounded(throttle.limits.bodyBytes),
    servedBy(() => own),
  );
  const app = yield* HttpRouter.toHttpEffect(routesFor(may).pipe(Layer.provide(parts)));
  const context = yield* Layer.build(parts);
  const answer = yield* NodeHttpServer.makeHandler(app, { scope }).pipe(
    Effect.provideContext(context),
    Effect.provideService(References.UnhandledLogLevel, undefined),
  );
  const warn = Effect.runForkWith(yield* Effect.context<never>());
  let open = true;
  yield* Effect.addFinalizer(() => Effect.sync(() => void (open = false)));
  const trimmed = prefix.replace(/\/+$/, "");
  return (request, response) => {
    const inner = below(trimmed, request.url ?? "/") ?? request.url ?? "/";
    const go = (asker: Identity | null): void => {
      if (!open) return refuse(response, ended);
      const source = readAgain(request);
      if (asker !== null) identities.set(source, { ...asker, group: asker.group ?? null });
      // It is read at once; the host has its own path back afterwards.
      const { url } = source;
      source.url = inner;
      answer(source, response);
      if (url !== undefined) source.url = url;
    };
    if (identify === undefined) return go(null);
    if (isForged(request)) return refuse(response, forbidden("the request comes from a page of another origin"));
    Promise.resolve(request)
      .then(identify)
      .then(go, (error: unknown) => {
        warn(Effect.logWarning("who asks over HTTP could not be identified", error));
        go(null);
      });
  };
});
