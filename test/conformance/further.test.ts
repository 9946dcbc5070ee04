/** The third of OTP's supervisor_SUITE that is not on the list that we replay from: starts, stops, restarts. The numbers are those of the suite. */
import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import { Actor, ChildSpec, type CrashReport, ExitReason, Supervisor } from "../../src/actor/index.ts";
import { events, failsAfter, pass, quiet, reporting, Script, settled, states, told, worker } from "../actor/actors.ts";
import { Answers, failure, problem, self, starter, Starter, tally, watch } from "./otp.ts";

const hour = { intensity: 2, periodMillis: 3_600_000 } as const;

describe("OTP: start", () => {
  // A supervisor is made from a value: what can fail in its place is an actor at the root, or a child of its first start.
  it.effect("9 sup_start_fail: an init that fails fails the start with its error, and nobody else hears of it", () => {
    const reports: Array<CrashReport.CrashReport> = [];
    return Effect.gen(function* () {
      const other = yield* Actor.spawn(Starter, new Answers("up"));
      const root = yield* Effect.flip(Actor.spawn(Starter, new Answers("fail")));
      expect(ExitReason.format(root.reason)).toBe("Error: start 1");
      const log: Array<string> = [];
      const children = [worker("c1", {}, new Script(log)), worker("c2", {}, new Script(log)), worker("c3", {}, failsAfter(0))];
      const error = yield* Effect.flip(Supervisor.start({ children }));
      expect([error.path, ExitReason.format(error.reason)]).toEqual([["root", "c3"], "Error: start 1"]);
      expect(log).toEqual(["+c1", "+c2", "-c2 shutdown", "-c1 shutdown"]);
      yield* pass(100);
      expect([other.alive, reports]).toEqual([true, []]);
    }).pipe(reporting(reports));
  });

  it.effect("15 sup_start_map_faulty_specs: without an id, or without what it runs, it is no spec; what is not known is ignored", () =>
    Effect.gen(function* () {
      const start = (spec: unknown) => Supervisor.start({ children: [spec as never] });
      expect(yield* problem(start(ChildSpec.make(Starter, new Answers("up"), {} as never)))).toBe("a child has no id");
      expect(() => ChildSpec.make(undefined as never, undefined, { id: "c2" })).toThrow(TypeError);
      const silly = yield* start(ChildSpec.make(Starter, new Answers("up"), { id: "c3", silly: true } as never));
      expect(silly.alive).toBe(true);
      const noSpec = "a child is no spec that ChildSpec.make or a supervisor's child has made";
      for (const spec of ["c4", 4, { id: "c4" }]) expect(yield* problem(start(spec))).toBe(noSpec);
      const good = new Script();
      for (const spec of [null, { id: "c4" }]) yield* Effect.exit(Supervisor.start({ children: [worker("c1", {}, good), spec as never] }));
      expect(good.starts).toBe(0);
    }),
  );

  it.effect("27 child_specs_map: check says of each spec what a start would say, and of all combinations which are none", () =>
    Effect.gen(function* () {
      const supervisor = yield* Supervisor.start({ children: [] });
      const errors = (children: ReadonlyArray<ChildSpec.Any<never>>, autoShutdown?: unknown) =>
        Supervisor.check({ children, ...(autoShutdown === undefined ? {} : { autoShutdown: autoShutdown as "never" }) })
          .filter(({ severity }) => severity === "error")
          .map(({ what }) => what);
      for (const [says, options] of [
        ['restart is "prmanent": it has to be permanent, transient or temporary', { restart: "prmanent" }],
        ["shutdown is -10, which is no time to wait", { shutdown: -10 }],
        ['significant is "maybe": it has to be true or false', { significant: "maybe" }],
      ] as const) {
        const spec = worker("c", options as Partial<ChildSpec.Options>);
        expect(errors([spec])).toEqual([says]);
        expect(yield* problem(supervisor.startChild(spec))).toBe(`child "c": ${says}`);
        expect(yield* problem(Supervisor.start({ children: [spec] }))).toBe(`child "c": ${says}`);
      }
      let [good, bad] = [0, 0];
      for (const autoShutdown of [undefined, "never", "any_significant", "all_significant"]) {
        for (const restart of [undefined, "permanent", "transient", "temporary"] as const) {
          for (const shutdown of [undefined, 0, 1000, "infinity", "brutal_kill"] as const) {
            for (const significant of [undefined, true, false]) {
              const said = Object.entries({ restart, shutdown, significant }).filter(([, value]) => value !== undefined);
              const options: Partial<ChildSpec.Options> = Object.fromEntries(said);
              const refused = significant === true && ((autoShutdown ?? "never") === "never" || (restart ?? "permanent") === "permanent");
              for (const spec of [worker("c", options), Supervisor.child({ id: "c", children: [], ...options })]) {
                expect(errors([spec], autoShutdown).length > 0).toBe(refused);
                if (refused) bad++;
                else good++;
              }
            }
          }
        }
      }
      expect([good, bad]).toEqual([360, 120]);
      expect(errors([worker("c"), worker("c")])).toEqual(['two children have the id "c"']);
      expect(yield* states(supervisor)).toBe("");
    }),
  );

  // OTP: an application whose top supervisor's child calls what does not exist. A program here is an effect that starts a tree.
  it.effect("51 faulty_application_shutdown: who starts the tree is told which child failed, and with what", () =>
    Effect.gen(function* () {
      const library = {} as { readonly missing: () => void };
      const script = new Script();
      script.onStart = () => library.missing();
      const inner = Supervisor.child({ id: "servers", children: [worker("faulty", {}, script)] });
      const before = new Script();
      const application = Supervisor.start({ id: "app", children: [worker("w", {}, before), inner] });
      const error = yield* Effect.flip(application);
      expect([error._tag, error.path]).toEqual(["StartError", ["app", "servers", "faulty"]]);
      const cause = Actor.errorOf(error.reason);
      expect(cause).toBeInstanceOf(TypeError);
      expect(cause).toMatchObject({ message: "library.missing is not a function", stack: expect.stringContaining("further.test.ts") });
      expect(before.log).toEqual(["+w", "-w shutdown"]);
    }),
  );
});

