/** Shutdowns in phases, by virtual time. */
import { describe, expect, it } from "@effect/vitest";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Logger from "effect/Logger";
import * as Scope from "effect/Scope";
import * as fc from "fast-check";
import { type ChildSpec, Shutdown, Supervisor } from "../../src/actor/index.ts";
import { budget } from "../../src/actor/internal/shutdownPlan.ts";
import { pass, quiet, Script, settled, states, worker, type WorkerRef } from "./actors.ts";

/** A child whose stop takes so long. */
const stops = (id: string, millis: number, log: Array<string>, options: Partial<ChildSpec.Options> = {}) => {
  const script = new Script(log);
  script.onTerminate = () =>
    millis === 0
      ? undefined
      : Effect.andThen(
          Effect.sleep(millis),
          Effect.sync(() => void log.push(`${id} done`)),
        );
  return worker(id, { shutdown: "infinity", ...options }, script);
};

const says = (log: Array<string>, text: string) => Effect.sync(() => void log.push(text));
const begun = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true });

/** `phase: name outcome, …` of each phase. */
const lines = ({ phases }: Shutdown.Report): ReadonlyArray<string> =>
  phases.map(({ items, name }) => `${name}: ${items.map((item) => `${item.name} ${item.outcome._tag}`).join(", ")}`);

