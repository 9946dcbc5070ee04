import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import { StateMachine } from "../../src/actor/index.ts";
import { pass, settled } from "./actors.ts";
import { event, go, set, started, tell } from "./machines.ts";

const { eventTimeout, keep, next, postpone, repeat, stateTimeout, timeout } = StateMachine;

describe("a state timeout", () => {
  it.effect("comes when its time has come, though events come in between", () =>
    Effect.gen(function* () {
      const { ref, trace } = yield* started;
      tell(ref, "1", set(stateTimeout(100, "late")));
      yield* pass(99);
      tell(ref, "2");
      tell(ref, "3", () => repeat());
      yield* settled;
      expect(trace.take()).toEqual(["a:1", "a:2", "a:3", ">a a"]);
      yield* pass(1);
      yield* pass(100);
      expect(trace.log).toEqual(["a!state late"]);
    }),
  );

  it.effect("is cancelled by a change of the state; one set by that transition is the new state's", () =>
    Effect.gen(function* () {
      const { ref, timers, trace } = yield* started;
      tell(ref, "1", set(stateTimeout(100)));
      tell(ref, "2", go("b"));
      yield* settled;
      expect(timers.size).toBe(0);
      tell(ref, "3", go("c", stateTimeout(50)));
      yield* pass(100);
      expect(trace.log).toEqual(["a:1", "a:2", ">b a", "b:3", ">c b", "c!state"]);
    }),
  );

  it.effect("is replaced by a new one, cancelled by cancel and Infinity, and the last one of a transition counts", () =>
    Effect.gen(function* () {
      const { ref, timers, trace } = yield* started;
      tell(ref, "1", set(stateTimeout(10, "old"), stateTimeout(20, "older")));
      tell(ref, "2", set(stateTimeout(50, "new")));
      yield* pass(49);
      expect(timers.size).toBe(1);
      yield* pass(1);
      for (const how of ["cancel", Infinity] as const) {
        tell(ref, "3", set(stateTimeout(10)));
        tell(ref, "4", set(stateTimeout(how)));
        yield* settled;
        expect(timers.size).toBe(0);
      }
      yield* pass(10);
      expect(trace.log).toEqual(["a:1", "a:2", "a!state new", "a:3", "a:4", "a:3", "a:4"]);
    }),
  );

  it.effect("of an enter handler is the entered state's, and wins over the event's own", () =>
    Effect.gen(function* () {
      const { ref, trace } = yield* started;
      trace.on[">b a"] = set(stateTimeout(20, "entered"));
      tell(ref, "1", go("b", stateTimeout(10, "event")));
      yield* pass(20);
      expect(trace.log).toEqual(["a:1", ">b a", "b!state entered"]);
    }),
  );

  it.effect("of 0 comes after inserted and returned events, ahead of the mailbox", () =>
    Effect.gen(function* () {
      const { ref, trace } = yield* started;
      tell(ref, "1", (context) => (context.state === "a" ? keep(undefined, [postpone]) : undefined));
      tell(ref, "2", go("b", stateTimeout(0), event("3", set(event("4")))));
      tell(ref, "5");
      yield* settled;
      expect(trace.log).toEqual(["a:1", "a:2", ">b a", "b:3", "b:4", "b:1", "b!state", "b:5"]);
    }),
  );

  it.effect("of 0 is cancelled by a change of the state while it waits", () =>
    Effect.gen(function* () {
      const { ref, trace } = yield* started;
      tell(ref, "1", set(stateTimeout(0), event("2", go("b"))));
      tell(ref, "3");
      yield* settled;
      expect(trace.log).toEqual(["a:1", "a:2", ">b a", "b:3"]);
    }),
  );

  it.effect("that has come while a handler was busy is not delivered when that handler changes the state", () =>
    Effect.gen(function* () {
      const { ref, trace } = yield* started;
      tell(ref, "1", set(stateTimeout(10)));
      tell(ref, "2", () => Effect.as(Effect.sleep(20), next("b")));
      yield* pass(20);
      expect(trace.log).toEqual(["a:1", "a:2", ">b a"]);
    }),
  );

  it.effect("that has come while a handler was busy waits for its turn behind earlier messages", () =>
    Effect.gen(function* () {
      const { ref, trace } = yield* started;
      tell(ref, "1", set(stateTimeout(10)));
      tell(ref, "2", () => Effect.asVoid(Effect.sleep(20)));
      tell(ref, "3");
      yield* pass(20);
      expect(trace.log).toEqual(["a:1", "a:2", "a:3", "a!state"]);
    }),
  );
});

describe("an event timeout", () => {
  it.effect("comes when nothing else does", () =>
    Effect.gen(function* () {
      const { ref, trace } = yield* started;
      tell(ref, "1", go("b", eventTimeout(100, "quiet")));
      yield* pass(100);
      expect(trace.log).toEqual(["a:1", ">b a", "b!event quiet"]);
    }),
  );

  for (const [what, action] of [
    ["a message", undefined],
    ["an inserted event", event("2")],
    ["another timeout", timeout("x", 0)],
  ] as const) {
    it.effect(`is cancelled by any event: ${what}`, () =>
      Effect.gen(function* () {
        const { ref, timers, trace } = yield* started;
        tell(ref, "1", set(eventTimeout(100), ...(action === undefined ? [] : [action])));
        if (action === undefined) tell(ref, "2");
        yield* settled;
        expect(timers.size).toBe(0);
        yield* pass(100);
        expect(trace.log).toEqual(["a:1", action?._tag === "Timeout" ? "a!x" : "a:2"]);
      }),
    );
  }

  it.effect("of 0 comes ahead of the mailbox, but not when an event is queued", () =>
    Effect.gen(function* () {
      const { ref, trace } = yield* started;
      tell(ref, "1", set(eventTimeout(0)));
      tell(ref, "2", set(eventTimeout(0), event("3")));
      tell(ref, "4");
      yield* settled;
      expect(trace.log).toEqual(["a:1", "a!event", "a:2", "a:3", "a:4"]);
    }),
  );
});
