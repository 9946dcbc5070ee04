/** Cases of OTP's supervisor suite that are not on the list of numbers, by their names. */
import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import { Actor, ChildSpec, DynamicSupervisor, Supervisor } from "../../src/actor/index.ts";
import { counts, events, failsAfter, pass, quiet, Script, settled, states, until, worker, Worker } from "../actor/actors.ts";
import { cellBehind, failure, problem, self, tally, watch } from "./otp.ts";

const hour = { intensity: 2, periodMillis: 3_600_000 } as const;

describe("OTP: start", () => {
  it.effect("sup_start_fail: a child that fails stops those before it, in reverse, and the supervisor's start says which it was", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const children = [worker("c1", {}, new Script(log)), worker("c2", {}, new Script(log)), worker("c3", {}, failsAfter(0))];
      const error = yield* Effect.flip(Supervisor.start({ children }));
      expect(error).toMatchObject({ _tag: "StartError", path: ["root", "c3"] });
      expect(log).toEqual(["+c1", "+c2", "-c2 shutdown", "-c1 shutdown"]);
    }).pipe(quiet),
  );

  // OTP's specs are maps here from the first: each faulty key is named, and nothing is started.
  it.effect("sup_start_map_faulty_specs: a faulty spec among good ones starts nothing", () =>
    Effect.gen(function* () {
      for (const [faulty, says] of [
        [{ restart: "sometimes" }, "restart"],
        [{ shutdown: -10 }, "shutdown"],
        [{ maxAttempts: 1.5 }, "maxAttempts"],
        [{ startTimeoutMillis: Number.NaN }, "startTimeoutMillis"],
        [{ backoff: { initialMillis: -1 } }, "backoff.initialMillis"],
        [{ backoff: { initialMillis: 1, factor: 0 } }, "backoff.factor"],
        [{ backoff: { initialMillis: 1, jitter: 2 } }, "backoff.jitter"],
      ] as const) {
        const good = new Script();
        const children = [worker("c1", {}, good), worker("c2", faulty as Partial<ChildSpec.Options>)];
        expect(yield* problem(Supervisor.start({ children }))).toMatch(`child "c2": ${says}`);
        expect(good.starts).toBe(0);
      }
    }),
  );

  it.effect("child_specs_map: the same specs are refused by a running supervisor, which lives on", () =>
    Effect.gen(function* () {
      const supervisor = yield* Supervisor.start({ children: [worker("c1")] });
      expect(yield* problem(supervisor.startChild(worker("c2", { restart: "sometimes" as never })))).toMatch('child "c2": restart');
      expect(yield* problem(supervisor.startChild(worker("", {})))).toMatch("empty");
      expect(yield* failure(supervisor.startChild(worker("c1")))).toBe("ChildPresent");
      expect(yield* states(supervisor)).toBe("c1 up");
    }),
  );
});

describe("OTP: stop", () => {
  it.effect("sup_stop_manual: a supervisor that is stopped by hand stops its children, however it is run", () =>
    Effect.gen(function* () {
      const spec = worker("c1");
      const supervisor = yield* Supervisor.start({ children: [spec] });
      const ended = yield* watch([supervisor.ref(spec), self(supervisor)]);
      yield* supervisor.stop;
      yield* supervisor.stop;
      expect(yield* ended).toEqual(["shutdown", "shutdown"]);
    }),
  );

  it.effect("simple_one_for_one_shutdown: the deadline is each child's own, and all are asked at once", () =>
    Effect.gen(function* () {
      const slow = (millis: number) => {
        const script = new Script();
        script.onTerminate = () => Effect.sleep(millis);
        return script;
      };
      const patient = yield* DynamicSupervisor.start(Worker, { shutdown: 1000 });
      for (const millis of [900, 900, 900]) yield* patient.startChild(slow(millis));
      const stopping = yield* Effect.forkChild(patient.stop, { startImmediately: true });
      yield* pass(899);
      expect(stopping.pollUnsafe()).toBeUndefined();
      yield* pass(1);
      yield* Fiber.join(stopping);
      const hasty = yield* DynamicSupervisor.start(Worker, { shutdown: 500 });
      const refs = yield* Effect.forEach([900, 100], (millis) => hasty.startChild(slow(millis)));
      const ended = yield* watch(refs);
      yield* Effect.forkChild(hasty.stop, { startImmediately: true });
      yield* pass(500);
      expect(yield* ended).toEqual(["killed", "shutdown"]);
    }),
  );

  // OTP: an application's top supervisor that gives up while it is being stopped. Here: one that has given up below one that is being stopped.
  it.effect("faulty_application_shutdown: who gives up while it is being stopped ends with the stop, once", () =>
    Effect.gen(function* () {
      const fails = new Script();
      fails.onTerminate = () => {
        throw new Error("in terminate");
      };
      const inner = Supervisor.child({ id: "inner", intensity: 0, children: [worker("c1", {}, fails), worker("c2")] });
      const root = yield* Supervisor.start({ id: "app", children: [inner] });
      const seen = yield* events;
      yield* root.stop;
      expect([root.alive, fails.starts]).toEqual([false, 1]);
      expect(seen.filter((line) => line === "Exited app/inner")).toHaveLength(1);
      expect(seen.filter((line) => line.startsWith("Escalated") || line.startsWith("Started"))).toEqual([]);
    }).pipe(quiet),
  );
});

