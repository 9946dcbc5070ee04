/**
 * A listening unix socket as Effect's `SocketServer`: private from its first moment, never two at one path, gone when its scope ends.
 *
 * It does not use `NodeSocketServer`, which loads the `ws` package (7 MB) and, at its end, waits without limit for a client that has stopped reading.
 */
import * as NodeSocket from "@effect/platform-node/NodeSocket";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as NetAddress from "effect/net/NetAddress";
import * as Schema from "effect/Schema";
import * as Scope from "effect/Scope";
import * as Socket from "effect/socket/Socket";
import * as SocketServer from "effect/socket/SocketServer";
import { type SocketPeer, socketPeer } from "../platform/index.ts";
import { TooMany } from "../protocol/RemoteErrors.ts";
import * as Fs from "node:fs";
import * as Net from "node:net";
import * as Path from "node:path";
import { whileOpen } from "./WhileOpen.ts";
import { makeFolder } from "../platform/Folder.ts";

/** Somebody answers at the socket: another master serves there. */
export class SocketInUse extends Schema.TaggedError<SocketInUse>()("SocketInUse", { path: Schema.String }) {
  readonly code = "HSU-API-001";
  override get message(): string {
    return `another master answers at ${this.path}`;
  }
  get hint(): string {
    return "`hsu apply` has that one run another config, `hsu down` ends it; or give this one its own with --socket PATH or $HSU_RUNTIME_DIR";
  }
}

/** The socket could not be opened, for a reason other than another master. */
export class ListenFailed extends Schema.TaggedError<ListenFailed>()("ListenFailed", {
  path: Schema.String,
  reason: Schema.String,
}) {
  readonly code = "HSU-API-002";
  override get message(): string {
    return `cannot listen at ${this.path}: ${this.reason}`;
  }
  get hint(): string {
    return "give a short path in a folder of your own with --socket PATH or $HSU_RUNTIME_DIR";
  }
}

/** Bytes of a path that fit into `sockaddr_un` with its closing zero: Linux has 108, the BSDs 104. */
const longestPath = process.platform === "linux" ? 107 : 103;

/** Connections that are served at a time, and what one more is told: that of Effect RPC which ends all calls of a connection. */
const mostConnections = 8192;
const oneTooMany = `${JSON.stringify({ _tag: "Defect", defect: new TooMany({ what: "connections", most: mostConnections }).message })}\n`;

/** How long clients get to take what was already written to them once the server closes. */
const graceMillis = 500;

/**
 * Listens at `path` until the scope ends.
 *
 * `endClients` is to run as the first step of closing: clients that have not gone within half a second are cut off, so that nobody who has
 * stopped reading can hold up the end of the master.
 */
export const listen = Effect.fnUntraced(function* (
  path: string,
): Effect.fn.Return<
  { readonly server: SocketServer.SocketServer["Service"]; readonly endClients: Effect.Effect<void> },
  SocketInUse | ListenFailed,
  Scope.Scope
> {
  const connections = new Set<Net.Socket>();
  const waiting: Array<Net.Socket> = [];
  let accept = (connection: Net.Socket): void => void waiting.push(connection);
  const server = Net.createServer({ pauseOnConnect: true }, (connection) => {
    connection.on("error", () => {});
    if (connections.size >= mostConnections) return void connection.end(oneTooMany, () => connection.destroy());
    connections.add(connection);
    connection.on("close", () => connections.delete(connection));
    accept(connection);
  });
  const cut = (): void => {
    for (const connection of connections) connection.destroy();
  };
  let grace: Fiber.Fiber<void> | undefined;
  const close = Effect.callback<void>((resume) => {
    grace?.interruptUnsafe();
    cut();
    server.close(() => resume(Effect.void));
  });
  yield* bind(server, path, close);
  return {
    endClients: Effect.sync(cut).pipe(
      Effect.delay(graceMillis),
      Effect.forkDetach,
      Effect.map((fiber) => void (grace = fiber)),
    ),
    server: {
      address: NetAddress.unixPathAddress(path),
      run: (handler) =>
        Effect.contextWith((services) => {
          const scope = Scope.makeUnsafe();
          const track = Fiber.runIn(scope);
          accept = (connection) =>
            void track(
              asSocket(connection).pipe(
                Effect.flatMap(handler),
                Effect.provideService(AtSocket, peerOf(connection)),
                Effect.ignoreCause({ log: "Debug", message: "a client of the API socket ended abnormally" }),
                Effect.runForkWith(Context.omit(Scope.Scope)(services) as typeof services),
              ),
            );
          waiting.splice(0).forEach(accept);
          return Effect.callback<never>(() => Scope.close(scope, Exit.void));
        }),
    },
  };
});

/** Has a server listen at a path that is private from its first moment, until the scope ends; `close` ends the server, when the path has gone. */
export const bind = (
  server: Net.Server,
  path: string,
  close: Effect.Effect<void>,
): Effect.Effect<void, SocketInUse | ListenFailed, Scope.Scope> =>
  Effect.andThen(
    prepare(path),
    Effect.asVoid(
      Effect.acquireRelease(open(server, path), (inode) =>
        Effect.andThen(
          Effect.sync(() => remove(path, inode)),
          close,
        ),
      ),
    ),
  );

