/** Random trees, random operations, in random orders of turns: what was found so is below as tests of their own. */
import { describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as RpcGroup from "effect/rpc/RpcGroup";
import { Actor } from "../../src/actor/index.ts";
import { explore } from "../../src/testing/index.ts";
import { tree } from "./trees.ts";

describe("in any order of turns", () => {
  it.effect("no child is there twice, each operation is answered, and nothing is left behind", () => explore(tree, { runs: 400, seed: 1 }));

  it.effect("who starts an actor hears of it, also when its start is over before he waits", () => {
    const Late = Actor.make({ name: "late", protocol: RpcGroup.make(), init: () => Effect.as(Effect.yieldNow, 0), handlers: {} });
    return explore(Actor.spawn(Late, undefined), { runs: 100, seed: 1 });
  });

  it.effect("actors of one scope that several fibers have started stop in reverse order", () => {
    const program = Effect.gen(function* () {
      const log: Array<string> = [];
      const Named = Actor.make({
        name: "named",
        protocol: RpcGroup.make(),
        init: (id: string) => {
          log.push(`+${id}`);
          return id;
        },
        handlers: {},
        terminate: (id) => void log.push(`-${id}`),
      });
      const spawn = (id: string) => Actor.spawn(Named, id, { id });
      const both = Effect.all([Effect.andThen(spawn("a"), spawn("b")), Effect.andThen(spawn("c"), spawn("d"))], { concurrency: 2 });
      yield* Effect.scoped(both);
      return log;
    });
    const check = Effect.flatMap(program, (log) => {
      const stopped = log.slice(4).map((entry) => entry.slice(1));
      const reversed = log
        .slice(0, 4)
        .map((entry) => entry.slice(1))
        .toReversed();
      // Those whose starts have overlapped may stop in either order, but each after all that came later from its own fiber.
      const inOrder = stopped.indexOf("b") < stopped.indexOf("a") && stopped.indexOf("d") < stopped.indexOf("c");
      return inOrder && stopped.toSorted().join() === reversed.toSorted().join() ? Effect.void : Effect.fail(log);
    });
    return explore(check, { runs: 200, seed: 1 });
  });
});
