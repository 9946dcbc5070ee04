import { describe, expect, it } from "@effect/vitest";
import * as Cause from "effect/Cause";
import * as Clock from "effect/Clock";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Random from "effect/Random";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import * as Schema from "effect/Schema";
import * as TestClock from "effect/testing/TestClock";
import { Actor, ChildSpec, Event, Supervisor } from "../../src/actor/index.ts";
import { advance, explore, settle, simulate } from "../../src/testing/index.ts";
import { quiet } from "../actor/actors.ts";

const Register = Actor.make({
  name: "register",
  protocol: RpcGroup.make(
    Rpc.make("Get", { success: Schema.Number }),
    Rpc.make("Set", { payload: Schema.Number }),
    Rpc.make("Increment"),
    Rpc.make("Die"),
  ),
  init: () => 0,
  handlers: {
    Get: (n) => Actor.reply(n, n),
    Set: (_, n) => n,
    Increment: (n) => Effect.as(Effect.yieldNow, n + 1),
    Die: () => {
      throw new Error("died");
    },
  },
});

const repeat = (times: number) => Effect.repeat(Effect.yieldNow, { times });

/** Two that each read and write in two messages; the second begins so late that in turn all goes well. */
const lostUpdate = Effect.gen(function* () {
  const register = yield* Actor.spawn(Register, undefined);
  const increment = Effect.flatMap(register.call("Get"), (n) => register.call("Set", n + 1));
  yield* Effect.all([increment, Effect.andThen(repeat(5), increment)], { concurrency: 2 });
  const n = yield* register.call("Get");
  if (n !== 2) return yield* Effect.fail(`lost: ${n}`);
});

/** The same in one message each: right in any order. */
const noLostUpdate = Effect.gen(function* () {
  const register = yield* Actor.spawn(Register, undefined);
  yield* Effect.all([register.call("Increment"), Effect.andThen(repeat(5), register.call("Increment"))], { concurrency: 2 });
  const n = yield* register.call("Get");
  if (n !== 2) return yield* Effect.fail(`lost: ${n}`);
});

/** Something of everything: timers, sleeps, restarts with jitter, a failure at the end that shows the trace. */
const busy = Effect.gen(function* () {
  const ids = ["a", "b", "c"];
  const specs = ids.map((id) => ChildSpec.make(Register, undefined, { id, backoff: { initialMillis: 10, jitter: 1 } }));
  const supervisor = yield* Supervisor.start({ children: specs, intensity: "infinity" });
  const refs = specs.map((spec) => supervisor.ref(spec));
  const events: Array<string> = [];
  yield* Event.subscribe((event) => void events.push(`${event.at} ${event._tag} ${event.path.join("/")}`));
  const use = (n: number) =>
    Effect.gen(function* () {
      for (let i = 0; i < 5; i++) {
        const ref = refs[(n + i) % 3]!;
        yield* Effect.ignore(ref.call("Increment"));
        yield* Effect.sleep(n);
        if (i === n) ref.cast("Die");
        ref.cast("Increment");
      }
    });
  yield* Effect.forEach([0, 1, 2, 3], use, { concurrency: 4, discard: true });
  yield* settle;
  const random = yield* Random.next;
  return yield* Effect.fail([random, ...events].join());
}).pipe(quiet);

const failure = <E>(effect: Effect.Effect<unknown, E>) => Effect.flip(effect);

