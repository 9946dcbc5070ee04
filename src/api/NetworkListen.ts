/**
 * The server over the network: its limits, who is let in, and its end.
 */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import * as NodeSocket from "@effect/platform-node/NodeSocket";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Layer from "effect/Layer";
import * as NetAddress from "effect/net/NetAddress";
import * as References from "effect/References";
import * as RpcServer from "effect/rpc/RpcServer";
import * as RpcSerialization from "effect/rpc/RpcSerialization";
import * as Scope from "effect/Scope";
import * as SocketServer from "effect/socket/SocketServer";
import { Control } from "../master/Control.ts";
import { firstLine } from "../peer/Line.ts";
import { alone, type Reach } from "../peer/Reach.ts";
import * as Ndjson from "../protocol/Ndjson.ts";
import { agree, type Encoding, longestHello, protocols, readHello, refusedLine, welcomeLine } from "../protocol/Hello.ts";
import type { AuditWho } from "../protocol/Audit.ts";
import { MasterRpc } from "../protocol/MasterRpc.ts";
import { FrameRefused, type Refused, RpcNotOpened, TooMany, TooOften, type Unauthorized } from "../protocol/RemoteErrors.ts";
import { Tokens } from "../security/index.ts";
import { type Caller, doorFor } from "./Doorkeeper.ts";
import { guarded, longestMessage } from "./Guarded.ts";
import { certified, identify } from "./Identify.ts";
import type { NetworkPlace } from "./NetworkPlace.ts";
import * as Outcomes from "./Outcomes.ts";
import { whileOpen } from "./WhileOpen.ts";
import * as Staying from "./Staying.ts";
import { make as makeThrottle, type Throttle } from "./Throttle.ts";
import { inBytes, inLines } from "./Remembered.ts";
import * as Refusals from "./Refusals.ts";
import { within } from "./Restricted.ts";
import { handlersOf } from "./RpcServer.ts";

/** Connections that are served at a time. */
const mostConnections = 200;
/** For TLS, and for the hello. */
const helloMillis = 10_000;
/** Who sends nothing for so long, not even a sign of life, is taken for gone; looked at in so many steps. */
const silenceMillis = 30_000;
const looks = 6;
/** How long clients get to take what was written to them once the server closes. */
const graceMillis = 500;

export interface ListenOptions {
  readonly tokens: string;
  readonly version: string;
  /** What can be reached through this master just now; absent: itself alone. */
  readonly reach?: () => Reach;
  /** How much each client gets; absent: as much as is usual. */
  readonly throttle?: Throttle;
  /** How long a client may be silent. */
  readonly silenceMillis?: number;
}

const serverFor = ({ tls }: NetworkPlace): Server => {
  if (tls === undefined) return createServer();
  return createTlsServer({
    cert: readFileSync(tls.cert),
    key: readFileSync(tls.key),
    minVersion: "TLSv1.3",
    handshakeTimeout: helloMillis,
    // A certificate that is not taken is refused by us, in words: see `certified`.
    ...(tls.ca === undefined ? {} : { ca: readFileSync(tls.ca), requestCert: true, rejectUnauthorized: false }),
  });
};

/** What is told to who may not come in, and not to who has come at a bad time. */
const strangers: ReadonlySet<string> = new Set(["Unauthorized", "CertificateRefused"]);

const fromOf = ({ remoteAddress }: Socket, isMaster: boolean): AuditWho => ({
  door: "rpc",
  ...(remoteAddress === undefined ? {} : { address: remoteAddress }),
  ...(isMaster ? { master: true } : {}),
});

/** What a connection is to the server. */
interface Guest {
  /** Of its last looks. */
  read: number;
  silent: number;
  /** Whether he who came may still be here; known once he has been let in. */
  stays: Effect.Effect<unknown, unknown> | null;
}

interface Admitted {
  readonly caller: Caller;
  /** The same, looked up again. */
  readonly who: Effect.Effect<Caller, Unauthorized>;
  /** It is told of the units here, and not of those that this one knows of others. */
  readonly isMaster: boolean;
  readonly encoding: Encoding;
}

