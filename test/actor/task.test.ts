import { assert, describe, it } from "@effect/vitest";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Option from "effect/Option";
import * as Scope from "effect/Scope";
import * as Stream from "effect/Stream";
import {
  Actor,
  type CrashReport,
  DynamicSupervisor,
  ExitReason,
  Inspect,
  Supervisor,
  Task,
  TaskSupervisor,
} from "../../src/actor/index.ts";
import { pass, quiet, reporting, settled, system, told } from "./actors.ts";
import { callerOf, ended, gate, outcome, present, run } from "./tasks.ts";

const boom = Effect.andThen(Effect.yieldNow, Effect.fail("boom"));

describe("a task", () => {
  it.effect("that the scope closes under is stopped, and waited for", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const slow = Effect.onInterrupt(Effect.never, () =>
        Effect.andThen(
          Effect.sleep(100),
          Effect.sync(() => void log.push("released")),
        ),
      );
      const tasks = yield* TaskSupervisor.start();
      yield* run(Effect.scoped(Effect.andThen(Effect.andThen(Task.async(slow), tasks.async(slow)), settled)));
      assert.deepStrictEqual([log, yield* tasks.children], [["released", "released"], []]);
    }),
  );

  it.effect("is killed with its scope, where it says so", () =>
    Effect.gen(function* () {
      const tasks = yield* TaskSupervisor.start();
      const begin = (shutdown: Task.Options["shutdown"] & {}) =>
        Effect.all([Task.async(Effect.never, { shutdown }), tasks.async(Effect.never, { shutdown })]);
      const both = yield* Effect.scoped(begin("brutal_kill"));
      const asked = yield* Effect.scoped(begin(10));
      const ends = yield* Effect.forEach([...both, ...asked], (task) => ended(Task.await(task)));
      assert.deepStrictEqual(ends, ["down: killed", "down: killed", "down: shutdown", "down: shutdown"]);
    }),
  );

  it.effect("without a link goes on when its caller ends", () =>
    Effect.gen(function* () {
      const tasks = yield* TaskSupervisor.start();
      const { open, work } = gate("done");
      const caller = yield* Actor.spawn(callerOf(false), []);
      const task = (yield* caller.call("Do", { work: tasks.asyncNoLink(work) })) as Task.Task<string>;
      yield* Actor.stop(caller);
      yield* settled;
      assert.strictEqual(task.alive, true);
      yield* open;
      assert.strictEqual(yield* Task.await(task), "done");
    }),
  );

  it.effect("ends with its caller, however that ends", () =>
    Effect.gen(function* () {
      const tasks = yield* TaskSupervisor.start();
      const ends: ReadonlyArray<ExitReason.ExitReason> = [ExitReason.normal, ExitReason.shutdown, ExitReason.error("failed")];
      for (const reason of ends) {
        const caller = yield* Actor.spawn(callerOf(false), []);
        yield* caller.call("Do", { work: tasks.async(Effect.never) as Effect.Effect<unknown> });
        yield* caller.call("Do", { work: Task.async(Effect.never) as Effect.Effect<unknown> });
        assert.deepStrictEqual(yield* present(tasks), ["task"]);
        caller.cast("End", { reason });
        yield* Actor.awaitExit(caller);
        assert.deepStrictEqual(yield* present(tasks), []);
      }
    }).pipe(quiet),
  );

  it.effect("acquires for itself: what it holds is released before anybody hears of its end", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const acquire = Effect.acquireRelease(Effect.succeed(1), () =>
        Effect.andThen(
          Effect.sleep(50),
          Effect.sync(() => void log.push("released")),
        ),
      );
      const task = yield* Task.async(acquire);
      yield* run(Effect.map(Task.await(task), (value) => void log.push(`value ${value}`)));
      assert.deepStrictEqual(log, ["released", "value 1"]);
    }),
  );

  it.effect("has the services of its caller", () =>
    Effect.gen(function* () {
      const Name = Context.Reference<string>("test/Name", { defaultValue: () => "nobody" });
      const tasks = yield* TaskSupervisor.start();
      const started = Effect.all([tasks.async(Name), tasks.asyncNoLink(Name), Task.async(Name)]);
      const all = yield* Effect.provideService(started, Name, "ada");
      assert.deepStrictEqual(yield* Task.awaitAll(all), ["ada", "ada", "ada"]);
    }),
  );

  it.effect("leaves nothing in the scope of a caller who lives on", () =>
    Effect.gen(function* () {
      const scope = Scope.makeUnsafe();
      const tasks = yield* TaskSupervisor.start();
      for (let n = 0; n < 100; n++) {
        const both = Effect.all([tasks.async(Effect.succeed(n)), Task.async(boom)]);
        const [one, other] = yield* Effect.provideService(both, Scope.Scope, scope);
        assert.deepStrictEqual([yield* Task.await(one), yield* ended(Task.await(other))], [n, "fail: boom"]);
      }
      assert.strictEqual(scope.state._tag, "Empty");
      yield* Scope.close(scope, Exit.void);
    }),
  );

  it.effect("takes an exit signal as an actor does: a normal one is none", () =>
    Effect.gen(function* () {
      const tasks = yield* TaskSupervisor.start();
      const { open, work } = gate(1);
      const one = yield* tasks.async(work);
      const other = yield* tasks.async(Effect.never);
      Actor.signal(one.ref, ExitReason.normal);
      Actor.signal(other.ref, ExitReason.error("signalled"));
      yield* settled;
      yield* open;
      assert.deepStrictEqual([yield* Task.await(one), yield* ended(Task.await(other))], [1, "down: signalled"]);
    }),
  );

  it.effect("that awaits itself is told so", () =>
    Effect.gen(function* () {
      const self: { task?: Task.Task<unknown, unknown> } = {};
      self.task = yield* Task.async(Effect.suspend(() => Task.await(self.task!)));
      assert.strictEqual(yield* ended(Task.await(self.task)), "die: CallingSelf");
    }).pipe(quiet),
  );

  it.effect("of a supervisor that is restarted is gone, and who awaits it is told", () =>
    Effect.gen(function* () {
      const spec = TaskSupervisor.child({ id: "tasks" });
      const supervisor = yield* Supervisor.start({ children: [spec] });
      const tasks = TaskSupervisor.of(supervisor.ref(spec), spec);
      const task = yield* tasks.asyncNoLink(Effect.never);
      yield* tasks.kill;
      assert.strictEqual(yield* ended(Task.await(task)), "down: killed");
      yield* settled;
      assert.deepStrictEqual([tasks.incarnation, yield* present(tasks)], [2, []]);
    }).pipe(quiet),
  );

  it.effect("is not started by what is no task supervisor", () =>
    Effect.gen(function* () {
      const spec = TaskSupervisor.child({ id: "other" });
      const dynamic = DynamicSupervisor.child(callerOf(false), { id: "dynamic" });
      const supervisor = yield* Supervisor.start({ children: [dynamic] });
      assert.throws(() => TaskSupervisor.of(supervisor.ref(dynamic), spec), /root\/dynamic is not the task supervisor other/);
    }),
  );

  it.effect("of a supervisor that has ended cannot be started", () =>
    Effect.gen(function* () {
      const tasks = yield* TaskSupervisor.start();
      yield* tasks.stop;
      const down = "down: no such actor";
      assert.strictEqual(yield* ended(tasks.async(Effect.void)), down);
      assert.strictEqual(yield* ended(tasks.asyncNoLink(Effect.void)), down);
      assert.strictEqual(yield* ended(tasks.startChild(Effect.void)), down);
    }),
  );

  it.effect("whose options make no sense is not started", () =>
    Effect.gen(function* () {
      const tasks = yield* TaskSupervisor.start();
      const text = 'die: TypeError: shutdown is -1: it has to be milliseconds, "brutal_kill" or "infinity"';
      const options = { shutdown: -1 };
      assert.strictEqual(yield* ended(tasks.async(Effect.void, options)), text);
      assert.strictEqual(yield* ended(tasks.asyncNoLink(Effect.void, options)), text);
      assert.strictEqual(yield* ended(Task.async(Effect.void, options)), text);
      const failure = yield* Effect.flip(tasks.startChild(Effect.void, { shutdown: -1 }));
      assert.strictEqual(failure.message, 'tasks/task did not start: child "task": shutdown is -1, which is no time to wait');
      assert.deepStrictEqual(yield* present(tasks), []);
    }),
  );

  it.effect("is nobody's when its caller is interrupted while it starts", () =>
    Effect.gen(function* () {
      const tasks = yield* TaskSupervisor.start();
      const fiber = yield* Effect.forkChild(Effect.scoped(tasks.async(Effect.never)), { startImmediately: true });
      yield* Fiber.interrupt(fiber);
      assert.deepStrictEqual(yield* present(tasks), []);
    }),
  );
});

