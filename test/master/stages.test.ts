/**
 * In which order units come, of trees in which many wait for each other.
 */
import * as Result from "effect/Result";
import { expect, it } from "vitest";
import { parse } from "../../src/config/index.ts";
import { inOrder } from "../../src/master/Stages.ts";
import { Order } from "../../src/unit/index.ts";

const count = 5_000;
const tree = (waits: (index: number) => string) =>
  Result.getOrThrow(
    parse(
      `managed_processes:\n${Array.from({ length: count }, (_, index) => `  - {id: u${index}, requires: [${waits(index)}], management: {control: {executable: sh}}}\n`).join("")}`,
      "/srv/hsu.yaml",
    ),
  ).spec.root;
const chain = tree((index) => (index === 0 ? "" : `u${index - 1}`));
const all = Array.from({ length: count }, (_, index) => `u${index}`);

it("each of a chain that is longer than the stack is deep comes behind the one before", () => {
  expect(inOrder(chain, all)).toStrictEqual(all.map((id) => [id]));
  expect(inOrder(chain, [`u${count - 1}`, "u0"])).toStrictEqual([["u0"], [`u${count - 1}`]]);
  const needs = Order.needsOf(chain);
  expect(Order.neededBy(needs, `u${count - 1}`)).toStrictEqual(all.slice(0, -1));
  expect(Order.dependentsOf(needs, "u0")).toStrictEqual(all.slice(1).reverse());
});

it("all that wait for one come at once, behind it", () => {
  const fan = tree((index) => (index === 0 ? "" : "u0"));
  expect(inOrder(fan, all.toReversed()).map((level) => level.length)).toStrictEqual([1, count - 1]);
  expect(Order.dependentsOf(Order.needsOf(fan), "u0")).toHaveLength(count - 1);
});

it("who waits for many looks on from the one that it waited for", () => {
  const own = { requires: ["a", "b", "c"], after: ["d"] };
  const known =
    (...ready: ReadonlyArray<string>) =>
    (id: string) => ({ phase: "starting" as const, ready: ready.includes(id) });
  expect(Order.firstOpen(own, known())).toBe(0);
  expect(Order.firstOpen(own, known("a"))).toBe(1);
  expect(Order.firstOpen(own, known("b", "c"), 1)).toBe(3);
  const up = (id: string) => ({ phase: "up" as const, ready: id !== "b" });
  expect(Order.firstOpen(own, up, 2)).toBe(1);
  expect(Order.firstOpen(own, () => ({ phase: "up" as const, ready: true }), 3)).toBe(-1);
});