describe("explore", () => {
  it.effect("finds a race that a run in turn does not have, and does it again by its seed", () =>
    Effect.gen(function* () {
      yield* simulate(lostUpdate);
      const found = yield* failure(explore(lostUpdate, { runs: 100, seed: 1 }));
      expect(Cause.squash(found.cause)).toBe("lost: 1");
      expect([found.run, found.seed]).toEqual([found.run, found.run]);
      const again = yield* failure(explore(lostUpdate, { seed: found.seed }));
      expect([again.trace, again.cause, again.deviations]).toEqual([found.trace, found.cause, found.deviations]);
      expect([again.run, again.runs, again.seed]).toEqual([1, 1, found.seed]);
    }),
  );

  it.effect("finds it from any first seed within some runs", () =>
    Effect.gen(function* () {
      for (let n = 0; n < 20; n++) yield* failure(explore(lostUpdate, { runs: 200, seed: n * 1000, shrinkRuns: 0 }));
    }),
  );

  it.effect("finds nothing where nothing is", () =>
    Effect.gen(function* () {
      expect(yield* explore(noLostUpdate, { runs: 200, seed: 7 })).toEqual({ runs: 200, seed: 7 });
    }),
  );

  it.effect("does the same for the same seed, turn by turn and draw by draw, and something else for most others", () =>
    Effect.gen(function* () {
      const traces = new Set<string>();
      for (let seed = 0; seed < 50; seed++) {
        const run = failure(explore(busy, { seed, shrinkRuns: 0 }));
        const [first, second] = [yield* run, yield* run];
        expect(second.trace).toEqual(first.trace);
        expect(Cause.squash(second.cause)).toEqual(Cause.squash(first.cause));
        traces.add(first.trace.join());
      }
      expect(traces.size).toBeGreaterThan(40);
    }),
  );

  it.effect("makes the order that fails simple: what has nothing to do with it is done in turn", () =>
    Effect.gen(function* () {
      const noise = Effect.gen(function* () {
        const others = yield* Effect.forEach(["x", "y", "z"], (id) => Actor.spawn(Register, undefined, { id }));
        yield* Effect.forEach(others, (ref) => Effect.forkScoped(Effect.repeat(ref.call("Increment"), { times: 5 })));
      });
      const program = Effect.andThen(noise, lostUpdate);
      let [before, after] = [0, 0];
      for (const seed of [1000, 2000, 3000]) {
        const found = yield* failure(explore(program, { runs: 200, seed, shrinkRuns: 0 }));
        const simple = yield* failure(explore(program, { seed: found.seed }));
        expect(Cause.squash(simple.cause)).toBe("lost: 1");
        expect(simple.deviations).toBeGreaterThan(0);
        [before, after] = [before + found.deviations, after + simple.deviations];
      }
      expect(after).toBeLessThan(before / 2);
    }),
  );

  it.effect("says the seed, what failed and who had a turn", () =>
    Effect.gen(function* () {
      const { message, seed, code } = yield* failure(explore(lostUpdate, { runs: 100, seed: 1 }));
      expect(code).toBe("HSU-TST-002");
      expect(message).toContain(`explore(program, { seed: ${seed} })`);
      expect(message).toContain("lost: 1");
      expect(message).toMatch(/^ {2}register: Get, .*> /m);
    }),
  );

  it.effect("a fiber that yields behind others goes behind them", () => {
    const program = Effect.gen(function* () {
      const seen: Array<string> = [];
      const step = (name: string, priority: number) =>
        Effect.andThen(
          Effect.yieldNowWith(priority),
          Effect.sync(() => void seen.push(name)),
        );
      yield* Effect.all([step("late", 1), step("early", 0)], { concurrency: 2 });
      return yield* seen.join() === "early,late" ? Effect.void : Effect.fail(seen);
    });
    return simulate(program);
  });

  it.effect("draws its first seed from Effect's Random, and tries a hundred runs", () =>
    Effect.gen(function* () {
      const seeds = yield* Effect.forEach([1, 2], (n) => Random.withSeed(explore(Effect.void), `seed ${n}`));
      expect(seeds.map(({ runs }) => runs)).toEqual([100, 100]);
      expect(seeds[0]!.seed).not.toBe(seeds[1]!.seed);
    }),
  );

  it.effect("a program that waits for what never comes is stuck, and what it holds is released", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const program = Effect.gen(function* () {
        yield* Effect.addFinalizer(() =>
          Effect.andThen(
            Effect.sleep(1000),
            Effect.sync(() => log.push("released")),
          ),
        );
        const never = yield* Deferred.make<void>();
        yield* Effect.sleep(10);
        yield* Deferred.await(never);
      });
      const { cause } = yield* failure(explore(program, { seed: 1, shrinkRuns: 0 }));
      expect(Cause.squash(cause)).toMatchObject({ _tag: "Stuck", code: "HSU-TST-003" });
      expect(log).toEqual(["released"]);
      expect(yield* failure(simulate(program))).toMatchObject({ _tag: "Stuck" });
    }),
  );

  it.effect("a program that goes on for ever is endless", () =>
    Effect.gen(function* () {
      for (const program of [Effect.forever(Effect.yieldNow), Effect.forever(Effect.sleep(1))]) {
        const { cause } = yield* failure(explore(program, { seed: 1, maxSteps: 500, shrinkRuns: 0 }));
        expect(Cause.squash(cause)).toMatchObject({ _tag: "Endless", code: "HSU-TST-004", steps: 500 });
      }
    }),
  );

  it.effect("one that has to be left as it is, since its finalizer never ends, is left", () =>
    Effect.gen(function* () {
      const program = Effect.andThen(
        Effect.addFinalizer(() => Effect.never),
        Effect.never,
      );
      const { cause } = yield* failure(explore(program, { seed: 1, shrinkRuns: 0 }));
      expect(Cause.squash(cause)).toMatchObject({ _tag: "Stuck" });
    }),
  );

  it.effect("promises are waited for before time passes", () =>
    Effect.gen(function* () {
      const program = Effect.gen(function* () {
        const slow = Effect.promise(async () => {
          for (let n = 0; n < 20; n++) await Promise.resolve();
          return "promise";
        });
        return yield* Effect.raceFirst(slow, Effect.as(Effect.sleep(1), "sleep"));
      });
      expect(yield* simulate(program)).toBe("promise");
    }),
  );

  it.effect("refuses a number of runs and a seed that are none", () =>
    Effect.gen(function* () {
      for (const options of [{ runs: 0 }, { runs: 1.5 }, { seed: 0.5 }, { seed: Number.NaN }]) {
        expect(Exit.hasDies(yield* Effect.exit(explore(Effect.void, options)))).toBe(true);
      }
    }),
  );

  it.effect("an interrupted exploration interrupts its program", () =>
    Effect.gen(function* () {
      let interrupted = false;
      const outside = yield* Deferred.make<void>();
      const program = Effect.andThen(
        Effect.sync(() => void Deferred.doneUnsafe(outside, Effect.void)),
        Effect.forever(Effect.promise(() => new Promise((done) => void setImmediate(done)))),
      ).pipe(Effect.onInterrupt(() => Effect.sync(() => void (interrupted = true))));
      const exploring = yield* Effect.forkChild(explore(program, { runs: 1 }));
      yield* Deferred.await(outside);
      exploring.interruptUnsafe();
      yield* settle;
      expect(interrupted).toBe(true);
    }),
  );
});

