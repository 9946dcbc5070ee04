/**
 * Runs a program many times, each time with another order of turns, and tells the seed of the order that it fails with.
 *
 * When to use: for what must hold whatever the order in which actors and fibers have their turns. Not for programs that do I/O: a run is only the same
 * again when nothing from outside decides about it.
 */
import * as Cause from "effect/Cause";
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Random from "effect/Random";
import type * as Scope from "effect/Scope";
import { type Deviations, inTurn, Noted, type Policy, Replay, seeded } from "./internal/policy.ts";
import { shrink } from "./internal/shrink.ts";
import { type Endless, kindOf, type Outcome, simulated, type Stuck } from "./internal/simulation.ts";

export { Endless, Stuck } from "./internal/simulation.ts";

/** @since 0.1.0 */
export interface Options {
  /** Runs to try; each has a seed of its own, counted up from the first. Default: 1 with a seed, 100 without. */
  readonly runs?: number;
  /** Of the first run, an integer. Default: drawn from Effect's Random. */
  readonly seed?: number;
  /** Steps (turns of actors and of fibers) after which a run is taken to be endless. Default: 100,000. */
  readonly maxSteps?: number;
  /** Runs that may be spent on making the order that fails simple; 0 leaves it as it was found. Default: 200. */
  readonly shrinkRuns?: number;
}

/** What an exploration that found nothing has done. @since 0.1.0 */
export interface Explored {
  readonly runs: number;
  /** Of the first run. */
  readonly seed: number;
}

const shownLines = 60;

const shorten = (trace: ReadonlyArray<string>): ReadonlyArray<string> =>
  trace.length <= shownLines ? trace : [`… ${trace.length - shownLines} before`, ...trace.slice(-shownLines)];

/**
 * A run failed. `explore(program, { seed })` does the same again.
 *
 * @example
 * ```ts run
 * import { explore } from "hsu/testing"
 * import { Effect } from "effect"
 *
 * const error = await Effect.runPromise(Effect.flip(explore(Effect.fail("always"), { runs: 10, seed: 7 })))
 *
 * error.run // => 1
 * error.seed // => 7
 * error.deviations // => 0
 * error.message.split("\n")[1] // => "the same again: explore(program, { seed: 7 })"
 * ```
 * @since 0.1.0
 */
export class ExplorationFailed extends Data.TaggedError("ExplorationFailed")<{
  /** Of the run that failed. */
  readonly seed: number;
  /** Which run it was, from 1. */
  readonly run: number;
  readonly runs: number;
  /** Who had a turn, in order; made simple where that was possible. */
  readonly trace: ReadonlyArray<string>;
  /** Decisions that were not those of a run in turn, after it was made simple: 0 is a program that fails in any order. */
  readonly deviations: number;
  /** What the program failed with. */
  readonly cause: Cause.Cause<unknown>;
}> {
  readonly code = "HSU-TST-002";
  override get message(): string {
    const { cause, deviations, run, runs, seed, trace } = this;
    const [first] = Cause.prettyErrors(cause);
    const others = deviations === 1 ? "1 decision differs" : `${deviations} decisions differ`;
    return [
      `run ${run} of ${runs} failed: ${first === undefined ? "interrupted" : `${first.name}: ${first.message}`}`,
      `the same again: explore(program, { seed: ${seed} })`,
      `turns (${others} from a run in turn):`,
      ...shorten(trace).map((line) => `  ${line}`),
    ].join("\n");
  }
}

interface Finding<E> {
  readonly cause: Cause.Cause<E | Stuck | Endless>;
  readonly trace: ReadonlyArray<string>;
}

const findingOf = <A, E>({ exit, trace }: Outcome<A, E>): Finding<E> | undefined =>
  Exit.isFailure(exit) ? { cause: exit.cause, trace } : undefined;

