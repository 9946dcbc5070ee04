import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import { Actor, type CrashReport, StateMachine } from "../../src/actor/index.ts";
import { reporting, Script, settled, told, Worker } from "./actors.ts";
import { event, go, later, probe, tell, type Then, Trace } from "./machines.ts";

const { keep, next, postpone, repeat, stateTimeout } = StateMachine;

describe("enter handlers", () => {
  it.effect("run for the first state before any message, for another state and at each repeat", () =>
    Effect.gen(function* () {
      const trace = new Trace();
      const ref = yield* probe(trace);
      tell(ref, "1");
      tell(ref, "2", go("b"));
      tell(ref, "3", () => repeat());
      yield* settled;
      expect(trace.log).toEqual([">a a", "a:1", "a:2", ">b a", "b:3", ">b b"]);
    }),
  );

  it.effect("do not run when the state stays: keep, nothing, or next to the state itself", () =>
    Effect.gen(function* () {
      const trace = new Trace();
      const ref = yield* probe(trace);
      tell(ref, "1", () => keep());
      tell(ref, "2");
      tell(ref, "3", go("a"));
      yield* settled;
      expect(trace.log).toEqual([">a a", "a:1", "a:2", "a:3"]);
    }),
  );

  it.effect("run before what comes back and what was inserted", () =>
    Effect.gen(function* () {
      const trace = new Trace();
      const ref = yield* probe(trace);
      tell(ref, "1", (context) => (context.state === "a" ? keep(undefined, [postpone]) : undefined));
      tell(ref, "2", go("b", event("3")));
      yield* settled;
      expect(trace.log).toEqual([">a a", "a:1", "a:2", ">b a", "b:3", "b:1"]);
    }),
  );

  for (const [what, result] of [
    ["next", next("c")],
    ["repeat", repeat()],
    ["Postpone", keep(undefined, [postpone])],
    ["NextEvent", keep(undefined, [event("1")])],
  ] as const) {
    const reports: Array<CrashReport.CrashReport> = [];
    it.effect(`may not use ${what}: the types rule it out, and it is a defect`, () =>
      Effect.gen(function* () {
        const trace = new Trace();
        trace.on[">b a"] = () => result;
        const ref = yield* probe(trace);
        tell(ref, "1", go("b"));
        yield* settled;
        expect(ref.alive).toBe(false);
        expect(told(reports)).toEqual([`probe: TypeError: probe: the enter handler of b may not use ${what}`]);
      }).pipe(reporting(reports)),
    );
  }
});

describe("postponed events", () => {
  it.effect("come back when the state changes, in their order and ahead of newer ones", () =>
    Effect.gen(function* () {
      const trace = new Trace();
      const ref = yield* probe(trace);
      const untilB: Then = (context) => (context.state === "b" ? undefined : keep(undefined, [postpone]));
      for (const id of ["1", "2"]) tell(ref, id, untilB);
      tell(ref, "3", go("b"));
      tell(ref, "4");
      yield* settled;
      expect(trace.log.filter((line) => !line.startsWith(">"))).toEqual(["a:1", "a:2", "a:3", "b:1", "b:2", "b:4"]);
    }),
  );

  it.effect("wait on when the state stays: keep, repeat, or next to the state itself", () =>
    Effect.gen(function* () {
      const trace = new Trace();
      const ref = yield* probe(trace);
      tell(ref, "1", later);
      tell(ref, "2", () => keep());
      tell(ref, "3", () => repeat());
      tell(ref, "4", go("a"));
      yield* settled;
      expect(trace.take()).toEqual([">a a", "a:1", "a:2", "a:3", ">a a", "a:4"]);
      tell(ref, "5", go("b"));
      yield* settled;
      expect(trace.log).toEqual(["a:5", ">b a", "b:1"]);
    }),
  );

  it.effect("can change the state themselves: the oldest comes first again", () =>
    Effect.gen(function* () {
      const trace = new Trace();
      const ref = yield* probe(trace);
      tell(ref, "1", (context) => (context.state === "c" ? undefined : keep(undefined, [postpone])));
      tell(ref, "2", (context) => (context.state === "b" ? next("c") : keep(undefined, [postpone])));
      tell(ref, "3", later);
      tell(ref, "4", go("b"));
      tell(ref, "5");
      yield* settled;
      expect(trace.log.filter((line) => !line.startsWith(">"))).toEqual(["a:1", "a:2", "a:3", "a:4", "b:1", "b:2", "c:1", "c:3", "c:5"]);
    }),
  );

  it.effect("may be what changes the state: it comes back with the others, after inserted events", () =>
    Effect.gen(function* () {
      const trace = new Trace();
      const ref = yield* probe(trace);
      tell(ref, "1", (context) => (context.state === "a" ? next("b", undefined, [postpone, event("2"), event("3")]) : undefined));
      yield* settled;
      expect(trace.log).toEqual([">a a", "a:1", ">b a", "b:2", "b:3", "b:1"]);
    }),
  );
});

describe("inserted events", () => {
  it.effect("come ahead of all that waits, in their order, those of an inserted event ahead of its siblings", () =>
    Effect.gen(function* () {
      const trace = new Trace();
      const ref = yield* probe(trace);
      tell(ref, "1", () => keep(undefined, [event("2", () => keep(undefined, [event("3"), event("4")])), event("5")]));
      tell(ref, "6");
      yield* settled;
      expect(trace.log).toEqual([">a a", "a:1", "a:2", "a:3", "a:4", "a:5", "a:6"]);
    }),
  );

  it.effect("of init come before any message", () =>
    Effect.gen(function* () {
      const trace = new Trace();
      trace.first = () => next("b", trace, [event("1")]);
      const ref = yield* probe(trace);
      tell(ref, "2");
      yield* settled;
      expect(trace.log).toEqual([">b b", "b:1", "b:2"]);
    }),
  );

  it.effect("without an end starve neither other actors nor a stop", () =>
    Effect.gen(function* () {
      const trace = new Trace();
      const ref = yield* probe(trace);
      const forever: Then = () => keep(undefined, [event("again", forever)]);
      tell(ref, "1", forever);
      const other = yield* Actor.spawn(Worker, new Script());
      expect(yield* other.call("Incarnation")).toBe(1);
      yield* Actor.stop(ref);
      expect(trace.log.at(-1)).toBe("end a Shutdown");
    }),
  );
});

describe("news", () => {
  it.effect("are events of the state, behind what is ahead of the mailbox", () =>
    Effect.gen(function* () {
      const trace = new Trace();
      const ref = yield* probe(trace);
      const gone = yield* Actor.spawn(Worker, new Script());
      yield* Actor.stop(gone);
      tell(ref, "1", (context) => {
        context.monitor(gone);
        return next("b", undefined, [event("2"), stateTimeout(0)]);
      });
      tell(ref, "3");
      yield* settled;
      expect(trace.log).toEqual([">a a", "a:1", ">b a", "b:2", "b!state", "b!NoProc", "b:3"]);
    }),
  );
});
