/** Elixir's own cases of Task.Supervisor.async_stream and async_stream_nolink, under their names. */
import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Stream from "effect/Stream";
import { Actor, Task, TaskSupervisor } from "../../src/actor/index.ts";
import { callerOf, ended, outcome, run } from "../actor/tasks.ts";
import { noMfa, replays } from "./elixir.ts";
import { failure } from "./otp.ts";

const title = replays(
  [
    "async_stream streams an enumerable with fun",
    "async_stream streams an enumerable with mfa",
    "async_stream streams an enumerable without leaking tasks",
    "async_stream streams an enumerable with slowest first",
    "async_stream streams an enumerable with exits",
    "async_stream shuts down unused tasks",
    "async_stream shuts down unused tasks without leaking messages",
    "async_stream raises an error if :max_children is reached with clean stream shutdown",
    "async_stream with $callers",
    "async_stream consuming from another process",
    "async_stream with timeout and :zip_input_on_exit set to true",
    "async_stream with outer halt on failure and :zip_input_on_exit",
    "async_stream does not allow streaming with invalid :shutdown",
    "async_stream_nolink streams an enumerable with fun",
    "async_stream_nolink streams an enumerable with mfa",
    "async_stream_nolink streams an enumerable without leaking tasks",
    "async_stream_nolink streams an enumerable with slowest first",
    "async_stream_nolink streams an enumerable with exits",
    "async_stream_nolink shuts down unused tasks",
    "async_stream_nolink shuts down unused tasks without leaking messages",
    "async_stream_nolink raises an error if :max_children is reached with clean stream shutdown",
  ],
  {
    "async_stream streams an enumerable with mfa": noMfa,
    "async_stream_nolink streams an enumerable with mfa": noMfa,
  },
);

const sleep = (millis: number | "infinity") => (millis === "infinity" ? Effect.never : Effect.as(Effect.sleep(millis), millis));

