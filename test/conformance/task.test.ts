/** Elixir's own cases of Task.Supervisor, under their names. Those of its streams are in taskStream.test.ts. */
import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import { Actor, Supervisor, Task, TaskSupervisor } from "../../src/actor/index.ts";
import { pass, quiet, settled } from "../actor/actors.ts";
import { callerOf, ended, gate, present, run } from "../actor/tasks.ts";
import { noMfa, replays } from "./elixir.ts";
import { failure, tally, watch } from "./otp.ts";

const title = replays(
  [
    "can be supervised directly",
    "start with spawn_opt",
    "multiple supervisors can be supervised and identified with simple child spec",
    "counts and returns children",
    "async/1 spawns tasks under the supervisor",
    "async/1 with custom shutdown",
    "async/1 raises when :max_children is reached",
    "async/1 with $callers",
    "async/3",
    "async_nolink/1 spawns a task under the supervisor without linking to the caller",
    "async_nolink/1 with custom shutdown",
    "async_nolink/1 raises when :max_children is reached",
    "async_nolink/3",
    "start_child/1",
    "start_child/3",
    "start_child/1 with custom shutdown",
    "start_child/1 with custom restart",
    "start_child/1 with $callers",
    "terminate_child/2",
    "await/1 demonitors and unalias on timeout",
    "await/1 exits on task throw",
    "await/1 exits on task error",
    "await/1 exits on task exit",
  ],
  {
    "start with spawn_opt": "options of Erlang's processes, as their priority and heap",
    "async/3": noMfa,
    "async_nolink/3": noMfa,
    "start_child/3": noMfa,
  },
);