describe("OTP: strategies", () => {
  it.effect("one_for_one: the dead one alone is started anew, and one death too many ends the supervisor", () =>
    Effect.gen(function* () {
      const specs = [worker("c1"), worker("c2")] as const;
      const supervisor = yield* Supervisor.start({ ...hour, children: specs });
      const refs = specs.map((spec) => supervisor.ref(spec));
      refs[0]!.cast("Die");
      yield* settled;
      expect([refs.map(({ incarnation }) => incarnation), yield* counts(supervisor)]).toEqual([
        [2, 1],
        [2, 2, 0, 2],
      ]);
      const ended = yield* watch([self(supervisor), refs[0]!]);
      for (const ref of [refs[1]!, refs[1]!]) {
        ref.cast("Die");
        yield* settled;
      }
      expect(yield* ended).toEqual([expect.stringMatching(/^shutdown: more than 2 restarts/), "shutdown"]);
    }).pipe(quiet),
  );

  for (const strategy of ["one_for_all", "rest_for_one"] as const) {
    it.effect(`${strategy}_escalation: a child whose starts fail again and again ends the supervisor and the others`, () =>
      Effect.gen(function* () {
        const specs = [worker("c1"), worker("c2", {}, failsAfter(1)), worker("c3")] as const;
        const supervisor = yield* Supervisor.start({ strategy, intensity: 4, periodMillis: 3_600_000, children: specs });
        const refs = specs.map((spec) => supervisor.ref(spec));
        const ended = yield* watch([self(supervisor)]);
        refs[1]!.cast("Die");
        yield* until(() => !supervisor.alive);
        expect(yield* ended).toEqual([expect.stringMatching(/^shutdown: more than 4 restarts/)]);
        expect(refs.map(({ alive }) => alive)).toEqual([false, false, false]);
      }).pipe(quiet),
    );
  }

  it.effect("temporary_bystander: a temporary sibling goes with its group and does not come back, and nobody minds", () =>
    Effect.gen(function* () {
      for (const strategy of ["one_for_all", "rest_for_one"] as const) {
        const specs = [worker("c1"), worker("c2", { restart: "temporary" })] as const;
        const supervisor = yield* Supervisor.start({ id: strategy, strategy, children: specs });
        const refs = specs.map((spec) => supervisor.ref(spec));
        yield* Actor.kill(refs[0]!);
        yield* pass(1000);
        expect([supervisor.alive, yield* states(supervisor), refs[1]!.alive]).toEqual([true, "c1 up", false]);
      }
    }).pipe(quiet),
  );

  it.effect("hanging_restart_loop_rest_for_one: while a restart waits, those before it run and every operation is answered", () =>
    Effect.gen(function* () {
      const failing = { value: false };
      const script = new Script();
      script.onStart = () => (failing.value ? Effect.andThen(Effect.sleep(2000), Effect.die(new Error("not now"))) : undefined);
      const specs = [worker("c1"), worker("c2", {}, script), worker("c3")] as const;
      const supervisor = yield* Supervisor.start({ strategy: "rest_for_one", intensity: 8, periodMillis: 10_000, children: specs });
      const refs = specs.map((spec) => supervisor.ref(spec));
      failing.value = true;
      refs[1]!.cast("Die");
      yield* pass(1000);
      expect(yield* failure(supervisor.startChild(worker("c2")))).toBe("ChildPresent");
      expect(yield* failure(supervisor.restartChild("c2"))).toBe("ChildNotDown");
      expect(yield* failure(supervisor.deleteChild("c2"))).toBe("ChildNotDown");
      expect([refs[0]!.incarnation, refs[0]!.alive, refs[2]!.alive]).toEqual([1, true, false]);
      expect(yield* counts(supervisor)).toEqual([3, 1, 0, 3]);
      yield* pass(1500);
      failing.value = false;
      yield* pass(2000);
      expect(yield* states(supervisor)).toBe("c1 up, c2 up, c3 up");
      failing.value = true;
      refs[1]!.cast("Die");
      yield* pass(500);
      const ended = yield* watch([self(supervisor)]);
      yield* Effect.forkChild(supervisor.stop, { startImmediately: true });
      yield* settled;
      expect(yield* ended).toEqual(["shutdown"]);
    }).pipe(quiet),
  );
});

