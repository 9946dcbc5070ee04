import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import { Actor, StateMachine } from "../../src/actor/index.ts";
import { pass, quiet, settled, system } from "./actors.ts";
import { asking, held, inB, probe, type ProbeRef, tell, type Then, Trace } from "./machines.ts";

const { keep, next, noReply, postpone, replyTo } = StateMachine;

describe("a reply that was put off", () => {
  it.effect("is given by another event's action", () =>
    Effect.gen(function* () {
      const ref = yield* probe(new Trace());
      let to: Actor.ReplyTo<string> | null = null;
      const call = yield* asking(ref, "1", (context) => {
        to = context.deferReply();
        return keep(undefined, [noReply]);
      });
      expect(call.pollUnsafe()).toBe(undefined);
      tell(ref, "2", (context) => {
        expect(context.deferReply()).toBe(null);
        return next("b", undefined, [replyTo(to!, "at last")]);
      });
      expect(yield* Fiber.join(call)).toMatchObject({ success: "at last" });
    }),
  );

  it.effect("is not given by the end of a handler that returns nothing", () =>
    Effect.gen(function* () {
      const ref = yield* probe(new Trace());
      const deferred: Then = (context) => void context.deferReply();
      const call = yield* Effect.forkChild(ref.call("Do", { id: "1", then: deferred }), {
        startImmediately: true,
      });
      const silent = yield* Effect.forkChild(ref.call("Do", { id: "2", then: () => keep(undefined, [noReply]) }), {
        startImmediately: true,
      });
      yield* settled;
      expect([call.pollUnsafe(), silent.pollUnsafe()]).toEqual([undefined, undefined]);
    }),
  );

  it.effect("cannot be put off by an enter handler: it has no caller", () =>
    Effect.gen(function* () {
      const trace = new Trace();
      trace.on[">b a"] = (context) => void trace.log.push(context.deferReply() === null ? "no caller" : "caller");
      const ref = yield* probe(trace);
      yield* ref.call("Do", { id: "1", then: () => next("b") });
      expect(trace.log).toEqual([">a a", "a:1", ">b a", "no caller"]);
    }),
  );
});

describe("a postponed call", () => {
  it.effect("is answered in the state that can", () =>
    Effect.gen(function* () {
      const ref = yield* probe(new Trace());
      const calls = [yield* asking(ref, "1", inB("one")), yield* asking(ref, "2", inB("two"))];
      tell(ref, "3", () => next("c"));
      yield* settled;
      expect(calls.map((call) => call.pollUnsafe())).toEqual([undefined, undefined]);
      tell(ref, "4", () => next("b"));
      expect(yield* Effect.forEach(calls, Fiber.join)).toMatchObject([{ success: "one" }, { success: "two" }]);
    }),
  );

  it.effect("can be answered while it is postponed", () =>
    Effect.gen(function* () {
      const ref = yield* probe(new Trace());
      let to: Actor.ReplyTo<string> | null = null;
      const call = yield* asking(ref, "1", (context) => {
        to = context.deferReply();
        return keep(undefined, [postpone]);
      });
      tell(ref, "2", () => keep(undefined, [replyTo(to!, "meanwhile")]));
      expect(yield* Fiber.join(call)).toMatchObject({ success: "meanwhile" });
    }),
  );

  it.effect("that has timed out is handled all the same, and leaves nothing behind", () =>
    Effect.gen(function* () {
      const trace = new Trace();
      const ref = yield* probe(trace);
      const { timers } = yield* system;
      const call = yield* asking(ref, "1", inB("late"), 10);
      yield* pass(10);
      expect(yield* Fiber.join(call)).toMatchObject({ failure: { _tag: "CallTimeout" } });
      expect([timers.size, held(ref)]).toEqual([0, null]);
      tell(ref, "2", () => next("b"));
      yield* settled;
      expect(trace.log.at(-1)).toBe("b:1");
    }),
  );

  for (const [how, end, reason] of [
    ["stop", Actor.stop, "Shutdown"],
    ["kill", Actor.kill, "Killed"],
    [
      "crash",
      (ref: ProbeRef) =>
        Effect.andThen(
          Effect.sync(() => tell(ref, "x", () => Effect.die("boom"))),
          settled,
        ),
      "Error",
    ],
  ] as const) {
    it.effect(`fails with ActorDown when the machine ends: ${how}`, () =>
      Effect.gen(function* () {
        const ref = yield* probe(new Trace());
        const { timers } = yield* system;
        const call = yield* asking(ref, "1", inB("never"));
        yield* end(ref);
        expect(yield* Fiber.join(call)).toMatchObject({ failure: { _tag: "ActorDown", reason: { _tag: reason } } });
        expect([timers.size, held(ref)]).toEqual([0, null]);
      }).pipe(quiet),
    );
  }
});
