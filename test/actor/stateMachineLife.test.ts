import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import { ChildSpec, type CrashReport, StateMachine, Supervisor } from "../../src/actor/index.ts";
import { pass, reporting, settled, told } from "./actors.ts";
import { event, go, later, Probe, probe, tell, Trace } from "./machines.ts";

const { next, stop } = StateMachine;

describe("an event without a handler", () => {
  const reports: Array<CrashReport.CrashReport> = [];
  it.effect("is a defect that names the state and the event", () =>
    Effect.gen(function* () {
      const ref = yield* probe(new Trace());
      tell(ref, "1", go("b"));
      ref.cast("OnlyB");
      yield* settled;
      expect(ref.alive).toBe(true);
      tell(ref, "2", go("c"));
      ref.cast("OnlyB");
      yield* settled;
      expect(told(reports)).toEqual(['probe: probe has no handler on.OnlyB in its state "c", and none for all states']);
    }).pipe(reporting(reports)),
  );

  const protocol = RpcGroup.make(Rpc.make("Push"));
  const base = { name: "mute", protocol, init: () => next("a") };
  it("that no state has is found when the machine is made", () => {
    expect(() => StateMachine.make({ ...base, states: { a: {} } })).toThrow("mute: no state has a handler for Push");
  });

  for (const [what, extra] of [
    ["on.Pull", { on: { Pull: () => {} } }],
    ["timeouts.retry", { timeouts: { retry: () => {} } }],
    ["stateTimeuot", { stateTimeuot: () => {} }],
  ] as const) {
    it(`is found when the machine is made, where there is no such event: ${what}`, () => {
      const all = { on: { Push: () => {} } };
      expect(() => StateMachine.make({ ...base, states: { a: { ...extra } }, all })).toThrow(`mute: there is nothing to handle by ${what}`);
    });
  }
});

describe("a state machine", () => {
  it.effect("uses the state's own handler first, or else the one of all states", () =>
    Effect.gen(function* () {
      const ref = yield* probe(new Trace());
      expect(yield* ref.call("Who")).toBe("all");
      tell(ref, "1", go("b"));
      expect(yield* ref.call("Who")).toBe("b");
    }),
  );

  it.effect("starts anew from init under a supervisor", () =>
    Effect.gen(function* () {
      const trace = new Trace();
      trace.first = () => Effect.as(Effect.sleep(10), next("b", trace));
      const spec = ChildSpec.make(Probe, trace, { id: "p" });
      const starting = yield* Effect.forkChild(Supervisor.start({ children: [spec] }), { startImmediately: true });
      yield* pass(10);
      const ref = (yield* Fiber.join(starting)).ref(spec);
      tell(ref, "1", later);
      tell(ref, "2", () => stop());
      yield* pass(10);
      expect([ref.incarnation, trace.log]).toEqual([2, [">b b", "b:1", "b:2", "end b Normal", ">b b"]]);
    }),
  );

  it.effect("does not start when init stops", () =>
    Effect.gen(function* () {
      const trace = new Trace();
      trace.first = () => stop();
      expect(yield* Effect.flip(probe(trace))).toMatchObject({ _tag: "StartError", reason: { _tag: "Normal" } });
    }),
  );

  it.effect("handles one event at a time, also where handlers take time", () =>
    Effect.gen(function* () {
      const trace = new Trace();
      trace.on[">b a"] = () => Effect.asVoid(Effect.tap(Effect.sleep(10), () => Effect.sync(() => trace.log.push("entered"))));
      const ref = yield* probe(trace);
      tell(ref, "1", () => Effect.as(Effect.sleep(10), next("b", undefined, [event("2")])));
      tell(ref, "3");
      yield* pass(10);
      expect(trace.log).toEqual([">a a", "a:1", ">b a"]);
      yield* pass(10);
      expect(trace.log).toEqual([">a a", "a:1", ">b a", "entered", "b:2", "b:3"]);
    }),
  );
});
