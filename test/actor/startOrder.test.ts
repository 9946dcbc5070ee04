/** Children that start at once, and children that say whom they start after. */
import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Scope from "effect/Scope";
import * as fc from "fast-check";
import { type ChildSpec, Supervisor } from "../../src/actor/index.ts";
import { inStartOrder, orderProblem, StartPlan } from "../../src/actor/internal/startOrder.ts";
import { pass, quiet, reporting, Script, settled, states, told, type WorkerRef, worker } from "./actors.ts";

/** A child that takes so long to start. */
const slow = (id: string, millis: number, log: Array<string>, options: Partial<ChildSpec.Options> = {}) => {
  const script = new Script(log);
  script.onStart = () =>
    Effect.andThen(
      Effect.sync(() => void log.push(`(${id}`)),
      Effect.onInterrupt(Effect.sleep(millis), () => Effect.sync(() => void log.push(`!${id}`))),
    );
  return worker(id, options, script);
};

const parallel = (...children: Supervisor.Options<never>["children"]) => ({ id: "top", startOrder: "parallel" as const, children });

/** The effect, begun. */
const begun = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true });

describe("a parallel start", () => {
  it.effect("takes as long as the slowest child, and is complete when all are up", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const children = [slow("a", 100, log), slow("b", 300, log), worker("c", {}, new Script(log)), slow("d", 200, log)];
      const starting = yield* begun(Supervisor.start(parallel(...children)));
      yield* settled;
      expect(log).toEqual(["(a", "(b", "+c", "(d"]);
      yield* pass(299);
      expect(starting.pollUnsafe()).toBeUndefined();
      yield* pass(1);
      const supervisor = yield* Fiber.join(starting);
      expect(log.slice(4)).toEqual(["+a", "+d", "+b"]);
      expect(yield* states(supervisor)).toBe("a up, b up, c up, d up");
      yield* supervisor.stop;
      expect(log.slice(7)).toEqual(["-d shutdown", "-c shutdown", "-b shutdown", "-a shutdown"]);
    }),
  );

  it.effect("that fails stops the others, the last first, and names the child that failed first", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const reports: Parameters<typeof told>[0][number][] = [];
      const bad = (id: string, millis: number) => {
        const script = new Script(log);
        script.onStart = () => Effect.andThen(Effect.sleep(millis), Effect.fail(`${id} is bad`));
        return worker(id, {}, script);
      };
      const stubborn = new Script(log);
      stubborn.onTerminate = () => Effect.sleep(50);
      const children = [
        slow("a", 10, log),
        bad("b", 100),
        slow("c", 500, log),
        bad("late", 120),
        worker("d", {}, stubborn),
        slow("e", 500, log),
      ];
      const starting = yield* begun(Effect.flip(Supervisor.start(parallel(...children))).pipe(reporting(reports)));
      yield* pass(100);
      // Who failed while the others were stopped is no more than a report: d takes its time, late does not wait for it.
      yield* pass(20);
      yield* pass(30);
      const error = yield* Fiber.join(starting);
      expect(error.message).toBe("top/b did not start: b is bad");
      expect(log).toEqual(["(a", "(c", "+d", "(e", "+a", "!e", "-d shutdown", "!c", "-a shutdown"]);
      expect(told(reports)).toEqual(["top/late: late is bad"]);
    }),
  );

  it.effect("in which a child fails at once does not start those behind it", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const bad = new Script(log);
      bad.onStart = () => {
        throw new Error("no");
      };
      const error = yield* Effect.flip(Supervisor.start(parallel(slow("a", 10, log), worker("b", {}, bad), slow("c", 10, log))));
      expect(error.message).toBe("top/b did not start: Error: no");
      expect(log).toEqual(["(a", "!a"]);
    }),
  );

  it.effect("can be given up, stopped and killed at any time", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const scope = yield* Scope.make();
      const tree = Supervisor.start(parallel(worker("a", {}, new Script(log)), slow("b", 500, log), slow("c", 500, log)));
      const starting = yield* begun(Scope.provide(tree, scope));
      yield* pass(100);
      yield* Fiber.interrupt(starting);
      yield* Scope.close(scope, Exit.void);
      expect(log).toEqual(["+a", "(b", "(c", "!c", "!b", "-a shutdown"]);

      log.length = 0;
      const inner = Supervisor.child({ ...parallel(slow("b", 500, log), slow("c", 500, log)), id: "inner", onStartFailure: "restart" });
      const supervisor = yield* begun(Supervisor.start({ children: [inner], startOrder: "parallel" }));
      yield* pass(100);
      expect(log).toEqual(["(b", "(c"]);
      yield* Fiber.interrupt(supervisor);
    }),
  );

  it.effect("goes on when a child is terminated, has nothing to do, or is tried again later", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const later = new Script(log);
      later.onStart = (start) => (start === 1 ? Effect.fail("not yet") : undefined);
      const inner = Supervisor.child({
        ...parallel(
          slow("a", 500, log),
          slow("b", 100, log),
          worker("later", { onStartFailure: "restart", backoff: { initialMillis: 1000 } }, later),
          worker("off", { autoStart: false }),
          worker("behind", { after: ["later", "off"] }, new Script(log)),
        ),
        id: "inner",
      });
      const top = yield* Supervisor.start({ id: "top", children: [], intensity: 5 });
      const starting = yield* begun(top.startChild(inner));
      yield* pass(100);
      expect(log).toEqual(["(a", "(b", "+behind", "+b"]);
      const below = yield* top.supervisor("inner");
      yield* below.terminateChild("a");
      yield* Fiber.join(starting);
      expect(yield* states(below)).toBe("a down, b up, later restarting, off down, behind up");
      yield* pass(900);
      expect(yield* states(below)).toBe("a down, b up, later up, off down, behind up");
    }).pipe(quiet),
  );

  it.effect("comes again when the supervisor is restarted; a child that fails later is restarted alone", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const inner = Supervisor.child({ ...parallel(slow("a", 100, log), slow("b", 100, log)), id: "inner", intensity: 1 });
      const starting = yield* begun(Supervisor.start({ children: [inner] }));
      yield* pass(100);
      const top = yield* Fiber.join(starting);
      log.length = 0;
      const a: WorkerRef = (yield* (yield* top.supervisor("inner")).whichChild("a")).ref;
      a.cast("Die");
      yield* pass(100);
      expect(log.splice(0)).toEqual(["-a Error: died", "(a", "+a"]);
      a.cast("Die");
      yield* pass(100);
      expect(log).toEqual(["-a Error: died", "-b shutdown", "(a", "(b", "+a", "+b"]);
    }).pipe(quiet),
  );

  it.effect("is refused where children depend on each other", () =>
    Effect.gen(function* () {
      for (const strategy of ["one_for_all", "rest_for_one"] as const) {
        const error = yield* Effect.flip(Supervisor.start({ ...parallel(worker("a")), strategy }));
        expect(error.message).toBe(`top did not start: startOrder is parallel, but with ${strategy} children start and stop in order`);
      }
    }),
  );

  it.effect("of many children is over at once, however they depend on each other", () =>
    Effect.gen(function* () {
      const ids = Array.from({ length: 2000 }, (_, i) => `${i}`);
      const chain = ids.map((id, i) => worker(id, i === ids.length - 1 ? {} : { after: [ids[i + 1]!] }));
      const supervisor = yield* Supervisor.start(parallel(...chain));
      expect((yield* supervisor.whichChildren).map(({ id }) => id)).toEqual(ids.toReversed());
    }),
  );
});