export const listen = Effect.fnUntraced(function* (
  place: NetworkPlace,
  options: ListenOptions,
): Effect.fn.Return<number, RpcNotOpened, Control | Scope.Scope> {
  const control = yield* Control;
  const failed = (cause: unknown) =>
    new RpcNotOpened({ place: `${place.address}:${place.port}`, reason: cause instanceof Error ? cause.message : String(cause) });
  const server = yield* Effect.try({ try: () => serverFor(place), catch: failed });
  const scope = yield* Effect.scope;
  const run = Effect.runForkWith(yield* Effect.context());
  const outcomes = Outcomes.make(run);
  const staying = Staying.make(run);
  const own = alone(control);
  const tokens = new Tokens.TokenFile(options.tokens);
  const incarnation = randomUUID();
  const guests = new Map<Socket, Guest>();
  const { throttle = makeThrottle() } = options;
  const count = (code: string): void => Refusals.count(control, code);

  const turnAway = (socket: Socket, refused: Refused): void => {
    Refusals.count(control, refused.code);
    // Of those who come too often it is enough to know how many.
    if (control.audit !== undefined && strangers.has(refused._tag)) {
      run(control.audit.refused(fromOf(socket, false), { operation: "Connect" }, refused.code));
    }
    if (!socket.writable) return void socket.destroy();
    socket.end(refusedLine(refused));
    // Who does not take the answer is not waited for.
    setTimeout(() => socket.destroy(), graceMillis).unref();
  };

  /** From its hello to its end. */
  const admit = Effect.fnUntraced(function* (socket: Socket, guest: Guest) {
    yield* certified(socket, place);
    const text = yield* Effect.mapError(firstLine(socket, longestHello), (why) =>
      why === "too long" ? new FrameRefused({ why: `its hello is longer than ${longestHello} bytes` }) : ("gone" as const),
    );
    const hello = yield* Effect.fromResult(readHello(text));
    const agreed = yield* Effect.fromResult(agree(hello, { version: options.version, ...protocols }));
    const who = identify(socket, hello, place, tokens);
    const caller = yield* Effect.mapError(who, (refused) => {
      // Whoever has shown something that is good is let in all the same.
      const wait = throttle.failure(socket.remoteAddress ?? "");
      return wait === 0 ? refused : new TooOften({ what: "guesses", retryAfterMillis: wait });
    });
    guest.stays = who;
    socket.write(welcomeLine({ version: options.version, incarnation, role: caller.role, group: caller.group, ...agreed }));
    return { caller, who, isMaster: hello.master === true, encoding: agreed.encoding };
  });

  const serialization = Effect.fnUntraced(function* (encoding: Encoding, socket: Socket) {
    const layer =
      encoding === "ndjson" ? Ndjson.layer(longestMessage) : RpcSerialization.layerSchemaBinary({ maxFrameSize: longestMessage });
    const plain = Context.get(yield* Layer.build(layer), RpcSerialization.RpcSerialization);
    return Layer.succeed(
      RpcSerialization.RpcSerialization,
      guarded(encoding === "ndjson" ? inLines(plain) : inBytes(plain), (refused) => turnAway(socket, refused)),
    );
  });

  /** One server for one connection: what it may is bound to who has come. */
  const answer = Effect.fnUntraced(function* (socket: Socket, { caller, encoding, isMaster, who }: Admitted) {
    const duplex = whileOpen(socket, yield* NodeSocket.fromDuplex(Effect.succeed(socket)));
    const one: SocketServer.SocketServer["Service"] = {
      address: NetAddress.unixPathAddress(""),
      run: (handler) => Effect.andThen(Effect.ignoreCause(handler(duplex)), Effect.never),
    };
    const wire = RpcServer.layerProtocolSocketServer.pipe(
      Layer.provide([Layer.succeed(SocketServer.SocketServer, one), yield* serialization(encoding, socket)]),
    );
    const all = (): Reach => (isMaster ? own : (options.reach?.() ?? own));
    const { group } = caller;
    const reach = (): Reach => within(group, all());
    const door = doorFor({
      who,
      origin: Effect.succeed(fromOf(socket, isMaster)),
      outcomes,
      audit: control.audit,
      throttle,
      count,
      staying,
    });
    const answering = RpcServer.layer(MasterRpc, { disableTracing: true, disableFatalDefects: true });
    yield* Layer.build(answering.pipe(Layer.provide([handlersOf(reach), door, wire])));
    yield* ended(socket);
  });

  const attend = (socket: Socket, guest: Guest): Effect.Effect<void> =>
    admit(socket, guest).pipe(
      Effect.timeoutOrElse({
        duration: helloMillis,
        orElse: () => Effect.fail(new FrameRefused({ why: `it has not said hello within ${helloMillis / 1000} s` })),
      }),
      Effect.matchEffect({
        onFailure: (refused) => Effect.sync(() => (refused === "gone" ? socket.destroy() : turnAway(socket, refused))),
        onSuccess: (admitted) =>
          Effect.ensuring(
            Effect.scoped(answer(socket, admitted)),
            Effect.sync(() => socket.destroySoon()),
          ),
      }),
      Effect.ignoreCause({ log: "Debug", message: "a client over the network ended abnormally" }),
      Effect.provideService(References.UnhandledLogLevel, undefined),
    );

  let looking = false;
  /** Cuts off who is silent, or may not be here any more, for as long as anybody is here. */
  const look: Effect.Effect<void> = Effect.suspend(() => {
    if (guests.size === 0) {
      looking = false;
      return Effect.void;
    }
    return Effect.forEach(
      guests,
      ([socket, guest]) => {
        guest.silent = socket.bytesRead === guest.read ? guest.silent + 1 : 0;
        guest.read = socket.bytesRead;
        if (guest.silent >= looks) return Effect.sync(() => void socket.destroy());
        return guest.stays === null ? Effect.void : Effect.catchCause(guest.stays, () => Effect.sync(() => void socket.destroy()));
      },
      { discard: true },
    ).pipe(Effect.andThen(Effect.delay(look, (options.silenceMillis ?? silenceMillis) / looks)));
  });

  const attending = yield* Scope.fork(scope);
  const track = Fiber.runIn(attending);
  const accept = (socket: Socket): void => {
    // Its end is seen by who reads from it.
    socket.on("error", () => {});
    if (guests.size >= mostConnections) return turnAway(socket, new TooMany({ what: "connections", most: mostConnections }));
    const guest: Guest = { read: -1, silent: 0, stays: null };
    guests.set(socket, guest);
    socket.once("close", () => guests.delete(socket));
    socket.setNoDelay(true);
    if (!looking) {
      looking = true;
      track(run(look));
    }
    track(run(attend(socket, guest)));
  };
  server.maxConnections = mostConnections * 2;
  server.on(place.tls === undefined ? "connection" : "secureConnection", accept);
  server.on("tlsClientError", (_error, socket) => {
    Refusals.count(control, "HSU-RPC-005");
    socket.destroy();
  });
  const port = yield* open(server, place, failed);
  yield* Effect.addFinalizer(() => close(server, guests, Scope.close(attending, Exit.void)));
  return port;
});

