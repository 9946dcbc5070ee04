/**
 * One config of `units` units that wait for each other, in a process of its own: prints what it took to read it, and to find out who waits for whom.
 * `chain`: each for the one before; `fan in`: the last for all; `fan out`: all for the first; `groups`: half of them for the other half; `none`: nobody.
 */
import * as Result from "effect/Result";
import { parse } from "../../src/config/index.ts";
import { Order } from "../../src/unit/index.ts";

const [shape = "chain", units = "100"] = process.argv.slice(2);
const count = Number(units);

const waits = (index: number): ReadonlyArray<number> => {
  if (shape === "chain") return index === 0 ? [] : [index - 1];
  if (shape === "fan in") return index === count - 1 ? Array.from({ length: count - 1 }, (_, each) => each) : [];
  return shape === "fan out" && index > 0 ? [0] : [];
};
const unit = (index: number, indent = ""): string => {
  const others = waits(index);
  const said = others.length === 0 ? "" : `${indent}    requires:\n${others.map((each) => `${indent}      - unit-${each}\n`).join("")}`;
  return `${indent}  - id: unit-${index}\n${said}${indent}    management:\n${indent}      control: { executable: sleep }\n`;
};
const all = Array.from({ length: count }, (_, index) => index);
const group = (id: string, some: ReadonlyArray<number>, more = ""): string =>
  `  - id: ${id}\n${more}    children:\n${some.map((index) => unit(index, "    ")).join("")}`;
const text = `managed_processes:\n${
  shape === "groups"
    ? group("one", all.slice(0, count / 2)) + group("other", all.slice(count / 2), "    requires: [one]\n")
    : all.map((index) => unit(index)).join("")
}`;

const began = performance.now();
const { root } = Result.getOrThrow(parse(text, "/srv/hsu.yaml")).spec;
const read = performance.now();
const needs = Order.needsOf(root);
Order.siblingOrder(root.children);
const [first, last] = ["unit-0", `unit-${count - 1}`];
const needed = Order.neededBy(needs, last).length;
const dependents = Order.dependentsOf(needs, first).length;
const far = shape === "none" ? 0 : shape === "groups" ? count / 2 : count - 1;
if (shape !== "fan out" && needed !== far) throw new Error(`${needed} are needed`);
if (shape !== "fan in" && dependents !== far) throw new Error(`${dependents} depend`);
console.log(JSON.stringify({ validate: read - began, order: performance.now() - read }));
