import { expect, it } from "vitest";
import * as Result from "effect/Result";
import { parse } from "../../src/config/index.ts";
import { afterOf, orderOf, turnsOf } from "../../src/master/Order.ts";

const group = (strategy: string) => {
  const unit = (id: string, start: string) => `    - { id: ${id}, management: { control: { executable: x, start: ${start} } } }`;
  const units = [unit("a", "process"), unit("init", "oneshot"), unit("b", "process"), unit("second", "oneshot"), unit("c", "process")];
  const inner = "    - { id: inner, children: [{ id: d, management: { control: { executable: x } } }] }";
  const yaml = `managed_processes:\n  - id: all\n    strategy: ${strategy}\n    children:\n${[...units, inner].map((line) => `  ${line}`).join("\n")}`;
  const child = Result.getOrThrow(parse(yaml, "/x/hsu.yaml")).spec.root.children[0]!;
  if (child._tag !== "Group") throw new Error("no group");
  return child;
};

it("what is listed behind a one-shot waits for it, and a one-shot for the one before; a group with an order of its own needs no other", () => {
  const apart = group("one_for_one");
  expect([...afterOf(apart)].filter(([, ids]) => ids.length > 0)).toEqual([
    ["b", ["init"]],
    ["second", ["init"]],
    ["c", ["second"]],
    ["inner", ["second"]],
  ]);
  expect(orderOf(apart)).toEqual({ startOrder: "parallel", stopOrder: "parallel" });
  for (const strategy of ["one_for_all", "rest_for_one"]) {
    expect([...afterOf(group(strategy)).values()].flat()).toEqual([]);
    expect(orderOf(group(strategy))).toEqual({});
  }
});

it("what a unit says itself goes before what the list says", () => {
  const own = new Map([
    ["init", ["b"]],
    ["a", ["c"]],
  ]);
  expect([...afterOf(group("one_for_one"), own)].filter(([, ids]) => ids.length > 0)).toEqual([
    ["a", ["c"]],
    ["init", ["b"]],
    ["second", ["init"]],
    ["c", ["second"]],
    ["inner", ["second"]],
  ]);
});

it("before its first start a unit waits for those whom it is after, and for those whom its groups are", () => {
  const own = new Map([["all", ["net"]]]);
  const root = { ...group("one_for_one"), id: "root", children: [group("one_for_one")] };
  expect(Object.fromEntries(turnsOf(root, own))).toEqual({
    a: ["net"],
    init: ["net"],
    b: ["net", "init"],
    second: ["net", "init"],
    c: ["net", "second"],
    d: ["net", "second"],
  });
  expect(Object.fromEntries(turnsOf(group("one_for_all")))).toEqual({
    a: [],
    init: ["a"],
    b: ["init"],
    second: ["b"],
    c: ["second"],
    d: ["c"],
  });
});
