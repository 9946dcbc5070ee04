/** Supervisor.check: it finds what a start refuses, and each of its warnings is true of the model of restarts. */
import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as fc from "fast-check";
import { Backoff, ChildSpec, CircuitBreaker, DynamicSupervisor, RestartIntensity, Supervisor } from "../../src/actor/index.ts";
import { crashLoop, failuresWithin } from "../../src/actor/internal/restartModel.ts";
import { pass, quiet, Script, settled, Worker, worker } from "./actors.ts";

type Given = Omit<Supervisor.Options<never>, "children">;
type ChildGiven = Partial<ChildSpec.Options>;

const codes = (options: Supervisor.Options<never> & { readonly id?: string }): ReadonlyArray<string> =>
  Supervisor.check(options).map(({ code, path }) => `${code} ${path.join("/")}`);

/** The codes of a supervisor with these children, `a`, `b`, … */
const codesOf = (given: Given, ...children: ReadonlyArray<ChildGiven>): ReadonlyArray<string> =>
  codes({ ...given, children: children.map((options, i) => worker("abc"[i]!, options)) });

describe("Supervisor.check: mistakes", () => {
  const odd = fc.constantFrom<unknown>(undefined, 0, 1, 2.5, -1, Number.NaN, Infinity, "infinity", "brutal_kill", "soon");
  const childOptions = fc.record(
    {
      restart: fc.constantFrom<unknown>("permanent", "transient", "temporary", "always"),
      shutdown: odd,
      startTimeoutMillis: odd,
      maxAttempts: odd,
      significant: fc.boolean(),
      after: fc.constantFrom<unknown>([], ["a"], ["a", "b"], ["z"], "a"),
      backoff: fc.record(
        { initialMillis: fc.constantFrom<unknown>(0, 5, -1), maxMillis: odd, resetAfterMillis: odd, factor: odd, jitter: odd },
        { requiredKeys: ["initialMillis"] },
      ),
    },
    { requiredKeys: [] },
  );
  const supervisor = fc.record(
    {
      startOrder: fc.constantFrom<unknown>("sequential", "parallel", "random"),
      strategy: fc.constantFrom<unknown>("one_for_one", "rest_for_one", "one_for_many"),
      intensity: odd,
      periodMillis: odd,
      autoShutdown: fc.constantFrom<unknown>("never", "any_significant", "sometimes"),
      whenExceeded: fc.constantFrom<unknown>("escalate", { cooldownMillis: 1, stableMillis: 1 }, { cooldownMillis: -1 }),
    },
    { requiredKeys: [] },
  );
  /** Nothing odd three times out of four: the trees are not to be all wrong. */
  const seldom = (odd: fc.Arbitrary<object>): fc.Arbitrary<object> =>
    fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: odd });
  const tree = fc.record({
    top: seldom(supervisor),
    inner: seldom(supervisor),
    children: fc.array(fc.tuple(fc.constantFrom("a", "b", "c", "d", "e", "f", ""), seldom(childOptions)), { maxLength: 3 }),
    below: fc.array(seldom(childOptions), { maxLength: 2 }),
  });

  it("a start is refused exactly when there is an error, and the first of its path is among them", async () => {
    let refused = 0;
    let started = 0;
    await fc.assert(
      fc.asyncProperty(tree, async ({ below, children, inner, top }) => {
        const innerChild = Supervisor.child({
          ...(inner as Given),
          id: "inner",
          children: below.map((options, i) => worker(`${i}`, options as ChildGiven)),
        });
        const all = [...children.map(([id, options]) => worker(id, options as ChildGiven)), innerChild];
        const options = { ...(top as Given), id: "top", children: all };
        const errors = Supervisor.check(options).filter(({ severity }) => severity === "error");
        const exit = await Effect.runPromiseExit(Effect.scoped(Supervisor.start(options)).pipe(quiet));
        if (Exit.isSuccess(exit)) {
          started++;
          expect(errors).toEqual([]);
        } else {
          refused++;
          const failed = String(exit);
          expect(errors.map(({ what }) => what).filter((what) => failed.includes(what))).not.toEqual([]);
        }
      }),
      { numRuns: 500 },
    );
    expect(Math.min(started, refused)).toBeGreaterThan(20);
  });

  it("all are found, at each level, with the path of the child and what to do", () => {
    const inner = Supervisor.child({
      id: "inner",
      intensity: -1,
      children: [worker("a", { maxAttempts: 0.5, startTimeoutMillis: -1 }), worker("a")],
    });
    const findings = Supervisor.check({
      id: "app",
      periodMillis: 0,
      strategy: "some" as never,
      children: [inner, worker("b", { significant: true, shutdown: -5, restart: "temporary" })],
    });
    expect(findings.map(({ code, path, severity, what }) => `${severity} ${code} ${path.join("/")}: ${what}`)).toEqual([
      'error HSU-SUP-004 app: strategy is "some": it has to be one_for_one, one_for_all or rest_for_one',
      "error HSU-SUP-004 app: periodMillis is 0: it has to be above 0",
      "error HSU-SUP-004 app/b: shutdown is -5, which is no time to wait",
      "error HSU-SUP-004 app/b: is significant, but autoShutdown is never",
      'error HSU-SUP-004 app/inner: intensity is -1: it has to be a whole number from 0 on, or "infinity"',
      "error HSU-SUP-004 app/inner/a: startTimeoutMillis is -1, which is no time to wait",
      "error HSU-SUP-004 app/inner/a: maxAttempts is 0.5, which is no number of attempts",
      'error HSU-SUP-004 app/inner/a: two children have the id "a"',
    ]);
    expect(findings.every(({ advice }) => advice.length > 10)).toBe(true);
  });

  it("what is no spec at all is an error, not a throw", () => {
    const findings = Supervisor.check({ children: [{ id: "x" } as never, null as never] });
    expect(findings.map(({ severity }) => severity)).toEqual(["error", "error"]);
    expect(Supervisor.check({ children: 5 as never }).map(({ what }) => what)).toEqual(["children is no list"]);
    // Two of one id, one of which is after the other: a search for an order would go round and round.
    const twins = [worker("a"), worker("a", { after: ["a"] })];
    expect(Supervisor.check({ children: twins }).map(({ what }) => what)).toEqual(['two children have the id "a"']);
    const dynamic = DynamicSupervisor.child(Worker, { id: "dynamic", maxChildren: -1, maxAttempts: -2 });
    expect(Supervisor.check({ children: [dynamic] }).map(({ path, what }) => `${path.join("/")}: ${what}`)).toEqual([
      "root/dynamic: maxChildren is -1, which is no number of children",
      "root/dynamic/worker: maxAttempts is -2, which is no number of attempts",
    ]);
  });
});

