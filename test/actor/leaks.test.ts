/** An hour's worth of calls with deadlines, restarts, monitors, links, timers and names, counted in operations. */
import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";

interface Seen {
  readonly heaps: ReadonlyArray<number>;
  readonly operations: Readonly<Record<string, number>>;
  readonly sizes: ReadonlyArray<Readonly<Record<string, number>>>;
  readonly timers: number;
  readonly names: number;
  readonly held: ReadonlyArray<boolean>;
}

it("what actors have done costs nothing once it is done", () => {
  const printed = execFileSync(process.execPath, ["--expose-gc", "test/programs/leaks.ts"], {
    encoding: "utf8",
    timeout: 110_000,
  });
  const { heaps, held, names, operations, sizes, timers } = JSON.parse(printed) as Seen;
  expect(operations).toEqual({ calls: 1_316_000, restarts: 100_000, watches: 200_000, spawns: 150_000 });
  expect({ held, names, timers }).toEqual({ held: [true, true, true, true], names: 0, timers: 0 });
  // There are two durations, of deadlines and of what is delayed; of one that nobody waits for nothing may be left just then.
  const most = (name: string): number => Math.max(...sizes.map((size) => size[name]!));
  expect(["timers", "durations", "dues", "listeners", "names"].map(most)).toEqual([0, 2, 2, 1, 0]);
  // Some 200,000 operations a round. One of them in ten that keeps 100 bytes is half as much again in six rounds; V8 itself moves by less than one percent.
  expect(heaps.at(-1)! / heaps[1]!).toBeLessThan(1.02);
}, 120_000);
