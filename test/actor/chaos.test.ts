/** Starts and stops that take time and fail, in every order that chance finds: what must hold whatever happens. */
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as TestClock from "effect/testing/TestClock";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { type ChildSpec, Supervisor } from "../../src/actor/index.ts";
import { pass, quiet, Script, settled, system, worker } from "./actors.ts";

const millis = fc.constantFrom(0, 0, 5, 20, 50);
const child = fc.record({
  restart: fc.constantFrom("permanent", "permanent", "transient", "temporary"),
  starts: fc.array(fc.record({ takes: millis, fails: fc.boolean() }), { minLength: 1, maxLength: 6 }),
  stopTakes: fc.constantFrom(0, 0, 5, 50, Infinity),
  shutdown: fc.constantFrom<ChildSpec.Shutdown>(0, 10, 50, "brutal_kill"),
  backoff: fc.option(fc.record({ initialMillis: millis, factor: fc.constantFrom(1, 2) }), { nil: undefined }),
  startTimeoutMillis: fc.option(fc.constantFrom(5, 20, 30), { nil: undefined }),
  maxAttempts: fc.option(fc.nat({ max: 5 }), { nil: undefined }),
  nested: fc.boolean(),
});
const index = fc.nat({ max: 4 });
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ die: index }) },
  { weight: 1, arbitrary: fc.record({ finish: index }) },
  { weight: 3, arbitrary: fc.record({ pass: fc.constantFrom(0, 1, 5, 20, 50, 100) }) },
  { weight: 2, arbitrary: fc.record({ terminate: index, hold: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ restart: index }) },
  { weight: 1, arbitrary: fc.record({ add: index }) },
  { weight: 1, arbitrary: fc.record({ remove: index }) },
);
type Kid = typeof child extends fc.Arbitrary<infer A> ? A : never;

/** A worker that takes its time as told, and writes down when it begins and has ended. */
const build = (kid: Kid, id: string, alive: Map<string, number>, broken: Array<string>) => {
  const script = new Script();
  const change = (by: number): void => {
    const now = (alive.get(id) ?? 0) + by;
    alive.set(id, now);
    if (now < 0 || now > 1) broken.push(`${id}: ${now} incarnations at once`);
  };
  script.onStart = (start) => {
    const { takes: least, fails } = start === 1 ? { takes: 0, fails: false } : kid.starts[start % kid.starts.length]!;
    // A start that fails in no time, again and again without a limit, would never leave the loop calm under a clock that stands still.
    const takes = fails ? least + 1 : least;
    return Effect.acquireRelease(
      Effect.sync(() => change(1)),
      () => Effect.sync(() => change(-1)),
    ).pipe(Effect.andThen(takes === 0 ? Effect.void : Effect.sleep(takes)), Effect.andThen(fails ? Effect.fail("bad luck") : Effect.void));
  };
  script.onTerminate = () => (kid.stopTakes === 0 ? undefined : kid.stopTakes === Infinity ? Effect.never : Effect.sleep(kid.stopTakes));
  const options: Partial<ChildSpec.Options> = {
    restart: kid.restart,
    shutdown: kid.shutdown,
    ...(kid.backoff === undefined ? {} : { backoff: kid.backoff }),
    ...(kid.startTimeoutMillis === undefined ? {} : { startTimeoutMillis: kid.startTimeoutMillis }),
    ...(kid.maxAttempts === undefined ? {} : { maxAttempts: kid.maxAttempts }),
  };
  const leaf = worker(kid.nested ? "leaf" : id, options, script);
  return {
    leaf,
    spec: kid.nested ? Supervisor.child({ id, children: [leaf], intensity: 1, periodMillis: 20, restart: kid.restart }) : leaf,
  };
};

const scenario = fc.record({
  strategy: fc.constantFrom("one_for_one", "one_for_all", "rest_for_one"),
  kids: fc.array(child, { minLength: 1, maxLength: 5 }),
  intensity: fc.constantFrom<number | "infinity">("infinity", "infinity", 3),
  steps: fc.array(step, { maxLength: 25 }),
  end: fc.constantFrom("stop", "kill"),
});

it("never two incarnations at once, no operation without an answer, and nothing left behind", async () => {
  await fc.assert(
    fc.asyncProperty(scenario, ({ strategy, kids, intensity, steps, end }) =>
      Effect.gen(function* () {
        const alive = new Map<string, number>();
        const broken: Array<string> = [];
        const built = kids.map((kid, n) => build(kid, `c${n}`, alive, broken));
        const supervisor = yield* Supervisor.start({ strategy, intensity, periodMillis: 50, children: built.map(({ spec }) => spec) });
        const refs = built.map(({ spec, leaf }) => (spec.type === "worker" ? supervisor.ref(leaf) : undefined));
        const asked: Array<readonly [string, Fiber.Fiber<unknown, unknown>]> = [];
        const ask = (effect: Effect.Effect<unknown, unknown>, name: string) =>
          Effect.map(Effect.forkChild(Effect.exit(effect), { startImmediately: true }), (fiber) => void asked.push([name, fiber]));
        for (const [n, current] of steps.entries()) {
          if ("die" in current) refs[current.die]?.cast("Die");
          else if ("finish" in current) refs[current.finish]?.cast("Finish");
          else if ("pass" in current) yield* pass(current.pass);
          else if ("terminate" in current) yield* ask(supervisor.terminateChild(`c${current.terminate}`, current), `${n} terminate`);
          else if ("restart" in current) yield* ask(supervisor.restartChild(`c${current.restart}`), `${n} restart`);
          else if ("remove" in current) yield* ask(supervisor.deleteChild(`c${current.remove}`), `${n} remove`);
          else {
            const kid = kids[current.add % kids.length]!;
            const added = build(kid, `d${n}`, alive, broken).spec as ChildSpec.ChildSpec<never, never>;
            yield* ask(supervisor.startChild(added), `${n} add`);
          }
        }
        // Long enough for every start and stop to have had its time, unless a loop goes on for ever: that one is stopped.
        yield* pass(30);
        const ending = yield* Effect.forkChild(supervisor[end], { startImmediately: true });
        for (let n = 0; n < 10; n++) yield* pass(100);
        yield* settled;
        expect([supervisor.alive, ending.pollUnsafe() === undefined]).toEqual([false, false]);
        expect(asked.filter(([, fiber]) => fiber.pollUnsafe() === undefined).map(([name]) => name)).toEqual([]);
        expect([broken, [...alive.values()].filter((count) => count !== 0)]).toEqual([[], []]);
        expect((yield* system).timers.size).toBe(0);
      }).pipe(Effect.scoped, Effect.provide(TestClock.layer()), quiet, Effect.runPromise),
    ),
    { numRuns: 150 },
  );
});