/** What `failed` in supervisorCell.ts decides for one child, step by step: restart after so long, or no more. */
class Model {
  attempts = 0;
  readonly window: RestartIntensity.RestartWindow;
  readonly options: ChildGiven;
  constructor(options: ChildGiven, window: RestartIntensity.RestartWindow) {
    this.options = options;
    this.window = window;
  }
  fail(now: number, wasUp: number, random: number): number | "giveUp" | "exceeded" {
    const { backoff, maxAttempts } = this.options;
    if (backoff?.resetAfterMillis !== undefined && wasUp >= backoff.resetAfterMillis) this.attempts = 0;
    if (maxAttempts !== undefined && this.attempts >= maxAttempts) return "giveUp";
    this.attempts++;
    if (!this.window.record(now)) return "exceeded";
    return backoff === undefined ? 0 : Math.round(Backoff.delay(backoff, this.attempts, random));
  }
}

const backoff: fc.Arbitrary<Backoff.Backoff> = fc.record(
  {
    initialMillis: fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 50, max: 300 })),
    factor: fc.constantFrom(1, 1.5, 2, 3),
    maxMillis: fc.integer({ min: 1, max: 400 }),
    jitter: fc.constantFrom(0, 0.2, 1),
    resetAfterMillis: fc.constantFrom(0, 5, 40, 200),
  },
  { requiredKeys: ["initialMillis"] },
);
const restarted: fc.Arbitrary<ChildGiven> = fc.record(
  { backoff, maxAttempts: fc.integer({ min: 0, max: 12 }), restart: fc.constantFrom("permanent", "transient", "temporary") },
  { requiredKeys: [] },
);
const limit = fc.record({ intensity: fc.integer({ min: 0, max: 8 }), periodMillis: fc.integer({ min: 1, max: 400 }) });
const random = fc.double({ min: 0, max: 0.999, noNaN: true });
const assertMany = <T>(property: fc.IProperty<T>) => fc.assert(property, { numRuns: 3000 });

