import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import type * as Rpc from "effect/rpc/Rpc";
import { type ActorRef, Supervisor } from "../../src/actor/index.ts";
import { pass, quiet, settled, states, worker } from "./actors.ts";

describe("refs", () => {
  it.effect("and waiting messages survive the restart of the supervisor itself", () =>
    Effect.gen(function* () {
      const spec = worker("leaf");
      const inner = Supervisor.child({ id: "inner", children: [spec], intensity: 0, backoff: { initialMillis: 100 } });
      const top = yield* Supervisor.start({ children: [inner], intensity: 10 });
      const middle = yield* top.supervisor("inner");
      const ref = middle.ref(spec);
      ref.cast("Die");
      yield* settled;
      expect([middle.alive, ref.alive]).toEqual([false, false]);
      const asked = yield* Effect.forkChild(ref.call("Incarnation"), { startImmediately: true });
      yield* pass(100);
      expect(yield* Fiber.join(asked)).toBe(2);
      expect([middle.alive, middle.incarnation, yield* states(middle)]).toEqual([true, 2, "leaf up"]);
    }).pipe(quiet),
  );

  it.effect("of a tree that has ended tell their callers so", () =>
    Effect.gen(function* () {
      const spec = worker("leaf");
      const inner = Supervisor.child({ id: "inner", children: [spec] });
      const top = yield* Supervisor.start({ children: [inner] });
      const middle = yield* top.supervisor("inner");
      const ref = middle.ref(spec);
      ref.cast("Block");
      yield* settled;
      const waiting = yield* Effect.forkChild(Effect.flip(ref.call("Incarnation")), { startImmediately: true });
      yield* top.stop;
      yield* settled;
      expect(waiting.pollUnsafe()).toMatchObject({ value: { _tag: "ActorDown" } });
      expect(yield* Effect.flip(ref.call("Incarnation"))).toMatchObject({ reason: { _tag: "NoProc" } });
      expect(yield* Effect.flip(middle.whichChildren)).toMatchObject({ _tag: "ActorDown", path: ["root", "inner"] });
    }),
  );

  for (const [mailbox, answer] of [
    ["keep", { value: 2 }],
    ["discard", { value: { _tag: "ActorDown", message: "root/a is down: Error: died" } }],
  ] as const) {
    it.effect(`messages that wait when the actor fails: ${mailbox}`, () =>
      Effect.gen(function* () {
        const spec = worker("a", { mailbox });
        const supervisor = yield* Supervisor.start({ children: [spec] });
        const ref = supervisor.ref(spec);
        ref.cast("Die");
        const asked = yield* Effect.forkChild(Effect.catch(ref.call("Incarnation"), Effect.succeed), { startImmediately: true });
        yield* settled;
        expect(asked.pollUnsafe()).toMatchObject(answer);
        expect(yield* ref.call("Incarnation")).toBe(2);
      }).pipe(quiet),
    );
  }
});

describe("the type of a ref", () => {
  it("lets an actor that takes more stand in for one that takes fewer, and for no other", () => {
    type One = Rpc.Rpc<"One">;
    type Two = Rpc.Rpc<"Two">;
    const typed = (both: ActorRef<One | Two>, one: ActorRef<One>): ReadonlyArray<unknown> => {
      const fewer: ActorRef<One> = both;
      const any: ActorRef<never> = one;
      // @ts-expect-error: it does not take Two.
      const more: ActorRef<One | Two> = one;
      // @ts-expect-error: it takes something else.
      const other: ActorRef<Two> = one;
      return [fewer, any, more, other];
    };
    expect(typed).toBeTypeOf("function");
  });
});
