import { expect, it } from "vitest";
import { Demand } from "../../src/unit/index.ts";

const { isIdle, lookMillis, quietSince, unansweredWith } = Demand;

it("nobody is there from the first look that finds nobody, until one that finds somebody", () => {
  expect(quietSince(null, 0, 100)).toBe(100);
  expect(quietSince(100, 0, 200)).toBe(100);
  expect(quietSince(100, 1, 200)).toBe(null);
  expect([isIdle(50, null, 1000), isIdle(50, 100, 149), isIdle(50, 100, 150)]).toEqual([false, false, true]);
});

it("is looked at four times in its idle time, and at least every 30 seconds", () => {
  expect([10, 300, 60_000, 3_600_000].map(lookMillis)).toEqual([50, 75, 15_000, 30_000]);
});

it("only quick ends that leave somebody waiting count, and only in a row", () => {
  expect(unansweredWith(0, true, 10)).toBe(1);
  expect(unansweredWith(4, true, 1999)).toBe(5);
  expect(unansweredWith(4, true, 2000)).toBe(0);
  expect(unansweredWith(4, false, 10)).toBe(0);
});