describe("Elixir: Task.Supervisor.async_stream", () => {
  for (const kind of ["async_stream", "async_stream_nolink"] as const) {
    /** Values as they are, and exits of the kind that does not link as what they are of. */
    const stream = (
      tasks: TaskSupervisor.TaskSupervisorRef,
      items: Iterable<number | "infinity">,
      options?: Task.StreamOptions,
    ): Stream.Stream<unknown, { readonly _tag: string }> =>
      kind === "async_stream"
        ? tasks.asyncStream(items, sleep, options)
        : Stream.map(tasks.asyncStreamNoLink(items, sleep, { maxConcurrency: 4, ...options }), outcome);

    it.effect(title(`${kind} streams an enumerable with fun`), () =>
      Effect.gen(function* () {
        const tasks = yield* TaskSupervisor.start();
        expect(yield* run(Stream.runCollect(stream(tasks, [1, 2, 3, 4])))).toEqual([1, 2, 3, 4]);
      }),
    );

    it.effect(title(`${kind} streams an enumerable without leaking tasks`), () =>
      Effect.gen(function* () {
        const tasks = yield* TaskSupervisor.start();
        yield* run(Stream.runDrain(stream(tasks, [1, 2, 3, 4])));
        expect(yield* tasks.children).toEqual([]);
      }),
    );

    it.effect(title(`${kind} streams an enumerable with slowest first`), () =>
      Effect.gen(function* () {
        const tasks = yield* TaskSupervisor.start();
        expect(yield* run(Stream.runCollect(stream(tasks, [4, 3, 2, 1])))).toEqual([4, 3, 2, 1]);
        expect(yield* run(Stream.runCollect(stream(tasks, [4, 3, 2, 1], { ordered: false })))).toEqual([1, 2, 3, 4]);
      }),
    );

    it.effect(title(`${kind} shuts down unused tasks`), () =>
      Effect.gen(function* () {
        const tasks = yield* TaskSupervisor.start();
        const taken = yield* run(Stream.runCollect(Stream.take(stream(tasks, [1, "infinity", "infinity", "infinity"]), 1)));
        expect([taken, yield* tasks.children]).toEqual([[1], []]);
      }),
    );

    it.effect(title(`${kind} shuts down unused tasks without leaking messages: a caller that traps exits hears of none`), () =>
      Effect.gen(function* () {
        const tasks = yield* TaskSupervisor.start();
        const log: Array<string> = [];
        const caller = yield* Actor.spawn(callerOf(true), log);
        const work = Stream.runCollect(Stream.take(stream(tasks, [1, "infinity", "infinity"]), 1));
        expect(yield* run(caller.call("Do", { work }))).toEqual([1]);
        yield* caller.call("Sync");
        expect([log, yield* tasks.children]).toEqual([[], []]);
      }),
    );

    it.effect(title(`${kind} raises an error if :max_children is reached with clean stream shutdown`), () =>
      Effect.gen(function* () {
        const tasks = yield* TaskSupervisor.start({ maxChildren: 1 });
        const all = Stream.runCollect(stream(tasks, ["infinity", "infinity", "infinity"], { maxConcurrency: 2 }));
        expect(yield* run(failure(all))).toBe("MaxChildren");
        expect(yield* tasks.children).toEqual([]);
      }),
    );
  }

  it.effect(title("async_stream streams an enumerable with exits: the first of them is the stream's failure"), () =>
    Effect.gen(function* () {
      const tasks = yield* TaskSupervisor.start();
      const stream = tasks.asyncStream([1, 2, 3, 4], (n) => Effect.andThen(Effect.yieldNow, Effect.fail(`${n}`)));
      expect(yield* ended(Stream.runCollect(stream))).toBe("fail: 1");
      expect(yield* tasks.children).toEqual([]);
    }),
  );

  it.effect(title("async_stream_nolink streams an enumerable with exits"), () =>
    Effect.gen(function* () {
      const tasks = yield* TaskSupervisor.start();
      const stream = tasks.asyncStreamNoLink([1, 2, 3, 4], (n) => Effect.andThen(Effect.yieldNow, Effect.fail(`${n}`)));
      expect((yield* Stream.runCollect(stream)).map(outcome)).toEqual(["fail: 1", "fail: 2", "fail: 3", "fail: 4"]);
    }),
  );

  it.effect(title("async_stream with $callers"), () =>
    Effect.gen(function* () {
      const tasks = yield* TaskSupervisor.start();
      const inner = Stream.runCollect(tasks.asyncStream([1], () => Task.Callers));
      const outer = Stream.runCollect(tasks.asyncStream([1], () => Effect.zip(Task.Callers, inner), { id: "parent" }));
      const caller = yield* Actor.spawn(callerOf(false), []);
      const seen = yield* caller.call("Do", { work: outer });
      expect(seen).toEqual([[[["caller"]], [[["tasks", "parent"], ["caller"]]]]]);
    }),
  );

  it.effect(title("async_stream consuming from another process"), () =>
    Effect.gen(function* () {
      const tasks = yield* TaskSupervisor.start();
      const seen: Array<number> = [];
      const stream = tasks.asyncStream([1, 2, 3], (n) => Effect.sync(() => void seen.push(n)));
      const fiber = yield* Effect.forkDetach(Stream.runDrain(stream));
      yield* Fiber.join(fiber);
      expect(seen).toEqual([1, 2, 3]);
    }),
  );

  it.effect(title("async_stream with timeout and :zip_input_on_exit set to true: what is in order can be zipped with its items"), () =>
    Effect.gen(function* () {
      const tasks = yield* TaskSupervisor.start();
      const items = [1, 100];
      const exits = tasks.asyncStream(items, sleep, { onTimeout: "killTask", timeoutMillis: 50 });
      const zipped = yield* run(Stream.runCollect(Stream.zip(Stream.fromIterable(items), exits)));
      expect(zipped.map(([item, exit]) => [item, outcome(exit)])).toEqual([
        [1, 1],
        [100, "fail: TaskTimeout"],
      ]);
      expect(yield* tasks.children).toEqual([]);
    }),
  );

  it.effect(title("async_stream with outer halt on failure and :zip_input_on_exit"), () =>
    Effect.gen(function* () {
      const tasks = yield* TaskSupervisor.start();
      const exits = tasks.asyncStreamNoLink([1, 2, 3, 4, 5, 6, 7, 8], (n) => Effect.fail(n));
      expect((yield* Stream.runCollect(Stream.take(exits, 4))).map(outcome)).toEqual(["fail: 1", "fail: 2", "fail: 3", "fail: 4"]);
      expect(yield* tasks.children).toEqual([]);
    }),
  );

  it.effect(title("async_stream does not allow streaming with invalid :shutdown"), () =>
    Effect.gen(function* () {
      const tasks = yield* TaskSupervisor.start();
      const options = { shutdown: "unknown" } as unknown as Task.StreamOptions;
      expect(() => tasks.asyncStream([], sleep, options)).toThrow(
        'shutdown is "unknown": it has to be milliseconds, "brutal_kill" or "infinity"',
      );
    }),
  );
});
