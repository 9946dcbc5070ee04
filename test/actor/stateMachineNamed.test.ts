import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import { Actor, ChildSpec, StateMachine, Supervisor } from "../../src/actor/index.ts";
import { pass, quiet, settled, system } from "./actors.ts";
import { go, Probe, set, started, tell, Trace } from "./machines.ts";

const { eventTimeout, postpone, stateTimeout, timeout } = StateMachine;

describe("a timeout with a name", () => {
  it.effect("lasts over events and changes of the state, one of each name", () =>
    Effect.gen(function* () {
      const { ref, timers, trace } = yield* started;
      tell(ref, "1", set(timeout("x", 100), timeout("y", 50), stateTimeout(70)));
      tell(ref, "2", go("b", timeout("x", 80)));
      yield* settled;
      expect(timers.size).toBe(2);
      yield* pass(50);
      yield* pass(30);
      expect(trace.log).toEqual(["a:1", "a:2", ">b a", "b!y", "b!x"]);
    }),
  );

  it.effect("can be cancelled, and cancelled again", () =>
    Effect.gen(function* () {
      const { ref, timers, trace } = yield* started;
      tell(ref, "1", set(timeout("x", 10), timeout("y", 10)));
      for (let n = 0; n < 2; n++) tell(ref, "2", set(timeout("x", "cancel")));
      yield* settled;
      expect(timers.size).toBe(1);
      yield* pass(10);
      expect(trace.log).toEqual(["a:1", "a:2", "a:2", "a!y"]);
    }),
  );

  it.effect("gets another content by update and comes at its old time; without one it comes at once", () =>
    Effect.gen(function* () {
      const { ref, trace } = yield* started;
      tell(ref, "1", set(timeout("x", 100, "old")));
      yield* pass(60);
      tell(ref, "2", set(timeout("x", "update", "new")));
      yield* pass(40);
      for (const content of ["now", "again"]) tell(ref, "3", set(timeout("y", "update", content)));
      // Of one transition the last counts: nothing runs that could be updated.
      tell(ref, "4", set(timeout("x", 100), timeout("x", "update", "once")));
      yield* settled;
      expect(trace.log).toEqual(["a:1", "a:2", "a!x new", "a:3", "a!y now", "a:3", "a!y again", "a:4", "a!x once"]);
    }),
  );

  it.effect("can be postponed like any event", () =>
    Effect.gen(function* () {
      const { ref, trace } = yield* started;
      trace.on["a!x here"] = set(postpone);
      tell(ref, "1", set(timeout("x", 10, "here")));
      yield* pass(10);
      tell(ref, "2", go("b"));
      yield* settled;
      expect(trace.log).toEqual(["a:1", "a!x here", "a:2", ">b a", "b!x here"]);
    }),
  );

  it.effect("several of 0 keep the order in which they were set last", () =>
    Effect.gen(function* () {
      const { ref, trace } = yield* started;
      tell(ref, "1", set(timeout("x", 0), stateTimeout(0), timeout("y", 0), timeout("x", 0, "again"), eventTimeout(0)));
      yield* settled;
      expect(trace.log).toEqual(["a:1", "a!state", "a!y", "a!x again"]);
    }),
  );
});

describe("the end", () => {
  const all = [stateTimeout(10), eventTimeout(20), timeout("x", 30), timeout("y", 40)];

  for (const [how, end] of [
    ["stop", Actor.stop],
    ["kill", Actor.kill],
  ] as const) {
    it.effect(`leaves no timer: ${how}`, () =>
      Effect.gen(function* () {
        const { ref, timers } = yield* started;
        tell(ref, "1", set(...all));
        yield* settled;
        expect(timers.size).toBe(4);
        yield* end(ref);
        expect(timers.size).toBe(0);
      }),
    );
  }

  it.effect("leaves no timeout to the next incarnation, not even one in the mailbox", () =>
    Effect.gen(function* () {
      const trace = new Trace();
      const spec = ChildSpec.make(Probe, trace, { id: "p" });
      const supervisor = yield* Supervisor.start({ children: [spec] });
      const { timers } = yield* system;
      const ref = supervisor.ref(spec);
      tell(ref, "1", set(...all));
      tell(ref, "2", () => Effect.andThen(Effect.sleep(15), Effect.die(new Error("boom"))));
      tell(ref, "3", set(stateTimeout(5, "mine")));
      yield* pass(15);
      expect([ref.incarnation, timers.size]).toEqual([2, 1]);
      yield* pass(100);
      expect(trace.log).toEqual([">a a", "a:1", "a:2", "end a Error", ">a a", "a:3", "a!state mine"]);
    }).pipe(quiet),
  );
});
