import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Scope from "effect/Scope";
import * as TestClock from "effect/testing/TestClock";
import { Supervisor } from "../../src/actor/index.ts";
import { counts, events, failsAfter, pass, quiet, Script, settled, states, system, until, worker } from "./actors.ts";

describe("the start of a tree", () => {
  it.effect("that fails names the child by its path and stops in reverse order what was started", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const inner = Supervisor.child({
        id: "inner",
        children: [worker("b", {}, new Script(log)), worker("c", {}, new Script(log)), worker("bad", {}, failsAfter(0, log))],
      });
      const children = [worker("a", {}, new Script(log)), inner, worker("never", {}, new Script(log))];
      const error = yield* Effect.flip(Supervisor.start({ id: "top", children }));
      expect(error).toMatchObject({ path: ["top", "inner", "bad"], message: "top/inner/bad did not start: Error: start 1" });
      expect(log).toEqual(["+a", "+b", "+c", "-c shutdown", "-b shutdown", "-a shutdown"]);
    }),
  );

  it.effect("goes in order, each child after the one before it is up", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const slow = new Script(log);
      slow.onStart = () => Effect.sleep(100);
      const children = [worker("a", {}, slow), worker("b", {}, new Script(log))];
      const starting = yield* Effect.forkChild(Supervisor.start({ children }), { startImmediately: true });
      yield* pass(99);
      expect(log).toEqual([]);
      yield* pass(1);
      yield* Fiber.join(starting);
      expect(log).toEqual(["+a", "+b"]);
    }),
  );

  it.effect("that hangs can be given up: the scope closes all the same", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const hangs = new Script(log);
      hangs.onStart = () => Effect.onInterrupt(Effect.never, () => Effect.sync(() => void log.push("interrupted")));
      const scope = yield* Scope.make();
      const children = [worker("a", {}, new Script(log)), worker("b", {}, hangs)];
      const starting = yield* Effect.forkChild(Scope.provide(Supervisor.start({ children }), scope), { startImmediately: true });
      yield* settled;
      yield* Fiber.interrupt(starting);
      yield* Scope.close(scope, Exit.void);
      expect(log).toEqual(["+a", "interrupted", "-a shutdown"]);
    }),
  );

  it.effect("refuses two children of one id", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(Supervisor.start({ children: [worker("a"), worker("a")] }));
      expect(String(exit)).toContain('two children have the id "a"');
    }),
  );

  it.effect("may let a child fail: it is restarted like one that was up", () =>
    Effect.gen(function* () {
      const script = new Script();
      script.onStart = (start) => (start < 3 ? Effect.fail("not yet") : undefined);
      const children = [worker("a", { onStartFailure: "restart", backoff: { initialMillis: 100 } }, script), worker("b")];
      const supervisor = yield* Supervisor.start({ children, intensity: "infinity" });
      expect(yield* states(supervisor)).toBe("a restarting, b up");
      yield* pass(100);
      yield* pass(100);
      expect(yield* states(supervisor)).toBe("a up, b up");
    }).pipe(quiet),
  );
});

describe("the end of a tree", () => {
  it.effect("goes in reverse order through all levels", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const leaf = (id: string) => worker(id, {}, new Script(log));
      const scope = yield* Scope.make();
      const inner = Supervisor.child({ id: "inner", children: [leaf("b"), leaf("c")] });
      yield* Scope.provide(Supervisor.start({ children: [leaf("a"), inner, leaf("d")] }), scope);
      yield* Scope.close(scope, Exit.void);
      expect(log.slice(4)).toEqual(["-d shutdown", "-c shutdown", "-b shutdown", "-a shutdown"]);
    }),
  );

  it.effect("by a kill runs no terminate at any level", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const inner = Supervisor.child({ id: "inner", children: [worker("b", {}, new Script(log))] });
      const supervisor = yield* Supervisor.start({ children: [worker("a", {}, new Script(log)), inner] });
      yield* supervisor.kill;
      expect([log, supervisor.alive]).toEqual([["+a", "+b"], false]);
    }).pipe(quiet),
  );

  it.effect("leaves nothing behind after calls, restarts and deadlines", () =>
    Effect.gen(function* () {
      const specs = Array.from({ length: 10 }, (_, n) => worker(`w${n}`, { backoff: { initialMillis: 10 } }));
      const supervisor = yield* Supervisor.start({ children: specs, intensity: "infinity" });
      const { timers } = yield* system;
      for (let round = 0; round < 20; round++) {
        for (const spec of specs) {
          yield* supervisor.ref(spec).call("Incarnation");
          supervisor.ref(spec).cast("Die");
        }
        yield* pass(10);
      }
      expect([specs.map((spec) => supervisor.ref(spec).incarnation), timers.size]).toEqual([specs.map(() => 21), 0]);
      yield* supervisor.stop;
      expect(timers.size).toBe(0);
    }).pipe(quiet),
  );
});

it.effect("events come in the order in which things happened", () =>
  Effect.gen(function* () {
    const seen = yield* events;
    const [a, b] = [worker("a"), worker("b")];
    const supervisor = yield* Supervisor.start({ strategy: "rest_for_one", children: [a, b], intensity: 1 });
    supervisor.ref(a).cast("Die");
    yield* settled;
    const first = ["Started root/a", "Started root/b", "Exited root/a", "Restarting root/a", "Stopping root/b", "Exited root/b"];
    expect(seen.splice(0)).toEqual([...first, "Started root/a", "Started root/b"]);
    supervisor.ref(b).cast("Die");
    yield* until(() => !supervisor.alive);
    expect(seen).toEqual(["Exited root/b", "Escalated root", "Stopping root/a", "Exited root/a"]);
  }).pipe(quiet),
);

it.effect("a clock that jumps back forgives no restart", () =>
  Effect.gen(function* () {
    const spec = worker("a");
    yield* TestClock.setTime(1_000_000);
    const supervisor = yield* Supervisor.start({ children: [spec], intensity: 1, periodMillis: 1000 });
    supervisor.ref(spec).cast("Die");
    yield* settled;
    yield* TestClock.setTime(0);
    supervisor.ref(spec).cast("Die");
    yield* until(() => !supervisor.alive);
    expect(yield* Effect.exit(supervisor.countChildren)).toMatchObject({ _tag: "Failure" });
  }).pipe(quiet),
);

it.effect("children that are added and removed by the thousand leave the order as it was", () =>
  Effect.gen(function* () {
    const log: Array<string> = [];
    const supervisor = yield* Supervisor.start({ children: [worker("first", {}, new Script(log))] });
    for (let n = 0; n < 300; n++) {
      yield* supervisor.startChild(worker(`t${n}`, { restart: "temporary" }, new Script(n % 50 === 0 ? log : [])));
    }
    for (let n = 0; n < 300; n++) if (n % 50 !== 0) yield* supervisor.terminateChild(`t${n}`);
    yield* supervisor.startChild(worker("last", {}, new Script(log)));
    expect(yield* counts(supervisor)).toEqual([8, 8, 0, 8]);
    log.length = 0;
    yield* supervisor.stop;
    const order = ["last", "t250", "t200", "t150", "t100", "t50", "t0", "first"];
    expect(log).toEqual(order.map((id) => `-${id} shutdown`));
  }),
);
