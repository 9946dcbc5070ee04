/** OTP's own cases (supervisor_SUITE): strategies, escalation, trees, restart loops, scale. The numbers are those of the suite's list. */
import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import { Actor, Supervisor } from "../../src/actor/index.ts";
import { counts, events, failsAfter, pass, quiet, Script, settled, states, until, worker } from "../actor/actors.ts";

describe("OTP: strategies", () => {
  it.effect("31 one_for_one_escalation: starts that fail again and again end the supervisor and who else is there", () =>
    Effect.gen(function* () {
      const seen = yield* events;
      const c1 = worker("c1", {}, failsAfter(1));
      const c2 = worker("c2");
      const supervisor = yield* Supervisor.start({ children: [c1, c2], intensity: 4, periodMillis: 3_600_000 });
      const [ref1, ref2] = [supervisor.ref(c1), supervisor.ref(c2)];
      ref1.cast("Die");
      yield* until(() => !supervisor.alive);
      expect([ref1.alive, ref2.alive, ref1.incarnation]).toEqual([false, false, 5]);
      expect(seen.filter((line) => line === "StartFailed root/c1")).toHaveLength(4);
      expect(seen.slice(-3)).toEqual(["Escalated root", "Stopping root/c2", "Exited root/c2"]);
    }).pipe(quiet),
  );

  it.effect("32 one_for_all: all are started anew, and one death too many ends the supervisor", () =>
    Effect.gen(function* () {
      const specs = [worker("c1"), worker("c2")] as const;
      const supervisor = yield* Supervisor.start({ strategy: "one_for_all", children: specs, intensity: 2, periodMillis: 3_600_000 });
      const refs = specs.map((spec) => supervisor.ref(spec));
      refs[0]!.cast("Die");
      yield* settled;
      expect(refs.map(({ incarnation }) => incarnation)).toEqual([2, 2]);
      expect(yield* counts(supervisor)).toEqual([2, 2, 0, 2]);
      for (const ref of refs) {
        ref.cast("Die");
        yield* settled;
      }
      expect([supervisor.alive, ...refs.map(({ alive }) => alive)]).toEqual([false, false, false]);
    }).pipe(quiet),
  );

  it.effect("34 one_for_all_other_child_fails_restart: the group starts again from the first", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const fails = new Script(log);
      fails.onStart = (start) => {
        log.push(`c2 start ${start}`);
        if (start === 2) throw new Error("not now");
      };
      const specs = [worker("c1", {}, new Script(log)), worker("c2", {}, fails)] as const;
      const supervisor = yield* Supervisor.start({ strategy: "one_for_all", children: specs, intensity: 3 });
      log.length = 0;
      yield* Actor.kill(supervisor.ref(specs[0]));
      yield* settled;
      expect(log).toEqual(["-c2 shutdown", "+c1", "c2 start 2", "-c1 shutdown", "+c1", "c2 start 3", "+c2"]);
      expect(yield* states(supervisor)).toBe("c1 up, c2 up");
    }).pipe(quiet),
  );

  it.effect("41 rest_for_one: those after the dead one are started anew, those before it stay", () =>
    Effect.gen(function* () {
      const specs = [worker("c1"), worker("c2"), worker("c3")] as const;
      const supervisor = yield* Supervisor.start({ strategy: "rest_for_one", children: specs, intensity: 2, periodMillis: 3_600_000 });
      const refs = specs.map((spec) => supervisor.ref(spec));
      refs[1]!.cast("Die");
      yield* settled;
      expect(refs.map(({ incarnation }) => incarnation)).toEqual([1, 2, 2]);
      expect(yield* counts(supervisor)).toEqual([3, 3, 0, 3]);
      for (const ref of [refs[2]!, refs[1]!]) {
        ref.cast("Die");
        yield* settled;
      }
      expect([supervisor.alive, ...refs.map(({ alive }) => alive)]).toEqual([false, false, false, false]);
    }).pipe(quiet),
  );

  it.effect("43 rest_for_one_other_child_fails_restart: only the one that failed is tried again", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const fails = new Script(log);
      fails.onStart = (start) => {
        log.push(`c2 start ${start}`);
        if (start === 2) throw new Error("not now");
      };
      const specs = [worker("c1", {}, new Script(log)), worker("c2", {}, fails)] as const;
      const supervisor = yield* Supervisor.start({ strategy: "rest_for_one", children: specs, intensity: 3 });
      log.length = 0;
      yield* Actor.kill(supervisor.ref(specs[0]));
      yield* settled;
      expect(log).toEqual(["-c2 shutdown", "+c1", "c2 start 2", "c2 start 3", "+c2"]);
      expect(yield* states(supervisor)).toBe("c1 up, c2 up");
    }).pipe(quiet),
  );
});

