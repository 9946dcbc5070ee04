import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Scope from "effect/Scope";
import { Actor, Supervisor } from "../../src/actor/index.ts";
import { acquiring, pass, Script, system, worker, Worker } from "./actors.ts";

describe("the start of an actor", () => {
  it.effect("by an effect is up when the effect has its state", () =>
    Effect.gen(function* () {
      const script = new Script();
      script.onStart = () => Effect.sleep(100);
      const spawning = yield* Effect.forkChild(Actor.spawn(Worker, script), { startImmediately: true });
      yield* pass(99);
      expect(spawning.pollUnsafe()).toBe(undefined);
      yield* pass(1);
      expect((yield* Fiber.join(spawning)).alive).toBe(true);
    }),
  );

  for (const [how, fails, reason] of [
    [
      "throws",
      () => {
        throw new Error("no luck");
      },
      "Error: no luck",
    ],
    ["fails", () => Effect.fail("no luck"), "no luck"],
    ["fails later", () => Effect.andThen(Effect.yieldNow, Effect.fail("no luck")), "no luck"],
    ["dies", () => Effect.die(new Error("no luck")), "Error: no luck"],
  ] as const) {
    it.effect(`that ${how} is told to who asked for it`, () =>
      Effect.gen(function* () {
        const script = new Script();
        script.onStart = fails;
        const error = yield* Effect.flip(Actor.spawn(Worker, script, { id: "w" }));
        expect(error).toMatchObject({ _tag: "StartError", path: ["w"], message: `w did not start: ${reason}` });
        expect(script.log).toEqual([]);
      }),
    );
  }

  it.effect("that fails releases what it had acquired before anybody hears of it", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const script = acquiring(log);
      const acquire = script.onStart;
      script.onStart = (start) => Effect.andThen(acquire(start) as Effect.Effect<void, never, Scope.Scope>, Effect.fail("late"));
      yield* Effect.flip(Actor.spawn(Worker, script));
      expect(log).toEqual(["acquired 1", "released 1"]);
    }),
  );

  it.effect("that never returns is killed at its deadline", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const script = new Script(log);
      script.onStart = () => Effect.onInterrupt(Effect.never, () => Effect.sync(() => void log.push("interrupted")));
      const children = [worker("slow", { startTimeoutMillis: 500 }, script)];
      const starting = yield* Effect.forkChild(Effect.flip(Supervisor.start({ children })), { startImmediately: true });
      yield* pass(499);
      expect(log).toEqual([]);
      yield* pass(1);
      expect((yield* Fiber.join(starting)).message).toBe("root/slow did not start: not up after 500 ms");
      expect(log).toEqual(["interrupted"]);
      expect((yield* system).timers.size).toBe(0);
    }),
  );

  it.effect("whose caller is interrupted is undone when the scope closes", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const script = new Script(log);
      script.onStart = () => Effect.onInterrupt(Effect.never, () => Effect.sync(() => void log.push("interrupted")));
      const scope = yield* Scope.make();
      const spawning = yield* Effect.forkChild(Scope.provide(Actor.spawn(Worker, script), scope), { startImmediately: true });
      yield* Fiber.interrupt(spawning);
      yield* Scope.close(scope, Exit.void);
      expect(log).toEqual(["interrupted"]);
    }),
  );
});
