/** Registries against a list of entries, and in large numbers. */
import * as Effect from "effect/Effect";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Actor, Group, Registry } from "../../src/actor/index.ts";
import { cellOf } from "./actors.ts";
import { kept, namedProtocol, type NamedRef, nothing, spawn } from "./named.ts";

const keys = ["a", "b", "__proto__"] as const;
const actor = fc.integer({ min: 0, max: 3 });
const key = fc.constantFrom(...keys);

type Step =
  | { readonly register: number; readonly key: string; readonly value: number }
  | { readonly unregister: number; readonly key: string; readonly below: number }
  | { readonly update: number; readonly key: string }
  | { readonly end: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ register: actor, key, value: fc.integer({ min: 0, max: 9 }) }) },
  { weight: 3, arbitrary: fc.record({ unregister: actor, key, below: fc.constantFrom(5, 10) }) },
  { weight: 2, arbitrary: fc.record({ update: actor, key }) },
  { weight: 1, arbitrary: fc.record({ end: actor }) },
);

interface Modelled {
  readonly key: string;
  readonly ref: NamedRef;
  value: number;
}

const run = (unique: boolean, steps: ReadonlyArray<Step>) =>
  Effect.gen(function* () {
    // One script for both kinds: only unique keys come to `updateValue`.
    const names = Registry.make<string, number>({ keys: unique ? "unique" : "duplicate" } as { readonly keys: "unique" });
    const refs = yield* Effect.forEach([0, 1, 2, 3], (n) => spawn(`${n}`));
    let model: Array<Modelled> = [];
    const drop = (gone: (entry: Modelled) => boolean): number => {
      const before = model.length;
      model = model.filter((entry) => !gone(entry));
      return before - model.length;
    };
    for (const next of steps) {
      if ("register" in next) {
        const ref = refs[next.register]!;
        const taken = unique && model.some((entry) => entry.key === next.key);
        const expected = taken ? "AlreadyRegistered" : "done";
        const did = yield* Effect.match(names.register(ref, next.key, next.value), {
          onSuccess: () => "done",
          onFailure: ({ _tag }) => _tag,
        });
        expect(did).toBe(ref.alive || taken ? expected : "HolderDown");
        if (did === "done") model.push({ key: next.key, ref, value: next.value });
      } else if ("unregister" in next) {
        const ref = refs[next.unregister]!;
        const count = names.unregister(ref, next.key, (value) => value < next.below);
        expect(count).toBe(drop((entry) => entry.ref === ref && entry.key === next.key && entry.value < next.below));
      } else if ("update" in next) {
        if (!unique) continue;
        const entry = model.find(({ key, ref }) => key === next.key && ref === refs[next.update]);
        const previous = entry?.value;
        if (entry !== undefined) entry.value += 1;
        const expected = entry === undefined ? undefined : { value: entry.value, previous };
        expect(names.updateValue(refs[next.update]!, next.key, (value) => value + 1)).toEqual(expected);
      } else {
        yield* Actor.kill(refs[next.end]!);
        drop(({ ref }) => ref === refs[next.end]);
      }
      expect(names.count()).toBe(model.length);
      for (const name of keys) expect(names.lookup(name)).toEqual(model.filter((entry) => entry.key === name));
      for (const ref of refs) {
        const own = model.filter((entry) => entry.ref === ref).map((entry) => entry.key);
        expect(names.keys(ref).toSorted()).toEqual(own.toSorted());
        expect(cellOf(ref as never).extras?.releases.size ?? 0).toBe(own.length > 0 ? 1 : 0);
      }
      expect(names.count(({ value }) => value > 4)).toBe(model.filter(({ value }) => value > 4).length);
    }
    for (const ref of refs) yield* Actor.kill(ref);
    expect(kept(names)).toEqual(nothing);
  }).pipe(Effect.scoped, Effect.runPromise);

for (const unique of [true, false]) {
  it(`a registry with ${unique ? "unique" : "duplicate"} keys is a list of entries`, () =>
    fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), (steps) => run(unique, steps)),
      { numRuns: 150 },
    ));
}

const millis = (work: () => void): number => {
  const before = performance.now();
  work();
  return performance.now() - before;
};

const [few, many] = [2000, 100_000];

/**
 * Whether `many` cost about as many times more than `few` as they are more, which is fifty; a cost that grows with their number makes it 2500 times.
 * The machine is shared, so there are as many tries as fit into eight seconds, and the lesser number is taken at its best.
 */
const isLinear = (work: (n: number) => void): boolean => {
  const start = performance.now();
  while (performance.now() - start < 8000) {
    const small = Math.min(...Array.from({ length: 5 }, () => millis(() => work(few))));
    if (millis(() => work(many)) < 400 * small) return true;
  }
  return false;
};

describe("a hundred thousand entries cost about fifty times as much as two thousand", () => {
  const work: Record<string, (names: Registry.Duplicate<number, number>, ref: NamedRef) => (n: number) => void> = {
    keys: (names, ref) => (n) => {
      for (let key = 0; key < n; key++) names.registerUnsafe(ref, key, key);
      for (let key = n - 1; key >= 0; key--) names.unregister(ref, key);
    },
    "entries under one key": (names, ref) => (n) => {
      for (let value = 0; value < n; value++) names.registerUnsafe(ref, 0, value);
      names.unregister(ref, 0);
    },
  };
  for (const [what, of] of Object.entries(work)) {
    it(`${what} of one actor`, () =>
      Effect.gen(function* () {
        const names = Registry.make<number, number>({ keys: "duplicate" });
        expect(isLinear(of(names, yield* spawn()))).toBe(true);
        expect(kept(names)).toEqual(nothing);
      }).pipe(Effect.scoped, Effect.runPromise));
  }

  it(
    "actors under one key and in one group",
    () =>
      Effect.gen(function* () {
        const names = Registry.make<string>({ keys: "duplicate" });
        const groups = Group.scope({ protocol: namedProtocol });
        const group = groups.group("all");
        yield* Effect.gen(function* () {
          const refs = yield* Effect.replicateEffect(spawn(), many);
          const comeAndGo = (n: number) => {
            for (let i = 0; i < n; i++) {
              names.registerUnsafe(refs[i]!, "all");
              group.join(refs[i]!);
            }
            for (let i = 0; i < n; i++) {
              names.unregister(refs[i]!, "all");
              group.leave(refs[i]!);
            }
          };
          expect(isLinear(comeAndGo)).toBe(true);
          for (const ref of refs) names.registerUnsafe(ref, "all");
          for (const ref of refs) group.join(ref);
        }).pipe(Effect.scoped);
        expect([kept(names), kept(groups)]).toEqual([nothing, nothing]);
      }).pipe(Effect.runPromise),
    60_000,
  );
});
