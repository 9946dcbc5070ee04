/** Starts of groups, in parallel and in order, with all that can come in between. */
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as TestClock from "effect/testing/TestClock";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { Supervisor } from "../../src/actor/index.ts";
import { pass, quiet, Script, settled, system, worker, type WorkerRef } from "./actors.ts";

const kid = fc.record({
  takes: fc.constantFrom(0, 0, 5, 20, 50, Infinity),
  fails: fc.boolean(),
  stopTakes: fc.constantFrom(0, 0, 5),
  onStartFailure: fc.constantFrom("escalate", "restart", "restart"),
  startTimeoutMillis: fc.option(fc.constantFrom(5, 30), { nil: undefined }),
  after: fc.array(fc.nat({ max: 5 }), { maxLength: 2 }),
});
const index = fc.nat({ max: 5 });
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ pass: fc.constantFrom(0, 1, 5, 20, 50) }) },
  { weight: 1, arbitrary: fc.record({ die: index }) },
  { weight: 1, arbitrary: fc.record({ terminate: index }) },
  { weight: 1, arbitrary: fc.record({ restart: index }) },
  { weight: 1, arbitrary: fc.record({ remove: index }) },
);
const scenario = fc.record({
  parallel: fc.boolean(),
  stopsAtOnce: fc.boolean(),
  kids: fc.array(kid, { minLength: 1, maxLength: 6 }),
  steps: fc.array(step, { maxLength: 12 }),
  end: fc.constantFrom("stop", "kill"),
});

it("whatever comes in between: one incarnation at a time, children in their order, each operation answered, and nothing left behind", async () => {
  let ups = 0;
  let failures = 0;
  await fc.assert(
    fc.asyncProperty(scenario, ({ end, kids, parallel, steps, stopsAtOnce }) =>
      Effect.gen(function* () {
        const broken: Array<string> = [];
        const alive = new Map<string, number>();
        /** Whose first start has begun, and whose is over. */
        const begun = new Set<string>();
        const over = new Set<string>();
        let touched = false;
        /** After some of those before it: no circles. */
        const afterOf = (n: number) => (n === 0 ? [] : [...new Set(kids[n]!.after.map((other) => `c${other % n}`))]);
        const children = kids.map((given, n) => {
          const id = `c${n}`;
          const after = afterOf(n);
          const script = new Script();
          const change = (by: number): void => {
            const now = (alive.get(id) ?? 0) + by;
            alive.set(id, now);
            if (now < 0 || now > 1) broken.push(`${id}: ${now} incarnations at once`);
          };
          script.onStart = (start) => {
            begun.add(id);
            const early = after.filter((other) => !over.has(other));
            if (start === 1 && !touched && early.length > 0) broken.push(`${id} before ${early.join()}`);
            const work = given.takes === 0 ? Effect.void : given.takes === Infinity ? Effect.never : Effect.sleep(given.takes);
            const outcome = given.fails && start === 1 ? Effect.andThen(Effect.sleep(1), Effect.fail("bad luck")) : Effect.void;
            return Effect.acquireRelease(
              Effect.sync(() => change(1)),
              () => Effect.sync(() => change(-1)),
            ).pipe(Effect.andThen(work), Effect.andThen(outcome), Effect.ensuring(Effect.sync(() => void over.add(id))));
          };
          script.onTerminate = () => {
            // Nobody is asked while somebody runs who is after him.
            const behind = kids.flatMap((_, m) => (m > n && afterOf(m).includes(id) && (alive.get(`c${m}`) ?? 0) > 0 ? [`c${m}`] : []));
            if (!touched && behind.length > 0) broken.push(`${id} stopped before ${behind.join()}`);
            return given.stopTakes === 0 ? undefined : Effect.sleep(given.stopTakes);
          };
          const { onStartFailure, startTimeoutMillis } = given;
          const timeout = startTimeoutMillis === undefined ? {} : { startTimeoutMillis };
          return worker(id, { after, onStartFailure, shutdown: 20, backoff: { initialMillis: 10 }, ...timeout }, script);
        });
        const inner = Supervisor.child({
          id: "inner",
          startOrder: parallel ? "parallel" : "sequential",
          stopOrder: stopsAtOnce ? "parallel" : "sequential",
          intensity: "infinity",
          restart: "temporary",
          children,
        });
        const top = yield* Supervisor.start({ id: "top", children: [] });
        const asked: Array<Fiber.Fiber<unknown, unknown>> = [];
        const ask = (effect: Effect.Effect<unknown, unknown>) =>
          Effect.map(Effect.forkChild(Effect.exit(effect), { startImmediately: true }), (fiber) => void asked.push(fiber));
        const starting = yield* Effect.forkChild(Effect.exit(top.startChild(inner)), { startImmediately: true });
        yield* settled;
        const found = yield* Effect.exit(top.supervisor("inner"));
        if (found._tag === "Success") {
          const supervisor = found.value;
          for (const current of steps) {
            if ("pass" in current) yield* pass(current.pass);
            else {
              touched = true;
              const id = (n: number): string => `c${n}`;
              if ("terminate" in current) yield* ask(supervisor.terminateChild(id(current.terminate)));
              else if ("restart" in current) yield* ask(supervisor.restartChild(id(current.restart)));
              else if ("remove" in current) yield* ask(supervisor.deleteChild(id(current.remove)));
              else yield* ask(Effect.map(supervisor.whichChild(id(current.die)), ({ ref }) => (ref as WorkerRef).cast("Die")));
            }
          }
          yield* pass(500);
          // It hangs only because a child's start does.
          const ends = kids.every(({ startTimeoutMillis, takes }) => takes !== Infinity || startTimeoutMillis !== undefined);
          if (ends && starting.pollUnsafe() === undefined) broken.push("the start hangs");
        }
        const ending = yield* Effect.forkChild(top[end], { startImmediately: true });
        for (let n = 0; n < 5; n++) yield* pass(50);
        yield* settled;
        const exit = starting.pollUnsafe();
        if (exit?._tag === "Success" && exit.value._tag === "Success") {
          ups++;
          if (!touched && begun.size < kids.length) broken.push("up without all of them");
        } else failures++;
        expect([top.alive, ending.pollUnsafe() === undefined, exit === undefined]).toEqual([false, false, false]);
        expect(asked.filter((fiber) => fiber.pollUnsafe() === undefined)).toHaveLength(0);
        expect([broken, [...alive.values()].filter((count) => count !== 0)]).toEqual([[], []]);
        expect((yield* system).timers.size).toBe(0);
      }).pipe(Effect.scoped, Effect.provide(TestClock.layer()), quiet, Effect.runPromise),
    ),
    { numRuns: 300 },
  );
  expect(Math.min(ups, failures)).toBeGreaterThan(20);
});