it.effect("a task or a supervisor that is looked at as an actor is a mistake, and harms nobody", () =>
  Effect.gen(function* () {
    const tasks = yield* TaskSupervisor.start();
    const task = yield* tasks.async(Effect.never);
    const text = "die: TypeError: tasks/task is a supervisor, a task, or an actor of another thread: there is no state of it here";
    assert.strictEqual(yield* ended(Inspect.state(task.ref)), text);
    assert.strictEqual(yield* ended(Stream.runDrain(Inspect.trace(task.ref))), text);
    assert.throws(() => (task.ref as unknown as { cast(tag: string): void }).cast("Hello"), /tasks\/task has no message "Hello"/);
    assert.deepStrictEqual(yield* present(tasks), ["task"]);
  }),
);

describe("a failed task", () => {
  const begin = (tasks: TaskSupervisor.TaskSupervisorRef, work: Effect.Effect<unknown, unknown>) =>
    Effect.all([tasks.async(work, { id: "linked" }), tasks.asyncNoLink(work, { id: "unlinked" }), Task.async(work, { id: "alone" })]);

  it.effect("is reported when nobody waits for it", () => {
    const reports: Array<CrashReport.CrashReport> = [];
    return Effect.gen(function* () {
      const tasks = yield* TaskSupervisor.start();
      const all = yield* begin(tasks, boom);
      yield* settled;
      assert.deepStrictEqual(told(reports).toSorted(), ["alone: boom", "tasks/linked: boom", "tasks/unlinked: boom"]);
      // It is a value all the same.
      assert.deepStrictEqual(yield* Effect.forEach(all, (task) => ended(Task.await(task))), ["fail: boom", "fail: boom", "fail: boom"]);
    }).pipe(reporting(reports));
  });

  it.effect("is not reported to who waits for it, nor is one that was stopped", () => {
    const reports: Array<CrashReport.CrashReport> = [];
    return Effect.gen(function* () {
      const tasks = yield* TaskSupervisor.start();
      for (const task of yield* begin(tasks, boom)) assert.strictEqual(yield* ended(Task.await(task)), "fail: boom");
      for (const task of yield* begin(tasks, Effect.never)) {
        assert.deepStrictEqual(yield* Task.shutdown(task, { shutdown: "brutal_kill" }), Option.none());
      }
      yield* Effect.scoped(tasks.async(Effect.never, { shutdown: "brutal_kill" }));
      yield* settled;
      assert.deepStrictEqual(told(reports), []);
    }).pipe(reporting(reports));
  });

  it.effect("that nobody can wait for is reported each time", () => {
    const reports: Array<CrashReport.CrashReport> = [];
    return Effect.gen(function* () {
      const tasks = yield* TaskSupervisor.start({ intensity: 10 });
      const child = yield* tasks.startChild(boom, { id: "child", restart: "transient", maxAttempts: 2 });
      yield* settled;
      assert.deepStrictEqual(told(reports), ["tasks/child: boom", "tasks/child: boom", "tasks/child: boom"]);
      assert.deepStrictEqual([child.incarnation, yield* present(tasks)], [3, []]);
    }).pipe(reporting(reports));
  });

  it.effect("is reported when it fails in the course of its stop, once", () => {
    const reports: Array<CrashReport.CrashReport> = [];
    return Effect.gen(function* () {
      const tasks = yield* TaskSupervisor.start();
      const work = Effect.onInterrupt(Effect.never, () => Effect.die("cleanup"));
      yield* Effect.scoped(Effect.andThen(Effect.all([tasks.async(work), Task.async(work, { id: "alone" })]), settled));
      const task = yield* tasks.asyncNoLink(work);
      yield* settled;
      yield* tasks.terminateChild(task);
      assert.deepStrictEqual(told(reports.splice(0)), ["alone: cleanup", "tasks/task: cleanup", "tasks/task: cleanup"]);
      const shut = yield* tasks.asyncNoLink(work);
      yield* settled;
      // This one is the answer of its shutdown.
      assert.deepStrictEqual(Option.map(yield* Task.shutdown(shut), outcome), Option.some("die: cleanup"));
      yield* settled;
      assert.deepStrictEqual(told(reports), []);
    }).pipe(reporting(reports));
  });

  it.effect("ends the actor that it is linked with, which is reported once", () => {
    const reports: Array<CrashReport.CrashReport> = [];
    return Effect.gen(function* () {
      const tasks = yield* TaskSupervisor.start();
      for (const work of [tasks.async(boom), Task.async(boom)]) {
        const caller = yield* Actor.spawn(callerOf(false), []);
        const end = yield* Effect.forkChild(Actor.awaitExit(caller), { startImmediately: true });
        caller.cast("Do", { work: work as Effect.Effect<unknown> });
        assert.strictEqual(ExitReason.format(yield* Fiber.join(end)), "boom");
        yield* settled;
        assert.deepStrictEqual(told(reports.splice(0)), ["caller: boom"]);
      }
    }).pipe(reporting(reports));
  });

  it.effect("is an Exit to the actor that traps exits, and nothing to the one that is not linked", () => {
    const reports: Array<CrashReport.CrashReport> = [];
    return Effect.gen(function* () {
      const tasks = yield* TaskSupervisor.start();
      const log: Array<string> = [];
      const caller = yield* Actor.spawn(callerOf(true), log);
      yield* caller.call("Do", { work: tasks.async(boom, { id: "linked" }) as Effect.Effect<unknown> });
      yield* caller.call("Do", { work: tasks.asyncNoLink(boom, { id: "unlinked" }) });
      yield* settled;
      yield* caller.call("Sync");
      assert.deepStrictEqual([log, told(reports)], [["linked: boom"], ["tasks/unlinked: boom"]]);
    }).pipe(reporting(reports));
  });

  it.effect("ends the task that has started it, and that one its own caller", () => {
    const reports: Array<CrashReport.CrashReport> = [];
    return Effect.gen(function* () {
      const tasks = yield* TaskSupervisor.start();
      const outer = yield* tasks.async(Effect.andThen(tasks.async(boom), Effect.never));
      assert.strictEqual(yield* ended(Task.await(outer)), "down: boom");
      assert.deepStrictEqual([told(reports), yield* present(tasks)], [[], []]);
    }).pipe(reporting(reports));
  });

  it.effect("is nothing to an actor that has stopped it, or whose inner scope has", () =>
    Effect.gen(function* () {
      const tasks = yield* TaskSupervisor.start();
      const caller = yield* Actor.spawn(callerOf(false), []);
      const stopped = Effect.flatMap(tasks.async(Effect.never), (task) => Task.shutdown(task)) as Effect.Effect<unknown>;
      for (const work of [stopped, Effect.scoped(tasks.async(Effect.never)), Effect.scoped(Task.async(Effect.never))]) {
        yield* caller.call("Do", { work });
        yield* settled;
        assert.deepStrictEqual([caller.alive, caller.incarnation, yield* present(tasks)], [true, 1, []]);
      }
    }),
  );
});

