import { expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import { Actor, type ActorRef } from "../../src/actor/index.ts";
import { pass, Script, Worker } from "./actors.ts";

it.effect("news that come during a start are handled after it, though no message comes", () =>
  Effect.gen(function* () {
    const seen: Array<string> = [];
    const Watcher = Actor.make({
      name: "watcher",
      protocol: RpcGroup.make(Rpc.make("Nothing")),
      init: (ref: ActorRef<never>, context) => {
        context.monitor(ref);
        return Effect.as(Effect.sleep(10), 0);
      },
      handlers: { Nothing: () => {} },
      info: (_, { reason }) => void seen.push(reason._tag),
    });
    const gone = yield* Actor.spawn(Worker, new Script());
    yield* Actor.stop(gone);
    yield* Effect.forkChild(Actor.spawn(Watcher, gone as never), { startImmediately: true });
    yield* pass(10);
    expect(seen).toEqual(["NoProc"]);
  }),
);