it.effect("OTP: 56 tree: a supervisor that ends is restarted with its siblings, without its dynamic children", () =>
  Effect.gen(function* () {
    const [w1, w2] = [worker("w1"), worker("w2")];
    const children = [
      Supervisor.child({ id: "sup1", children: [w1, w2], intensity: 4, periodMillis: 3_600_000 }),
      Supervisor.child({ id: "sup2", children: [], intensity: 4, periodMillis: 3_600_000 }),
      Supervisor.child({ id: "sup3", restart: "transient", children: [] }),
    ];
    const top = yield* Supervisor.start({ strategy: "one_for_all", children, intensity: 4, periodMillis: 3_600_000 });
    const [sup1, sup2] = [yield* top.supervisor("sup1"), yield* top.supervisor("sup2")];
    const [ref1, ref2] = [sup1.ref(w1), sup1.ref(w2)];
    yield* top.terminateChild("sup3");
    expect(yield* counts(top)).toEqual([3, 2, 3, 0]);
    const c3 = yield* sup2.startChild(worker("c3", {}, failsAfter(1)));
    const c4 = yield* sup2.startChild(worker("c4"));
    c4.cast("Die");
    yield* settled;
    expect([c4, c3, ref1, ref2].map(({ incarnation }) => incarnation)).toEqual([2, 1, 1, 1]);
    c3.cast("Die");
    yield* settled;
    expect(yield* counts(top)).toEqual([3, 3, 3, 0]);
    expect([ref1, ref2].map(({ alive, incarnation }) => [alive, incarnation])).toEqual([
      [true, 2],
      [true, 2],
    ]);
    expect([yield* counts(sup1), yield* counts(sup2)]).toEqual([
      [2, 2, 0, 2],
      [0, 0, 0, 0],
    ]);
    expect([c3.alive, c4.alive, sup1.incarnation, sup2.incarnation]).toEqual([false, false, 2, 2]);
  }).pipe(quiet),
);

describe("OTP: hanging restart loops", () => {
  it.effect("80 hanging_restart_loop: the supervisor answers while a child's restarts hang and fail", () =>
    Effect.gen(function* () {
      const script = new Script();
      script.onStart = (start) => (start === 1 ? undefined : Effect.andThen(Effect.sleep(2000), Effect.fail("not yet")));
      const supervisor = yield* Supervisor.start({ children: [worker("c1", {}, script)], intensity: 8, periodMillis: 10_000 });
      const ref = (yield* supervisor.whichChildren)[0]!.ref;
      const end = yield* Effect.forkChild(Actor.awaitExit(ref), { startImmediately: true });
      yield* Actor.kill(ref);
      yield* until(() => end.pollUnsafe() !== undefined);
      yield* settled;
      for (let n = 0; n < 2; n++) {
        expect(yield* states(supervisor)).toBe("c1 starting");
        expect(yield* counts(supervisor)).toEqual([1, 0, 0, 1]);
        expect(yield* Effect.flip(supervisor.startChild(worker("c1")))).toMatchObject({ _tag: "ChildPresent" });
        expect(yield* Effect.flip(supervisor.restartChild("c1"))).toMatchObject({ _tag: "ChildNotDown" });
        expect(yield* Effect.flip(supervisor.deleteChild("c1"))).toMatchObject({ _tag: "ChildNotDown" });
        yield* pass(2000);
      }
      yield* supervisor.terminateChild("c1");
      expect([yield* states(supervisor), script.starts]).toEqual(["c1 down", 4]);
      const again = yield* Effect.forkChild(supervisor.restartChild("c1"), { startImmediately: true });
      yield* settled;
      expect(yield* states(supervisor)).toBe("c1 starting");
      yield* supervisor.stop;
      expect(yield* Effect.flip(Fiber.join(again))).toMatchObject({ _tag: "StartError", path: ["root", "c1"] });
      expect(supervisor.alive).toBe(false);
    }).pipe(quiet),
  );
});

describe("OTP: scale", () => {
  it.effect("88 scale_start_stop_many_children: what is removed leaves nothing behind", () =>
    Effect.gen(function* () {
      const supervisor = yield* Supervisor.start({ children: [] });
      const ids = Array.from({ length: 1000 }, (_, n) => `c${n}`);
      const script = new Script();
      for (const id of ids) yield* supervisor.startChild(worker(id, {}, script));
      expect(yield* counts(supervisor)).toEqual([1000, 1000, 0, 1000]);
      for (const id of ids) yield* supervisor.terminateChild(id);
      expect(yield* counts(supervisor)).toEqual([1000, 0, 0, 1000]);
      for (const id of ids) yield* supervisor.deleteChild(id);
      expect(yield* counts(supervisor)).toEqual([0, 0, 0, 0]);
      const last = yield* supervisor.startChild(worker("last"));
      last.cast("Die");
      yield* settled;
      expect([last.incarnation, yield* states(supervisor)]).toEqual([2, "last up"]);
    }).pipe(quiet),
  );
});
