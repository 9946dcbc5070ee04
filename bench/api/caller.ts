/** Calls one after the other: `node caller.ts remote|rpc SOCKET`: a line of JSON with percentiles in milliseconds. */
import * as NodeSocket from "@effect/platform-node/NodeSocket";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as RpcClient from "effect/rpc/RpcClient";
import * as RpcSerialization from "effect/rpc/RpcSerialization";
import { Remote } from "../../src/actor/index.ts";
import { connect } from "../../src/embed/index.ts";
import { echo } from "./echo.ts";

const [kind = "", socket = ""] = process.argv.slice(2);
const warm = 3000;
const counted = 5000;

const measured = (call: Effect.Effect<unknown, unknown>) =>
  Effect.gen(function* () {
    const taken: Array<number> = [];
    for (let n = 0; n < warm + counted; n++) {
      const at = performance.now();
      yield* call;
      if (n >= warm) taken.push(performance.now() - at);
    }
    taken.sort((a, b) => a - b);
    console.log(JSON.stringify({ p50: taken[Math.floor(counted / 2)], p99: taken[Math.floor(counted * 0.99)] }));
  });

const text = "one and the same text";
const remote = Effect.gen(function* () {
  const ref = Remote.ref(yield* connect({ name: "shop", socket }), "echo", echo);
  yield* measured(ref.call("Echo", { text }));
});
const wire = RpcClient.layerProtocolSocket().pipe(Layer.provide([NodeSocket.layerNet({ path: socket }), RpcSerialization.layerNdjson]));
const raw = Effect.gen(function* () {
  const client = yield* RpcClient.make(echo, { disableTracing: true });
  yield* measured(client.Echo({ text }));
}).pipe(Effect.provide(wire));

await Effect.runPromise(Effect.scoped(kind === "remote" ? remote : raw));
process.exit(0);
