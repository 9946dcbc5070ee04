import { expect, it } from "vitest";
import { Pressure } from "../../src/logs/collect/Pressure.ts";

const block = { maxBytes: 100, whenFull: "block" } as const;

const told = (isNew: boolean, looks: ReadonlyArray<readonly [waiting: number, whenFull: "block" | "drop"]>) => {
  const said: Array<boolean> = [];
  const pressure = new Pressure((isFull) => said.push(isFull), isNew);
  for (const [waiting, whenFull] of looks) pressure.look(waiting, { ...block, whenFull });
  return said;
};

it("is told beyond the bound, while it lasts, and once when half of it is free again", () => {
  const blocking = (waits: ReadonlyArray<number>) => waits.map((waiting) => [waiting, "block"] as const);
  expect(told(true, blocking([0, 100, 101, 80, 51, 50, 40, 100]))).toEqual([true, true, true, false]);
  // What an earlier master has stopped goes on.
  expect(told(false, blocking([80, 0]))).toEqual([false]);
  expect(told(false, blocking([101]))).toEqual([true]);
});

it("is never so where it is dropped, and over when the config says so", () => {
  expect(told(true, [[1000, "drop"]])).toEqual([]);
  expect(told(false, [[1000, "drop"]])).toEqual([]);
  expect(
    told(true, [
      [1000, "block"],
      [1000, "drop"],
    ]),
  ).toEqual([true, false]);
});
