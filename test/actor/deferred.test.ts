import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Schema from "effect/Schema";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import { Actor, ExitReason } from "../../src/actor/index.ts";
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
