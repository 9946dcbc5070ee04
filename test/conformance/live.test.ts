/** OTP's own cases (supervisor_SUITE): events, names, one child at a time, live reconfiguration, scale. The numbers are those of the suite's list. */
import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import { Actor, ChildSpec, type CrashReport, ExitReason, Registry, Supervisor, UnknownMessage } from "../../src/actor/index.ts";
import { events, pass, quiet, reporting, Script, settled, states, told, worker } from "../actor/actors.ts";
import { cellBehind, counting, failure, problem, self, starter, tally, watch } from "./otp.ts";

describe("OTP: what is told", () => {
  // OTP: which reports reach which log. Here a start and a restart are events, and only the crash is reported.
  it.effect("44 external_start_no_progress_log: a start by hand and a restart are events, and no report", () => {
    const reports: Array<CrashReport.CrashReport> = [];
    return Effect.gen(function* () {
      const seen = yield* events;
      const supervisor = yield* Supervisor.start({ children: [] });
      const ref = yield* supervisor.startChild(worker("c1"));
      expect([seen, reports]).toEqual([["Started root/c1"], []]);
      ref.cast("Die");
      yield* settled;
      expect(seen.slice(1)).toEqual(["Exited root/c1", "Restarting root/c1", "Started root/c1"]);
      expect(told(reports)).toEqual(["root/c1: Error: died"]);
      yield* supervisor.terminateChild("c1");
      expect([seen.slice(4), reports.length]).toEqual([["Stopping root/c1", "Exited root/c1"], 1]);
    }).pipe(reporting(reports));
  });

  // There is no link that a child could cut: its supervisor hears of the end from the cell itself. What the case asks for is that nothing hangs.
  it.effect("55 child_unlink: while a child is being terminated the supervisor answers, and nothing stays in its lanes", () =>
    Effect.gen(function* () {
      const slow = new Script();
      slow.onTerminate = () => Effect.sleep(500);
      const spec = worker("c1", {}, slow);
      const supervisor = yield* Supervisor.start({ children: [spec] });
      const ended = yield* watch([supervisor.ref(spec)]);
      const terminating = yield* Effect.forkChild(supervisor.terminateChild("c1"), { startImmediately: true });
      expect(() => (self(supervisor) as unknown as { cast(tag: string): void }).cast("foo")).toThrow(UnknownMessage);
      yield* settled;
      expect(yield* states(supervisor)).toBe("c1 stopping");
      yield* pass(500);
      yield* Fiber.join(terminating);
      yield* pass(5000);
      const { control, messages, queued } = cellBehind(supervisor);
      expect([yield* ended, control, messages, queued, yield* states(supervisor)]).toEqual([["shutdown"], null, null, false, "c1 down"]);
    }),
  );

  it.effect("92 which_children: one of them, and all in start order", () =>
    Effect.gen(function* () {
      const inner = Supervisor.child({ id: "c2", children: [] });
      const specs = [worker("c1"), inner, worker("c3")] as const;
      const supervisor = yield* Supervisor.start({ children: specs });
      const c1 = supervisor.ref(specs[0]);
      expect(yield* supervisor.whichChild("c1")).toEqual({ id: "c1", type: "worker", state: "up", ref: c1, restarts: 0, gaveUp: false });
      expect(yield* supervisor.whichChild("c2")).toMatchObject({ type: "supervisor", state: "up" });
      expect((yield* supervisor.whichChildren).map(({ id }) => id)).toEqual(["c1", "c2", "c3"]);
      yield* supervisor.terminateChild("c1");
      expect(yield* supervisor.whichChild("c1")).toMatchObject({ state: "down", ref: { alive: false } });
      yield* supervisor.deleteChild("c1");
      expect(yield* failure(supervisor.whichChild("c1"))).toBe("ChildNotFound");
      expect(yield* failure(supervisor.whichChild("c0"))).toBe("ChildNotFound");
    }),
  );

  it.effect("children that are added come last, and those that are restarted keep their place", () =>
    Effect.gen(function* () {
      const supervisor = yield* Supervisor.start({ strategy: "rest_for_one", intensity: 9, children: [worker("c1"), worker("c2")] });
      const ids = Effect.map(supervisor.whichChildren, (children) => children.map(({ id }) => id).join(" "));
      yield* supervisor.startChild(worker("c3"));
      yield* supervisor.terminateChild("c1");
      yield* supervisor.restartChild("c1");
      yield* Actor.kill(supervisor.ref(worker("c2")));
      yield* settled;
      expect([yield* ids, yield* states(supervisor)]).toEqual(["c1 c2 c3", "c1 up, c2 up, c3 up"]);
      yield* supervisor.terminateChild("c2");
      yield* supervisor.deleteChild("c2");
      yield* supervisor.startChild(worker("c2"));
      expect(yield* ids).toBe("c1 c3 c2");
    }).pipe(quiet),
  );
});