describe("a shutdown in phases", () => {
  it.effect("takes them in order; what is in one goes on at once; what is in none is stopped at the end", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const children = ["listener", "a", "b", "db"].map((id) => stops(id, id === "a" ? 100 : id === "b" ? 50 : 0, log));
      const app = yield* Supervisor.start({ id: "app", children });
      log.length = 0;
      const shutdown = yield* Shutdown.make(app, {
        phases: [
          { name: "refuse", children: ["listener"] },
          { name: "drain", children: ["a", "b"], tasks: { wait: Effect.andThen(Effect.sleep(70), says(log, "waited")) } },
          { name: "flush", tasks: { log: says(log, "flushed") } },
        ],
      });
      const running = yield* begun(shutdown.run);
      yield* pass(50);
      yield* pass(20);
      expect(yield* states(app)).toBe("listener down, a stopping, b down, db up");
      yield* pass(30);
      const report = yield* Fiber.join(running);
      expect(log).toEqual(["-listener shutdown", "-a shutdown", "-b shutdown", "b done", "waited", "a done", "flushed", "-db shutdown"]);
      expect(lines(report)).toEqual(["refuse: listener done", "drain: wait done, a done, b done", "flush: log done", "stop: app done"]);
      expect(report).toMatchObject({ elapsedMillis: 100, late: [], failed: [] });
      expect(report.phases.map(({ elapsedMillis }) => elapsedMillis)).toEqual([0, 100, 0, 0]);
    }),
  );

  it.effect("at a phase's deadline its tasks are interrupted, its children killed, and the next phase begins", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const app = yield* Supervisor.start({ id: "app", children: [stops("slow", 500, log), stops("quick", 10, log)] });
      const shutdown = yield* Shutdown.make(app, {
        phases: [
          {
            name: "drain",
            timeoutMillis: 100,
            children: ["slow", "quick", "gone"],
            tasks: {
              never: Effect.onInterrupt(Effect.never, () => says(log, "interrupted")),
              deaf: Effect.uninterruptible(Effect.sleep(10_000)),
              fails: Effect.fail("no"),
            },
          },
          { name: "next", tasks: { task: says(log, "next") } },
        ],
      });
      const running = yield* begun(shutdown.run);
      yield* pass(10);
      yield* pass(90);
      const report = yield* Fiber.join(running);
      expect(lines(report)[0]).toBe("drain: never late, deaf late, fails failed, slow late, quick done, gone absent");
      expect(report).toMatchObject({
        elapsedMillis: 100,
        late: ["drain/never", "drain/deaf", "drain/slow"],
        failed: ["drain/fails"],
      });
      expect(log).toContain("interrupted");
      expect(log.at(-1)).toBe("next");
      expect(log).not.toContain("slow done");
      expect(app.alive).toBe(false);
      yield* pass(10_000);
    }).pipe(quiet),
  );

  it.effect("at the total deadline all that is left is killed, and the phases to come are left out", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const app = yield* Supervisor.start({ id: "app", children: [stops("a", 0, log), stops("last", 500, log)] });
      log.length = 0;
      const shutdown = yield* Shutdown.make(app, {
        totalMillis: 150,
        phases: [
          { name: "one", timeoutMillis: 100, tasks: { slow: Effect.sleep(1000) } },
          { name: "two", timeoutMillis: 100, tasks: { slow: Effect.sleep(1000) } },
          { name: "three", children: ["a"], tasks: { skipped: says(log, "never") } },
        ],
      });
      const running = yield* begun(shutdown.run);
      yield* pass(100);
      yield* pass(49);
      expect(running.pollUnsafe()).toBeUndefined();
      yield* pass(1);
      const report = yield* Fiber.join(running);
      yield* settled;
      expect(lines(report)).toEqual(["one: slow late", "two: slow late", "three: skipped skipped, a skipped", "stop: app late"]);
      expect(report.late).toEqual(["one/slow", "two/slow", "three/skipped", "three/a", "stop/app"]);
      expect(report.elapsedMillis).toBe(150);
      expect(app.alive).toBe(false);
      expect(log).not.toContain("last done");
    }).pipe(quiet),
  );

  it.effect("runs once: all who ask get the same report, and one who gives up does not end it", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const app = yield* Supervisor.start({ children: [] });
      const shutdown = yield* Shutdown.make(app, {
        phases: [{ name: "a", tasks: { t: Effect.andThen(Effect.sleep(50), says(log, "done")) } }],
      });
      const first = yield* begun(shutdown.run);
      const second = yield* begun(shutdown.run);
      yield* settled;
      yield* Fiber.interrupt(first);
      yield* pass(50);
      expect(yield* Fiber.join(second)).toBe(yield* shutdown.run);
      expect(log).toEqual(["done"]);
    }),
  );

  it.effect("runs by itself when its scope closes, before the supervisor is stopped, and logs what was late", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const logger = Logger.make(({ message }) => void log.push(JSON.stringify(message)));
      const scope = yield* Scope.make();
      const program = Effect.gen(function* () {
        const app = yield* Supervisor.start({ id: "app", children: [stops("a", 0, log), stops("b", 0, log)] });
        yield* Shutdown.make(app, {
          phases: [
            { name: "first", children: ["a"] },
            { name: "then", timeoutMillis: 10, tasks: { slow: Effect.never, bad: Effect.die("bad") } },
          ],
        });
      });
      yield* Scope.provide(program, scope).pipe(Effect.provide(Logger.layer([logger])));
      log.length = 0;
      const closing = yield* begun(Scope.close(scope, Exit.void));
      yield* pass(10);
      yield* Fiber.join(closing);
      expect(log.slice(0, 2)).toEqual(["-a shutdown", "-b shutdown"]);
      expect(log[2]).toContain('{"late":["then/slow"],"failed":["then/bad"]}');
    }),
  );

  it.effect("takes tasks from elsewhere until the phase begins, with the services of who adds them", () =>
    Effect.gen(function* () {
      class Name extends Context.Service<Name, string>()("test/Name") {}
      const log: Array<string> = [];
      const app = yield* Supervisor.start({ id: "app", children: [] });
      const late = { name: "late", tasks: { own: says(log, "own") } };
      const shutdown = yield* Shutdown.make(app, { phases: [{ name: "early" }, late] });
      const task = Effect.flatMap(Name, (name) => says(log, name));
      yield* shutdown.addTask("late", "named", task).pipe(Effect.provideService(Name, "ada"));
      const takeBack = yield* shutdown.addTask("late", "other", says(log, "other"));
      takeBack();
      const whenEarly = Effect.flip(shutdown.addTask("early", "again", Effect.void));
      const seen: Array<string> = [];
      yield* shutdown.addTask(
        "early",
        "asks",
        Effect.flatMap(whenEarly, (error) => says(seen, error.message)),
      );
      yield* shutdown.run;
      expect(log).toEqual(["own", "ada"]);
      expect(seen).toEqual(['the shutdown of app has no phase "early" to come']);
    }),
  );

  it.effect("a group that is restarted meanwhile does not bring back what was stopped", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const children = [stops("a", 0, log), stops("b", 0, log)];
      const app = yield* Supervisor.start({ strategy: "one_for_all", children });
      const b: WorkerRef = (yield* app.whichChild("b")).ref;
      const seen: Array<string> = [];
      const check = Effect.gen(function* () {
        b.cast("Die");
        yield* Effect.sleep(10);
        seen.push(yield* states(app));
      });
      const shutdown = yield* Shutdown.make(app, {
        phases: [
          { name: "a", children: ["a"] },
          { name: "b", tasks: { check } },
        ],
      });
      const running = yield* begun(shutdown.run);
      yield* pass(10);
      yield* Fiber.join(running);
      expect(seen).toEqual(["a down, b up"]);
    }).pipe(quiet),
  );

  it.effect("phases that make no sense are refused", () =>
    Effect.gen(function* () {
      const app = yield* Supervisor.start({ id: "app", children: [] });
      const problem = (options: Shutdown.Options) => Effect.map(Effect.flip(Shutdown.make(app, options)), (error) => error.problem);
      expect(yield* problem({ phases: [{ name: "a" }, { name: "a" }] })).toBe('two phases are called "a"');
      expect(yield* problem({ phases: [{ name: "stop" }] })).toBe('a phase is called "stop", as the one that comes last by itself');
      expect(yield* problem({ phases: [{ name: "" }] })).toBe("a phase has no name");
      expect(yield* problem({ phases: [], totalMillis: -1 })).toBe("totalMillis is -1: it has to be milliseconds");
      expect(yield* problem({ phases: [{ name: "a", timeoutMillis: Number.NaN }] })).toBe(
        'phase "a": timeoutMillis is NaN, which is no time to wait',
      );
      expect(
        yield* problem({
          phases: [
            { name: "a", children: ["x"] },
            { name: "b", children: ["x"] },
          ],
        }),
      ).toBe('child "x" is in two phases: "a" and "b"');
    }),
  );

  it("the phases together never have more than the total", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 100 })), fc.nat({ max: 200 }), (timeouts, total) => {
        let elapsed = 0;
        for (const timeout of timeouts) {
          const millis = budget(timeout, total, elapsed);
          expect(millis).toBeGreaterThanOrEqual(0);
          expect(millis).toBeLessThanOrEqual(timeout);
          elapsed += millis;
        }
        expect(elapsed).toBeLessThanOrEqual(total);
      }),
    );
  });
});