describe("a parallel stop", () => {
  const stubborn = (id: string, millis: number, log: Array<string>, options: Partial<ChildSpec.Options> = {}) => {
    const script = new Script(log);
    script.onTerminate = () => Effect.sleep(millis);
    return worker(id, options, script);
  };
  const atOnce = (...children: Supervisor.Options<never>["children"]) => ({ id: "top", stopOrder: "parallel" as const, children });

  it.effect("takes as long as the slowest child, and has nobody wait but for those that are after him", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const children = [
        stubborn("db", 100, log),
        stubborn("cache", 50, log),
        worker("quick", {}, new Script(log)),
        stubborn("api", 200, log, { after: ["db", "cache"] }),
        stubborn("jobs", 30, log, { after: ["cache"] }),
      ];
      const supervisor = yield* Supervisor.start(atOnce(...children));
      log.length = 0;
      const stopping = yield* begun(supervisor.stop);
      yield* settled;
      expect(log.splice(0)).toEqual(["-jobs shutdown", "-api shutdown", "-quick shutdown"]);
      yield* pass(30);
      expect(log).toEqual([]);
      yield* pass(170);
      expect(log.splice(0)).toEqual(["-cache shutdown", "-db shutdown"]);
      yield* pass(99);
      expect(stopping.pollUnsafe()).toBeUndefined();
      yield* pass(1);
      yield* Fiber.join(stopping);
    }),
  );

  it.effect("ends who waits for a restart, who dies meanwhile, and who is killed at his own deadline; a kill cuts it short", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const dying = new Script(log);
      dying.onTerminate = () => Effect.andThen(Effect.sleep(10), Effect.die("bad end"));
      const inner = Supervisor.child({
        ...atOnce(
          worker("waiting", { backoff: { initialMillis: 1000 } }, new Script(log)),
          worker("dying", {}, dying),
          stubborn("late", 500, log, { shutdown: 20 }),
        ),
        id: "inner",
        intensity: 5,
      });
      const top = yield* Supervisor.start({ id: "top", children: [inner] });
      const below = yield* top.supervisor("inner");
      ((yield* below.whichChild("waiting")).ref as WorkerRef).cast("Die");
      yield* settled;
      const stopping = yield* begun(top.terminateChild("inner"));
      yield* pass(10);
      expect(stopping.pollUnsafe()).toBeUndefined();
      yield* pass(10);
      yield* Fiber.join(stopping);
      yield* top.restartChild("inner");
      const again = yield* begun(top.terminateChild("inner"));
      yield* pass(5);
      yield* top.kill;
      yield* Fiber.join(again);
      expect(top.alive).toBe(false);
    }).pipe(quiet),
  );

  it.effect("is refused where children depend on each other, and its warning counts the longest chain", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Supervisor.start({ ...atOnce(worker("a")), strategy: "one_for_all" }));
      expect(error.message).toBe("top did not start: stopOrder is parallel, but with one_for_all children start and stop in order");
      const inner = (...after: ReadonlyArray<string>) =>
        Supervisor.child({ ...atOnce(worker("a", { shutdown: 60 }), worker("b", { shutdown: 60, after })), id: "inner", shutdown: 100 });
      expect(Supervisor.check({ children: [inner()] }).filter(({ code }) => code === "HSU-SUP-110")).toEqual([]);
      expect(Supervisor.check({ children: [inner("a")] }).map(({ code }) => code)).toContain("HSU-SUP-110");
    }),
  );

  it.effect("of thousands lets others in", () =>
    Effect.gen(function* () {
      const children = Array.from({ length: 3000 }, (_, i) => worker(`${i}`));
      const supervisor = yield* Supervisor.start({ ...atOnce(...children), startOrder: "parallel" });
      yield* supervisor.stop;
      expect(supervisor.alive).toBe(false);
    }),
  );
});

