/** Tasks under whatever happens to them: each gets one end, everybody who waits hears of it, and nothing is left. */

import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Scope from "effect/Scope";
import * as TestClock from "effect/testing/TestClock";
import * as fc from "fast-check";
import { assert, it } from "vitest";
import { Actor, type ActorRef, Task, TaskSupervisor } from "../../src/actor/index.ts";
import { pass, quiet, settled, system } from "./actors.ts";
import { run } from "./tasks.ts";

const works = ["succeed", "fail", "die", "interrupt", "never", "sleep", "slowEnd", "badEnd", "nested"] as const;
const starts = ["async", "asyncNoLink", "startChild", "restarted", "alone"] as const;

const command = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom(...starts), work: fc.constantFrom(...works), scope: fc.nat(2) }),
  },
  fc.record({
    do: fc.constantFrom("await", "shutdown", "brutal", "terminate", "stop", "kill", "interrupt"),
    which: fc.nat(20),
  }),
  fc.record({ do: fc.constant("close"), scope: fc.nat(2) }),
  fc.record({ do: fc.constant("pass"), millis: fc.nat(20) }),
);
type Command = typeof command extends fc.Arbitrary<infer A> ? A : never;

const chaos = (commands: ReadonlyArray<Command>) =>
  Effect.gen(function* () {
    const { timers } = yield* system;
    const before = timers.size;
    const held = { now: 0 };
    const scopes = [Scope.makeUnsafe(), Scope.makeUnsafe(), Scope.makeUnsafe()];
    const outer = Scope.makeUnsafe();
    const tasks = yield* Effect.provideService(TaskSupervisor.start({ intensity: "infinity" }), Scope.Scope, outer);
    const started: Array<Task.Task<unknown, unknown>> = [];
    const refs: Array<ActorRef<never>> = [];
    const waiting: Array<Fiber.Fiber<unknown, unknown>> = [];
    const side: Array<Fiber.Fiber<unknown, unknown>> = [];
    const apart = (effect: Effect.Effect<unknown, unknown>) =>
      Effect.map(Effect.forkDetach(Effect.exit(effect), { startImmediately: true }), (fiber) => void side.push(fiber));

    const workOf = (name: (typeof works)[number]): Effect.Effect<unknown, unknown, Scope.Scope> => {
      const hold = Effect.acquireRelease(
        Effect.sync(() => void held.now++),
        () => Effect.sync(() => void held.now--),
      );
      const bodies: Record<(typeof works)[number], Effect.Effect<unknown, unknown, Scope.Scope>> = {
        succeed: Effect.succeed(1),
        fail: Effect.fail("no"),
        die: Effect.die("no"),
        interrupt: Effect.interrupt,
        never: Effect.never,
        sleep: Effect.sleep(5),
        slowEnd: Effect.onInterrupt(Effect.never, () => Effect.sleep(7)),
        badEnd: Effect.onInterrupt(Effect.never, () => Effect.die("end")),
        nested: Effect.suspend(() => Effect.flatMap(tasks.async(workOf("sleep")), (task) => Task.await(task))),
      };
      return Effect.andThen(hold, bodies[name]);
    };

    for (const step of commands) {
      if ("work" in step) {
        const work = workOf(step.work);
        const scope = scopes[step.scope]!;
        const start: Effect.Effect<Task.Task<unknown, unknown> | ActorRef<never>, unknown, Scope.Scope> =
          step.do === "async"
            ? tasks.async(work, { shutdown: 3 })
            : step.do === "alone"
              ? Task.async(work)
              : step.do === "asyncNoLink"
                ? tasks.asyncNoLink(work)
                : tasks.startChild(work, {
                    restart: step.do === "restarted" ? "transient" : "temporary",
                    maxAttempts: 2,
                    backoff: { initialMillis: 1 },
                  });
        const result = yield* Effect.orDie(Effect.provideService(start, Scope.Scope, scope));
        if ("ref" in result) started.push(result);
        refs.push("ref" in result ? result.ref : result);
      } else if (step.do === "close") {
        const closed = scopes[step.scope]!;
        scopes[step.scope] = Scope.makeUnsafe();
        yield* apart(Scope.close(closed, Exit.void));
      } else if (step.do === "pass") {
        yield* pass(step.millis);
      } else if (step.do === "interrupt") {
        const fiber = waiting[step.which % Math.max(1, waiting.length)];
        if (fiber !== undefined) yield* Fiber.interrupt(fiber);
      } else {
        const task = started[step.which % Math.max(1, started.length)];
        const ref = refs[step.which % Math.max(1, refs.length)];
        if (task === undefined || ref === undefined) continue;
        if (step.do === "await")
          waiting.push(yield* Effect.forkDetach(Task.await(task, { timeoutMillis: 50 }), { startImmediately: true }));
        else if (step.do === "shutdown") yield* apart(Task.shutdown(task, { shutdown: 4 }));
        else if (step.do === "brutal") yield* apart(Task.shutdown(task, { shutdown: "brutal_kill" }));
        else if (step.do === "terminate") yield* apart(tasks.terminateChild(ref));
        else if (step.do === "stop") yield* apart(Actor.stop(ref));
        else yield* apart(Actor.kill(ref));
      }
    }
    yield* settled;
    for (const scope of scopes) yield* apart(Scope.close(scope, Exit.void));
    yield* run(Scope.close(outer, Exit.void));
    yield* pass(100);
    yield* Effect.forEach([...side, ...waiting], (fiber) => Fiber.await(fiber));
    yield* settled;
    assert.deepStrictEqual(
      {
        held: held.now,
        alive: started.filter(({ alive }) => alive).length,
        timers: timers.size - before,
        up: refs.filter(({ alive }) => alive).length,
      },
      { held: 0, alive: 0, timers: 0, up: 0 },
    );
    for (const scope of scopes) assert.strictEqual(scope.state._tag, "Closed");
  });

it("whatever happens to tasks, and in whatever order: each ends, who waits is told, and nothing is left", async () => {
  const property = fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 30 }), (commands) =>
    Effect.runPromise(chaos(commands).pipe(quiet, Effect.provide(TestClock.layer()))),
  );
  await fc.assert(property, { numRuns: 500 });
});