const ended = (socket: Socket): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    const done = (): void => resume(Effect.void);
    if (socket.closed || socket.destroyed) return done();
    socket.once("close", done);
    return Effect.sync(() => socket.off("close", done));
  });

const open = (server: Server, { address, port }: NetworkPlace, failed: (cause: unknown) => RpcNotOpened) =>
  Effect.callback<number, RpcNotOpened>((resume) => {
    server.once("error", (error) => resume(Effect.fail(failed(error))));
    server.listen({ host: address, port }, () => {
      const place = server.address();
      resume(Effect.succeed(typeof place === "object" && place !== null ? place.port : port));
    });
  });

/** What was answered goes out, within bounds; then everybody is cut off. */
const close = (server: Server, guests: ReadonlyMap<Socket, Guest>, end: Effect.Effect<void>): Effect.Effect<void> =>
  Effect.gen(function* () {
    const closed = new Promise<void>((done) => server.close(() => done()));
    // Beside this: what cannot be interrupted is not waited for either.
    const all = yield* Effect.forkDetach(end);
    yield* Effect.timeoutOrElse(Effect.interruptible(Fiber.await(all)), { duration: graceMillis, orElse: () => Effect.void });
    for (const socket of guests.keys()) socket.destroy();
    yield* Effect.promise(() => closed);
  });