describe("OTP: names", () => {
  const makeNames = () => Registry.make<string>({ keys: "unique" });
  const Named = Actor.make({
    name: "named",
    protocol: RpcGroup.make(Rpc.make("Finish"), Rpc.make("Die")),
    init: (names: ReturnType<typeof makeNames>, context) => names.register(context.self as never, "server"),
    handlers: { Finish: () => Actor.exit(), Die: () => Effect.die("died") },
  });

  // A supervisor has no name here beside its path, which outlives its incarnations; its server has one in a registry.
  it.effect("79 simple_global_supervisor: after each end the name is that of the next incarnation, and gone with the last", () =>
    Effect.gen(function* () {
      const names = makeNames();
      const server = ChildSpec.make(Named, names, { id: "server" });
      const inner = Supervisor.child({ id: "sup2", intensity: 9, children: [server] });
      const top = yield* Supervisor.start({ strategy: "one_for_all", intensity: 9, children: [inner] });
      const sup2 = yield* top.supervisor("sup2");
      const ref = sup2.ref(server);
      const named = (incarnation: number) => expect([names.whereis("server") === ref, ref.incarnation]).toEqual([true, incarnation]);
      named(1);
      yield* sup2.kill;
      yield* settled;
      expect(sup2.incarnation).toBe(2);
      named(2);
      yield* Actor.kill(ref);
      yield* settled;
      named(3);
      ref.cast("Finish");
      yield* settled;
      named(4);
      yield* sup2.terminateChild("server");
      expect(names.whereis("server")).toBe(undefined);
      yield* sup2.restartChild("server");
      named(5);
      yield* top.kill;
      expect([names.count(), ref.alive]).toEqual([0, false]);
    }).pipe(quiet),
  );

  it.effect("91 already_started_outside_supervisor: the error says who has the name, and nothing is kept", () =>
    Effect.gen(function* () {
      const names = makeNames();
      const outside = yield* Actor.spawn(Named, names);
      const supervisor = yield* Supervisor.start({ children: [] });
      const error = yield* Effect.flip(supervisor.startChild(ChildSpec.make(Named, names, { id: "server" })));
      const cause = error._tag === "StartError" ? Actor.errorOf(error.reason) : undefined;
      expect(cause).toMatchObject({ _tag: "AlreadyRegistered", key: "server" });
      expect((cause as Registry.AlreadyRegistered).ref).toBe(outside);
      expect([names.whereis("server") === outside, yield* tally(supervisor)]).toEqual([true, [0, 0, 0, 0]]);
    }),
  );
});

