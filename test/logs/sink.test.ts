/** A target gets each line once and in order, from where it was, whether it was away or nobody brought it anything. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { expect, it } from "vitest";
import { placeOf } from "../../src/logs/collect/Place.ts";
import type { LogSink } from "../../src/logs/sink/LogSink.ts";
import { feed } from "../../src/logs/sink/Feed.ts";
import { until } from "../e2e/program.ts";
import { collectedUnit, logsSpec, numberedLines } from "./collecting.ts";

const setUp = (maxFiles = 1000) => {
  const spec = logsSpec({ format: "enhanced_plain", rotation: { maxBytes: 5000, maxFiles } });
  const unit = collectedUnit(spec);
  const got: Array<number> = [];
  const notices: Array<string> = [];
  const world = { isAway: false };
  const sink: LogSink = {
    id: "far",
    deliver: async (records) => {
      if (world.isAway) throw new Error("away");
      for (const { text } of records) got.push(Number.parseInt(text, 10));
    },
  };
  const place = placeOf(join(unit.folder, "u"), "stdout");
  const feeding = feed({ unit: "u", place, file: spec.stdout, sink, notice: (message) => void notices.push(message) });
  return {
    unit,
    got,
    notices,
    world,
    write: async (from: number, to: number) => {
      unit.write(numberedLines(from, to));
      await unit.settled();
    },
    /** As long as `use` lasts. */
    during: (use: () => Promise<unknown>) => Effect.runPromise(Effect.scoped(Effect.raceFirst(feeding, Effect.promise(use)))),
  };
};

const upTo = (count: number, from = 1): ReadonlyArray<number> => Array.from({ length: count - from + 1 }, (_, at) => from + at);

it("goes on where it was, over rotations and over a master that was not there", async () => {
  const { during, got, unit, write } = setUp();
  await write(1, 10);
  await during(async () => {
    // What was there before it was a target is not its own.
    await until(
      "it listens",
      async () => (await write(11, 11), got.length),
      (count) => count > 0,
    );
  });
  const start = got[0]!;
  expect(start).toBe(11);
  const before = got.length;
  await write(1001, 2000);
  await during(() =>
    until(
      "the rest",
      () => got.at(-1),
      (last) => last === 2000,
    ),
  );
  expect(got.slice(before).filter((number) => number > 1000)).toEqual(upTo(2000, 1001));
  await unit.end();
});

it("waits for a target that is away, says so once, and loses nothing; what was removed meanwhile is told", async () => {
  const { during, got, notices, unit, world, write } = setUp(4);
  await during(async () => {
    await until(
      "it listens",
      async () => (await write(1, 1), got.length),
      (count) => count > 0,
    );
    got.length = 0;
    world.isAway = true;
    await write(1001, 1500);
    await until(
      "it is told",
      () => notices.length,
      (count) => count > 0,
    );
    world.isAway = false;
    await until(
      "all",
      () => got.at(-1),
      (last) => last === 1500,
    );
    expect(got.filter((number) => number > 1)).toEqual(upTo(1500, 1001));
  });
  expect(notices).toEqual([
    "its stdout cannot be brought to far (Error: away), and waits in its log",
    "its stdout is brought to far again",
  ]);
  notices.length = 0;
  await write(2001, 4000);
  await during(() =>
    until(
      "the last",
      () => got.at(-1),
      (last) => last === 4000,
    ),
  );
  expect(notices.join("\n")).toMatch(/files of its stdout were removed before they were brought to far/);
  writeFileSync(join(unit.folder, "u/.collect/stdout.far.cursor"), "nonsense");
  await unit.end();
});
