/** The third of OTP's supervisor_SUITE that is not on the list that we replay from: dynamic children, counts, reports. The numbers are those of the suite. */
import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Logger from "effect/Logger";
import { Actor, DynamicSupervisor, Supervisor } from "../../src/actor/index.ts";
import { failsAfter, pass, quiet, Script, settled, worker, Worker, workerProtocol } from "../actor/actors.ts";
import { cellBehind, counting, failure, self, tally, watch } from "./otp.ts";

describe("OTP: simple_one_for_one", () => {
  it.effect("12 sup_start_child_returns_error_simple: who asked is told why, and nothing is kept", () =>
    Effect.gen(function* () {
      const supervisor = yield* DynamicSupervisor.start(Worker);
      const bare = new Script();
      bare.onStart = () => Effect.fail("error_reason");
      for (const [script, reason] of [
        [failsAfter(0), "Error: start 1"],
        [bare, "error_reason"],
      ] as const) {
        const error = yield* Effect.flip(supervisor.startChild(script));
        expect(error.message).toBe(`dynamic/worker did not start: ${reason}`);
      }
      expect([yield* supervisor.whichChildren, yield* tally(supervisor)]).toEqual([[], [1, 0, 0, 0]]);
    }),
  );

  it.effect("36 simple_one_for_one_shutdown: each has its own time, all at once, and who needs more is killed", () =>
    Effect.gen(function* () {
      const supervisor = yield* DynamicSupervisor.start(Worker, { shutdown: 2000 });
      const refs = yield* Effect.forEach([1000, 1000, 5000], (millis) => {
        const script = new Script();
        script.onTerminate = () => Effect.sleep(millis);
        return supervisor.startChild(script);
      });
      const ends = yield* watch([...refs, self(supervisor)]);
      const stopping = yield* Effect.forkChild(supervisor.stop, { startImmediately: true });
      yield* pass(999);
      expect(refs.map(({ alive }) => alive)).toEqual([true, true, true]);
      yield* pass(1);
      expect(refs.map(({ alive }) => alive)).toEqual([false, false, true]);
      yield* pass(999);
      expect(stopping.pollUnsafe()).toBe(undefined);
      yield* pass(1);
      yield* Fiber.join(stopping);
      expect(yield* ends).toEqual(["shutdown", "shutdown", "killed", "shutdown"]);
    }),
  );

  // The case looks at the size of the supervisor's heap. Here at what it holds: the arguments of a start, which may be large, are where they would be.
  it.effect("39 simple_one_for_one_corruption: also after the first death it keeps no arguments of a temporary child", () =>
    Effect.gen(function* () {
      const supervisor = yield* DynamicSupervisor.start(Worker, { restart: "temporary" });
      const first = yield* supervisor.startChild(new Script());
      first.cast("Die");
      yield* settled;
      const second = yield* supervisor.startChild(new Script());
      expect(argumentsOf(second)).toBe(undefined);
      second.cast("Die");
      yield* settled;
      expect([yield* tally(supervisor), cellBehind(supervisor).children.byKey.size]).toEqual([[1, 0, 0, 0], 0]);
    }).pipe(quiet),
  );

  it.effect("72 count_children_supervisor: children that are supervisors are counted as such", () =>
    Effect.gen(function* () {
      const template = Supervisor.template("child", (n: number) => ({ children: [], intensity: n }));
      const supervisor = yield* DynamicSupervisor.start(template, { restart: "temporary", shutdown: "infinity" });
      const all: Array<Parameters<typeof supervisor.terminateChild>[0]> = [];
      for (const expected of [1000, 2000]) {
        while (all.length < expected) all.push(yield* supervisor.startChild(all.length));
        expect([yield* tally(supervisor), (yield* supervisor.whichChildren).length]).toEqual([[1, expected, expected, 0], expected]);
      }
      const twice = [yield* supervisor.whichChildren, yield* supervisor.whichChildren];
      expect(twice[0]).toEqual(twice[1]);
      yield* Effect.forEach(all, Actor.kill, { discard: true });
      yield* settled;
      expect(yield* tally(supervisor)).toEqual([1, 0, 0, 0]);
    }),
  );

  it.effect("93 which_children_simple_one_for_one: all by their refs, one by its own, and none by another", () =>
    Effect.gen(function* () {
      const supervisor = yield* DynamicSupervisor.start(Worker, { restart: "temporary" });
      const stranger = yield* Actor.spawn(Worker, new Script());
      expect([yield* supervisor.whichChildren, yield* failure(supervisor.whichChild(stranger))]).toEqual([[], "ChildNotFound"]);
      const info = (ref: typeof stranger) => ({ id: "worker", type: "worker", state: "up", ref, restarts: 0, gaveUp: false });
      const child1 = yield* supervisor.startChild(new Script());
      expect([yield* supervisor.whichChildren, yield* supervisor.whichChild(child1)]).toEqual([[info(child1)], info(child1)]);
      const child2 = yield* supervisor.startChild(new Script());
      expect(yield* supervisor.whichChildren).toEqual([info(child1), info(child2)]);
      expect([yield* supervisor.whichChild(child1), yield* supervisor.whichChild(child2)]).toEqual([info(child1), info(child2)]);
      yield* supervisor.terminateChild(child1);
      expect([yield* supervisor.whichChildren, yield* failure(supervisor.whichChild(child1))]).toEqual([[info(child2)], "ChildNotFound"]);
      expect([yield* supervisor.whichChild(child2), yield* failure(supervisor.whichChild(stranger))]).toEqual([
        info(child2),
        "ChildNotFound",
      ]);
    }),
  );

  it.effect("a restart that fails leaves the others and the counts as they are", () =>
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
    }).pipe(quiet),
  );
});

