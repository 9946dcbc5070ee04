/** OTP's own cases (supervisor_SUITE): start, stop, administration, restart types. The numbers are those of the suite's list. */
import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import { Actor, ExitReason, Supervisor } from "../../src/actor/index.ts";
import { counts, failsAfter, pass, quiet, Script, settled, states, worker } from "../actor/actors.ts";

const refuses = (id: string) => worker(id, {}, failsAfter(0));

describe("OTP: start", () => {
  it.effect("10 sup_start_child_returns_error: a child that fails to start is not kept", () =>
    Effect.gen(function* () {
      const supervisor = yield* Supervisor.start({ children: [] });
      const error = yield* Effect.flip(supervisor.startChild(refuses("c1")));
      expect(error).toMatchObject({ _tag: "StartError", path: ["root", "c1"], message: "root/c1 did not start: Error: start 1" });
      expect(yield* supervisor.whichChildren).toEqual([]);
      expect(yield* counts(supervisor)).toEqual([0, 0, 0, 0]);
    }),
  );

  it.effect("11 sup_start_restart_child_returns_error: after a failed manual restart the spec is kept", () =>
    Effect.gen(function* () {
      const supervisor = yield* Supervisor.start({ children: [worker("c1", {}, failsAfter(1))] });
      yield* supervisor.terminateChild("c1");
      expect(yield* Effect.flip(supervisor.restartChild("c1"))).toMatchObject({ _tag: "StartError", path: ["root", "c1"] });
      expect(yield* states(supervisor)).toBe("c1 down");
    }),
  );
});

describe("OTP: stop", () => {
  it.effect("16 sup_stop_infinity: a supervisor and a worker are given all the time they need", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const slow = new Script(log);
      slow.onTerminate = () => Effect.sleep("1 hour");
      const inner = Supervisor.child({ id: "sup", children: [worker("leaf", { shutdown: "infinity" }, slow)] });
      const supervisor = yield* Supervisor.start({ children: [inner, worker("w", { shutdown: "infinity" }, new Script(log))] });
      const stopping = yield* Effect.forkChild(supervisor.stop, { startImmediately: true });
      yield* pass(3_599_999);
      expect(stopping.pollUnsafe()).toBe(undefined);
      yield* pass(1);
      yield* Fiber.join(stopping);
      expect(log.slice(2)).toEqual(["-w shutdown", "-leaf shutdown"]);
    }),
  );

  it.effect("17 sup_stop_timeout: who sleeps beyond its time is killed, the others shut down", () =>
    Effect.gen(function* () {
      const asleep = new Script();
      asleep.onTerminate = () => Effect.never;
      const specs = [worker("c1", { shutdown: 1000 }), worker("c2", { shutdown: 1000 }, asleep)] as const;
      const supervisor = yield* Supervisor.start({ children: specs });
      const ends = yield* Effect.forEach(specs, (spec) =>
        Effect.forkChild(Actor.awaitExit(supervisor.ref(spec)), { startImmediately: true }),
      );
      yield* Effect.forkChild(supervisor.stop, { startImmediately: true });
      yield* pass(999);
      expect(ends.map((end) => end.pollUnsafe())).toEqual([undefined, undefined]);
      yield* pass(1);
      expect(yield* Effect.forEach(ends, Fiber.join)).toEqual([ExitReason.shutdown, ExitReason.killed]);
    }),
  );

  it.effect("19 sup_stop_brutal_kill: the first is shut down, the second is killed", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const specs = [worker("c1", {}, new Script(log)), worker("c2", { shutdown: "brutal_kill" }, new Script(log))] as const;
      const supervisor = yield* Supervisor.start({ children: specs });
      const ends = yield* Effect.forEach(specs, (spec) =>
        Effect.forkChild(Actor.awaitExit(supervisor.ref(spec)), { startImmediately: true }),
      );
      yield* supervisor.stop;
      expect(yield* Effect.forEach(ends, Fiber.join)).toEqual([ExitReason.shutdown, ExitReason.killed]);
      expect(log).toEqual(["+c1", "+c2", "-c1 shutdown"]);
    }),
  );
});

