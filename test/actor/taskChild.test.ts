import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import { Actor, type CrashReport, ExitReason, Supervisor, Task } from "../../src/actor/index.ts";
import { reporting, settled, states, told, worker } from "./actors.ts";

describe("a task as a child of a supervisor", () => {
  it.effect("is up while it runs, and started again as its restart type says", () => {
    const reports: Array<CrashReport.CrashReport> = [];
    return Effect.gen(function* () {
      const runs = { permanent: 0, transient: 0, temporary: 0 };
      const specs = (["permanent", "transient", "temporary"] as const).map((restart) => {
        const work = Effect.suspend((): Effect.Effect<void, string> => {
          const run = ++runs[restart];
          return run === 1 ? Effect.fail(`${restart} failed`) : run === 2 ? Effect.void : Effect.never;
        });
        return Task.child(work, { id: restart, restart });
      });
      const supervisor = yield* Supervisor.start({ intensity: 10, children: specs });
      yield* settled;
      assert.deepStrictEqual(runs, { permanent: 3, transient: 2, temporary: 1 });
      assert.strictEqual(yield* states(supervisor), "permanent up, transient down");
      assert.deepStrictEqual(told(reports).toSorted(), [
        "root/permanent: permanent failed",
        "root/temporary: temporary failed",
        "root/transient: transient failed",
      ]);
      yield* supervisor.stop;
    }).pipe(reporting(reports));
  });

  it.effect("ends its supervisor when it is done, where it is significant", () =>
    Effect.gen(function* () {
      const job = Task.child(Effect.yieldNow, { id: "job", restart: "transient", significant: true });
      const other = worker("other");
      const supervisor = yield* Supervisor.start({ autoShutdown: "any_significant", children: [other, job] });
      const end = Actor.awaitExit(supervisor.ref(other));
      assert.strictEqual(ExitReason.format(yield* end), "shutdown");
      yield* settled;
      assert.strictEqual(supervisor.alive, false);
    }),
  );

  it.effect("cannot become an actor, or an actor a task, while it is there; another task it can", () =>
    Effect.gen(function* () {
      const ran: Array<string> = [];
      const job = (name: string) =>
        Task.child(
          Effect.andThen(
            Effect.sync(() => void ran.push(name)),
            Effect.never,
          ),
          { id: "a", restart: "permanent" },
        );
      const problem = 'child "a": an actor cannot become a task, nor a task an actor';
      const supervisor = yield* Supervisor.start({ children: [job("one")] });
      const refused = yield* Effect.flip(supervisor.reconfigure({ children: [worker("a")] }));
      assert.include(refused.message, problem);
      const actors = yield* Supervisor.start({ id: "actors", children: [worker("a")] });
      assert.include((yield* Effect.flip(actors.reconfigure({ children: [job("none")] }))).message, problem);
      yield* supervisor.reconfigure({ children: [job("two")] });
      yield* Actor.stop(supervisor.ref(job("two")));
      yield* settled;
      assert.deepStrictEqual(ran, ["one", "two"]);
    }),
  );

  it.effect("has what it acquires released before its restart", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const acquire = Effect.acquireRelease(
        Effect.sync(() => void log.push("acquired")),
        () => Effect.sync(() => void log.push("released")),
      );
      const job = Task.child(Effect.andThen(acquire, Effect.never), { id: "job", restart: "permanent" });
      const supervisor = yield* Supervisor.start({ children: [job] });
      yield* settled;
      yield* Actor.stop(supervisor.ref(job));
      yield* settled;
      assert.deepStrictEqual(log, ["acquired", "released", "acquired"]);
      yield* supervisor.stop;
      assert.deepStrictEqual(log.length, 4);
    }),
  );
});