describe("OTP: stop", () => {
  it.effect("21 sup_stop_race: who ends by himself while the supervisor stops is not restarted, whatever his reason", () =>
    Effect.gen(function* () {
      const slow = new Script();
      slow.onTerminate = () => Effect.sleep(1000);
      const between = (["temporary", "transient", "permanent"] as const).flatMap((restart) =>
        (["Finish", "Leave", "Die", "shutdown"] as const).map((how) => ({ how, script: new Script(), restart, id: `${restart} ${how}` })),
      );
      const supervisor = yield* Supervisor.start({ ...hour, children: [] });
      const first = yield* supervisor.startChild(worker("a", { restart: "temporary", shutdown: 1000 }));
      const refs = yield* Effect.forEach(between, ({ id, restart, script }) =>
        supervisor.startChild(worker(id, { restart, shutdown: 1000 }, script)),
      );
      const last = yield* supervisor.startChild(worker("z", { restart: "temporary", shutdown: 2000 }, slow));
      const ends = yield* watch([self(supervisor), last, first, ...refs]);
      const stopping = yield* Effect.forkChild(supervisor.stop, { startImmediately: true });
      yield* pass(200);
      for (const [n, { how }] of between.entries()) {
        if (how === "Leave") refs[n]!.cast("Leave", { info: "test" });
        else if (how !== "shutdown") refs[n]!.cast(how);
      }
      yield* settled;
      expect(supervisor.alive).toBe(true);
      yield* pass(800);
      yield* Fiber.join(stopping);
      const reasons = { Finish: "normal", Leave: "shutdown: test", Die: "Error: died", shutdown: "shutdown" };
      expect(yield* ends).toEqual(["shutdown", "shutdown", "shutdown", ...between.map(({ how }) => reasons[how])]);
      expect(between.map(({ script }) => script.starts)).toEqual(between.map(() => 1));
    }).pipe(quiet),
  );

  // Newer than the list: supervisor:stop/1. There a supervisor that is stopped by hand ends with normal, here with shutdown, as in every other stop.
  it.effect("sup_stop_manual: each child is stopped in its own way, and again is no error", () =>
    Effect.gen(function* () {
      const asleep = new Script();
      asleep.onTerminate = () => Effect.never;
      const specs = [worker("c1", { shutdown: "brutal_kill" }), worker("c2"), worker("c3", { shutdown: 1000 }, asleep)] as const;
      const supervisor = yield* Supervisor.start({ ...hour, children: specs });
      const ends = yield* watch([self(supervisor), ...specs.map((spec) => supervisor.ref(spec))]);
      const stopping = yield* Effect.forkChild(supervisor.stop, { startImmediately: true });
      yield* pass(1000);
      yield* Fiber.join(stopping);
      yield* supervisor.stop;
      expect(yield* ends).toEqual(["shutdown", "killed", "shutdown", "killed"]);
    }),
  );

  it.effect("sup_stop_manual_timeout: who waits no longer for the stop does not undo it", () =>
    Effect.gen(function* () {
      const slow = new Script();
      slow.onTerminate = () => Effect.sleep(1000);
      const specs = [worker("c1", {}, slow), worker("c2")] as const;
      const supervisor = yield* Supervisor.start({ ...hour, children: specs });
      const ends = yield* watch([self(supervisor), ...specs.map((spec) => supervisor.ref(spec))]);
      const stopping = yield* Effect.forkChild(Effect.timeoutOption(supervisor.stop, 100), { startImmediately: true });
      yield* pass(100);
      expect([(yield* Fiber.join(stopping))._tag, supervisor.alive]).toEqual(["None", true]);
      yield* pass(900);
      expect(yield* ends).toEqual(["shutdown", "shutdown", "shutdown"]);
    }),
  );
});