describe("OTP: dynamic children", () => {
  // OTP-16804 and its like: an answer that is given while a child restarts must not leave the count wrong.
  it.effect("simple_one_for_one_corruption: a restart that fails leaves the others and the counts as they are", () =>
    Effect.gen(function* () {
      const supervisor = yield* DynamicSupervisor.start(Worker, { intensity: 3, backoff: { initialMillis: 100 } });
      const once = new Script();
      once.onStart = (start) => {
        if (start === 2) throw new Error("not now");
      };
      const [ref, other] = [yield* supervisor.startChild(once), yield* supervisor.startChild(new Script())];
      ref.cast("Die");
      yield* pass(100);
      expect([once.starts, yield* tally(supervisor)]).toEqual([2, [1, 1, 0, 2]]);
      yield* supervisor.startChild(new Script());
      yield* pass(100);
      expect([yield* tally(supervisor), ref.incarnation, other.incarnation]).toEqual([[1, 3, 0, 3], 3, 1]);
      yield* supervisor.terminateChild(ref);
      expect(yield* tally(supervisor)).toEqual([1, 2, 0, 2]);
      expect(yield* failure(supervisor.terminateChild(ref))).toBe("ChildNotFound");
    }).pipe(quiet),
  );

  it.effect("do_not_save_start_parameters_for_temporary_children: nothing is kept of a temporary child that has ended", () =>
    Effect.gen(function* () {
      const supervisor = yield* DynamicSupervisor.start(Worker, { restart: "temporary" });
      const { children } = cellBehind(supervisor);
      for (const how of ["Finish", "Die", "kill", "terminate"] as const) {
        const refs = yield* Effect.forEach(Array.from({ length: 50 }), () => supervisor.startChild(new Script()));
        for (const ref of refs) {
          if (how === "kill") yield* Actor.kill(ref);
          else if (how === "terminate") yield* supervisor.terminateChild(ref);
          else ref.cast(how);
        }
        yield* settled;
        expect([how, children.byKey.size, children.list().length]).toEqual([how, 0, 0]);
        expect(children.length).toBeLessThanOrEqual(100);
      }
    }).pipe(quiet),
  );

  it.effect("which_children_simple_one_for_one: all by their refs, and none by another", () =>
    Effect.gen(function* () {
      const supervisor = yield* DynamicSupervisor.start(Worker);
      const refs = yield* Effect.forEach([1, 2, 3], () => supervisor.startChild(new Script()));
      expect((yield* supervisor.whichChildren).map(({ ref, state }) => [ref, state])).toEqual(refs.map((ref) => [ref, "up"]));
      yield* supervisor.terminateChild(refs[1]!);
      expect((yield* supervisor.whichChildren).map(({ ref }) => ref)).toEqual([refs[0], refs[2]]);
    }),
  );
});

describe("OTP: administration", () => {
  it.effect("count_children_supervisor: supervisors and workers are counted apart, those that are down as well", () =>
    Effect.gen(function* () {
      const inner = (id: string) => Supervisor.child({ id, children: [worker("leaf")] });
      const supervisor = yield* Supervisor.start({ children: [inner("s1"), worker("w1"), inner("s2"), worker("w2")] });
      expect(yield* counts(supervisor)).toEqual([4, 4, 2, 2]);
      yield* supervisor.terminateChild("s1");
      yield* supervisor.terminateChild("w2");
      expect(yield* counts(supervisor)).toEqual([4, 2, 2, 2]);
      yield* supervisor.deleteChild("s1");
      expect(yield* counts(supervisor)).toEqual([3, 2, 1, 2]);
    }),
  );

  it.effect("code_change_map: options that are taken while it runs hold from then on, faulty ones change nothing", () =>
    Effect.gen(function* () {
      const c1 = worker("c1");
      const supervisor = yield* Supervisor.start({ intensity: 0, children: [c1] });
      expect(yield* problem(supervisor.reconfigure({ intensity: -1, children: [c1] }))).toMatch(/^intensity is -1/);
      expect(yield* problem(supervisor.reconfigure({ children: [worker("c1", { shutdown: -1 })] }))).toMatch('child "c1": shutdown');
      yield* supervisor.reconfigure({
        intensity: 2,
        periodMillis: 10_000,
        children: [worker("c1", { restart: "transient" }), worker("c2")],
      });
      expect(yield* states(supervisor)).toBe("c1 up, c2 down");
      supervisor.ref(c1).cast("Die");
      yield* settled;
      expect([supervisor.alive, yield* states(supervisor)]).toEqual([true, "c1 up, c2 down"]);
      supervisor.ref(c1).cast("Finish");
      yield* settled;
      expect(yield* states(supervisor)).toBe("c1 down, c2 down");
    }).pipe(quiet),
  );
});
