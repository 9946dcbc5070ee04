import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type GroupSpec, Order, type UnitSpec } from "../../src/unit/index.ts";

const { dependentsOf, neededBy, needsOf, problemsOf, siblingOrder, waitsFor } = Order;

type Named = Order.Entry;
const unit = (id: string, waits: Omit<Named, "id" | "children"> = {}): Named => ({ id, ...waits });
const group = (id: string, children: ReadonlyArray<Named>, waits: Omit<Named, "id" | "children"> = {}): Named => ({
  id,
  children,
  ...waits,
});
const asSpec = (entry: Named): UnitSpec | GroupSpec =>
  (entry.children === undefined
    ? { ...entry, _tag: "Unit" }
    : { ...entry, _tag: "Group", children: entry.children.map(asSpec) }) as unknown as UnitSpec;
const rootOf = (...children: ReadonlyArray<Named>): GroupSpec => asSpec(group("units", children)) as unknown as GroupSpec;

describe("who starts after whom", () => {
  it("siblings wait for each other, and of two in different groups the groups do, where their ways part", () => {
    const order = siblingOrder([
      group("front", [unit("web", { requires: ["db"] }), unit("static", { after: ["web"] })]),
      group("back", [unit("db"), unit("cache", { after: ["db"] })], { after: ["mount"] }),
      unit("mount"),
    ]);
    expect(Object.fromEntries(order)).toEqual({ front: ["back"], static: ["web"], cache: ["db"], back: ["mount"] });
  });

  it("names of nobody, of oneself and of one's own group are found, and circles of groups that no circle of units is", () => {
    expect(problemsOf([unit("a", { after: ["b"] })])).toEqual([{ _tag: "Unknown", id: "a", key: "after", name: "b" }]);
    expect(problemsOf([unit("a", { requires: ["a"] })])).toMatchObject([{ _tag: "Within", name: "a" }]);
    expect(problemsOf([group("g", [unit("a", { after: ["g"] })])])).toMatchObject([{ _tag: "Within", id: "a", name: "g" }]);
    expect(problemsOf([group("g", [unit("a")], { after: ["a"] })])).toMatchObject([{ _tag: "Within", id: "g", name: "a" }]);
    const crossed = [group("g", [unit("a", { after: ["b"] }), unit("c")]), group("h", [unit("b"), unit("d", { after: ["c"] })])];
    expect(problemsOf(crossed)).toEqual([{ _tag: "Cycle", id: "d", key: "after", name: "c", circle: ["g", "h", "g"] }]);
  });

  it("a chain may be long", () => {
    const chain = Array.from({ length: 20_000 }, (_, n) => unit(`u${n}`, n === 0 ? {} : { after: [`u${n - 1}`] }));
    expect(problemsOf(chain)).toEqual([]);
    expect(problemsOf([...chain.slice(1), unit("u0", { after: ["u19999"] })])).toHaveLength(1);
  });

  it("a circle is found if and only if there is no order that keeps all waits", () => {
    const ids = ["a", "b", "c", "d", "e"];
    const waits = fc.array(fc.tuple(fc.constantFrom(...ids), fc.constantFrom(...ids)), { maxLength: 8 });
    fc.assert(
      fc.property(waits, (pairs) => {
        const entries = ids.map((id) =>
          unit(id, { after: pairs.filter(([one, other]) => one === id && other !== id).map(([, other]) => other) }),
        );
        const left = new Set(ids);
        for (let placed = true; placed;) {
          placed = false;
          for (const entry of entries) {
            if (left.has(entry.id) && entry.after!.every((other) => !left.has(other))) placed = left.delete(entry.id);
          }
        }
        expect(problemsOf(entries).length > 0).toBe(left.size > 0);
      }),
    );
  });
});

describe("whom a unit waits for just now", () => {
  const tree = rootOf(
    group("data", [unit("db"), unit("cache")]),
    group("front", [unit("web", { requires: ["data"], after: ["log"] }), unit("static")], { after: ["migrate"] }),
    unit("log"),
    unit("migrate"),
  );
  const needs = needsOf(tree);

  it("a group's name means all in it, and what a group waits for each in it does", () => {
    expect(Object.fromEntries(needs)).toEqual({
      web: { requires: ["db", "cache"], after: ["migrate", "log"] },
      static: { requires: [], after: ["migrate"] },
    });
  });

  it.each([
    ["up and ready", { phase: "up", ready: true }, [], []],
    ["up, and not ready", { phase: "up", ready: false }, ["x"], ["x"]],
    ["starting", { phase: "starting", ready: false }, ["x"], ["x"]],
    ["blocked itself", { phase: "blocked", ready: false }, ["x"], ["x"]],
    ["down: only a need is waited for", { phase: "down", ready: false }, ["x"], []],
  ] as const)("for one that is %s", (_, known, required, after) => {
    expect(waitsFor({ requires: ["x"], after: [] }, () => known)).toEqual(required);
    expect(waitsFor({ requires: [], after: ["x"] }, () => known)).toEqual(after);
    expect(waitsFor({ requires: ["x"], after: ["x"] }, () => known)).toEqual(required);
  });

  it("what is started before a unit, and what is stopped before it, each in its order", () => {
    const chain = needsOf(
      rootOf(
        unit("a"),
        unit("b", { requires: ["a"] }),
        unit("c", { requires: ["a", "b"] }),
        unit("d", { requires: ["c"], after: ["e"] }),
        unit("e"),
      ),
    );
    expect(neededBy(chain, "d")).toEqual(["a", "b", "c"]);
    expect(dependentsOf(chain, "a")).toEqual(["d", "c", "b"]);
    expect([neededBy(chain, "a"), dependentsOf(chain, "e")]).toEqual([[], []]);
  });
});