describe("OTP: live reconfiguration", () => {
  const flags = { strategy: "one_for_one", intensity: 9, periodMillis: 3_600_000 } as const;

  it.effect("83 code_change: flags hold at once, specs from the next start on, new children wait, dropped ones stay", () =>
    Effect.gen(function* () {
      const supervisor = yield* Supervisor.start({ children: [] });
      const log: Array<string> = [];
      const [first, second] = [new Script(log), new Script(log)];
      const c1 = worker("c1", {}, first);
      const c2 = worker("c2", {}, new Script(log));

      yield* supervisor.reconfigure({ ...flags, children: [c1, c2] });
      expect([yield* states(supervisor), yield* tally(supervisor)]).toEqual(["c1 down, c2 down", [2, 0, 0, 2]]);
      yield* supervisor.restartChild("c1");
      yield* supervisor.restartChild("c2");
      const [ref1, ref2] = [supervisor.ref(c1), supervisor.ref(c2)];

      const bad = [worker("c1", { shutdown: -1 })];
      expect(yield* problem(supervisor.reconfigure({ ...flags, children: bad }))).toBe(
        'child "c1": shutdown is -1, which is no time to wait',
      );
      expect(yield* problem(supervisor.reconfigure({ children: "garbage" as never }))).toBe("children is no list");
      expect([yield* states(supervisor), ref1.incarnation]).toEqual(["c1 up, c2 up", 1]);

      const changed = worker("c1", { restart: "transient", shutdown: "brutal_kill" }, second);
      const c3 = worker("c3");
      yield* supervisor.reconfigure({ ...flags, children: [changed, c3] });
      expect([yield* states(supervisor), ref1.incarnation]).toEqual(["c1 up, c3 down, c2 up", 1]);
      expect(yield* supervisor.getChildSpec("c1")).toMatchObject({ restart: "transient", shutdown: "brutal_kill" });
      yield* supervisor.restartChild("c3");
      expect([supervisor.ref(changed) === ref1, first.starts, second.starts]).toEqual([true, 1, 0]);
      ref1.cast("Die");
      yield* settled;
      expect([ref1.incarnation, first.starts, second.starts]).toEqual([2, 1, 1]);
      ref1.cast("Finish");
      yield* settled;
      expect(yield* states(supervisor)).toBe("c1 down, c3 up, c2 up");

      yield* supervisor.reconfigure({ ...flags, strategy: "one_for_all", children: [changed, c3] });
      yield* Actor.kill(ref2);
      yield* settled;
      expect([ref1.incarnation, supervisor.ref(c3).incarnation, ref2.incarnation]).toEqual([3, 2, 2]);

      yield* supervisor.reconfigure({ ...flags, intensity: 0, children: [changed, c3] });
      yield* Actor.kill(ref2);
      yield* settled;
      expect(supervisor.alive).toBe(false);
    }).pipe(quiet),
  );

  it.effect("code_change: a limit that stays as it is forgets no restart", () =>
    Effect.gen(function* () {
      const c1 = worker("c1");
      const supervisor = yield* Supervisor.start({ children: [c1], intensity: 1, periodMillis: 1000 });
      yield* Actor.kill(supervisor.ref(c1));
      yield* settled;
      yield* supervisor.reconfigure({ children: [c1], intensity: 1, periodMillis: 1000, strategy: "one_for_all" });
      yield* Actor.kill(supervisor.ref(c1));
      yield* settled;
      expect(supervisor.alive).toBe(false);
    }).pipe(quiet),
  );

  it.effect("code_change: restarts so far count against the new limit, be it stricter or laxer", () =>
    Effect.gen(function* () {
      const limits = [
        { intensity: 3, periodMillis: 1000 },
        { intensity: 4, periodMillis: 1000 },
        { intensity: 4, periodMillis: 5000 },
        { intensity: 2, periodMillis: 5000 },
      ] as const;
      // How long after three deaths in one instant; how many more each of these limits allows then.
      for (const [waits, more] of [
        [0, [0, 1, 1, 0]],
        [1001, [3, 4, 1, 0]],
        [5001, [3, 4, 4, 2]],
      ] as const) {
        for (const [n, limit] of limits.entries()) {
          const c1 = worker("c1");
          const supervisor = yield* Supervisor.start({ id: `${waits} ${n}`, children: [c1], intensity: 3, periodMillis: 1000 });
          const die = Effect.andThen(Actor.kill(supervisor.ref(c1)), settled);
          for (let times = 0; times < 3; times++) yield* die;
          yield* pass(waits);
          yield* supervisor.reconfigure({ children: [c1], ...limit });
          for (let times = 0; times < more[n]!; times++) yield* die;
          expect([supervisor.id, supervisor.alive]).toEqual([`${waits} ${n}`, true]);
          yield* die;
          expect([supervisor.id, supervisor.alive]).toEqual([`${waits} ${n}`, false]);
        }
      }
    }).pipe(quiet),
  );

  it.effect("what it was reconfigured to is there after a restart of the supervisor as well, and what was dropped is not", () =>
    Effect.gen(function* () {
      const [before, after] = [new Script(), new Script()];
      const [c1, dropped] = [worker("c1", {}, before), worker("dropped")];
      const inner = Supervisor.child({ id: "inner", children: [c1, dropped] });
      const top = yield* Supervisor.start({ children: [inner], ...flags });
      const supervisor = yield* top.supervisor("inner");
      const [ref, droppedRef] = [supervisor.ref(c1), supervisor.ref(dropped)];
      yield* supervisor.reconfigure({ strategy: "one_for_all", children: [worker("c1", {}, after), worker("c2")] });
      expect([ref.incarnation, droppedRef.alive]).toEqual([1, true]);
      yield* supervisor.kill;
      yield* settled;
      expect([ref.incarnation, before.starts, after.starts]).toEqual([2, 1, 1]);
      expect([yield* states(supervisor), droppedRef.alive]).toEqual(["c1 up, c2 up", false]);
      expect(yield* failure(droppedRef.call("Incarnation"))).toBe("ActorDown");
    }).pipe(quiet),
  );

  it.effect("a supervisor whose spec its own supervisor has changed runs the new children from its next start on", () =>
    Effect.gen(function* () {
      const [before, after] = [new Script(), new Script()];
      const inner = (script: Script) => Supervisor.child({ id: "inner", children: [worker("c1", {}, script)] });
      const top = yield* Supervisor.start({ children: [inner(before)], ...flags });
      const supervisor = yield* top.supervisor("inner");
      const ref = supervisor.ref(worker("c1"));
      yield* top.reconfigure({ children: [inner(after)], ...flags });
      expect(ref.incarnation).toBe(1);
      yield* supervisor.kill;
      yield* settled;
      expect([ref.incarnation, before.starts, after.starts]).toEqual([2, 1, 1]);
      const other = Supervisor.child({ id: "inner", children: [Supervisor.child({ id: "c1", children: [] }), worker("c2")] });
      yield* top.reconfigure({ children: [other], ...flags });
      yield* supervisor.kill;
      yield* settled;
      expect([yield* tally(supervisor), yield* failure(ref.call("Incarnation"))]).toEqual([[2, 2, 1, 1], "ActorDown"]);
    }).pipe(quiet),
  );

  it.effect("significance that was dropped with its child does not keep the supervisor from being restarted", () =>
    Effect.gen(function* () {
      const inner = Supervisor.child({
        id: "inner",
        autoShutdown: "any_significant",
        children: [worker("c1", { restart: "transient", significant: true })],
      });
      const top = yield* Supervisor.start({ children: [inner], ...flags });
      const supervisor = yield* top.supervisor("inner");
      yield* supervisor.reconfigure({ children: [] });
      expect(yield* states(supervisor)).toBe("c1 up");
      yield* supervisor.kill;
      yield* settled;
      expect([supervisor.incarnation, yield* states(top), yield* states(supervisor)]).toEqual([2, "inner up", ""]);
    }).pipe(quiet),
  );

  it.effect("a child cannot be changed from a worker to a supervisor while it is there", () =>
    Effect.gen(function* () {
      const supervisor = yield* Supervisor.start({ children: [worker("c1")] });
      const other = Supervisor.child({ id: "c1", children: [] });
      expect(yield* problem(supervisor.reconfigure({ children: [other] }))).toBe('child "c1": is a worker, and cannot become a supervisor');
      yield* supervisor.terminateChild("c1");
      yield* supervisor.deleteChild("c1");
      yield* supervisor.reconfigure({ children: [other] });
      yield* supervisor.restartChild("c1");
      expect(yield* tally(supervisor)).toEqual([1, 1, 1, 0]);
    }),
  );

  it.effect("is refused while a group is being stopped or started", () =>
    Effect.gen(function* () {
      const slow = new Script();
      slow.onStart = (start) => (start === 1 ? undefined : Effect.sleep(1000));
      const specs = [worker("c1"), worker("c2", {}, slow)] as const;
      const supervisor = yield* Supervisor.start({ ...flags, strategy: "one_for_all", children: specs });
      yield* Actor.kill(supervisor.ref(specs[0]));
      yield* settled;
      expect(yield* failure(supervisor.reconfigure({ children: [] }))).toBe("SupervisorBusy");
      yield* pass(1000);
      yield* supervisor.reconfigure({ ...flags, children: specs });
      expect(yield* states(supervisor)).toBe("c1 up, c2 up");
    }).pipe(quiet),
  );
});

