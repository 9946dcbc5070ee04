/**
 * A master as it is seen from any program: the actors that it exports, over a connection that comes back by itself.
 */
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import * as Net from "node:net";
import { CrashReport, Remote, Supervisor, Task } from "../actor/index.ts";
import { CannotReach, type NotConnected } from "../protocol/RemoteErrors.ts";
import { carry } from "./Carry.ts";
import { type Client, over } from "./Client.ts";
import { type Credentials, dial } from "./Dial.ts";
import { backoff, breaker, NodeDown, watched } from "./Lasting.ts";

/** Where the master is, and what is shown there. @since 0.1.0 */
export interface ConnectOptions extends Credentials {
  /** What it is called here: the first part of the path of its actors. */
  readonly name: string;
  /** `tls://HOST:PORT`, or `tcp://127.0.0.1:PORT`. */
  readonly address?: string;
  /** Instead of an address: its unix socket on this machine. */
  readonly socket?: string;
  /** How often it has to give a sign of life; after two without one it is down. Default: 5000. */
  readonly heartbeatMillis?: number;
  /** Of hsu, where it is known: two of one version talk in binary, others in JSON. */
  readonly version?: string;
}

const openSocket = (path: string): Effect.Effect<Net.Socket, CannotReach> =>
  Effect.callback((resume) => {
    const socket = Net.createConnection(path);
    socket.once("connect", () => {
      socket.pause();
      resume(Effect.succeed(socket));
    });
    socket.on("error", (error) => resume(Effect.fail(new CannotReach({ address: path, reason: error.message }))));
    return Effect.sync(() => socket.destroy());
  });

const open = Effect.fnUntraced(function* (
  { address, name: _name, socket, heartbeatMillis: _millis, version = "", ...shown }: ConnectOptions,
  { heartbeat, silent }: Pick<ReturnType<typeof watched>, "heartbeat" | "silent">,
): Effect.fn.Return<Client, NotConnected | NodeDown, Scope.Scope> {
  if (socket !== undefined) {
    const connection = yield* Effect.acquireRelease(openSocket(socket), (opened) => Effect.sync(() => opened.destroy()));
    return yield* over(connection, { encoding: "ndjson", heartbeat, silent });
  }
  const dialed = yield* dial({ ...shown, address: address ?? "", version, heartbeat, silent });
  const { protocol } = dialed.welcome;
  if (protocol < 2) return yield* new NodeDown({ peer: _name, reason: `it speaks protocol ${protocol}, in which there are no actors` });
  return dialed;
});

/**
 * A master, by what it exports; `Remote.ref` gives the addresses of its actors. It is connected to until the scope ends: after 250 ms, then twice as
 * long each time up to 5 s, and every 10 s after more than ten tries within a minute.
 *
 * @since 0.1.0
 */
export const connect = Effect.fnUntraced(function* (options: ConnectOptions): Effect.fn.Return<Remote.Node, never, Scope.Scope> {
  const { heartbeatMillis, name } = options;
  const node = yield* Remote.node(name);
  const remote = node["~hsu/node"];
  const link = Effect.gen(function* () {
    const { heartbeat, lasts, silent } = watched(name, heartbeatMillis);
    const client = yield* open(options, { heartbeat, silent });
    const ended = Effect.flatMap(carry(node, client), (reason) => Effect.fail(new NodeDown({ peer: name, reason })));
    return yield* Effect.raceFirst(lasts(client), ended);
  }).pipe(Effect.tapError(({ message }) => Effect.sync(() => remote.disconnect(message))));
  const child = Task.child(Effect.scoped(link), { id: "link", restart: "permanent", backoff, shutdown: 1000 });
  const guarded = Supervisor.child({ id: name, ...breaker, children: [child] });
  yield* Effect.addFinalizer(() => Effect.sync(() => remote.disconnect("it is not connected to any more")));
  // Its tries are its own affair: who talks to an actor there hears of it.
  yield* Effect.orDie(Supervisor.start({ id: "remote", intensity: "infinity", children: [guarded] })).pipe(
    Effect.provideService(CrashReport.Reporter, () => Effect.void),
  );
  return node;
});
