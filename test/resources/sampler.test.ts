import * as fc from "fast-check";
import { expect, it } from "vitest";
import { noUsage, type Usage } from "../../src/platform/index.ts";
import { Ring, rowsFor } from "../../src/resources/Ring.ts";
import { make, sampleOf, type Subject } from "../../src/resources/Sampler.ts";

const row = (at: number) => ({ at, cpuPercent: at / 2, rss: null, threads: 1, files: 2, readBps: 3, writeBps: null });

it("a ring keeps the last rows, in order, and what is not known stays so", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 60 }), (capacity, pushed) => {
      const ring = new Ring(capacity);
      for (let at = 0; at < pushed; at++) ring.push(row(at));
      const first = Math.max(0, pushed - capacity);
      expect(ring.rows()).toEqual(Array.from({ length: pushed - first }, (_, index) => row(first + index)));
    }),
  );
  expect(rowsFor(600_000, 10_000)).toBe(60);
  expect(rowsFor(86_400_000 * 365, 1000)).toBe(8640);
});

const usage = (more: Partial<Usage>): Usage => ({ ...noUsage, processes: 1, ...more });

it("rates are those since the sample before, and of the first sample those since the start", () => {
  const first = sampleOf(usage({ cpuMillis: 500, readBytes: 4000, reads: 10 }), 11_000, null, 10_000);
  expect(first).toMatchObject({ cpuPercent: 50, readBps: 4000, readOps: 10, writeBps: null });
  const second = sampleOf(usage({ cpuMillis: 3500, readBytes: 4000, reads: 30 }), 13_000, first, 10_000);
  expect(second).toMatchObject({ cpuPercent: 150, readBps: 0, readOps: 10 });
  // The clock was set back: nothing is made up.
  expect(sampleOf(usage({ cpuMillis: 9000 }), 12_000, second, 10_000).cpuPercent).toBeNull();
});

it("a pass samples those that are due, keeps their history over processes, and says so to who wants to know", async () => {
  let now = 0;
  const seen: Array<number> = [];
  const subject = (id: string, intervalMillis: number, onSample?: Subject["onSample"]): Subject => ({
    id,
    intervalMillis,
    since: 0,
    rows: 3,
    meter: { read: () => usage({ cpuMillis: now / 2 }), close: () => {} },
    ...(onSample === undefined ? {} : { onSample }),
  });
  const sampler = make(() => now);
  const often = subject("often", 1000, ({ at }) => seen.push(at));
  const seldom = subject("seldom", 3000);
  const gone: Subject = { ...subject("gone", 1000), meter: { read: () => Promise.resolve(undefined), close: () => {} } };
  for (now = 1000; now <= 4000; now += 1000) await sampler.pass([often, seldom, gone], false);
  expect(seen).toEqual([1000, 2000, 3000, 4000]);
  expect(sampler.history("seldom").map(({ at }) => at)).toEqual([1000, 4000]);
  expect(sampler.history("gone")).toEqual([]);
  await sampler.pass([subject("often", 1000)], true);
  expect(sampler.history("often").map(({ at }) => at)).toEqual([3000, 4000, 5000]);
  expect(sampler.latest(often)).toMatchObject({ at: 4000, cpuPercent: 50 });
});

it("who asks at once is told the rates of the sample before: over a few milliseconds they say nothing", async () => {
  let now = 1000;
  let readBytes = 0;
  const subject: Subject = {
    id: "one",
    intervalMillis: 1000,
    since: 0,
    rows: 3,
    meter: { read: () => usage({ readBytes }), close: () => {} },
  };
  const sampler = make(() => now);
  readBytes = 5000;
  await sampler.pass([subject], true);
  now += 2;
  readBytes += 1000;
  expect(await sampler.detail(subject)).toMatchObject({ readBps: 5000, readBytes: 6000 });
  now += 998;
  expect(await sampler.detail(subject)).toMatchObject({ readBps: 1000 });
});