describe("OTP: scale", () => {
  it.effect("88 scale_start_stop_many_children, counted: to start, terminate or delete one does not look at the others", () =>
    Effect.gen(function* () {
      const supervisor = yield* Supervisor.start({ children: [] });
      const looks = counting(supervisor);
      const ids = Array.from({ length: 10_000 }, (_, n) => `c${n}`);
      const script = new Script();
      for (const id of ids) yield* supervisor.startChild(worker(id, {}, script));
      for (const id of ids) yield* supervisor.terminateChild(id);
      for (const id of ids) yield* supervisor.deleteChild(id);
      expect([looks.count, yield* tally(supervisor)]).toEqual([0, [0, 0, 0, 0]]);
    }),
  );
});

describe("OTP: escalation", () => {
  for (const [name, strategy] of [
    ["33 one_for_all_escalation", "one_for_all"],
    ["42 rest_for_one_escalation", "rest_for_one"],
  ] as const) {
    for (const [which, specs] of [
      ["the one that died", [starter("c1", {}, "up", "fail"), worker("c2")]],
      ["one that was taken along", [worker("c1"), starter("c2", {}, "up", "fail")]],
    ] as const) {
      it.effect(`${name}: starts of ${which} that fail again and again end the supervisor and who else is there`, () =>
        Effect.gen(function* () {
          const supervisor = yield* Supervisor.start({ strategy, children: specs, intensity: 4, periodMillis: 3_600_000 });
          const refs = specs.map((spec) => supervisor.ref(spec));
          const ended = yield* watch([self(supervisor)]);
          yield* Actor.kill(refs[0]!);
          yield* settled;
          expect([refs.map(({ alive }) => alive), supervisor.alive]).toEqual([[false, false], false]);
          expect((yield* ended)[0]).toMatch(/^shutdown: more than 4 restarts/);
          // Of five failures the first was a death, and four were starts.
          expect(Math.max(...refs.map(({ incarnation }) => incarnation))).toBe(5);
        }).pipe(quiet),
      );
    }
  }

  it.effect("30 one_for_one: the others stay, and one death too many ends the supervisor", () =>
    Effect.gen(function* () {
      const specs = [worker("c1"), worker("c2")] as const;
      const supervisor = yield* Supervisor.start({ children: specs, intensity: 2, periodMillis: 3_600_000 });
      const refs = specs.map((spec) => supervisor.ref(spec));
      for (const [n, expected] of [
        [0, [true, 2, 1]],
        [1, [true, 2, 2]],
        [0, [false, 2, 2]],
      ] as const) {
        refs[n]!.cast("Die");
        yield* settled;
        expect([supervisor.alive, ...refs.map(({ incarnation }) => incarnation)]).toEqual(expected);
      }
    }).pipe(quiet),
  );

  for (const restart of ["permanent", "temporary"] as const) {
    it.effect(`45 permanent_normal, 48 permanent_shutdown, 54 temporary_abnormal: ${restart}`, () =>
      Effect.gen(function* () {
        const spec = worker("c1", { restart });
        const supervisor = yield* Supervisor.start({ children: [], intensity: 9 });
        for (const how of ["Finish", "Leave", "Die"] as const) {
          const ref = yield* supervisor.startChild(spec);
          if (how === "Leave") ref.cast("Leave", { info: "deploy" });
          else ref.cast(how);
          yield* settled;
          expect([how, yield* states(supervisor)]).toEqual([how, restart === "permanent" ? "c1 up" : ""]);
          if (restart === "temporary") continue;
          expect(ref.incarnation).toBe(2);
          yield* supervisor.terminateChild("c1");
          yield* supervisor.deleteChild("c1");
        }
      }).pipe(quiet),
    );
  }

  for (const strategy of ["one_for_all", "rest_for_one"] as const) {
    it.effect(`hanging_restart_loop, ${strategy}: the supervisor answers while the group's restart hangs and fails`, () =>
      Effect.gen(function* () {
        const script = new Script();
        script.onStart = (start) => (start === 1 ? undefined : Effect.andThen(Effect.sleep(2000), Effect.fail("not yet")));
        const specs = [worker("c1", {}, script), worker("c2"), worker("c3")] as const;
        const supervisor = yield* Supervisor.start({ strategy, children: specs, intensity: 8, periodMillis: 10_000 });
        yield* Actor.kill(supervisor.ref(specs[0]));
        yield* settled;
        for (let n = 0; n < 2; n++) {
          expect(yield* states(supervisor)).toBe("c1 starting, c2 restarting, c3 restarting");
          expect(yield* tally(supervisor)).toEqual([3, 0, 0, 3]);
          for (const id of ["c1", "c2"]) {
            expect(yield* failure(supervisor.startChild(worker(id)))).toBe("ChildPresent");
            expect(yield* failure(supervisor.restartChild(id))).toBe("ChildNotDown");
            expect(yield* failure(supervisor.deleteChild(id))).toBe("ChildNotDown");
          }
          yield* pass(2000);
        }
        yield* supervisor.terminateChild("c1");
        yield* settled;
        expect([yield* states(supervisor), script.starts]).toEqual(["c1 down, c2 down, c3 down", 4]);
        yield* supervisor.restartChild("c2");
        expect(yield* states(supervisor)).toBe("c1 down, c2 up, c3 down");
        const ended = yield* watch([self(supervisor)]);
        const again = yield* Effect.forkChild(Effect.flip(supervisor.restartChild("c1")), { startImmediately: true });
        yield* settled;
        yield* supervisor.stop;
        expect([yield* ended, (yield* Fiber.join(again))._tag]).toEqual([[ExitReason.format(ExitReason.shutdown)], "StartError"]);
      }).pipe(quiet),
    );
  }
});
