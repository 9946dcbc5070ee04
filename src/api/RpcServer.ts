/**
 * The master's `Control` over Effect RPC: newline-delimited JSON on a unix socket.
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as References from "effect/References";
import * as Server from "effect/rpc/RpcServer";
import * as RpcSerialization from "effect/rpc/RpcSerialization";
import * as Scope from "effect/Scope";
import * as SocketServer from "effect/socket/SocketServer";
import { Control } from "../master/Control.ts";
import type { Reach } from "../peer/Reach.ts";
import { MasterRpc } from "../protocol/MasterRpc.ts";
import { doorFor, owner } from "./Doorkeeper.ts";
import * as Outcomes from "./Outcomes.ts";
import { type ListenFailed, listen, type SocketInUse } from "./UnixSocket.ts";

/** What comes over the wire says that it is one; whether it is, is looked at before it is applied. */
type Spec = Parameters<Control["Service"]["apply"]>[0];

/** Each call of the wire contract, answered by what can be reached through a door. */
export const handlersOf = (reach: Reach) => {
  // A refusal is an error of the door, and as such one of each call: the types of handlers alone do not know it.
  const control = reach as Control["Service"];
  return MasterRpc.toLayer(
    MasterRpc.of({
      Status: () => control.status,
      Tree: () => control.tree,
      Start: ({ unit }) => control.start(unit),
      Stop: ({ unit }) => control.stop(unit),
      Restart: ({ unit }) => control.restart(unit),
      Roll: ({ units }) => control.roll(units),
      Describe: ({ unit }) => control.describe(unit),
      Reload: ({ unit }) => control.reload(unit),
      ResetFailed: ({ unit }) => control.resetFailed(unit),
      Signal: ({ unit, signal }) => control.signal(unit, signal),
      Events: (options) => control.events(options),
      Logs: (options) => control.logs(options),
      Call: (options) => control.call(options),
      Resources: (request) => control.resources(request),
      Spec: () => control.spec,
      Plan: ({ spec }) => control.plan(spec as Spec),
      Diff: ({ revision }) => control.diff(revision),
      Apply: ({ how, spec }) => control.apply(spec as Spec, how),
      Revisions: () => control.revisions,
      Revision: ({ revision }) => control.revision(revision),
      Rollback: ({ revision }) => control.rollback(revision),
      Upgrade: ({ command }) => control.upgrade(command),
      Shutdown: () => control.shutdown,
    }),
  );
};

/**
 * Serves `Control` at `socketPath` until the scope ends. It returns when the socket takes connections.
 *
 * A socket that nobody answers at is replaced; one that somebody answers at is `SocketInUse`. The file is 0600 from the moment it has its
 * name and is removed at the end, which is prompt: streams that are still open are ended, and clients that do not read are cut off.
 */
export const serve = Effect.fnUntraced(function* (
  socketPath: string,
): Effect.fn.Return<void, SocketInUse | ListenFailed, Control | Scope.Scope> {
  const { endClients, server } = yield* listen(socketPath);
  const wire = Server.layerProtocolSocketServer.pipe(
    Layer.provide([Layer.succeed(SocketServer.SocketServer, server), RpcSerialization.layerNdjson]),
  );
  // A defect of one handler is answered to its own caller, not to every call on that connection.
  const answering = Server.layer(MasterRpc, { disableTracing: true, disableFatalDefects: true });
  const door = doorFor(owner, Outcomes.make(Effect.runForkWith(yield* Effect.context())));
  yield* Layer.build(answering.pipe(Layer.provide([handlersOf(yield* Control), door, wire]))).pipe(
    Effect.provideService(References.UnhandledLogLevel, undefined),
  );
  yield* Effect.addFinalizer(() => endClients);
});

/** `serve` as a layer. */
export const layer = (socketPath: string): Layer.Layer<never, SocketInUse | ListenFailed, Control> =>
  Layer.effectDiscard(serve(socketPath));
