/**
 * The ends of those that no control group holds: found by the mark in their environment. A look at all processes of the machine takes milliseconds,
 * so all that are asked for at once share one.
 */
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type { ProcessIdentity, Processes } from "../../platform/index.ts";

/** So long those may go on that nobody waits for: a unit that fails again and again must not have everybody looked at each time. */
const laterMillis = 5000;

/** So many times as long as a look has taken, none is made: whoever comes meanwhile shares the next. */
const restFactor = 4;

export interface Sweeper {
  /** Kills all with this value of the mark, in this turn of the loop; it does not wait for their ends. */
  readonly now: (value: string) => Effect.Effect<void>;
  /** The same in some seconds, and at the latest when the scope closes. */
  readonly later: (value: string) => Effect.Effect<void>;
}

const nameOf = ({ pid, startTime }: ProcessIdentity): string => `${pid} ${startTime}`;

export const make = (processes: Processes["Service"], mark: string): Effect.Effect<Sweeper, never, Scope.Scope> =>
  Effect.gen(function* () {
    let values: Array<string> = [];
    let waiting: Array<() => void> = [];
    let isComing = false;
    let restUntil = 0;
    const scope = yield* Effect.scope;
    const fork = Effect.runForkWith(yield* Effect.context());
    const sweep = Effect.suspend(() => {
      isComing = false;
      if (values.length === 0) return Effect.void;
      const [wanted, told] = [values, waiting];
      [values, waiting] = [[], []];
      const tell = (): void => {
        for (const done of told) done();
      };
      const begunAt = performance.now();
      const rest = Effect.sync(() => {
        const now = performance.now();
        restUntil = now + (now - begunAt) * restFactor;
        tell();
      });
      const killed = new Set<string>();
      // Who was started while a look went on is found by the next one.
      const look: Effect.Effect<void> = Effect.flatMap(processes.marked(mark, ...wanted), (found) => {
        const others = found.filter((one) => !killed.has(nameOf(one)));
        for (const one of others) killed.add(nameOf(one));
        return others.length === 0 ? Effect.void : Effect.andThen(Effect.forEach(others, processes.kill, { discard: true }), look);
      });
      return Effect.ensuring(look, rest);
    });
    yield* Effect.addFinalizer(() => sweep);
    return {
      now: (value) =>
        Effect.callback((resume) => {
          values.push(value);
          waiting.push(() => resume(Effect.void));
          if (waiting.length > 1) return;
          const pause = restUntil - performance.now();
          if (pause > 0) fork(Effect.delay(sweep, pause));
          else setImmediate(() => void fork(sweep));
        }),
      later: (value) =>
        Effect.suspend(() => {
          values.push(value);
          if (isComing) return Effect.void;
          isComing = true;
          return Effect.asVoid(Effect.forkIn(Effect.delay(sweep, laterMillis), scope));
        }),
    };
  });
