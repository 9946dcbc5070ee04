import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Schema from "effect/Schema";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import { Actor, CallTimeout, CallingSelf } from "../../src/actor/index.ts";
import { pass } from "./actors.ts";

const Sleeper = Actor.make({
  name: "sleeper",
  protocol: RpcGroup.make(
    Rpc.make("Sleep", { payload: { millis: Schema.Number }, success: Schema.Number }),
    Rpc.make("Handled", { success: Schema.Number }),
  ),
  init: () => 0,
  handlers: {
    Sleep: (n, { millis }) => Effect.as(Effect.sleep(millis), Actor.reply(n + 1, n + 1)),
    Handled: (n) => Actor.reply(n, n),
  },
});

const Narcissus = Actor.make({
  name: "narcissus",
  protocol: RpcGroup.make(
    Rpc.make("Me", { payload: { how: Schema.Literals(["sync", "later", "service"]) }, success: Schema.String }),
    Rpc.make("Name", { success: Schema.String }),
  ),
  init: () => 0,
  handlers: {
    Me: (n, { how }, context) => {
      const self = Effect.catch(context.self.call("Name"), (error) => Effect.succeed(error.message));
      const answer = {
        sync: self,
        later: Effect.andThen(
          Effect.promise(() => Promise.resolve()),
          self,
        ),
        service: Effect.sleep(1).pipe(Effect.andThen(self), Effect.scoped, Effect.uninterruptible),
      }[how];
      return Effect.map(answer, (text) => Actor.reply(n, text));
    },
    Name: (n) => Actor.reply(n, "narcissus"),
  },
});

describe("calls", () => {
  it.effect("have a deadline of five seconds unless they say otherwise", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(Sleeper, undefined);
      const call = yield* Effect.forkChild(Effect.flip(ref.call("Sleep", { millis: 6000 })), { startImmediately: true });
      yield* pass(4999);
      expect(call.pollUnsafe()).toBe(undefined);
      yield* pass(1);
      const error = yield* Fiber.join(call);
      expect(error).toBeInstanceOf(CallTimeout);
      expect(error.message).toBe("sleeper did not answer Sleep in time");
    }),
  );

  it.effect("a reply after the deadline is dropped and harms nobody", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(Sleeper, undefined);
      const call = yield* Effect.forkChild(Effect.flip(ref.call("Sleep", { millis: 100 }, { timeout: 50 })), { startImmediately: true });
      yield* pass(50);
      expect(yield* Fiber.join(call)).toBeInstanceOf(CallTimeout);
      yield* pass(50);
      expect(yield* ref.call("Handled")).toBe(1);
    }),
  );

  it.effect("a call without a deadline waits as long as it takes", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(Sleeper, undefined);
      const call = yield* Effect.forkChild(ref.call("Sleep", { millis: 3_600_000 }, { timeout: "infinity" }), { startImmediately: true });
      yield* pass(3_600_000);
      expect(yield* Fiber.join(call)).toBe(1);
    }),
  );

  for (const how of ["sync", "later", "service"] as const) {
    it.effect(`an actor that calls itself is told so at once: ${how}`, () =>
      Effect.gen(function* () {
        const ref = yield* Actor.spawn(Narcissus, undefined);
        const call = yield* Effect.forkChild(ref.call("Me", { how }), { startImmediately: true });
        yield* pass(1);
        expect(yield* Fiber.join(call)).toBe(new CallingSelf({ path: ["narcissus"], tag: "Name" }).message);
        expect(yield* ref.call("Name")).toBe("narcissus");
      }),
    );
  }
});