describe("after", () => {
  it.effect("in a parallel start a child waits for those that it is after, and for no others", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const children = [
        slow("api", 10, log, { after: ["db", "cache"] }),
        slow("db", 200, log),
        slow("cache", 100, log),
        slow("metrics", 10, log),
        slow("jobs", 10, log, { after: ["cache"] }),
      ];
      const starting = yield* begun(Supervisor.start(parallel(...children)));
      yield* pass(10);
      yield* pass(90);
      yield* pass(10);
      yield* pass(90);
      yield* pass(10);
      const supervisor = yield* Fiber.join(starting);
      expect(log).toEqual(["(db", "(cache", "(metrics", "+metrics", "+cache", "(jobs", "+jobs", "+db", "(api", "+api"]);
      yield* supervisor.stop;
      expect(log.slice(10).map((line) => line.split(" ")[0])).toEqual(["-jobs", "-metrics", "-api", "-cache", "-db"]);
    }),
  );

  it.effect("in a sequential start it moves a child, and in rest_for_one it says who goes with whom", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const child = (id: string, ...after: ReadonlyArray<string>) => worker(id, { after }, new Script(log));
      const supervisor = yield* Supervisor.start({ strategy: "rest_for_one", children: [child("a", "c"), child("b"), child("c")] });
      expect(log).toEqual(["+c", "+a", "+b"]);
      const a: WorkerRef = (yield* supervisor.whichChild("a")).ref;
      a.cast("Die");
      yield* settled;
      expect(log.slice(3)).toEqual(["-a Error: died", "-b shutdown", "+a", "+b"]);
      yield* supervisor.reconfigure({ strategy: "rest_for_one", children: [child("a"), child("b"), child("c", "b")] });
      expect((yield* supervisor.whichChildren).map(({ id }) => id)).toEqual(["a", "b", "c"]);
    }).pipe(quiet),
  );

  it.effect("a circle, an unknown sibling and what is no list are mistakes of the spec", () =>
    Effect.gen(function* () {
      const problem = (...children: ReadonlyArray<ChildSpec.Any<never>>) =>
        Effect.map(Effect.flip(Supervisor.start({ id: "top", children })), ({ message }) => message.replace("top did not start: ", ""));
      const after = (id: string, ...others: ReadonlyArray<string>) => worker(id, { after: others });
      expect(yield* problem(after("a", "b"), after("b", "d", "c"), after("c", "b"), worker("d"))).toBe(
        'these children are after each other: "b" → "c" → "b"',
      );
      expect(yield* problem(after("a", "a"))).toBe('these children are after each other: "a" → "a"');
      expect(yield* problem(after("a", "z"))).toBe('child "a": is after "z", which is none of its siblings');
      expect(yield* problem(worker("a", { after: "b" as never }), worker("b"))).toBe('child "a": after is no list of ids');
      expect(yield* problem(worker("a"), after("a", "a"))).toBe('two children have the id "a"');
    }),
  );
});

