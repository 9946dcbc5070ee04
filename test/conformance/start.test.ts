/** OTP's own cases (supervisor_SUITE): starts that are ignored, defaults, specs that make no sense. The numbers are those of the suite's list. */
import { describe, expect, it } from "@effect/vitest";
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import { Actor, type CrashReport, DynamicSupervisor, ExitReason, Supervisor } from "../../src/actor/index.ts";
import { pass, quiet, reporting, settled, states, worker, Worker } from "../actor/actors.ts";
import { Answers, problem, self, starter, Starter, tally, watch } from "./otp.ts";

describe("OTP: start", () => {
  it.effect("1 sup_start_normal: without children it is up, and ends with shutdown", () =>
    Effect.gen(function* () {
      const supervisor = yield* Supervisor.start({ children: [], intensity: 2, periodMillis: 3_600_000 });
      const end = yield* watch([self(supervisor)]);
      yield* supervisor.stop;
      expect(yield* end).toEqual(["shutdown"]);
    }),
  );

  // A supervisor is made from a value and has no init that could say so. What can is an actor at the root.
  it.effect("2 sup_start_ignore_init: a root that has nothing to do is told as that, and harms nobody", () => {
    const reports: Array<CrashReport.CrashReport> = [];
    return Effect.gen(function* () {
      const other = yield* Actor.spawn(Starter, new Answers("up"));
      const error = yield* Effect.flip(Actor.spawn(Starter, new Answers("ignore")));
      yield* pass(100);
      expect([error.reason, other.alive, reports]).toEqual([ExitReason.ignored, true, []]);
    }).pipe(reporting(reports));
  });

  it.effect("3 sup_start_ignore_child: the spec of one that has nothing to do is kept, and it can be started later", () =>
    Effect.gen(function* () {
      for (const restart of ["permanent", "transient"] as const) {
        const children = [starter("c1", { restart }, "ignore", "up"), starter("c2", { restart }, "up")];
        const supervisor = yield* Supervisor.start({ children });
        expect([yield* states(supervisor), yield* tally(supervisor)]).toEqual(["c1 down, c2 up", [2, 1, 0, 2]]);
        const ref = yield* supervisor.startChild(starter("c3", { restart }, "ignore", "up"));
        expect([ref.alive, yield* states(supervisor)]).toEqual([false, "c1 down, c2 up, c3 down"]);
        expect((yield* supervisor.restartChild("c1")).alive).toBe(true);
      }
    }),
  );

  it.effect("4 sup_start_ignore_temporary_child: the spec is not kept", () =>
    Effect.gen(function* () {
      const children = [starter("c1", { restart: "temporary" }, "ignore"), starter("c2", { restart: "temporary" }, "up")];
      const supervisor = yield* Supervisor.start({ children });
      expect([yield* states(supervisor), yield* tally(supervisor)]).toEqual(["c2 up", [1, 1, 0, 1]]);
    }),
  );

  it.effect("5 sup_start_ignore_temporary_child_start_child: no failure, and the spec is not kept", () =>
    Effect.gen(function* () {
      const supervisor = yield* Supervisor.start({ children: [] });
      const first = yield* supervisor.startChild(starter("c1", { restart: "temporary" }, "ignore"));
      const second = yield* supervisor.startChild(starter("c2", { restart: "temporary" }, "up"));
      expect([first.alive, second.alive]).toEqual([false, true]);
      expect([yield* states(supervisor), yield* tally(supervisor)]).toEqual(["c2 up", [1, 1, 0, 1]]);
    }),
  );

  for (const [name, restart] of [
    ["6 sup_start_ignore_temporary_child_start_child_simple: not kept", "temporary"],
    ["7 sup_start_ignore_permanent_child_start_child_simple: not kept, and the stop does not stumble over it", "permanent"],
  ] as const) {
    it.effect(name, () =>
      Effect.gen(function* () {
        const supervisor = yield* DynamicSupervisor.start(Starter, { restart });
        const first = yield* supervisor.startChild(new Answers("ignore"));
        const second = yield* supervisor.startChild(new Answers("up"));
        expect([first.alive, yield* supervisor.children, yield* tally(supervisor)]).toEqual([false, [second], [1, 1, 0, 1]]);
        const end = yield* watch([second, self(supervisor)]);
        yield* supervisor.stop;
        expect(yield* end).toEqual(["shutdown", "shutdown"]);
      }),
    );
  }

  // OTP: `{bad_return, …}` of the init callback. Here the options are typed; what gets past the types is InvalidSpec inside the StartError.
  it.effect("8 sup_start_error_return: options that are none fail the start, and nothing else", () => {
    const reports: Array<CrashReport.CrashReport> = [];
    return Effect.gen(function* () {
      const other = yield* Supervisor.start({ id: "other", children: [] });
      expect(yield* problem(Supervisor.start({ children: "invalid" as never }))).toBe("children is no list");
      const exit = yield* Effect.exit(Supervisor.start("invalid" as never));
      yield* pass(100);
      expect([Exit.isFailure(exit), other.alive, reports]).toEqual([true, true, []]);
    }).pipe(reporting(reports));
  });

  it.effect("13 sup_start_map: what is not said has OTP's defaults", () =>
    Effect.gen(function* () {
      const inner = Supervisor.child({ id: "c3", children: [] });
      const [c1, c2] = [worker("c1"), worker("c2", { shutdown: "brutal_kill" })];
      const supervisor = yield* Supervisor.start({ children: [c1, c2, inner] });
      expect(yield* supervisor.getChildSpec("c1")).toMatchObject({ id: "c1", restart: "permanent", shutdown: 5000, type: "worker" });
      expect(yield* supervisor.getChildSpec("c2")).toMatchObject({ restart: "permanent", shutdown: "brutal_kill", type: "worker" });
      expect(yield* supervisor.getChildSpec("c3")).toMatchObject({ restart: "permanent", shutdown: "infinity", type: "supervisor" });
      expect(yield* supervisor.getChildSpec("c1")).toMatchObject({ significant: false });
      expect(yield* Effect.flip(supervisor.getChildSpec("c4"))).toMatchObject({ _tag: "ChildNotFound", path: ["root", "c4"] });
      // one_for_one, one restart in five seconds: the second one within them is too many.
      const [ref1, ref2] = [supervisor.ref(c1), supervisor.ref(c2)];
      yield* Actor.kill(ref1);
      yield* pass(5001);
      yield* Actor.kill(ref1);
      yield* pass(5000);
      expect([supervisor.alive, ref1.incarnation, ref2.incarnation]).toEqual([true, 3, 1]);
      yield* Actor.kill(ref1);
      yield* settled;
      expect(supervisor.alive).toBe(false);
    }).pipe(quiet),
  );
});

