/** A target gets each line once and in order, from where it was, whether it was away or nobody brought it anything. */
import { closeSync, existsSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, it, onTestFinished } from "vitest";
import { Collector } from "../../src/logs/collect/Collector.ts";
import type { LogsSpec } from "../../src/logs/LogsSpec.ts";
import { placeOf } from "../../src/logs/collect/Place.ts";
import { OutputReader } from "../../src/logs/read/OutputReader.ts";
import { Feeds } from "../../src/logs/sink/Feeds.ts";
import type { Delivery, LogRecord } from "../../src/logs/sink/LogSink.ts";
import type { TargetSpec } from "../../src/logs/sink/TargetSpec.ts";
import { until } from "../e2e/program.ts";
import { logsSpec, newFolder, numberedLines } from "./collecting.ts";

const target = (over: Partial<TargetSpec> = {}): TargetSpec => ({
  id: "far",
  name: "far",
  streams: ["stdout", "stderr"],
  format: "plain",
  batch: { maxLines: 100, maxBytes: 100_000, everyMillis: 1 },
  maxRetryMillis: 250,
  destination: { type: "loki", timeoutMillis: 1000 },
  ...over,
});

interface World {
  isAway: boolean;
  failures: number;
  deliver: (records: ReadonlyArray<LogRecord>) => Delivery | void;
  readonly got: Array<LogRecord>;
  readonly batches: Array<ReadonlyArray<LogRecord>>;
}

const newWorld = (): World => {
  const world: World = { isAway: false, failures: 0, got: [], batches: [], deliver: (records) => void world.got.push(...records) };
  return world;
};

/** A master's collector and feeds; more than one after the other in the same folder. */
const master = (spec: LogsSpec, world: World, folder = newFolder()) => {
  const notices: Array<string> = [];
  const folderOf = (unit: string): string => join(folder, unit);
  const notice = (_: string, message: string): void => void notices.push(message);
  const feeds = new Feeds({
    folderOf,
    notice,
    now: Date.now,
    random: () => 0,
    open: () => ({
      deliver: async (records) => {
        if (world.isAway) {
          world.failures++;
          throw new Error("nobody there");
        }
        world.batches.push(records);
        return world.deliver(records);
      },
    }),
  });
  const collector = new Collector({
    folderOf,
    now: Date.now,
    punch: () => Promise.resolve(),
    compress: (_, path) => {
      writeFileSync(`${path}.gz`, gzipSync(readFileSync(path)));
      rmSync(path);
    },
    notice,
    progressed: (unit, stream) => feeds.wake(unit, stream),
    removing: (unit, place, segment, path) => feeds.removing(unit, place, segment, path),
  });
  feeds.set("u", spec);
  collector.adopt("u", spec);
  const paths = collector.begin("u", spec);
  // As a unit has them: open.
  const files = { stdout: openSync(paths.stdout, "a"), stderr: openSync(paths.stderr, "a") };
  onTestFinished(() => Object.values(files).forEach((file) => closeSync(file)));
  const end = async (): Promise<void> => {
    await collector.close();
    await feeds.close(1000);
  };
  onTestFinished(end);
  return {
    folder,
    feeds,
    collector,
    notices,
    end,
    write: async (text: string, stream: "stdout" | "stderr" = "stdout") => {
      writeSync(files[stream], text);
      await collector.settled("u");
    },
    state: () => feeds.states("u")[0]!,
  };
};

const small = (maxFiles = 1000, targets = [target()]): LogsSpec => ({
  ...logsSpec({ format: "enhanced_plain", rotation: { maxBytes: 5000, maxFiles } }),
  targets,
});