const AtSocket = Context.Reference<Effect.Effect<SocketPeer>>("hsu/api/UnixSocket/AtSocket", { defaultValue: () => Effect.succeed({}) });

/** Who is at the other end of the connection that a call has come over. It costs something to find out: once, and only for what is written down. */
export const peerAtSocket: Effect.Effect<SocketPeer> = Effect.flatten(AtSocket);

const peerOf = (connection: Net.Socket): Effect.Effect<SocketPeer> => {
  let found: Promise<SocketPeer> | undefined;
  return Effect.promise(() => (found ??= socketPeer(connection)));
};

/** One accepted connection. Releasing it lets what was written go out first; the server's `endClients` bounds that. */
const asSocket = (connection: Net.Socket): Effect.Effect<Socket.Socket> =>
  NodeSocket.fromDuplex(
    Effect.acquireRelease(
      Effect.suspend(() =>
        connection.closed
          ? Effect.fail(new Socket.SocketError({ reason: new Socket.SocketCloseError({ code: 1000 }) }))
          : Effect.succeed(connection),
      ),
      () => Effect.sync(() => connection.destroySoon()),
    ),
  ).pipe(Effect.map((socket) => whileOpen(connection, socket)));

/** Makes the folder (0700) if there is none, and takes away a socket that nobody serves any more. A folder that is there keeps its mode. */
const prepare = (path: string): Effect.Effect<void, SocketInUse | ListenFailed> =>
  Effect.suspend((): Effect.Effect<void, SocketInUse | ListenFailed> => {
    if (Buffer.byteLength(path) > longestPath) {
      return fail(path, `the path is longer than the ${longestPath} bytes a socket address takes`);
    }
    try {
      makeFolder(Path.dirname(path), 0o700);
      const found = Fs.lstatSync(path, { throwIfNoEntry: false });
      if (found === undefined) return Effect.void;
      if (!found.isSocket()) return fail(path, "there is a file of that name that is not a socket");
    } catch (cause) {
      return fail(path, reasonOf(cause));
    }
    return Effect.flatMap(answers(path), (live): Effect.Effect<void, SocketInUse | ListenFailed> => {
      if (live) return Effect.fail(new SocketInUse({ path }));
      return Effect.try({
        try: () => Fs.rmSync(path, { force: true }),
        catch: (cause) => new ListenFailed({ path, reason: reasonOf(cause) }),
      });
    });
  });

/** Whether somebody serves the socket. Only a refused connection says that nobody does; a full backlog, say, is a busy server. */
const answers = (path: string): Effect.Effect<boolean, ListenFailed> =>
  Effect.callback<boolean, ListenFailed>((resume) => {
    const probe = Net.createConnection(path);
    probe.once("connect", () => {
      probe.destroy();
      resume(Effect.succeed(true));
    });
    probe.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED" || error.code === "ENOENT") resume(Effect.succeed(false));
      else if (error.code === "EAGAIN") resume(Effect.succeed(true));
      else resume(fail(path, reasonOf(error)));
    });
    return Effect.sync(() => probe.destroy());
  });

/**
 * Binds under a name that nobody knows, makes it 0600, and only then gives it the name that clients look for; `link` fails where somebody was
 * faster. Yields the socket's inode, by which it is recognised as our own at the end.
 */
const open = (server: Net.Server, path: string): Effect.Effect<number, SocketInUse | ListenFailed> =>
  Effect.callback((resume) => {
    const hidden = Path.join(Path.dirname(path), `.${process.pid.toString(36)}-${process.hrtime.bigint().toString(36)}`);
    server.once("error", (error) => resume(fail(path, reasonOf(error))));
    server.listen(hidden, () => {
      try {
        Fs.chmodSync(hidden, 0o600);
        publish(hidden, path);
        resume(Effect.succeed(Fs.lstatSync(path).ino));
      } catch (cause) {
        const taken = (cause as NodeJS.ErrnoException).code === "EEXIST";
        Fs.rmSync(hidden, { force: true });
        server.close();
        resume(taken ? Effect.fail(new SocketInUse({ path })) : fail(path, reasonOf(cause)));
      }
    });
  });

/** Gives the socket its name, failing with `EEXIST` if the name is taken; only where sockets cannot be linked does the last one win. */
const publish = (hidden: string, path: string): void => {
  try {
    Fs.linkSync(hidden, path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") throw cause;
    return Fs.renameSync(hidden, path);
  }
  Fs.rmSync(hidden, { force: true });
};

/** Removes the socket unless somebody has put another one in its place. */
const remove = (path: string, inode: number): void => {
  try {
    if (Fs.lstatSync(path, { throwIfNoEntry: false })?.ino === inode) Fs.rmSync(path, { force: true });
  } catch {
    // The folder has gone, and the socket with it.
  }
};

const fail = (path: string, reason: string): Effect.Effect<never, ListenFailed> => Effect.fail(new ListenFailed({ path, reason }));

const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
