/** The worker of HSU's side. */
import { parentPort } from "node:worker_threads";
import * as Effect from "effect/Effect";
import { Actor, ChildSpec, WorkerSupervisor } from "../../../src/actor/index.ts";
import { counter } from "./plan.ts";

const Counter = Actor.make({
  name: "counter",
  protocol: counter,
  init: () => 0,
  handlers: { Add: (count, { by }) => count + by, Get: (count) => Actor.reply(count, count) },
});
const child = ChildSpec.make(Counter, undefined, { id: "counter" });

await Effect.runPromise(WorkerSupervisor.serve({ port: parentPort, tree: { children: [child], exports: { counter: child } } }));