describe("Elixir: Task.Supervisor", () => {
  it.effect(title("can be supervised directly"), () =>
    Effect.gen(function* () {
      const spec = TaskSupervisor.child({ id: "tasks" });
      const supervisor = yield* Supervisor.start({ children: [spec] });
      expect(yield* present(TaskSupervisor.of(supervisor.ref(spec), spec))).toEqual([]);
      expect((yield* supervisor.whichChild("tasks")).type).toBe("supervisor");
    }),
  );

  it.effect(title("multiple supervisors can be supervised and identified with simple child spec"), () =>
    Effect.gen(function* () {
      const specs = ["a", "b", "c"].map((id) => TaskSupervisor.child({ id }));
      const supervisor = yield* Supervisor.start({ children: specs.slice(0, 2) });
      yield* supervisor.startChild(specs[2]!);
      for (const spec of specs) expect(yield* present(TaskSupervisor.of(supervisor.ref(spec), spec))).toEqual([]);
      expect(yield* failure(supervisor.startChild(specs[2]!))).toBe("ChildPresent");
    }),
  );

  it.effect(title("counts and returns children"), () =>
    Effect.gen(function* () {
      const tasks = yield* TaskSupervisor.start();
      expect([yield* tasks.children, yield* tally(tasks)]).toEqual([[], [1, 0, 0, 0]]);
      const ref = yield* tasks.startChild(Effect.never);
      expect([yield* tasks.children, yield* tally(tasks)]).toEqual([[ref], [1, 1, 0, 1]]);
    }),
  );

  it.effect(title("async/1 spawns tasks under the supervisor, linked with the caller, who is told of the end once"), () =>
    Effect.gen(function* () {
      const tasks = yield* TaskSupervisor.start();
      const log: Array<string> = [];
      const caller = yield* Actor.spawn(callerOf(true), log);
      const { open, ready, work } = gate("done");
      const task = yield* tasks.async(work);
      expect(yield* tasks.children).toEqual([task.ref]);
      yield* ready;
      const end = yield* watch([task.ref]);
      yield* open;
      expect([yield* Task.await(task), yield* end, yield* tasks.children]).toEqual(["done", ["normal"], []]);

      const second = gate("again");
      const kept = { task: undefined as Task.Task<string> | undefined };
      const begin = Effect.map(tasks.async(second.work), (started) => void (kept.task = started)) as Effect.Effect<void>;
      yield* caller.call("Do", { work: begin });
      yield* second.open;
      expect(yield* Task.await(kept.task!)).toBe("again");
      yield* caller.call("Sync");
      expect(log).toEqual(["task: normal"]);
    }),
  );

  for (const kind of ["async/1", "async_nolink/1"] as const) {
    const begin = (tasks: TaskSupervisor.TaskSupervisorRef, work: Effect.Effect<unknown>, options?: Task.Options) =>
      kind === "async/1" ? tasks.async(work, options) : tasks.asyncNoLink(work, options);

    it.effect(title(`${kind} with custom shutdown`), () =>
      Effect.gen(function* () {
        const tasks = yield* TaskSupervisor.start();
        const killed = yield* begin(tasks, Effect.never, { shutdown: "brutal_kill" });
        const asked = yield* begin(tasks, Effect.never);
        const slow = Effect.onInterrupt(Effect.never, () => Effect.sleep(2000));
        const late = yield* begin(tasks, slow, { shutdown: 1000 });
        const intime = yield* begin(tasks, slow, { shutdown: 3000 });
        const all = [killed, asked, late, intime];
        const end = yield* watch(all.map(({ ref }) => ref));
        const told = yield* Effect.forkChild(
          Effect.forEach(all, (task) => ended(Task.await(task))),
          { startImmediately: true },
        );
        yield* settled;
        yield* Effect.forkChild(tasks.stop, { startImmediately: true });
        yield* pass(2000);
        expect(yield* end).toEqual(["killed", "shutdown", "killed", "shutdown"]);
        expect(yield* Fiber.join(told)).toEqual(["down: killed", "down: shutdown", "down: killed", "down: shutdown"]);
      }),
    );

    it.effect(title(`${kind} raises when :max_children is reached`), () =>
      Effect.gen(function* () {
        const tasks = yield* TaskSupervisor.start({ maxChildren: 1 });
        const first = yield* begin(tasks, Effect.never);
        const refused = yield* Effect.flip(begin(tasks, Effect.void));
        expect([refused._tag, refused._tag === "MaxChildren" && refused.code]).toEqual(["MaxChildren", "HSU-SUP-006"]);
        yield* tasks.terminateChild(first);
        expect(yield* Task.await(yield* begin(tasks, Effect.succeed(1)))).toBe(1);
      }),
    );
  }

  it.effect(title("async/1 with $callers"), () =>
    Effect.gen(function* () {
      const tasks = yield* TaskSupervisor.start();
      const inner = Effect.flatMap(tasks.async(Task.Callers, { id: "inner" }), Task.await);
      const parent = Effect.zip(Task.Callers, inner);
      const outer = Effect.flatMap(tasks.async(parent, { id: "parent" }), Task.await);
      // The caller of the test has no path; an actor has one.
      expect(yield* outer).toEqual([[], [["tasks", "parent"]]]);
      const caller = yield* Actor.spawn(callerOf(false), []);
      const called = yield* caller.call("Do", { work: Effect.scoped(outer) });
      expect(called).toEqual([[["caller"]], [["tasks", "parent"], ["caller"]]]);
    }),
  );

  it.effect(title("async_nolink/1 spawns a task under the supervisor without linking to the caller"), () =>
    Effect.gen(function* () {
      const tasks = yield* TaskSupervisor.start();
      const log: Array<string> = [];
      const caller = yield* Actor.spawn(callerOf(true), log);
      const { open, work } = gate("done");
      const task = (yield* caller.call("Do", { work: tasks.asyncNoLink(work) })) as Task.Task<string>;
      expect(yield* tasks.children).toEqual([task.ref]);
      yield* open;
      expect(yield* Task.await(task)).toBe("done");
      yield* caller.call("Sync");
      expect(log).toEqual([]);
    }),
  );

  it.effect(title("start_child/1"), () =>
    Effect.gen(function* () {
      const tasks = yield* TaskSupervisor.start();
      const { open, ready, work } = gate("done");
      const log: Array<string> = [];
      const caller = yield* Actor.spawn(callerOf(true), log);
      const ref = yield* caller.call("Do", { work: tasks.startChild(work) });
      expect(yield* tasks.children).toEqual([ref]);
      yield* ready;
      yield* open;
      yield* settled;
      expect([yield* tasks.children, log]).toEqual([[], []]);
    }),
  );

  it.effect(title("start_child/1 with custom shutdown"), () =>
    Effect.gen(function* () {
      const tasks = yield* TaskSupervisor.start();
      const end = yield* watch([
        yield* tasks.startChild(Effect.never, { shutdown: "brutal_kill" }),
        yield* tasks.startChild(Effect.never, { shutdown: "infinity" }),
      ]);
      yield* tasks.stop;
      expect(yield* end).toEqual(["killed", "shutdown"]);
    }),
  );

  it.effect(title("start_child/1 with custom restart"), () =>
    Effect.gen(function* () {
      const tasks = yield* TaskSupervisor.start({ intensity: 10 });
      let starts = 0;
      const work = Effect.andThen(
        Effect.sync(() => void starts++),
        Effect.never,
      );
      const ref = yield* tasks.startChild(work, { restart: "permanent" });
      yield* settled;
      yield* Actor.stop(ref);
      yield* settled;
      expect([starts, ref.incarnation, yield* tasks.children]).toEqual([2, 2, [ref]]);
      const transient = yield* tasks.startChild(work, { restart: "transient" });
      yield* settled;
      yield* Actor.stop(transient);
      yield* settled;
      expect([starts, yield* tasks.children]).toEqual([3, [ref]]);
    }),
  );

  it.effect(title("start_child/1 with $callers"), () =>
    Effect.gen(function* () {
      const tasks = yield* TaskSupervisor.start();
      const seen: Array<unknown> = [];
      const note = Effect.map(Task.Callers, (callers) => void seen.push(callers));
      const parent = Effect.andThen(note, tasks.startChild(note));
      const caller = yield* Actor.spawn(callerOf(false), []);
      yield* caller.call("Do", { work: tasks.startChild(parent, { id: "parent" }) });
      yield* settled;
      expect(seen).toEqual([[["caller"]], [["tasks", "parent"], ["caller"]]]);
    }),
  );

  it.effect(title("terminate_child/2"), () =>
    Effect.gen(function* () {
      const tasks = yield* TaskSupervisor.start();
      const ref = yield* tasks.startChild(Effect.never);
      expect(yield* tasks.children).toEqual([ref]);
      yield* tasks.terminateChild(ref);
      expect(yield* tasks.children).toEqual([]);
      expect(yield* failure(tasks.terminateChild(ref))).toBe("ChildNotFound");
      const task = yield* tasks.async(Effect.never);
      yield* tasks.terminateChild(task);
      expect(yield* ended(Task.await(task))).toBe("down: shutdown");
    }),
  );

  it.effect(title("await/1 demonitors and unalias on timeout: nothing waits for the late reply"), () =>
    Effect.gen(function* () {
      const tasks = yield* TaskSupervisor.start();
      const { open, work } = gate("done");
      const task = yield* tasks.async(work);
      const error = yield* Effect.flip(
        Task.await(task, { timeoutMillis: 0 }).pipe(
          Effect.tapError(() => Effect.void),
          (wait) => run(wait),
        ),
      );
      expect(error).toMatchObject({ _tag: "TaskTimeout", code: "HSU-TSK-001", millis: 0, path: ["tasks", "task"] });
      expect((task as unknown as { readonly awaited: boolean }).awaited).toBe(false);
      const end = yield* watch([task.ref]);
      yield* open;
      expect(yield* end).toEqual(["normal"]);
      // Unlike Elixir's, who asks again is told.
      expect(yield* Task.await(task)).toBe("done");
    }),
  );

  for (const [name, work, expected] of [
    ["throw", Effect.fail("unknown"), "fail: unknown"],
    ["error", Effect.die(new Error("oops")), "die: Error: oops"],
    ["exit", Effect.interrupt, "down: Error: All fibers interrupted without error"],
  ] as const) {
    it.effect(title(`await/1 exits on task ${name}`), () =>
      Effect.gen(function* () {
        const tasks = yield* TaskSupervisor.start();
        const task = yield* tasks.async(Effect.andThen(Effect.yieldNow, work));
        expect(yield* ended(Task.await(task))).toBe(expected);
      }).pipe(quiet),
    );
  }
});