describe("the plan of a start", () => {
  const graph = fc
    .array(fc.array(fc.nat({ max: 9 }), { maxLength: 3 }), { minLength: 1, maxLength: 10 })
    .map((edges) =>
      edges.map((others, i) => ({ id: `${i}`, after: others.filter((other) => other < edges.length).map((other) => `${other}`) })),
    );

  it("an order is found exactly when there is one: each child behind those that it is after, and without need nobody moves", () => {
    let orders = 0;
    fc.assert(
      fc.property(graph, (children) => {
        const problem = orderProblem(children);
        // Whoever follows the edges for more steps than there are children goes round in a circle.
        const circular = children.some(({ id }) => {
          let reached = new Set([id]);
          for (let i = 0; i <= children.length; i++) reached = new Set([...reached].flatMap((other) => children[Number(other)]!.after));
          return reached.size > 0;
        });
        expect(problem !== null).toBe(circular);
        if (problem !== null) return;
        orders++;
        const order = inStartOrder(children).map(({ id }) => id);
        expect([...order].sort()).toEqual(children.map(({ id }) => id).sort());
        for (const { after, id } of children) for (const other of after) expect(order.indexOf(other)).toBeLessThan(order.indexOf(id));
        if (children.every(({ after, id }) => after.every((other) => Number(other) < Number(id)))) {
          expect(order).toEqual(children.map(({ id }) => id));
        }
      }),
      { numRuns: 1000 },
    );
    expect(orders).toBeGreaterThan(100);
  });

  it("whatever ends first, each child begins once, as soon as those that it is after have come to an end", () => {
    fc.assert(
      fc.property(graph, fc.array(fc.nat({ max: 9 }), { minLength: 60, maxLength: 60 }), (children, picks) => {
        fc.pre(orderProblem(children) === null);
        const plan = new StartPlan(inStartOrder(children));
        const begun: Array<string> = [];
        const running: Array<string> = [];
        const ended = new Set<string>();
        for (const pick of picks) {
          for (let id = plan.next(); id !== undefined; id = plan.next()) {
            expect(children[Number(id)]!.after.every((other) => ended.has(other))).toBe(true);
            begun.push(id);
            running.push(id);
          }
          expect(children.filter(({ after, id }) => !begun.includes(id) && after.every((other) => ended.has(other)))).toEqual([]);
          expect(plan.done).toBe(ended.size === children.length);
          if (running.length === 0) break;
          const [id] = running.splice(pick % running.length, 1);
          ended.add(id!);
          plan.settled(id!);
        }
        expect([...begun].sort()).toEqual(children.map(({ id }) => id).sort());
      }),
      { numRuns: 500 },
    );
  });
});