describe("OTP: administration", () => {
  it.effect("23 child_adm", () =>
    Effect.gen(function* () {
      const spec = worker("c1");
      const supervisor = yield* Supervisor.start({ children: [spec] });
      const failure = <A, E extends { readonly _tag: string; readonly state?: string }, R>(effect: Effect.Effect<A, E, R>) =>
        Effect.map(Effect.flip(effect), ({ _tag, state }) => (state === undefined ? _tag : `${_tag} ${state}`));

      expect([yield* states(supervisor), yield* counts(supervisor)]).toEqual(["c1 up", [1, 1, 0, 1]]);
      expect(yield* failure(supervisor.startChild(worker("c1")))).toBe("ChildPresent up");
      expect(yield* failure(supervisor.terminateChild("c0"))).toBe("ChildNotFound");

      const ref = supervisor.ref(spec);
      const end = yield* Effect.forkChild(Actor.awaitExit(ref), { startImmediately: true });
      yield* supervisor.terminateChild("c1");
      expect(yield* Fiber.join(end)).toEqual(ExitReason.shutdown);
      expect([yield* states(supervisor), yield* counts(supervisor)]).toEqual(["c1 down", [1, 0, 0, 1]]);
      yield* supervisor.terminateChild("c1");
      expect(yield* failure(supervisor.startChild(worker("c1")))).toBe("ChildPresent down");

      expect((yield* supervisor.restartChild("c1")).incarnation).toBe(2);
      expect(yield* failure(supervisor.restartChild("c1"))).toBe("ChildNotDown up");
      expect(yield* failure(supervisor.restartChild("c0"))).toBe("ChildNotFound");
      expect(yield* failure(supervisor.deleteChild("c1"))).toBe("ChildNotDown up");
      expect(yield* failure(supervisor.deleteChild("c0"))).toBe("ChildNotFound");

      yield* supervisor.terminateChild("c1");
      yield* supervisor.deleteChild("c1");
      expect(yield* failure(supervisor.restartChild("c1"))).toBe("ChildNotFound");
      expect([yield* supervisor.whichChildren, yield* counts(supervisor)]).toEqual([[], [0, 0, 0, 0]]);
      yield* supervisor.startChild(worker("c1"));
      expect(yield* states(supervisor)).toBe("c1 up");

      yield* supervisor.stop;
      expect(yield* failure(supervisor.terminateChild("c1"))).toBe("ActorDown");
    }),
  );

  it.effect("29 multiple_restarts: restarts that are long ago do not count", () =>
    Effect.gen(function* () {
      const spec = worker("c1");
      const supervisor = yield* Supervisor.start({ children: [spec], intensity: 1, periodMillis: 1000 });
      for (let n = 0; n < 4; n++) {
        supervisor.ref(spec).cast("Die");
        yield* settled;
        expect([supervisor.alive, supervisor.ref(spec).incarnation]).toEqual([true, n + 2]);
        yield* pass(2100);
      }
    }).pipe(quiet),
  );
});

describe("OTP: restart types", () => {
  for (const [name, restart, how, state, count] of [
    ["46 transient_normal", "transient", "Finish", "c1 down", [1, 0, 0, 1]],
    ["47 temporary_normal", "temporary", "Finish", "", [0, 0, 0, 0]],
    ["49 transient_shutdown", "transient", "Leave", "c1 down", [1, 0, 0, 1]],
    ["50 temporary_shutdown", "temporary", "Leave", "", [0, 0, 0, 0]],
    ["52 permanent_abnormal", "permanent", "Die", "c1 up", [1, 1, 0, 1]],
    ["53 transient_abnormal", "transient", "Die", "c1 up", [1, 1, 0, 1]],
  ] as const) {
    it.effect(name, () =>
      Effect.gen(function* () {
        const spec = worker("c1", { restart });
        const supervisor = yield* Supervisor.start({ children: [spec] });
        const ref = supervisor.ref(spec);
        if (how === "Leave") ref.cast(how, { info: "info" });
        else ref.cast(how);
        yield* settled;
        expect([yield* states(supervisor), yield* counts(supervisor)]).toEqual([state, count]);
        expect(ref.incarnation).toBe(how === "Die" ? 2 : 1);
        if (restart === "temporary") yield* supervisor.startChild(spec);
        else if (how !== "Die") yield* supervisor.restartChild("c1");
        expect(yield* states(supervisor)).toBe("c1 up");
      }).pipe(quiet),
    );
  }

  for (const strategy of ["one_for_all", "one_for_one", "rest_for_one"] as const) {
    for (const restart of ["permanent", "transient", "temporary"] as const) {
      it.effect(`76 do_not_save_child_specs_for_temporary_children: ${strategy}, ${restart}`, () =>
        Effect.gen(function* () {
          const supervisor = yield* Supervisor.start({ strategy, children: [], intensity: 10 });
          for (const how of ["kill", "Finish", "Die", "terminate"] as const) {
            const spec = worker("c1", { restart });
            const ref = yield* supervisor.startChild(spec);
            if (how === "kill") yield* Actor.kill(ref);
            else if (how === "terminate") yield* supervisor.terminateChild("c1");
            else ref.cast(how);
            yield* settled;
            const comesBack = restart === "permanent" ? how !== "terminate" : restart === "transient" && (how === "kill" || how === "Die");
            const expected = restart === "temporary" ? "started" : comesBack ? "ChildPresent up" : "ChildPresent down";
            const again = yield* Effect.match(supervisor.startChild(spec), {
              onSuccess: () => "started",
              onFailure: (error) => (error._tag === "ChildPresent" ? `${error._tag} ${error.state}` : error._tag),
            });
            expect([how, again]).toEqual([how, expected]);
            yield* supervisor.terminateChild("c1");
            if (restart !== "temporary") yield* supervisor.deleteChild("c1");
          }
        }).pipe(quiet),
      );
    }
  }
});
