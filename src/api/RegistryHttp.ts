/**
 * The registry's HTTP and JSON: which path does what, how much is read of a request, and what an error looks like.
 */
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import type * as Scope from "effect/Scope";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { isMalformed, read, shown } from "../integrated/Publication.ts";
import type { ModuleNotFound, RegistryFull } from "../integrated/Registry.ts";
import { Control } from "../master/Control.ts";
import { RegistryNotOpened } from "./RegistryServer.ts";
import { bind } from "./UnixSocket.ts";

const maxBodyBytes = 1_000_000;

/** Who says nothing for so long is cut off. */
const idleMillis = 10_000;

interface Answer {
  readonly status: number;
  readonly body: object;
  /** The rest of the request is not read. */
  readonly close?: boolean;
}

const ok = (body: object): Answer => ({ status: 200, body });
const refuse = (status: number, error: string, context: string): Answer => ({ status, body: { success: false, error, context } });

/** Web pages may send requests to this machine too, under any name that leads to it; units are no browsers, and say where they connect to. */
const isOfAPage = ({ headers, socket }: IncomingMessage): boolean =>
  headers.origin !== undefined ||
  (socket.remoteAddress !== undefined && !/^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(headers.host ?? ""));

/** All of the body; null when it is too long. */
const bodyOf = async (request: IncomingMessage): Promise<string | null> => {
  const chunks: Array<Buffer> = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBodyBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
};

const parse = (text: string): { readonly json: unknown } | { readonly error: string } => {
  try {
    return { json: JSON.parse(text) as unknown };
  } catch (cause) {
    return { error: cause instanceof Error ? cause.message : String(cause) };
  }
};

/** The last part of the path, decoded; null where it is not well encoded. */
const decoded = (text: string): string | null => {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
};

const answering = (control: Control["Service"]) => {
  const { registry } = control;
  const explain = (error: ModuleNotFound | RegistryFull): Answer =>
    error._tag === "ModuleNotFound"
      ? refuse(404, error.why, error.moduleID)
      : refuse(503, `the registry holds ${error.limit} modules, and takes no more`, "publish");
  const publish = async (request: IncomingMessage): Promise<Effect.Effect<Answer>> => {
    const text = await bodyOf(request);
    if (text === null) {
      return Effect.succeed({ ...refuse(413, `request body is larger than ${maxBodyBytes} bytes`, "publish"), close: true });
    }
    const parsed = parse(text);
    if ("error" in parsed) return Effect.succeed(refuse(400, `invalid JSON: ${parsed.error}`, "publish"));
    const publication = read(parsed.json);
    if (isMalformed(publication)) return Effect.succeed(refuse(400, publication.error, publication.context));
    return Effect.match(registry.publish(publication), { onFailure: explain, onSuccess: () => ok({ success: true }) });
  };
  const health = Effect.map(registry.health, ({ registeredModules, totalAPIs, uptimeMillis }) =>
    ok({ status: "healthy", registeredModules, totalAPIs, uptime: goDuration(uptimeMillis) }),
  );
  const list = Effect.map(registry.list, (all) => {
    const modules = all.map(shown);
    return ok({ success: true, modules });
  });
  return async (request: IncomingMessage): Promise<Effect.Effect<Answer>> => {
    if (isOfAPage(request)) return Effect.succeed({ ...refuse(403, "not for web pages", "origin"), close: true });
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://registry");
    const [, name = "", part] = /^\/api\/v1\/(\w+)(?:\/([^/]+))?\/?$/.exec(pathname) ?? [];
    const id = part === undefined ? undefined : decoded(part);
    if (id === null) return Effect.succeed(refuse(400, "the module's name is not well encoded", part ?? ""));
    // Node leaves the body out.
    const method = request.method === "HEAD" ? "GET" : request.method;
    switch (`${method} ${name}${id === undefined ? "" : "/"}`) {
      case "POST publish":
        return await publish(request);
      case "GET discover/":
        return Effect.match(registry.discover(id!), { onFailure: explain, onSuccess: (publication) => ok(shown(publication)) });
      case "DELETE unpublish/": {
        const given = searchParams.get("processID") ?? searchParams.get("processId");
        if (given !== null && !/^\d{1,10}$/.test(given)) return Effect.succeed(refuse(400, "processID must be a whole number", given));
        const processID = given === null ? null : Number(given);
        return Effect.match(registry.unpublish(id!, processID), { onFailure: explain, onSuccess: () => ok({ success: true }) });
      }
      case "GET health":
        return health;
      case "GET list":
        return list;
      default: {
        const known = ["publish", "discover", "unpublish", "health", "list"].includes(name);
        return Effect.succeed(refuse(known ? 405 : 404, known ? "method not allowed" : "no such path", `${request.method} ${pathname}`));
      }
    }
  };
};

/** As Go prints a duration: `1h2m3.5s`. */
const goDuration = (millis: number): string => {
  const [hours, minutes, seconds] = [Math.floor(millis / 3_600_000), Math.floor(millis / 60_000) % 60, (millis % 60_000) / 1000];
  return `${hours > 0 ? `${hours}h` : ""}${hours > 0 || minutes > 0 ? `${minutes}m` : ""}${seconds}s`;
};

const serverOf: Effect.Effect<Server, never, Control> = Effect.gen(function* () {
  const answer = answering(yield* Control);
  const run = Effect.runPromiseExitWith(yield* Effect.context<never>());
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const exit = await run(
      Effect.flatMap(
        Effect.promise(() => answer(request)),
        (effect) => effect,
      ),
    );
    const { body, close, status } = Exit.isSuccess(exit)
      ? exit.value
      : { ...refuse(500, "the master cannot answer", Cause.squash(exit.cause) instanceof Error ? "internal" : ""), close: true };
    // Who has gone in the middle of the request gets no answer.
    if (response.destroyed) return;
    const text = JSON.stringify(body);
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
    response.writeHead(status, close === true ? { ...headers, connection: "close" } : headers);
    response.end(text);
  };
  // Each connection has a deadline of its own: looking through all of them every 30 seconds would wake the master for nothing.
  const server = createServer({ connectionsCheckingInterval: 2 ** 31 - 1 }, (request, response) => void handle(request, response));
  server.setTimeout(idleMillis);
  server.on("clientError", (_, socket) => {
    const text = JSON.stringify({ success: false, error: "this is not HTTP", context: "request" });
    if (socket.writable) socket.end(`HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: ${text.length}\r\n\r\n${text}`);
    else socket.destroy();
  });
  return server;
});

const closing = (server: Server): Effect.Effect<void> =>
  Effect.callback((resume) => {
    server.close(() => resume(Effect.void));
    server.closeAllConnections();
  });

export const listenAtPort = Effect.fnUntraced(function* (port: number): Effect.fn.Return<number, RegistryNotOpened, Control | Scope.Scope> {
  const server = yield* serverOf;
  const listening = Effect.callback<number, RegistryNotOpened>((resume) => {
    server.once("error", (error) => resume(Effect.fail(new RegistryNotOpened({ place: `127.0.0.1:${port}`, reason: error.message }))));
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : port));
    });
  });
  return yield* Effect.acquireRelease(listening, () => closing(server));
});

export const listenAtPath = Effect.fnUntraced(function* (path: string): Effect.fn.Return<void, RegistryNotOpened, Control | Scope.Scope> {
  const server = yield* serverOf;
  yield* Effect.mapError(bind(server, path, closing(server)), (error) => {
    const reason = error._tag === "SocketInUse" ? "somebody answers there" : error.reason;
    return new RegistryNotOpened({ place: path, reason });
  });
});