/** What an actor would be started with again. */
const argumentsOf = (ref: unknown): unknown => (ref as { readonly args: unknown }).args;

describe("OTP: what is kept of temporary children", () => {
  // OTP drops the arguments from the spec of a static child as well. A spec is a value here, which who made it may have in his hands.
  it.effect("75 do_not_save_start_parameters_for_temporary_children: those of the others are, as they may be started again", () =>
    Effect.gen(function* () {
      const large = (): Script => new Script(Array.from({ length: 10 }, () => "potentially large"));
      for (const restart of ["permanent", "transient", "temporary"] as const) {
        const supervisor = yield* DynamicSupervisor.start(Worker, { id: restart, restart, intensity: 9 });
        const refs = yield* Effect.forEach(Array.from({ length: 100 }), () => supervisor.startChild(large()));
        expect(new Set(refs.map((ref) => argumentsOf(ref) !== undefined))).toEqual(new Set([restart !== "temporary"]));
        if (restart === "temporary") continue;
        refs[0]!.cast("Die");
        yield* settled;
        expect([refs[0]!.alive, refs[0]!.incarnation]).toEqual([true, 2]);
      }
      const template = Supervisor.template("tree", (script: Script) => ({ children: [worker("c1", {}, script)] }));
      const trees = yield* DynamicSupervisor.start(template, { id: "trees", restart: "temporary" });
      expect(argumentsOf(yield* trees.startChild(large()))).toBe(undefined);
    }).pipe(quiet),
  );

  it.effect("one that is temporary stays so when the template changes, as there is nothing to start it again with", () =>
    Effect.gen(function* () {
      const supervisor = yield* DynamicSupervisor.start(Worker, { restart: "temporary", intensity: 9 });
      const before = yield* supervisor.startChild(new Script());
      yield* supervisor.reconfigure(Worker, { restart: "permanent", shutdown: 7, intensity: 9 });
      const after = yield* supervisor.startChild(new Script());
      const specs = [yield* supervisor.getChildSpec(before), yield* supervisor.getChildSpec(after)];
      expect(specs.map(({ restart, shutdown }) => [restart, shutdown])).toEqual([
        ["temporary", 7],
        ["permanent", 7],
      ]);
      for (const ref of [before, after]) ref.cast("Finish");
      yield* settled;
      expect([yield* supervisor.children, after.incarnation]).toEqual([[after], 2]);
    }),
  );

  it.effect("nothing at all of one that has ended, however it did", () =>
    Effect.gen(function* () {
      const supervisor = yield* DynamicSupervisor.start(Worker, { restart: "temporary" });
      const { children } = cellBehind(supervisor);
      for (const how of ["Finish", "Die", "kill", "terminate", "start"] as const) {
        for (let n = 0; n < 50; n++) {
          if (how === "start") {
            expect(yield* failure(supervisor.startChild(failsAfter(0)))).toBe("StartError");
            continue;
          }
          const ref = yield* supervisor.startChild(new Script());
          if (how === "kill") yield* Actor.kill(ref);
          else if (how === "terminate") yield* supervisor.terminateChild(ref);
          else ref.cast(how);
        }
        yield* settled;
        expect([how, children.byKey.size, children.list().length, children.length <= 100]).toEqual([how, 0, 0, true]);
      }
    }).pipe(quiet),
  );
});

