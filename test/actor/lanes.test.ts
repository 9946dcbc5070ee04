import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import { Actor, ChildSpec, ExitReason, Inspect, Supervisor } from "../../src/actor/index.ts";
import { Script, Worker } from "./actors.ts";

describe("lanes", () => {
  it.effect("a kill goes before all that was asked of a supervisor, also of the batch that is running", () =>
    Effect.gen(function* () {
      const child = ChildSpec.make(Worker, new Script(), { id: "child" });
      const supervisor = yield* Supervisor.start({ children: [child] });
      const ask = Effect.forkChild(Effect.result(supervisor.countChildren), { startImmediately: true });
      const before = yield* Effect.replicateEffect(ask, 500);
      const killing = yield* Effect.forkChild(supervisor.kill, { startImmediately: true });
      const after = yield* Effect.replicateEffect(ask, 500);
      yield* Fiber.join(killing);
      const answers = yield* Effect.forEach([...before, ...after], Fiber.join);
      assert.deepStrictEqual(new Set(answers.map(({ _tag }) => _tag)), new Set(["Failure"]));
    }).pipe(Effect.scoped),
  );

  it.effect("a look inside goes before messages and news, a kill before the look", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(Worker, new Script());
      for (let n = 0; n < 1000; n++) Actor.inform(ref, n);
      const look = yield* Effect.forkChild(Inspect.status(ref), { startImmediately: true });
      assert.strictEqual((yield* Fiber.join(look)).mailbox.depth, 1000);
      const late = yield* Effect.forkChild(Effect.flip(Inspect.status(ref)), { startImmediately: true });
      Actor.signal(ref, ExitReason.killed);
      assert.strictEqual((yield* Fiber.join(late))._tag, "ActorDown");
    }).pipe(Effect.scoped),
  );
});