describe("OTP: administration", () => {
  // OTP: `{ok, Pid, Extra}`. A start gives a ref here; what it has to say beside that it says through its arguments.
  it.effect("25 extra_return: what a start tells beside its ref changes nothing of what can be done with the child", () =>
    Effect.gen(function* () {
      const extra: Array<string> = [];
      const script = new Script();
      script.onStart = (start) => void extra.push(`extra ${start}`);
      const spec = worker("c1", {}, script);
      const supervisor = yield* Supervisor.start({ ...hour, children: [spec] });
      expect(yield* failure(supervisor.terminateChild("hej"))).toBe("ChildNotFound");
      expect(yield* failure(supervisor.deleteChild("hej"))).toBe("ChildNotFound");
      expect(yield* failure(supervisor.restartChild("hej"))).toBe("ChildNotFound");
      expect([yield* failure(supervisor.deleteChild("c1")), yield* failure(supervisor.restartChild("c1"))]).toEqual([
        "ChildNotDown",
        "ChildNotDown",
      ]);
      yield* supervisor.terminateChild("c1");
      expect([yield* states(supervisor), yield* tally(supervisor)]).toEqual(["c1 down", [1, 0, 0, 1]]);
      yield* supervisor.restartChild("c1");
      expect([yield* states(supervisor), extra]).toEqual(["c1 up", ["extra 1", "extra 2"]]);
      yield* supervisor.terminateChild("c1");
      yield* supervisor.terminateChild("c1");
      yield* supervisor.deleteChild("c1");
      expect([yield* failure(supervisor.restartChild("c1")), yield* tally(supervisor)]).toEqual(["ChildNotFound", [0, 0, 0, 0]]);
      const ref = yield* supervisor.startChild(spec);
      ref.cast("Die");
      yield* settled;
      expect([yield* states(supervisor), ref.incarnation, extra.length]).toEqual(["c1 up", 2, 4]);
    }).pipe(quiet),
  );

  it.effect("84 code_change_map: options hold from then on, faulty ones change nothing, and what is left out stays last", () =>
    Effect.gen(function* () {
      const supervisor = yield* Supervisor.start({ children: [] });
      yield* supervisor.reconfigure({ intensity: 1, periodMillis: 3000, children: [] });
      expect(yield* problem(supervisor.reconfigure({ children: [ChildSpec.make(Starter, new Answers("up"), {} as never)] }))).toBe(
        "a child has no id",
      );
      const [c1, c2, c3] = [worker("c1", { shutdown: 2000 }), worker("c2"), worker("c3")];
      yield* supervisor.reconfigure({ children: [c1, c2] });
      expect(yield* states(supervisor)).toBe("c1 down, c2 down");
      yield* supervisor.restartChild("c1");
      yield* supervisor.restartChild("c2");
      expect(yield* supervisor.getChildSpec("c1")).toMatchObject({ shutdown: 2000 });
      yield* supervisor.reconfigure({ children: [worker("c1", { shutdown: 1000 }), c3] });
      // OTP lists the newest first: c2, c3, c1.
      expect(yield* states(supervisor)).toBe("c1 up, c3 down, c2 up");
      expect(yield* supervisor.getChildSpec("c1")).toMatchObject({ shutdown: 1000 });
      for (const [faulty, says] of [
        [{ intensity: "faulty" }, /^intensity is faulty/],
        [{ children: "faulty" }, /^children is no list/],
      ] as const) {
        expect(yield* problem(supervisor.reconfigure({ children: [], ...faulty } as never))).toMatch(says);
      }
      expect(yield* states(supervisor)).toBe("c1 up, c3 down, c2 up");
    }),
  );
});