describe("OTP: specs", () => {
  // OTP: named errors such as {invalid_restart_type, …} of start_child, and {start_spec, …} of a start. Here: InvalidSpec inside the StartError.
  it.effect("26 child_specs: each mistake is named by a start and by startChild, and none of the valid ones is refused", () =>
    Effect.gen(function* () {
      const supervisor = yield* Supervisor.start({ children: [] });
      const mistakes = [
        ["a child's id is empty", worker("")],
        ['child "c": restart is "forever": it has to be permanent, transient or temporary', worker("c", { restart: "forever" as never })],
        ['child "c": shutdown is -10, which is no time to wait', worker("c", { shutdown: -10 })],
        ['child "c": shutdown is NaN, which is no time to wait', worker("c", { shutdown: Number.NaN })],
        ['child "c": shutdown is "soon", which is no time to wait', worker("c", { shutdown: "soon" as never })],
        ['child "c": startTimeoutMillis is -1, which is no time to wait', worker("c", { startTimeoutMillis: -1 })],
        ['child "c": maxAttempts is 0.5, which is no number of attempts', worker("c", { maxAttempts: 0.5 })],
        ['child "c": backoff.initialMillis is -5, which is no time to wait', worker("c", { backoff: { initialMillis: -5 } })],
        ["a child is no spec that ChildSpec.make or a supervisor's child has made", { id: "c" } as never],
      ] as const;
      for (const [text, spec] of mistakes) {
        expect(yield* problem(supervisor.startChild(spec))).toBe(text);
        expect(yield* problem(Supervisor.start({ children: [worker("a"), spec] }))).toBe(text);
        expect(yield* problem(supervisor.reconfigure({ children: [spec] }))).toBe(text);
      }
      const twins = Supervisor.start({ children: [worker("c"), worker("d"), worker("c")] });
      expect(yield* problem(twins)).toBe('two children have the id "c"');
      // Modules, whose every form OTP's product of 96 has, are Erlang's code loading.
      let valid = 0;
      for (const restart of ["permanent", "transient", "temporary"] as const) {
        for (const shutdown of [0, 1000, "infinity", "brutal_kill"] as const) {
          yield* supervisor.startChild(worker(`w${valid++}`, { restart, shutdown }));
          yield* supervisor.startChild(Supervisor.child({ id: `s${valid++}`, restart, shutdown, children: [] }));
        }
      }
      expect([valid, yield* tally(supervisor)]).toEqual([24, [24, 24, 12, 12]]);
    }),
  );

  it.effect("an argument that is nothing at all is the caller's defect, and the loop of the actors goes on", () =>
    Effect.gen(function* () {
      const supervisor = yield* Supervisor.start({ children: [worker("a")] });
      const died = <A, E>(effect: Effect.Effect<A, E>) =>
        Effect.map(Effect.exit(effect), (exit) => Exit.isFailure(exit) && Cause.hasDies(exit.cause));
      expect(yield* died(supervisor.startChild(null as never))).toBe(true);
      expect(yield* died(supervisor.reconfigure({ children: [null as never] }))).toBe(true);
      expect([yield* states(supervisor), supervisor.alive]).toEqual(["a up", true]);
    }),
  );

  it.effect("the path of the error is the supervisor whose spec it is, and the start of its parent fails with it", () =>
    Effect.gen(function* () {
      const inner = Supervisor.child({ id: "inner", intensity: -1, children: [] });
      const error = yield* Effect.flip(Supervisor.start({ children: [Supervisor.child({ id: "outer", children: [inner] })] }));
      expect(error.path).toEqual(["root", "outer", "inner"]);
    }),
  );

  // OTP: {supervisor_data, {invalid_…, …}}. Unknown options are ignored here as well: they do not get past the types.
  it.effect("28 sup_flags: each mistake is named by a start and by reconfigure", () =>
    Effect.gen(function* () {
      const supervisor = yield* Supervisor.start({ children: [] });
      const whole = 'it has to be a whole number from 0 on, or "infinity"';
      for (const [text, flags] of [
        ['strategy is "one_for_two": it has to be one_for_one, one_for_all or rest_for_one', { strategy: "one_for_two" as never }],
        [`intensity is -1: ${whole}`, { intensity: -1 }],
        [`intensity is 1.5: ${whole}`, { intensity: 1.5 }],
        [`intensity is Infinity: ${whole}`, { intensity: Infinity }],
        ["periodMillis is 0: it has to be above 0", { periodMillis: 0 }],
        ["periodMillis is Infinity: it has to be above 0", { periodMillis: Infinity }],
        ["periodMillis is -1: it has to be above 0", { periodMillis: -1 }],
        ['whenExceeded: stableMillis is "missing", which is no time to wait', { whenExceeded: { cooldownMillis: 1 } as never }],
        ["whenExceeded: cooldownMillis is -1, which is no time to wait", { whenExceeded: { cooldownMillis: -1, stableMillis: 0 } }],
        ['whenExceeded: cooldownMillis is "missing", which is no time to wait', { whenExceeded: "explode" as never }],
        ['autoShutdown is "sometimes": it has to be never, any_significant or all_significant', { autoShutdown: "sometimes" as never }],
      ] as const) {
        expect(yield* problem(Supervisor.start({ children: [], ...flags }))).toBe(text);
        expect(yield* problem(supervisor.reconfigure({ children: [], ...flags }))).toBe(text);
      }
      yield* Supervisor.start({ children: [], unknown: 1 } as never);
      expect(supervisor.alive).toBe(true);
    }),
  );

  // OTP: {bad_combination, …}. Here autoShutdown is no option of a dynamic supervisor at all, and a template has no significance.
  it.effect("61 significant_simple: a dynamic supervisor has no significant children", () =>
    Effect.gen(function* () {
      const significant = { restart: "transient", significant: true, autoShutdown: "any_significant" } as const;
      const text = 'child "worker": is significant, but autoShutdown is never';
      expect(yield* problem(DynamicSupervisor.start(Worker, significant))).toBe(text);
      const child = DynamicSupervisor.child(Worker, { id: "dynamic", ...significant });
      const error = yield* Effect.flip(Supervisor.start({ children: [child] }));
      expect(error.path).toEqual(["root", "dynamic"]);
      yield* DynamicSupervisor.start(Worker, { restart: "transient" });
    }),
  );

  it.effect("a dynamic supervisor's template and limits are checked when it starts", () =>
    Effect.gen(function* () {
      for (const [text, options] of [
        ['child "worker": shutdown is -10, which is no time to wait', { shutdown: -10 }],
        ["periodMillis is 0: it has to be above 0", { periodMillis: 0 }],
        ["maxChildren is -1, which is no number of children", { maxChildren: -1 }],
        ["maxChildren is NaN, which is no number of children", { maxChildren: Number.NaN }],
      ] as const) {
        expect(yield* problem(DynamicSupervisor.start(Worker, options))).toBe(text);
      }
      expect((yield* DynamicSupervisor.start(Worker, { maxChildren: 0 })).alive).toBe(true);
    }),
  );
});