describe("the simulated clock", () => {
  it.effect("jumps to what is due next once nothing can be done, and is not that of outside", () =>
    Effect.gen(function* () {
      const program = Effect.gen(function* () {
        const seen: Array<string> = [];
        const later = (id: string, millis: number) =>
          Effect.forkScoped(
            Effect.andThen(
              Effect.sleep(millis),
              Effect.map(Clock.currentTimeMillis, (at) => void seen.push(`${id} ${at}`)),
            ),
          );
        yield* later("b", 2000);
        yield* later("a", 1000);
        yield* Effect.sleep("1 hour");
        return [...seen, `${yield* Clock.currentTimeMillis}`];
      });
      expect(yield* simulate(program)).toEqual(["a 1000", "b 2000", "3600000"]);
      expect(yield* Clock.currentTimeMillis).toBe(0);
    }),
  );

  it.effect("stands still for who settles, and moves for who advances", () =>
    Effect.gen(function* () {
      const program = Effect.gen(function* () {
        const seen: Array<string> = [];
        const note = (what: string) => Effect.map(Clock.currentTimeMillis, (at) => void seen.push(`${what} ${at}`));
        yield* Effect.forkScoped(Effect.andThen(repeat(50), note("busy")));
        yield* Effect.forkScoped(Effect.andThen(Effect.sleep(100), note("slept")));
        yield* settle;
        yield* note("settled");
        yield* TestClock.adjust(100);
        yield* note("adjusted");
        yield* advance("1 second");
        yield* note("advanced");
        yield* TestClock.setTime(50);
        yield* note("back");
        return seen;
      });
      const expected = ["busy 0", "settled 0", "slept 100", "adjusted 100", "advanced 1100", "back 50"];
      expect(yield* simulate(program)).toEqual(expected);
      const always = Effect.flatMap(program, (seen) => (seen.join() === expected.join() ? Effect.void : Effect.fail(seen)));
      yield* explore(always, { runs: 50, seed: 1 });
    }),
  );

  it.effect("lets deadlines of calls pass", () =>
    Effect.gen(function* () {
      const Silent = Actor.make({
        name: "silent",
        protocol: RpcGroup.make(Rpc.make("Ask", { success: Schema.Number })),
        init: () => 0,
        handlers: { Ask: () => Effect.never },
      });
      const program = Effect.gen(function* () {
        const silent = yield* Actor.spawn(Silent, undefined);
        const error = yield* Effect.flip(silent.call("Ask"));
        return [error._tag, yield* Clock.currentTimeMillis];
      });
      expect(yield* simulate(program)).toEqual(["CallTimeout", 5000]);
    }),
  );
});