describe("OTP: strategies", () => {
  it.effect("78 temporary_bystander: a temporary sibling goes with its group and does not come back, and nobody minds", () =>
    Effect.gen(function* () {
      for (const strategy of ["one_for_all", "rest_for_one"] as const) {
        const specs = [worker("c1", { shutdown: 100 }), worker("c2", { restart: "temporary", shutdown: 100 })] as const;
        const supervisor = yield* Supervisor.start({ id: strategy, strategy, intensity: 2, periodMillis: 300_000, children: [] });
        const [c1, c2] = [yield* supervisor.startChild(specs[0]), yield* supervisor.startChild(specs[1])];
        c1.cast("Finish");
        yield* pass(350);
        expect([supervisor.alive, yield* states(supervisor), c1.incarnation, c2.alive]).toEqual([true, "c1 up", 2, false]);
      }
    }).pipe(quiet),
  );

  it.effect("81 hanging_restart_loop_rest_for_one: those before it run, those after it wait; who ends the loop leaves them down", () =>
    Effect.gen(function* () {
      let failing = false;
      const script = new Script();
      script.onStart = () => (failing ? Effect.andThen(Effect.sleep(2000), Effect.die(new Error("not now"))) : undefined);
      const kill = { shutdown: "brutal_kill" } as const;
      const specs = [worker("c1", kill), worker("c2", kill, script), worker("c3", kill)] as const;
      const supervisor = yield* Supervisor.start({ strategy: "rest_for_one", intensity: 8, periodMillis: 10_000, children: specs });
      const refs = specs.map((spec) => supervisor.ref(spec));
      const ends = yield* watch([refs[1]!]);
      failing = true;
      refs[1]!.cast("Die");
      yield* pass(2000);
      expect(yield* failure(supervisor.startChild(worker("c2")))).toBe("ChildPresent");
      expect(yield* failure(supervisor.restartChild("c2"))).toBe("ChildNotDown");
      expect(yield* failure(supervisor.deleteChild("c2"))).toBe("ChildNotDown");
      expect([yield* states(supervisor), refs[0]!.incarnation]).toEqual(["c1 up, c2 starting, c3 restarting", 1]);
      expect(yield* tally(supervisor)).toEqual([3, 1, 0, 3]);
      yield* supervisor.terminateChild("c2");
      expect(yield* ends).toEqual(["Error: died"]);
      yield* pass(10_000);
      expect(yield* states(supervisor)).toBe("c1 up, c2 down, c3 down");
      failing = false;
      yield* supervisor.restartChild("c2");
      expect(yield* states(supervisor)).toBe("c1 up, c2 up, c3 down");
      failing = true;
      refs[1]!.cast("Die");
      yield* pass(2000);
      const ended = yield* watch([self(supervisor)]);
      yield* supervisor.stop;
      expect(yield* ended).toEqual(["shutdown"]);
    }).pipe(quiet),
  );

  it.effect("87 order_of_children: started in the order that is given, stopped in the opposite one, also in a restart of some", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const ids = ["ch7", "ch3", "ch10", "ch2", "ch5"];
      const specs = ids.map((id) => worker(id, {}, new Script(log)));
      const supervisor = yield* Supervisor.start({ strategy: "rest_for_one", ...hour, children: specs });
      const refs = specs.map((spec) => supervisor.ref(spec));
      expect(log.splice(0)).toEqual(["+ch7", "+ch3", "+ch10", "+ch2", "+ch5"]);
      refs[2]!.cast("Die");
      yield* settled;
      expect(log.splice(0)).toEqual(["-ch10 Error: died", "-ch5 shutdown", "-ch2 shutdown", "+ch10", "+ch2", "+ch5"]);
      expect(refs.map(({ incarnation }) => incarnation)).toEqual([1, 1, 2, 2, 2]);
      expect((yield* supervisor.whichChildren).map(({ id }) => id)).toEqual(ids);
      yield* supervisor.stop;
      expect(log).toEqual(["-ch5 shutdown", "-ch2 shutdown", "-ch10 shutdown", "-ch3 shutdown", "-ch7 shutdown"]);
    }).pipe(quiet),
  );
});

