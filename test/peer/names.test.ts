/** What a group of this master is good for, of what other masters have. */
import { expect, it } from "vitest";
import { isWithin } from "../../src/peer/Names.ts";

it("a group is one of this master; that of another is called by its name, and all of that one as well", () => {
  expect(isWithin(["units", "front", "web"], "front")).toBe(true);
  expect(isWithin(["units", "front", "web"], "back")).toBe(false);
  const there = ["peers", "east", "units", "front", "web"];
  for (const group of ["peers", "east", "east/front", "east/units"]) expect([group, isWithin(there, group)]).toEqual([group, true]);
  // Of the same name, and of somebody else.
  for (const group of ["front", "units", "west", "west/front"]) expect([group, isWithin(there, group)]).toEqual([group, false]);
  expect(isWithin(["peers"], "peers")).toBe(true);
});