const upTo = (count: number, from = 1): ReadonlyArray<number> => Array.from({ length: count - from + 1 }, (_, at) => from + at);
const numbersOf = (records: ReadonlyArray<LogRecord>): ReadonlyArray<number> =>
  records.map(({ text }) => Number.parseInt(text.replace(/^\{.*"message":"/, ""), 10));
const gets = (world: World, last: number) =>
  until(
    `line ${last}`,
    () => Number.parseInt(world.got.at(-1)?.text ?? "", 10),
    (number) => number === last,
  );

it("goes on where it was, over rotations and over a master that was not there, with one name and one time for each line", async () => {
  const world = newWorld();
  const first = master(small(), world);
  await first.write(numberedLines(1, 300));
  await gets(world, 300);
  await first.end();
  const again = master(small(), world, first.folder);
  await again.write(numberedLines(301, 2000));
  await gets(world, 2000);
  expect(numbersOf(world.got)).toEqual(upTo(2000));
  expect(new Set(world.got.map(({ id }) => id)).size).toBe(2000);
  expect(world.got.every(({ nanos }, at) => at === 0 || nanos > world.got[at - 1]!.nanos)).toBe(true);
  expect(again.state()).toMatchObject({ awaySince: null, lost: 0, rejected: 0, lagBytes: 0 });
});

it.each([
  { when: "while it runs", isRestarted: false },
  { when: "while no master runs", isRestarted: true },
])("brings what was written before a log got another place, $when, and goes on there", async ({ isRestarted }) => {
  const world = newWorld();
  const spec = small();
  let running = master(spec, world);
  await running.write(numberedLines(1, 10));
  await gets(world, 10);
  world.isAway = true;
  await running.write(numberedLines(11, 1500));
  const moved = { ...spec, stdout: { ...spec.stdout, path: join(running.folder, "there/out.log") } };
  if (isRestarted) {
    await running.end();
    running = master(moved, world, running.folder);
  } else {
    running.collector.keep("u", moved);
    running.feeds.set("u", moved);
  }
  await running.write(numberedLines(1501, 2000));
  expect(existsSync(join(running.folder, "there/out.log"))).toBe(true);
  world.isAway = false;
  await gets(world, 2000);
  expect(numbersOf(world.got)).toEqual(upTo(2000));
  expect(running.state()).toMatchObject({ lost: 0, lagBytes: 0 });
  const reader = new OutputReader(placeOf(join(running.folder, "u"), "stdout", moved.stdout.path), moved.stdout, {
    follow: false,
    lines: null,
  });
  const read: Array<number> = [];
  for await (const lines of reader.all()) read.push(...lines.map(({ text }) => Number.parseInt(text, 10)));
  expect(read).toEqual(upTo(2000));
});

it("waits for a target that is away, says so once and since when, and loses nothing", async () => {
  const world = newWorld();
  const { feeds, notices, state, write } = master(small(), world);
  await write(numberedLines(1, 10));
  await gets(world, 10);
  world.isAway = true;
  await write(numberedLines(11, 1500));
  await until("it is told", state, ({ awaySince }) => awaySince !== null);
  expect(state()).toMatchObject({ why: "nobody there" });
  expect(state().lagBytes).toBeGreaterThan(1490 * 20);
  expect(await feeds.counted("u")).toMatchObject([{ target: "far", lagLines: 1490 }]);
  await until(
    "it is tried again",
    () => world.failures,
    (failures) => failures >= 3,
  );
  world.isAway = false;
  await gets(world, 1500);
  expect(numbersOf(world.got)).toEqual(upTo(1500));
  await until("it is settled", state, ({ lagBytes }) => lagBytes === 0);
  expect(notices).toEqual([
    "its stdout cannot be brought to far (nobody there), and waits in its log",
    "its stdout is brought to far again",
  ]);
});

it("what was only sent is sent again by the next master as what it was", async () => {
  const world = newWorld();
  const sent: Array<LogRecord> = [];
  // The answer is lost, and then the master.
  world.deliver = (records) => {
    sent.push(...records);
    throw new Error("no answer");
  };
  const first = master(small(), world);
  await first.write(numberedLines(1, 50));
  await until(
    "it is sent",
    () => sent.length,
    (count) => count >= 50,
  );
  await first.end();
  world.deliver = (records) => void world.got.push(...records);
  master(small(), world, first.folder);
  await gets(world, 50);
  expect(world.got).toEqual(sent.slice(0, 50));
});

it.each([false, true])("says how many lines were removed before it got them, compressed: %s", async (compress) => {
  const world = newWorld();
  const spec = small(4);
  const own: LogsSpec = { ...spec, stdout: { ...spec.stdout, rotation: { ...spec.stdout.rotation, compress } } };
  const first = master(own, world);
  await first.write(numberedLines(1, 5));
  await gets(world, 5);
  world.isAway = true;
  for (let from = 6; from <= 2000; from += 105) await first.write(numberedLines(from, Math.min(2000, from + 104)));
  await first.end();
  const again = master(own, world, first.folder);
  await again.write(numberedLines(2001, 2400));
  world.isAway = false;
  await gets(world, 2400);
  const lost = world.got.flatMap(({ text }) => Number(/^\[hsu\] (\d+) lines lost here/.exec(text)?.[1] ?? 0));
  const total = lost.reduce((sum, count) => sum + count, 0);
  const numbers = numbersOf(world.got).filter((number) => number > 0);
  expect(total).toBeGreaterThan(0);
  expect(numbers.length + total).toBe(2400);
  expect(numbers).toEqual([...numbers].sort((one, other) => one - other));
  expect(again.state().lost).toBe(total);
  expect(again.notices.join("\n")).toContain("were removed by rotation before they could be brought to far");
  expect(readdirSync(join(first.folder, "u")).filter((name) => name.endsWith(".lost"))).toEqual([]);
});

it("gets a part of a long line as one, however much longer it was kept than it was written", async () => {
  const world = newWorld();
  const { write } = master(
    { ...logsSpec({ format: "json" }), targets: [target({ batch: { maxLines: 1, maxBytes: 100, everyMillis: 1 } })] },
    world,
  );
  const long = "\u0001".repeat(65_536);
  await write(`${long}ab\n7\n`);
  await gets(world, 7);
  expect(world.got.map(({ text }) => text)).toEqual([long, "ab", "7"]);
});

it.each([
  ["lines", { maxLines: 10, maxBytes: 100_000 }],
  ["bytes", { maxLines: 1000, maxBytes: 500 }],
])("batches that are full of %s follow one another without a pause", async (_, bound) => {
  const world = newWorld();
  const { write } = master(small(1000, [target({ batch: { ...bound, everyMillis: 600_000 } })]), world);
  // Whatever is less than a batch is followed by a pause: all of it is there before the first look.
  world.isAway = true;
  await write(numberedLines(1, 200));
  world.isAway = false;
  await until(
    "nearly all",
    () => world.got.length,
    (count) => count > 150,
  );
  expect(world.batches.length).toBeGreaterThan(10);
});

it("a part that is not taken comes again, a part that is rejected is counted, and what filters leave out is not sent", async () => {
  const world = newWorld();
  const { notices, state, write } = master(small(1000, [target({ filters: { include: [], exclude: ["^7 "] } })]), world);
  let refused = 0;
  world.deliver = (records) => {
    const bad = records.filter(({ text }) => text.startsWith("3 "));
    const later = refused++ === 0 ? records.slice(5) : [];
    world.got.push(...records.filter((record) => !bad.includes(record) && !later.includes(record)));
    return { again: later, rejected: bad.length, why: "bad line" };
  };
  await write(numberedLines(1, 10));
  await gets(world, 10);
  expect(numbersOf(world.got)).toEqual([1, 2, 4, 5, 6, 8, 9, 10]);
  await until("it is settled", state, ({ delivered }) => delivered === 8);
  expect(state()).toMatchObject({ delivered: 8, rejected: 1 });
  expect(notices).toContain("1 lines of its stdout were rejected by far (bad line)");
});

it("a place that nobody can read any more is taken as none, and a log folder that is deleted costs no line that comes after it", async () => {
  const world = newWorld();
  const first = master(small(), world);
  await first.write(numberedLines(1, 10));
  await gets(world, 10);
  rmSync(join(first.folder, "u"), { recursive: true });
  await first.write(numberedLines(11, 20));
  await gets(world, 20);
  await until(
    "it has its place",
    () => existsSync(join(first.folder, "u/.collect/stdout.far.cursor")),
    (is) => is,
  );
  await first.end();
  writeFileSync(join(first.folder, "u/.collect/stdout.far.cursor"), "nonsense");
  const again = master(small(), world, first.folder);
  await again.write(numberedLines(21, 30));
  await gets(world, 30);
  expect(numbersOf(world.got)).toEqual(upTo(30));
});

it("another format goes on in the same place, and a target that is taken away leaves nothing", async () => {
  const world = newWorld();
  const { feeds, folder, write } = master(small(), world);
  await write(numberedLines(1, 10));
  await gets(world, 10);
  feeds.set("u", small(1000, [target({ format: "json" })]));
  await write(numberedLines(11, 12));
  await gets(world, 12);
  expect(numbersOf(world.got)).toEqual(upTo(12));
  expect(JSON.parse(world.got.at(-1)!.body)).toMatchObject({ unit: "u", stream: "stdout", seq: 12 });
  feeds.set("u", small(1000, []));
  expect(feeds.states("u")).toEqual([]);
  expect(readdirSync(join(folder, "u/.collect")).filter((name) => name.endsWith(".cursor"))).toEqual([]);
  expect(readFileSync(join(folder, "u/.collect/stdout.checkpoint")).length).toBe(128);
});
