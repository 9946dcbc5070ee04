/** A service that is told to end: it goes through the phases of its shutdown on SIGTERM, by an interrupt or by an abort, whichever its argument says. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime";
import * as Effect from "effect/Effect";
import * as RpcGroup from "effect/rpc/RpcGroup";
import { Actor, ChildSpec, Shutdown, Supervisor } from "../../src/actor/index.ts";

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const Part = Actor.make({
  name: "part",
  protocol: RpcGroup.make(),
  init: (name: string) => name,
  handlers: {},
  terminate: (name) =>
    Effect.andThen(
      Effect.sleep(1),
      Effect.sync(() => say(`${name} stopped`)),
    ),
});
const part = (id: string) => ChildSpec.make(Part, id, { id });
const tree = { id: "service", children: [part("listener"), part("db")] };
const phases = [
  { name: "refuse", children: ["listener"] },
  { name: "flush", tasks: { log: Effect.sync(() => say("flushed")) } },
];

if (process.argv[2] === "run") {
  const service = Supervisor.run(tree, (app) =>
    Effect.andThen(
      Shutdown.make(app, { phases }),
      Effect.sync(() => say("up")),
    ),
  );
  NodeRuntime.runMain(service);
} else {
  const stopping = new AbortController();
  process.once("SIGTERM", () => stopping.abort());
  const app = await Supervisor.launch(tree, { signal: stopping.signal });
  say("up");
  say((await app.ended)._tag);
}