/**
 * Runs `program` again and again, each time with an order of turns of its own: which actor and which fiber goes next, after how many messages or
 * operations it has to let others go first. Each run has a simulated clock, at 0, which stands still while anything can be done and then jumps to what
 * is due next; `TestClock.adjust` and `advance` work as well. It fails with the first run that fails, with its seed.
 *
 * The program is run as it is, so all that it needs anew has to be made inside of it, layers too. A scope is provided. Effect's `Random` is seeded.
 *
 * @example
 * ```ts run
 * import { Actor } from "hsu"
 * import { explore } from "hsu/testing"
 * import { Effect, Schema } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Register = Actor.make({
 *   name: "register",
 *   protocol: RpcGroup.make(Rpc.make("Get", { success: Schema.Number }), Rpc.make("Set", { payload: Schema.Number })),
 *   init: () => 0,
 *   handlers: { Get: (n) => Actor.reply(n, n), Set: (_, n) => n }
 * })
 *
 * // Reads and writes in two messages: another may come in between.
 * const program = Effect.gen(function*() {
 *   const register = yield* Actor.spawn(Register, undefined)
 *   const increment = Effect.flatMap(register.call("Get"), (n) => register.call("Set", n + 1))
 *   yield* Effect.all([increment, increment], { concurrency: 2 })
 *   const n = yield* register.call("Get")
 *   if (n !== 2) return yield* Effect.fail(`an update is lost: ${n}`)
 * })
 *
 * const failed = await Effect.runPromise(Effect.flip(explore(program, { runs: 100, seed: 1 })))
 * const again = await Effect.runPromise(Effect.flip(explore(program, { seed: failed.seed })))
 * again.trace.join() === failed.trace.join() // => true
 * ```
 * @since 0.1.0
 */
export const explore = <A, E, R>(
  program: Effect.Effect<A, E, R>,
  options: Options = {},
): Effect.Effect<Explored, ExplorationFailed, Exclude<R, Scope.Scope>> =>
  Effect.gen(function* () {
    const seed = options.seed ?? (yield* Random.nextIntBetween(0, 2 ** 31 - 1));
    const runs = options.runs ?? (options.seed === undefined ? 100 : 1);
    if (!Number.isInteger(seed)) return yield* Effect.die(new TypeError(`a seed is an integer, not ${seed}`));
    if (!(Number.isInteger(runs) && runs >= 1)) return yield* Effect.die(new TypeError(`there is no exploration of ${runs} runs`));
    const limits = { maxSteps: options.maxSteps ?? 100_000 };
    const scoped = Effect.scoped(program);
    for (let run = 1; run <= runs; run++) {
      const own = (seed + run - 1) | 0;
      const once = (policy: Policy) => Effect.map(simulated(scoped, policy, own, limits), findingOf);
      const noted = new Noted(seeded(own));
      const found = yield* once(noted);
      if (found !== undefined) return yield* simplest(found, noted.deviations, once, { seed: own, run, runs }, options.shrinkRuns ?? 200);
    }
    return { runs, seed };
  });

/** Fails with the simplest run that fails in the same way. */
const simplest = <E, R>(
  found: Finding<E>,
  deviations: Deviations,
  once: (policy: Policy) => Effect.Effect<Finding<E> | undefined, never, R>,
  where: { readonly seed: number; readonly run: number; readonly runs: number },
  trials: number,
): Effect.Effect<never, ExplorationFailed, R> =>
  Effect.gen(function* () {
    const kind = kindOf(found.cause);
    let best = found;
    const fails = (candidate: Deviations): Effect.Effect<boolean, never, R> =>
      Effect.map(once(new Replay(candidate)), (finding) => {
        if (finding === undefined || kindOf(finding.cause) !== kind) return false;
        best = finding;
        return true;
      });
    const left = yield* shrink(deviations, fails, trials);
    return yield* new ExplorationFailed({ ...where, ...best, deviations: left.size });
  });

/**
 * Runs `program` once, each in its turn, with a clock that jumps to what is due next as soon as nothing else can be done: hours pass in no time, and
 * nobody has to move the clock. Fails with {@link Stuck} where it waits for something that never comes.
 *
 * @example
 * ```ts run
 * import { simulate } from "hsu/testing"
 * import { Clock, Effect } from "effect"
 *
 * const program = Effect.andThen(Effect.sleep("1 day"), Clock.currentTimeMillis)
 * await Effect.runPromise(simulate(program)) // => 86400000
 * ```
 * @since 0.1.0
 */
export const simulate = <A, E, R>(
  program: Effect.Effect<A, E, R>,
  options: Pick<Options, "maxSteps" | "seed"> = {},
): Effect.Effect<A, E | Stuck | Endless, Exclude<R, Scope.Scope>> =>
  Effect.flatMap(
    simulated(Effect.scoped(program), inTurn, options.seed ?? 0, { maxSteps: options.maxSteps ?? 100_000 }),
    ({ exit }) => exit,
  );
