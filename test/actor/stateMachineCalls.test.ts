import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Logger from "effect/Logger";
import { type CrashReport, ExitReason, StateMachine } from "../../src/actor/index.ts";
import { pass, reporting, settled, told } from "./actors.ts";
import { ask, asking, event, held, inB, probe, Refused, tell, type Then, Trace } from "./machines.ts";

const { fail, keep, next, nextEvent, noReply, postpone, reply, stop } = StateMachine;

describe("a call", () => {
  it.effect("is answered by reply, at once or after a while", () =>
    Effect.gen(function* () {
      const ref = yield* probe(new Trace());
      expect(yield* ask(ref, "1", () => next("b", undefined, [reply("here")]))).toBe("here");
      const call = yield* asking(ref, "2", () => Effect.as(Effect.sleep(10), keep(undefined, [reply("later")])));
      yield* pass(10);
      expect(yield* Fiber.join(call)).toMatchObject({ success: "later" });
      expect(held(ref)).toBe(null);
    }),
  );

  it.effect("of a message without a reply is answered when it was handled, not when it is postponed", () =>
    Effect.gen(function* () {
      const ref = yield* probe(new Trace());
      const then: Then = (context) => (context.state === "b" ? undefined : keep(undefined, [postpone]));
      const call = yield* Effect.forkChild(ref.call("Do", { id: "1", then }), { startImmediately: true });
      yield* settled;
      expect(call.pollUnsafe()).toBe(undefined);
      tell(ref, "2", () => next("b"));
      expect(yield* Fiber.join(call)).toBe(undefined);
    }),
  );

  it.effect("is refused by the action fail, and by a failure, which changes nothing else", () =>
    Effect.gen(function* () {
      const trace = new Trace();
      const ref = yield* probe(trace);
      const refused = new Refused({ why: "no" });
      expect(yield* Effect.flip(ask(ref, "1", () => next("b", undefined, [fail(refused)])))).toEqual(refused);
      expect(yield* Effect.flip(ask(ref, "2", () => Effect.fail(refused)))).toEqual(refused);
      const call = yield* asking(ref, "3", () => Effect.andThen(Effect.sleep(10), Effect.fail(refused)));
      yield* pass(10);
      expect(yield* Fiber.join(call)).toMatchObject({ failure: refused });
      tell(ref, "4");
      yield* settled;
      expect(trace.log).toEqual([">a a", "a:1", ">b a", "b:2", "b:3", "b:4"]);
    }),
  );

  it.effect("that is refused does not hold up the inserted events behind it", () =>
    Effect.gen(function* () {
      const trace = new Trace();
      const ref = yield* probe(trace);
      const refuse = nextEvent("Ask", { id: "2", then: () => Effect.fail(new Refused({ why: "no" })) });
      tell(ref, "1", () => keep(undefined, [refuse, event("3")]));
      yield* settled;
      expect(trace.log).toEqual([">a a", "a:1", "a:2", "a:3"]);
    }),
  );

  const undeclared: Array<CrashReport.CrashReport> = [];
  it.effect("ends the machine by a failure that its protocol does not declare", () =>
    Effect.gen(function* () {
      const ref = yield* probe(new Trace());
      tell(ref, "1", () => Effect.fail(new Refused({ why: "no" })));
      yield* settled;
      expect([ref.alive, undeclared.length]).toEqual([false, 1]);
    }).pipe(reporting(undeclared)),
  );

  it.effect("that was cast and is refused is said in the log", () =>
    Effect.gen(function* () {
      const said: Array<string> = [];
      const logger = Logger.make(({ message }) => void said.push(String(message)));
      yield* Effect.gen(function* () {
        const ref = yield* probe(new Trace());
        ref.cast("Ask", { id: "1", then: () => keep(undefined, [fail(new Refused({ why: "no" }))]) });
        ref.cast("Ask", { id: "2", then: () => Effect.fail(new Refused({ why: "no" })) });
        yield* settled;
        expect(ref.alive).toBe(true);
      }).pipe(Effect.scoped, Effect.provide(Logger.layer([logger])));
      expect(said).toEqual(["probe: cast on.Ask failed", "probe: cast on.Ask failed"]);
    }),
  );

  it.effect("gets the first answer only", () =>
    Effect.gen(function* () {
      const ref = yield* probe(new Trace());
      const twice: Then = (context) => (context.state === "a" ? keep(undefined, [reply("1"), postpone]) : keep(undefined, [reply("2")]));
      expect(yield* ask(ref, "1", twice)).toBe("1");
      tell(ref, "2", () => next("b"));
      yield* settled;
      expect([ref.alive, held(ref)]).toEqual([true, null]);
    }),
  );
});

describe("a stop", () => {
  it.effect("answers whom it is told to; any other caller is told of the end; terminate gets the data", () =>
    Effect.gen(function* () {
      const trace = new Trace();
      const last = new Trace();
      const ref = yield* probe(trace);
      const waiting = yield* asking(ref, "1", inB("never"));
      expect(yield* ask(ref, "2", () => stop(ExitReason.shutdownWith("bye"), [reply("done")], last))).toBe("done");
      const end = { _tag: "ActorDown", reason: { _tag: "Shutdown", info: "bye" } };
      expect(yield* Fiber.join(waiting)).toMatchObject({ failure: end });
      expect([trace.log, last.log]).toEqual([[">a a", "a:1", "a:2"], ["end a Shutdown"]]);
      const other = yield* probe(new Trace());
      expect(yield* Effect.flip(ask(other, "1", () => stop()))).toMatchObject({ _tag: "ActorDown", reason: { _tag: "Normal" } });
    }),
  );

  it.effect("may come from an enter handler", () =>
    Effect.gen(function* () {
      const trace = new Trace();
      trace.on[">b a"] = () => stop(ExitReason.shutdown);
      const ref = yield* probe(trace);
      expect(yield* Effect.flip(ask(ref, "1", () => next("b", undefined, [postpone])))).toMatchObject({ reason: ExitReason.shutdown });
      expect(trace.log).toEqual([">a a", "a:1", ">b a", "end b Shutdown"]);
    }),
  );

  const reports: Array<CrashReport.CrashReport> = [];
  it.effect("is a crash when an enter handler fails, and the caller hears of it", () =>
    Effect.gen(function* () {
      const trace = new Trace();
      trace.on[">b a"] = () => Effect.andThen(Effect.sleep(10), Effect.die(new Error("no entry")));
      const ref = yield* probe(trace);
      const call = yield* asking(ref, "1", () => next("b", undefined, [noReply]));
      yield* pass(10);
      expect(yield* Fiber.join(call)).toMatchObject({ failure: { message: "probe is down: Error: no entry" } });
      expect(told(reports)).toEqual(["probe: Error: no entry"]);
    }).pipe(reporting(reports)),
  );
});
