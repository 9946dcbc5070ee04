import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Stream from "effect/Stream";
import { Actor, type CrashReport, Task, TaskSupervisor } from "../../src/actor/index.ts";
import { pass, reporting, settled, told } from "./actors.ts";
import { callerOf, ended, outcome, present, run } from "./tasks.ts";

/** Numbers without an end, and how many were taken. */
const forever = function* (taken: { count: number }): Generator<number> {
  for (;;) yield ++taken.count;
};

type MaxOrNone = Effect.Error<ReturnType<TaskSupervisor.TaskSupervisorRef["asyncNoLink"]>>;

/** Both ways to run one: on its own, and under a supervisor. */
const kinds = ["Task", "TaskSupervisor"] as const;
const streamOf = (kind: (typeof kinds)[number], tasks: TaskSupervisor.TaskSupervisorRef): Task.AsyncStream<MaxOrNone> =>
  kind === "Task" ? Task.asyncStream : tasks.asyncStream;

describe("a stream of tasks", () => {
  for (const kind of kinds) {
    it.effect(`${kind}: runs no more than it may at a time, and as many`, () =>
      Effect.gen(function* () {
        const tasks = yield* TaskSupervisor.start();
        for (const ordered of [true, false]) {
          let now = 0;
          let most = 0;
          const work = (n: number) =>
            Effect.acquireUseRelease(
              Effect.sync(() => void (most = Math.max(most, ++now))),
              () => Effect.as(Effect.sleep(10), n),
              () => Effect.sync(() => void now--),
            );
          const items = Array.from({ length: 20 }, (_, n) => n);
          const values = yield* run(Stream.runCollect(streamOf(kind, tasks)(items, work, { maxConcurrency: 3, ordered })));
          assert.deepStrictEqual([values, most, now], [items, 3, 0]);
        }
      }),
    );

    it.effect(`${kind}: takes items as they are needed, also from one without an end, or from a stream`, () =>
      Effect.gen(function* () {
        const tasks = yield* TaskSupervisor.start();
        const taken = { count: 0 };
        const some = Stream.take(
          streamOf(kind, tasks)(forever(taken), (n) => Effect.succeed(n * n), { maxConcurrency: 2 }),
          5,
        );
        assert.deepStrictEqual(yield* Stream.runCollect(some), [1, 4, 9, 16, 25]);
        // Those that came out, those that ran, and one that waits for its place.
        assert.isAtMost(taken.count, 5 + 2 + 1);
        const broken = Stream.concat(Stream.make(1, 2), Stream.fail("no more"));
        assert.strictEqual(yield* ended(Stream.runCollect(streamOf(kind, tasks)(broken, Effect.succeed))), "fail: no more");
        yield* settled;
        assert.deepStrictEqual(yield* present(tasks), []);
      }),
    );

    it.effect(`${kind}: stops its tasks, and waits for them, when it fails, when it is interrupted and when it was enough`, () =>
      Effect.gen(function* () {
        const tasks = yield* TaskSupervisor.start();
        const log: Array<string> = [];
        const slow = Effect.onInterrupt(Effect.never, () =>
          Effect.andThen(
            Effect.sleep(10),
            Effect.sync(() => void log.push("released")),
          ),
        );
        const work = (n: number): Effect.Effect<number, string> =>
          n === 0 ? Effect.delay(Effect.fail("zero"), 5) : n === 1 ? Effect.succeed(1) : slow;
        const stream = (items: ReadonlyArray<number>) => streamOf(kind, tasks)(items, work);
        assert.strictEqual(yield* run(ended(Stream.runCollect(stream([2, 0, 3])))), "fail: zero");
        assert.deepStrictEqual([log.splice(0), yield* present(tasks)], [["released", "released"], []]);
        assert.deepStrictEqual(yield* run(Stream.runCollect(Stream.take(stream([1, 2, 3]), 1))), [1]);
        assert.deepStrictEqual([log.splice(0), yield* present(tasks)], [["released", "released"], []]);
        const fiber = yield* Effect.forkChild(Stream.runCollect(stream([2, 3])), { startImmediately: true });
        yield* settled;
        yield* run(Fiber.interrupt(fiber));
        assert.deepStrictEqual([log, yield* present(tasks)], [["released", "released"], []]);
      }),
    );

    it.effect(`${kind}: gives each task its time; one that takes longer is killed, and the stream fails, or its exit says so`, () => {
      const reports: Array<CrashReport.CrashReport> = [];
      return Effect.gen(function* () {
        const tasks = yield* TaskSupervisor.start();
        const work = (millis: number) => Effect.as(Effect.sleep(millis), millis);
        const start = streamOf(kind, tasks);
        const fails = start([5, 100, 6], work, { timeoutMillis: 50 });
        const failure = yield* run(Effect.flip(Stream.runCollect(fails)));
        assert.deepInclude(failure, { _tag: "TaskTimeout", millis: 50 });
        const exits = start([5, 100, 6], work, { timeoutMillis: 50, onTimeout: "killTask" });
        assert.deepStrictEqual((yield* run(Stream.runCollect(exits))).map(outcome), [5, "fail: TaskTimeout", 6]);
        assert.deepStrictEqual([told(reports), yield* present(tasks)], [[], []]);
      }).pipe(reporting(reports));
    });
  }

  it.effect("without links has an exit for each item, also of those that were ended from outside", () =>
    Effect.gen(function* () {
      const tasks = yield* TaskSupervisor.start();
      const work = (n: number): Effect.Effect<number, string> =>
        n === 1 ? Effect.succeed(1) : n === 2 ? Effect.fail("two") : n === 3 ? Effect.die("three") : Effect.never;
      const stream = tasks.asyncStreamNoLink([1, 2, 3, 4, 5], work, { timeoutMillis: 50, onTimeout: "killTask" });
      const fiber = yield* Effect.forkChild(Stream.runCollect(stream), { startImmediately: true });
      yield* settled;
      const [fourth] = yield* tasks.children;
      yield* tasks.terminateChild(fourth!);
      yield* pass(50);
      const exits: ReadonlyArray<Exit.Exit<number, unknown>> = yield* Fiber.join(fiber);
      assert.deepStrictEqual(exits.map(outcome), [1, "fail: two", "die: three", "down: shutdown", "fail: TaskTimeout"]);
    }),
  );

  it.effect("is the failure of the actor that runs it only as far as it does not handle it", () =>
    Effect.gen(function* () {
      const tasks = yield* TaskSupervisor.start();
      const caller = yield* Actor.spawn(callerOf(false), []);
      const work = Effect.flip(Stream.runDrain(tasks.asyncStream([1, 2], () => Effect.fail("no"))));
      assert.strictEqual(yield* caller.call("Do", { work }), "no");
      yield* settled;
      assert.deepStrictEqual([caller.alive, caller.incarnation], [true, 1]);
    }),
  );

  it("is not made with a number of tasks that makes no sense", () => {
    for (const maxConcurrency of [0, -1, 1.5, Number.NaN]) {
      assert.throws(
        () => Task.asyncStream([1], Effect.succeed, { maxConcurrency }),
        /maxConcurrency is .*: it has to be a whole number from 1 on/,
      );
    }
  });

  it.effect("of twenty thousand items has no more children than it runs at a time", () =>
    Effect.gen(function* () {
      const tasks = yield* TaskSupervisor.start({ maxChildren: 16 });
      const items = Stream.range(1, 20_000);
      const sum = yield* Stream.runFold(
        tasks.asyncStream(items, (n) => Effect.as(Effect.yieldNow, n), { maxConcurrency: 16 }),
        () => 0,
        (total, n) => total + n,
      );
      assert.deepStrictEqual([sum, yield* present(tasks)], [200_010_000, []]);
    }),
  );
});
