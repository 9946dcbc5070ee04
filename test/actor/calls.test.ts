import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Schema from "effect/Schema";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import { Actor, CallTimeout, CallingSelf, ExitReason } from "../../src/actor/index.ts";
import { cellOf, pass, quiet, settled, system } from "./actors.ts";

/** Keeps its callers waiting until it is told to answer. */
const Desk = Actor.make({
  name: "desk",
  protocol: RpcGroup.make(
    Rpc.make("Ask", { success: Schema.String }),
    Rpc.make("Answer", { payload: { with: Schema.String }, success: Schema.Number }),
    Rpc.make("Twice", { success: Schema.String }),
    Rpc.make("Refuse", { success: Schema.Number, error: Schema.String }),
    Rpc.make("Crash"),
  ),
  init: (): ReadonlyArray<Actor.ReplyTo<string, unknown>> => [],
  handlers: {
    Ask: (waiting, _, context) => {
      const to = context.deferReply();
      return Actor.noReply(to === null ? waiting : [...waiting, to]);
    },
    Answer: (waiting, { with: text }) => {
      for (const to of waiting) Actor.replyTo(to, text);
      return Actor.reply([], waiting.length);
    },
    Twice: (waiting, _, context) => {
      const to = context.deferReply();
      if (to !== null) {
        Actor.replyTo(to, "first");
        Actor.replyTo(to, "second");
      }
      return Actor.noReply(waiting);
    },
    Refuse: (waiting, _, context) => {
      const to = context.deferReply();
      if (to !== null) Actor.failTo(to, "not today");
      return Actor.noReply(waiting);
    },
    Crash: () => {
      throw new Error("boom");
    },
  },
});

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

describe("replies that are put off", () => {
  it.effect("reach each caller, whenever they are given", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(Desk, undefined);
      const calls = yield* Effect.forEach([1, 2, 3], () => Effect.forkChild(ref.call("Ask"), { startImmediately: true }));
      ref.cast("Ask");
      yield* settled;
      expect(yield* ref.call("Answer", { with: "42" })).toBe(3);
      expect(yield* Effect.forEach(calls, Fiber.join)).toEqual(["42", "42", "42"]);
    }),
  );

  it.effect("only the first answer counts", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(Desk, undefined);
      expect(yield* ref.call("Twice")).toBe("first");
    }),
  );

  it.effect("may be the error that the protocol declares", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(Desk, undefined);
      expect(yield* Effect.flip(ref.call("Refuse"))).toBe("not today");
      expect(ref.alive).toBe(true);
    }),
  );

  it.effect("fail with the reason when the actor ends first", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(Desk, undefined);
      const calls = yield* Effect.forEach([1, 2], () => Effect.forkChild(Effect.flip(ref.call("Ask")), { startImmediately: true }));
      yield* settled;
      ref.cast("Crash");
      for (const error of yield* Effect.forEach(calls, Fiber.join)) {
        expect(error).toMatchObject({ _tag: "ActorDown", message: "desk is down: Error: boom" });
      }
    }).pipe(quiet),
  );

  it.effect("fail with Shutdown when the actor is stopped, and with Killed when it is killed", () =>
    Effect.gen(function* () {
      for (const [end, reason] of [
        [Actor.stop, ExitReason.shutdown],
        [Actor.kill, ExitReason.killed],
      ] as const) {
        const ref = yield* Actor.spawn(Desk, undefined);
        const call = yield* Effect.forkChild(Effect.flip(ref.call("Ask")), { startImmediately: true });
        yield* settled;
        yield* end(ref);
        expect(yield* Fiber.join(call)).toMatchObject({ _tag: "ActorDown", reason });
      }
    }),
  );

  it.effect("leave nothing behind: neither timers nor held calls", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(Desk, undefined);
      const { timers } = yield* system;
      const calls = yield* Effect.forEach(Array.from({ length: 500 }), (_, n) =>
        Effect.forkChild(Effect.exit(ref.call("Ask", undefined, { timeout: 1 + n })), { startImmediately: true }),
      );
      yield* settled;
      expect(timers.size).toBe(500);
      yield* pass(250);
      expect(timers.size).toBe(250);
      yield* ref.call("Answer", { with: "now" });
      yield* Effect.forEach(calls, Fiber.join);
      expect(timers.size).toBe(0);
      expect(cellOf(ref).extras?.heldCalls).toBe(null);
    }),
  );

  it.effect("a patient caller that is interrupted leaves neither a timer nor a held call", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(Desk, undefined);
      const { timers } = yield* system;
      for (const timeout of [60_000, "infinity"] as const) {
        const call = yield* Effect.forkChild(ref.call("Ask", undefined, { timeout }), { startImmediately: true });
        yield* settled;
        yield* Fiber.interrupt(call);
      }
      expect(timers.size).toBe(0);
      expect(cellOf(ref).extras?.heldCalls).toBe(null);
    }),
  );
});
