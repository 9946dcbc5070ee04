/**
 * What the doors are measured beside, with nothing behind it: `node peer.ts grpc` serves a status by nice-grpc alone, made once and encoded for each call;
 * `node peer.ts rpc SOCKET` a call and a stream of Effect RPC. It says its port, or `open`, when it is up.
 */
import * as NodeSocketServer from "@effect/platform-node/NodeSocketServer";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as PubSub from "effect/PubSub";
import * as RpcSerialization from "effect/rpc/RpcSerialization";
import * as RpcServer from "effect/rpc/RpcServer";
import * as Stream from "effect/Stream";
import { createServer } from "nice-grpc";
import { MasterServiceDefinition, MasterStatus } from "../../src/protocol/gen/hsu/v1/master.ts";
import { UnitStatus } from "../../src/protocol/gen/hsu/v1/unit.ts";
import type { MasterEvent } from "../../src/protocol/MasterRpc.ts";
import { beside } from "./echo.ts";

const [kind, socket = ""] = process.argv.slice(2);

const grpc = async (): Promise<void> => {
  const units = Array.from({ length: 100 }, (_, index) =>
    UnitStatus.fromPartial({ id: `unit-${index}`, kind: "managed", groups: ["units"], pid: 10_000 + index, ready: true }),
  );
  const status = MasterStatus.fromPartial({ pid: process.pid, version: "bench", source: "bench", units });
  const server = createServer();
  const never = async (): Promise<never> => Promise.reject(new Error("not here"));
  server.add(MasterServiceDefinition, { status: async () => status, upgrade: never, shutdown: never });
  console.log(await server.listen("127.0.0.1:0"));
};

const rpc = Effect.gen(function* () {
  const happened = yield* PubSub.unbounded<MasterEvent>();
  const event = { seq: 1, at: Date.now(), path: ["units", "unit-0"], type: "signal", message: "sent SIGCONT" };
  const handlers = beside.toLayer(
    beside.of({
      Echo: ({ text }) => Effect.succeed(text),
      Events: () => Stream.fromPubSub(happened),
      Signal: () => Effect.asVoid(PubSub.publish(happened, event)),
    }),
  );
  const wire = RpcServer.layerProtocolSocketServer.pipe(
    Layer.provide([NodeSocketServer.layer({ path: socket }), RpcSerialization.layerNdjson]),
  );
  yield* Layer.build(Layer.provide(RpcServer.layer(beside, { disableTracing: true }), [handlers, wire]));
  console.log("open");
  return yield* Effect.never;
});

if (kind === "grpc") await grpc();
else Effect.runFork(Effect.scoped(rpc));