describe("Supervisor.check: each warning is true of the model", () => {
  it("HSU-SUP-101: whatever the children do, the limit is never exceeded; and where one child can exceed it, nothing is said", () => {
    let said = 0;
    let unsaid = 0;
    // How long it is up before each failure, and the luck of its jitter.
    const life = fc.array(fc.tuple(fc.nat({ max: 2 }), fc.constantFrom(0, 0, 0, 5, 40, 200), random), { minLength: 40, maxLength: 80 });
    assertMany(
      fc.property(fc.array(restarted, { minLength: 1, maxLength: 3 }), limit, life, (children, bounds, steps) => {
        const warned = codesOf(bounds, ...children).includes("HSU-SUP-101 root");
        const window = RestartIntensity.makeWindow(bounds);
        const models = children.map((options) => new Model(options, window));
        const due = children.map(({ restart }) => (restart === "temporary" ? Infinity : 0));
        let exceeded = false;
        for (const [, wasUp, luck] of steps) {
          const next = due.indexOf(Math.min(...due));
          if (due[next] === Infinity || exceeded) break;
          const now = due[next]! + wasUp;
          if (now > Math.min(...due.filter((_, i) => i !== next), Infinity)) {
            // Another one fails first.
            due[next] = now;
            continue;
          }
          const answer = models[next]!.fail(now, wasUp, luck);
          exceeded ||= answer === "exceeded";
          due[next] = typeof answer === "number" ? now + answer : Infinity;
        }
        if (warned) {
          said++;
          expect(exceeded).toBe(false);
        } else if (exceeded) unsaid++;
      }),
    );
    expect(Math.min(said, unsaid)).toBeGreaterThan(20);
  });

  it("HSU-SUP-101: the bound is tight for a child that fails at each start, with the least of its waits", () => {
    assertMany(
      fc.property(backoff, limit, (given, { intensity, periodMillis }) => {
        const { resetAfterMillis, ...steady } = { ...given, factor: Math.max(1, given.factor ?? 1) };
        fc.pre(resetAfterMillis !== 0);
        const most = failuresWithin({ backoff: steady, maxAttempts: undefined, restart: "permanent" }, periodMillis, intensity + 1);
        let now = 0;
        let failures = 0;
        while (failures <= intensity && now <= periodMillis) now += Math.round(Backoff.delay(steady, ++failures, 1));
        expect(most).toBe(failures);
      }),
    );
  });

  it("HSU-SUP-104: a child that fails at each start ends its supervisor before it has used its attempts or its longest wait", () => {
    let said = 0;
    assertMany(
      fc.property(restarted, limit, fc.array(random, { minLength: 1, maxLength: 5 }), (options, bounds, lucks) => {
        if (!codesOf(bounds, options).includes("HSU-SUP-104 root/a")) return;
        said++;
        const model = new Model(options, RestartIntensity.makeWindow(bounds));
        const loop = crashLoop({ backoff: options.backoff, maxAttempts: options.maxAttempts, restart: "permanent" }, bounds)!;
        let now = 0;
        let longest = 0;
        for (let restarts = 0; ; restarts++) {
          const answer = model.fail(now, 0, lucks[restarts % lucks.length]!);
          expect(answer).not.toBe("giveUp");
          if (answer === "exceeded") {
            expect(restarts).toBeLessThanOrEqual(loop.restarts);
            expect(now).toBeLessThanOrEqual(loop.millis);
            break;
          }
          longest = Math.max(longest, answer as number);
          now += answer as number;
        }
        if (options.maxAttempts === undefined) expect(longest).toBeLessThan(options.backoff!.maxMillis!);
      }),
    );
    expect(said).toBeGreaterThan(20);
  });

  it("HSU-SUP-103: a loop without a pause and without an end", () => {
    let said = 0;
    assertMany(
      fc.property(restarted, random, (options, luck) => {
        if (!codesOf({ intensity: "infinity" }, options).includes("HSU-SUP-103 root/a")) return;
        said++;
        const model = new Model(options, RestartIntensity.makeWindow({ intensity: "infinity", periodMillis: 1 }));
        for (let i = 0; i < 50; i++) model.fail(0, 0, luck);
        for (let i = 0; i < 50; i++) expect(model.fail(0, 0, luck)).toBe(0);
      }),
    );
    expect(said).toBeGreaterThan(20);
  });

  it("HSU-SUP-105 and 106: attempts that are never forgotten, and waits that never grow", () => {
    let never = 0;
    let small = 0;
    assertMany(
      fc.property(restarted, (options) => {
        const found = codesOf({ intensity: "infinity" }, options);
        const model = new Model(options, RestartIntensity.makeWindow({ intensity: "infinity", periodMillis: 1 }));
        if (found.includes("HSU-SUP-105 root/a")) {
          never++;
          const year = 365 * 86_400_000;
          for (let i = 0; i < options.maxAttempts!; i++) expect(model.fail(i * year, year, 0)).not.toBe("giveUp");
          expect(model.fail(100 * year, year, 0)).toBe("giveUp");
        }
        if (found.includes("HSU-SUP-106 root/a")) {
          small++;
          model.attempts = 0;
          const reset = options.backoff!.resetAfterMillis!;
          for (let i = 0; i < 50; i++)
            expect([0, "giveUp"]).not.toContain(i > 0 && model.attempts > 1 ? 0 : model.fail(i, reset, 0) === 0 ? 1 : 2);
          expect(model.attempts).toBe(1);
        }
      }),
    );
    expect(Math.min(never, small)).toBeGreaterThan(20);
  });

  it("HSU-SUP-108: an open circuit lets more restarts through than the intensity", () => {
    let said = 0;
    const breaker = fc.record({ cooldownMillis: fc.integer({ min: 0, max: 200 }), stableMillis: fc.integer({ min: 1, max: 200 }) });
    assertMany(
      fc.property(restarted, limit, breaker, (options, bounds, whenExceeded) => {
        if (!codesOf({ ...bounds, whenExceeded }, options).includes("HSU-SUP-108 root")) return;
        said++;
        const { backoff: wait } = options;
        let now = 0;
        let state = CircuitBreaker.onFailure(whenExceeded, CircuitBreaker.closed, true, now);
        const trials: Array<number> = [];
        for (let attempt = 1; attempt <= bounds.intensity + 1; attempt++) {
          const own = wait === undefined ? 0 : Math.round(Backoff.delay(wait, wait.resetAfterMillis === 0 ? 1 : attempt, 0));
          now += Math.max(state._tag === "Open" ? state.until - now : 0, own);
          trials.push(now);
          state = CircuitBreaker.onFailure(whenExceeded, CircuitBreaker.onTime(whenExceeded, state, now), false, now);
          expect(state._tag).toBe("Open");
        }
        expect(trials.at(-1)! - trials[0]!).toBeLessThanOrEqual(bounds.periodMillis);
      }),
    );
    expect(said).toBeGreaterThan(20);
  });
});

