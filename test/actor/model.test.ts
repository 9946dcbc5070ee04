/** Random deaths and operations against a model of a supervisor that fits on a page. */
import * as Effect from "effect/Effect";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { Actor, ExitReason, Strategy, Supervisor } from "../../src/actor/index.ts";
import { quiet, settled, worker, type WorkerRef } from "./actors.ts";

const ends = { Die: ExitReason.error("died"), Finish: ExitReason.normal, Leave: ExitReason.shutdown, kill: ExitReason.killed } as const;
type End = keyof typeof ends;
type Step =
  | { readonly deaths: ReadonlyArray<{ readonly index: number; readonly how: End }> }
  | { readonly terminate: number; readonly hold: boolean }
  | { readonly restart: number };

interface Modelled {
  readonly id: string;
  readonly restart: Strategy.RestartType;
  up: boolean;
  held: boolean;
  incarnation: number;
}

class Model {
  readonly strategy: Strategy.Strategy;
  children: Array<Modelled>;
  constructor(strategy: Strategy.Strategy, types: ReadonlyArray<Strategy.RestartType>) {
    this.strategy = strategy;
    this.children = types.map((restart, n) => ({ id: `c${n}`, restart, up: true, held: false, incarnation: 1 }));
  }

  /** Children that die in one instant: those that the first failure takes along anyway are not failures of their own. */
  die(deaths: ReadonlyArray<readonly [child: Modelled, how: End]>): void {
    let from = Infinity;
    for (const [child] of deaths) child.up = false;
    for (const [child, how] of deaths) {
      const position = this.children.indexOf(child);
      if (position >= from) continue;
      if (!Strategy.shouldRestart(child.restart, ends[how])) continue;
      if (this.strategy === "one_for_one") this.start(child);
      else from = Math.min(from, Strategy.affected(this.strategy, position, this.children.length)[0]);
    }
    this.children.forEach((child, position) => {
      if (position < from || child.held) return;
      if (child.restart === "temporary") child.up = false;
      else this.start(child);
    });
    this.children = this.children.filter((child) => child.up || child.restart !== "temporary");
  }

  terminate(child: Modelled, hold: boolean): void {
    child.up = false;
    child.held = hold;
    if (child.restart === "temporary") this.children.splice(this.children.indexOf(child), 1);
  }

  start(child: Modelled): void {
    child.up = true;
    child.held = false;
    child.incarnation++;
  }
}

const index = fc.nat({ max: 7 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      deaths: fc.uniqueArray(fc.record({ index, how: fc.constantFrom("Die", "Finish", "Leave", "kill") }), {
        selector: (death) => death.index,
        minLength: 1,
        maxLength: 3,
      }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ terminate: index, hold: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ restart: index }) },
);
const strategies = fc.constantFrom("one_for_one", "one_for_all", "rest_for_one");
const types = fc.array(fc.constantFrom("permanent", "transient", "temporary"), { minLength: 1, maxLength: 6 });

const end = (ref: WorkerRef, how: End): void => {
  if (how === "kill") Effect.runFork(Actor.kill(ref));
  else if (how === "Leave") ref.cast(how, { info: "enough" });
  else ref.cast(how);
};

it("a supervisor does what the model does: who is up, in which incarnation", async () => {
  await fc.assert(
    fc.asyncProperty(strategies, types, fc.array(step, { maxLength: 12 }), (strategy, restarts, steps) =>
      Effect.gen(function* () {
        const model = new Model(strategy, restarts);
        const specs = new Map(model.children.map(({ id, restart }) => [id, worker(id, { restart })]));
        const supervisor = yield* Supervisor.start({ strategy, children: [...specs.values()], intensity: "infinity" });
        const refOf = (child: Modelled) => supervisor.ref(specs.get(child.id)!);
        for (const current of steps) {
          const at = (position: number): Modelled | undefined => model.children[position];
          if ("deaths" in current) {
            const deaths = current.deaths.flatMap(({ index: position, how }) => {
              const child = at(position);
              return child?.up === true ? [[child, how] as const] : [];
            });
            // In start order here: a later one that dies first may be up again before the supervisor hears of the earlier one.
            if (strategy === "rest_for_one") deaths.sort(([a], [b]) => model.children.indexOf(a) - model.children.indexOf(b));
            for (const [child, how] of deaths) end(refOf(child), how);
            yield* settled;
            model.die(deaths);
          } else if ("terminate" in current) {
            const child = at(current.terminate);
            if (child === undefined) continue;
            yield* supervisor.terminateChild(child.id, { hold: current.hold });
            model.terminate(child, current.hold);
          } else {
            const child = at(current.restart);
            if (child === undefined || child.up) continue;
            yield* supervisor.restartChild(child.id);
            model.start(child);
          }
          const actual = (yield* supervisor.whichChildren).map(({ id, state, ref }) => `${id} ${state} #${ref.incarnation}`);
          expect(actual).toEqual(model.children.map(({ id, up, incarnation }) => `${id} ${up ? "up" : "down"} #${incarnation}`));
        }
      }).pipe(Effect.scoped, quiet, Effect.runPromise),
    ),
    { numRuns: 150 },
  );
});