// Newer than the list.
it.effect("OTP: scale_mass_exit_children: who is told of thousands of ends looks at nobody else", () =>
  Effect.gen(function* () {
    for (const many of [1000, 10_000]) {
      const supervisor = yield* Supervisor.start({ id: `${many}`, children: [] });
      const script = new Script();
      const refs = yield* Effect.forEach(Array.from({ length: many }), (_, n) =>
        supervisor.startChild(worker(`c${n}`, { restart: "temporary" }, script)),
      );
      const looks = counting(supervisor);
      yield* Effect.forEach(refs, Actor.kill, { discard: true });
      yield* settled;
      expect([looks.count, yield* tally(supervisor), cellBehind(supervisor).children.length < 100]).toEqual([0, [0, 0, 0, 0], true]);
    }
  }),
);

describe("OTP: reports as text", () => {
  const Verbose = Actor.make({
    name: "verbose",
    protocol: workerProtocol,
    init: (what: unknown) => what,
    handlers: {
      Die: (what) => Effect.die(what),
      Finish: () => Actor.exit(),
      Leave: () => Actor.exit(),
      Block: () => Effect.never,
      Incarnation: (state, _, context) => Actor.reply(state, context.incarnation),
    },
  });

  /** The messages of Effect's log after the death of a child for this reason, and of its supervisor, which allows none. */
  const logged = (what: unknown) =>
    Effect.gen(function* () {
      const lines: Array<unknown> = [];
      const logger = Logger.make<unknown, void>(({ message }) => void lines.push(Array.isArray(message) ? message[0] : message));
      yield* Effect.gen(function* () {
        const supervisor = yield* DynamicSupervisor.start(Verbose, { id: "my_supervisor", intensity: 0 });
        (yield* supervisor.startChild(what)).cast("Die");
        yield* settled;
      }).pipe(Effect.scoped, Effect.provide(Logger.layer([logger])));
      return lines;
    });

  // OTP's fields are the supervisor, the context, the reason and the offender: here the path, which ends with the offender, and the reason. What OTP
  // limits by depth and by characters is a value here, the report's `reason`, and its text is the reporter's to make.
  it.effect("89 format_log_1: a crash report says who crashed and why, the supervisor's own why it gave up", () =>
    Effect.gen(function* () {
      const term = Array.from({ length: 15 }, (_, n) => n + 1);
      const why = "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15]";
      expect(yield* logged(term)).toEqual([
        `my_supervisor/verbose #1 crashed: ${why}`,
        `my_supervisor #1 crashed: shutdown: more than 0 restarts in 5 s, the last of my_supervisor/verbose: ${why}`,
      ]);
    }),
  );

  it.effect("90 format_log_2: on a single line, whatever the reason", () =>
    Effect.gen(function* () {
      for (const [what, text] of [
        [new RangeError("first\n  second\r\nthird"), "RangeError: first second third"],
        ["first\nsecond", "first second"],
        [{ text: "first\nsecond" }, '{"text":"first\\nsecond"}'],
      ] as const) {
        expect((yield* logged(what))[0]).toBe(`my_supervisor/verbose #1 crashed: ${text}`);
      }
    }),
  );
});
