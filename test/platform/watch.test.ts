import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type EndWatch, watchEnd } from "../../src/platform/linux/Watch.ts";

const open: Array<EndWatch> = [];
beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  for (const watch of open.splice(0)) watch.close();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

/** Somebody who is watched, and whose looks are counted. */
const somebody = () => {
  const one = { runs: true, looks: 0, ends: 0, watch: {} as EndWatch };
  one.watch = watchEnd({
    runs: () => (one.looks++, one.runs),
    ended: () => (one.ends++, one.watch.close()),
    group: undefined,
  });
  open.push(one.watch);
  return one;
};

it("who has been sent a signal is looked at closely for a while, however many others there are", () => {
  const many = Array.from({ length: 500 }, somebody);
  vi.advanceTimersByTime(100);
  const [first, second] = many as [ReturnType<typeof somebody>, ReturnType<typeof somebody>];
  const before = first.looks;
  first.runs = second.runs = false;
  first.watch.expect();
  vi.advanceTimersByTime(5);
  expect([first.ends, second.ends]).toEqual([1, 0]);
  expect(first.looks).toBeLessThan(before + 5);
  // The other is seen in its turn, by the one timer of all.
  vi.advanceTimersByTime(2000);
  expect([first.ends, second.ends]).toEqual([1, 1]);
});

it("who goes on after a signal costs a dozen looks, and is then one of all again", () => {
  const one = somebody();
  Array.from({ length: 500 }, somebody);
  vi.advanceTimersByTime(100);
  const before = one.looks;
  one.watch.expect();
  one.watch.expect();
  vi.advanceTimersByTime(1900);
  const closer = one.looks - before;
  expect(closer).toBeGreaterThan(8);
  vi.advanceTimersByTime(20_000);
  expect(one.looks - before - closer).toBeLessThan(14);
  expect(one.ends).toBe(0);
});

it("nobody is looked at any more once nobody waits for him", () => {
  const one = somebody();
  one.watch.expect();
  one.watch.close();
  one.watch.expect();
  vi.advanceTimersByTime(10_000);
  expect([one.looks, one.ends]).toEqual([0, 0]);
});