describe("Supervisor.check: warnings about the shape", () => {
  it("each has its case, and its case that is fine", () => {
    const breaker = { cooldownMillis: 60_000, stableMillis: 1000 };
    expect(codesOf({ intensity: 0 }, {}, { restart: "temporary" })).toEqual(["HSU-SUP-102 root"]);
    expect(codesOf({ intensity: 0 }, { restart: "temporary" })).toEqual([]);
    expect(codesOf({ intensity: "infinity", whenExceeded: breaker }, { backoff: { initialMillis: 5 } })).toEqual(["HSU-SUP-107 root"]);
    expect(codesOf({ whenExceeded: breaker }, {})).toEqual([]);
    expect(codesOf({ autoShutdown: "any_significant" }, {})).toEqual(["HSU-SUP-111 root"]);
    expect(codesOf({ autoShutdown: "any_significant" }, { significant: true, restart: "transient" })).toEqual([]);
    expect(codesOf({}, { retain: true }, { restart: "temporary", maxAttempts: 3 })).toEqual(["HSU-SUP-112 root/a", "HSU-SUP-112 root/b"]);
    expect(codesOf({}, { retain: true, restart: "temporary" }, {})).toEqual([]);
    expect(codesOf({})).toEqual([]);
  });

  it("HSU-SUP-101: maxAttempts takes the place of an intensity; a breaker needs one", () => {
    const slow = { backoff: { initialMillis: 10_000, resetAfterMillis: 60_000 } };
    expect(codesOf({}, slow)).toEqual(["HSU-SUP-101 root"]);
    expect(codesOf({}, { ...slow, maxAttempts: 3 })).toEqual([]);
    expect(codesOf({ whenExceeded: { cooldownMillis: 60_000, stableMillis: 1 } }, { ...slow, maxAttempts: 3 })).toEqual([
      "HSU-SUP-101 root",
    ]);
    expect(codesOf({}, slow, slow)).toEqual([]);
    expect(codesOf({ intensity: 100_000, periodMillis: 60_000 }, { backoff: { initialMillis: 1 } })).toEqual(["HSU-SUP-101 root"]);
  });

  it.effect("HSU-SUP-109: a supervisor's start is killed while its children are within their deadlines", () =>
    Effect.gen(function* () {
      const slow = (): Script => {
        const script = new Script();
        script.onStart = () => Effect.sleep(90);
        return script;
      };
      const inner = (startTimeoutMillis: number) =>
        Supervisor.child({
          id: "inner",
          startTimeoutMillis,
          children: [worker("a", { startTimeoutMillis: 100 }, slow()), worker("b", { startTimeoutMillis: 100 }, slow())],
        });
      expect(codes({ children: [inner(150)] })).toEqual(["HSU-SUP-109 root/inner"]);
      expect(codes({ children: [inner(200)] })).toEqual([]);
      // In parallel only a chain of those that are after each other takes more time than one.
      const parts = (...after: ReadonlyArray<string>) => [
        worker("a", { startTimeoutMillis: 100 }),
        worker("b", { startTimeoutMillis: 100, after }),
        worker("c", { startTimeoutMillis: 100 }),
      ];
      const atOnce = (...after: ReadonlyArray<string>) =>
        Supervisor.child({ id: "inner", startTimeoutMillis: 150, startOrder: "parallel", children: parts(...after) });
      expect(codes({ children: [atOnce()] })).toEqual([]);
      expect(codes({ children: [atOnce("a")] })).toEqual(["HSU-SUP-109 root/inner"]);
      const late = yield* Effect.forkChild(Effect.flip(Supervisor.start({ children: [inner(150)] })), { startImmediately: true });
      yield* pass(90);
      yield* pass(60);
      expect((yield* Fiber.join(late)).message).toContain("not up after 150 ms");
    }),
  );

  it.effect("HSU-SUP-110: a supervisor is killed while its children still stop", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const slow = new Script(log);
      slow.onTerminate = () =>
        Effect.andThen(
          Effect.sleep(90),
          Effect.sync(() => void log.push("done")),
        );
      const inner = Supervisor.child({
        id: "inner",
        shutdown: 80,
        children: [worker("a", { shutdown: 100 }, slow)],
      });
      expect(codes({ children: [inner] })).toEqual(["HSU-SUP-110 root/inner"]);
      expect(codes({ children: [Supervisor.child({ id: "inner", children: [worker("a", { shutdown: 100 })] })] })).toEqual([]);
      const supervisor = yield* Supervisor.start({ children: [inner] });
      const stopping = yield* Effect.forkChild(supervisor.stop, { startImmediately: true });
      yield* pass(80);
      yield* Fiber.join(stopping);
      yield* settled;
      expect(log).toEqual(["+a", "-a shutdown"]);
    }).pipe(quiet),
  );

  it("looks at what dynamic supervisors give their children", () => {
    const dynamic = DynamicSupervisor.child(Worker, { id: "dynamic", intensity: "infinity" });
    expect(codes({ id: "app", children: [dynamic] })).toEqual(["HSU-SUP-103 app/dynamic/worker"]);
  });
});