describe("who waits for tasks", () => {
  it.effect("leaves no timer and no waiter behind, however it ends", () =>
    Effect.gen(function* () {
      const { timers } = yield* system;
      const task = yield* Task.async(Effect.never);
      const before = timers.size;
      const waiting = yield* Effect.forkChild(Task.await(task), { startImmediately: true });
      assert.strictEqual(timers.size, before + 1);
      yield* Fiber.interrupt(waiting);
      assert.strictEqual(timers.size, before);
      assert.strictEqual(Option.isNone(yield* run(Task.yield(task, { timeoutMillis: 10 }))), true);
      assert.strictEqual((task as unknown as { readonly awaited: boolean }).awaited, false);
      assert.strictEqual(timers.size, before);
      yield* Task.shutdown(task);
      assert.strictEqual(timers.size, before);
    }),
  );

  it.live("does not keep the process alive for a deadline that is over", () =>
    Effect.gen(function* () {
      const timeouts = (): number => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
      const before = timeouts();
      const slow = Effect.callback<number>((resume) => void setImmediate(() => resume(Effect.succeed(1))));
      const task = yield* Task.async(slow);
      const value = yield* Task.await(task, { timeoutMillis: 3_600_000 });
      // Others, of tests before this one, may have ended meanwhile.
      assert.deepStrictEqual([value, timeouts() <= before], [1, true]);
    }),
  );

  it.effect("may look now and then, and gets how it ended", () =>
    Effect.gen(function* () {
      const task = yield* Task.async(Effect.andThen(Effect.sleep(100), Effect.fail("no")));
      assert.deepStrictEqual(yield* run(Task.yield(task, { timeoutMillis: 50 })), Option.none());
      assert.deepStrictEqual(Option.map(yield* run(Task.yield(task, { timeoutMillis: 50 })), outcome), Option.some("fail: no"));
      assert.deepStrictEqual(Option.map(yield* Task.shutdown(task), outcome), Option.some("fail: no"));
    }),
  );

  it.effect("for all gets the values in the order given, or the first failure within one time", () =>
    Effect.gen(function* () {
      const after = (millis: number, work: Effect.Effect<string, string> = Effect.succeed(`${millis}`)) =>
        Task.async(Effect.andThen(Effect.sleep(millis), work));
      const all = yield* Effect.all([after(30), after(10), after(20)]);
      assert.deepStrictEqual(yield* run(Task.awaitAll(all)), ["30", "10", "20"]);
      const failing = yield* Effect.all([after(3000), after(10, Effect.fail("no"))]);
      assert.strictEqual(yield* run(ended(Task.awaitAll(failing))), "fail: no");
      assert.strictEqual(failing[0].alive, true);
      const slow = yield* Effect.all([after(10), after(3000)]);
      assert.strictEqual(yield* run(ended(Task.awaitAll(slow, { timeoutMillis: 20 }))), "fail: TaskTimeout");
    }),
  );

  it.effect("for many gets what is there in time; the others go on, or are killed", () =>
    Effect.gen(function* () {
      const tasks = yield* TaskSupervisor.start();
      const after = (millis: number) => tasks.async(Effect.as(Effect.sleep(millis), millis));
      const shown = (results: ReadonlyArray<readonly [unknown, Option.Option<Exit.Exit<unknown, unknown>>]>) =>
        results.map(([, exit]) => Option.getOrNull(Option.map(exit, outcome)));
      const all = yield* Effect.all([after(300), after(10), after(20)]);
      assert.deepStrictEqual(shown(yield* run(Task.yieldMany(all, { timeoutMillis: 5 }))), [null, null, null]);
      assert.deepStrictEqual(shown(yield* run(Task.yieldMany(all, { limit: 1 }))), [null, 10, null]);
      assert.deepStrictEqual(shown(yield* run(Task.yieldMany(all, { timeoutMillis: 100, onTimeout: "killTask" }))), [null, 10, 20]);
      assert.deepStrictEqual([yield* ended(Task.await(all[0])), yield* present(tasks)], ["down: killed", []]);
      assert.deepStrictEqual(yield* Task.yieldMany([]), []);
    }),
  );

  it.effect("for a task that ends while it is shut down gets its end, and none when it was ended", () =>
    Effect.gen(function* () {
      const cleanup = Effect.onInterrupt(Effect.never, () => Effect.die(new Error("cleanup")));
      const tasks = yield* TaskSupervisor.start();
      const dying = yield* tasks.async(cleanup);
      const never = yield* tasks.async(Effect.never);
      yield* settled;
      assert.deepStrictEqual(Option.map(yield* Task.shutdown(dying), outcome), Option.some("die: Error: cleanup"));
      assert.deepStrictEqual(yield* Task.shutdown(never), Option.none());
      const slow = yield* tasks.async(Effect.onInterrupt(Effect.never, () => Effect.sleep(100)));
      yield* settled;
      const end = yield* Effect.forkChild(Task.shutdown(slow, { shutdown: 50 }), { startImmediately: true });
      yield* pass(50);
      yield* pass(50);
      assert.deepStrictEqual([yield* Fiber.join(end), yield* ended(Task.await(slow))], [Option.none(), "down: killed"]);
    }),
  );
});