describe("the end of a group's restart by hand, beyond OTP's case", () => {
  for (const strategy of ["one_for_all", "rest_for_one"] as const) {
    it.effect(`${strategy}: while it waits for its backoff, and while its siblings are still being stopped`, () =>
      Effect.gen(function* () {
        for (const millis of [500, 2000]) {
          const slow = new Script();
          slow.onTerminate = () => Effect.sleep(slow.starts === 1 ? 1000 : 0);
          const specs = [worker("c1", { backoff: { initialMillis: 5000 } }), worker("c2"), worker("c3", {}, slow)] as const;
          const supervisor = yield* Supervisor.start({ id: `after ${millis}`, strategy, intensity: 9, children: specs });
          yield* Actor.kill(supervisor.ref(specs[0]));
          yield* pass(millis);
          yield* supervisor.terminateChild("c1");
          yield* pass(10_000);
          expect(yield* states(supervisor)).toBe("c1 down, c2 down, c3 down");
          for (const { id } of specs) yield* supervisor.restartChild(id);
          expect(yield* states(supervisor)).toBe("c1 up, c2 up, c3 up");
        }
      }).pipe(quiet),
    );
  }

  it.effect("another one that is terminated meanwhile leaves the restart to the others", () =>
    Effect.gen(function* () {
      const specs = [worker("c1", { backoff: { initialMillis: 5000 } }), worker("c2"), worker("c3")] as const;
      const supervisor = yield* Supervisor.start({ strategy: "one_for_all", intensity: 9, children: specs });
      yield* Actor.kill(supervisor.ref(specs[0]));
      yield* settled;
      yield* supervisor.terminateChild("c2");
      yield* pass(5000);
      expect(yield* states(supervisor)).toBe("c1 up, c2 down, c3 up");
    }).pipe(quiet),
  );

  it.effect("a limit that is exceeded during the first start of a group is a failed start", () => {
    const reports: Array<CrashReport.CrashReport> = [];
    return Effect.gen(function* () {
      const seen = yield* events;
      const log: Array<string> = [];
      const fails = starter("c2", { onStartFailure: "restart" }, "fail");
      const start = Supervisor.start({ strategy: "rest_for_one", intensity: 3, children: [worker("c1", {}, new Script(log)), fails] });
      const error = yield* Effect.flip(start);
      expect([error._tag, error.path]).toEqual(["StartError", ["root"]]);
      expect(ExitReason.format(error.reason)).toBe("shutdown: more than 3 restarts in 5 s, the last of root/c2: Error: start 4");
      expect(log).toEqual(["+c1", "-c1 shutdown"]);
      expect(seen.filter((line) => line.startsWith("Escalated"))).toEqual(["Escalated root"]);
      expect(told(reports).filter((line) => line.startsWith("root:"))).toHaveLength(1);
    }).pipe(reporting(reports));
  });

  it.effect("alone, a child that may fail its first start holds nobody up: the supervisor is up before the limit is exceeded", () =>
    Effect.gen(function* () {
      const fails = starter("c2", { onStartFailure: "restart" }, "fail");
      const supervisor = yield* Supervisor.start({ intensity: 3, children: [worker("c1"), fails] });
      yield* settled;
      expect(supervisor.alive).toBe(false);
    }).pipe(quiet),
  );
});
