/** What `hsu logs` shows of a collected log: in order, by time, by what it says, over files that are complete and compressed. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import { gzip } from "../../src/logs/collect/Gzip.ts";
import { read } from "../../src/logs/read/Read.ts";
import type { LogQuery } from "../../src/logs/read/Query.ts";
import type { LogsSpec } from "../../src/logs/LogsSpec.ts";
import { Collector } from "../../src/logs/collect/Collector.ts";
import { collecting } from "../../src/logs/index.ts";
import { until } from "../e2e/program.ts";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { logsSpec } from "./collecting.ts";

/** A unit `u` whose times are what the test says. */
const timedUnit = (spec: LogsSpec) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const stateDirectory = mkdtempSync(join(tmpdir(), "hsu-read-"));
      const clock = { now: Date.UTC(2026, 0, 1) };
      const collector = new Collector({
        folderOf: (unit) => join(stateDirectory, "logs", unit),
        now: () => clock.now,
        punch: () => Promise.resolve(),
        compress: (_, path) => gzip(path, (message) => expect.fail(message)),
        notice: (_, message) => expect.fail(message),
      });
      const paths = collector.begin("u", spec);
      return { stateDirectory, clock, collector, paths, spec };
    }),
    ({ collector, stateDirectory }) =>
      Effect.promise(async () => {
        await collector.close();
        rmSync(stateDirectory, { recursive: true, force: true });
      }),
  ).pipe(
    Effect.map(({ clock, collector, paths, spec: kept, stateDirectory }) => ({
      folder: join(stateDirectory, "logs/u"),
      clock,
      write: (text: string, stream: "stdout" | "stderr" = "stdout") =>
        Effect.promise(async () => {
          appendFileSync(paths[stream], text);
          await collector.settled("u");
        }),
      read: (query: Partial<LogQuery>) => read(stateDirectory, "u", kept, { follow: false, lines: null, ...query }),
      texts: (query: Partial<LogQuery> = {}) =>
        read(stateDirectory, "u", kept, { follow: false, lines: null, ...query }).pipe(
          Stream.map(({ text }) => text),
          Stream.runCollect,
        ),
    })),
  );

for (const format of ["raw", "enhanced_plain", "json"] as const) {
  it.live(`${format}: both outputs in the order in which they were written, with times`, () =>
    Effect.gen(function* () {
      const unit = yield* timedUnit(logsSpec({ format }));
      for (let count = 1; count <= 6; count++) {
        yield* unit.write(`${count}\n`, count % 2 === 0 ? "stderr" : "stdout");
        unit.clock.now += count === 3 ? 1000 : 1;
      }
      expect(yield* unit.texts()).toEqual(["1", "2", "3", "4", "5", "6"]);
      expect(yield* unit.texts({ lines: 3 })).toEqual(["4", "5", "6"]);
      expect(yield* unit.texts({ lines: 0 })).toEqual([]);
      const since = Date.UTC(2026, 0, 1) + 500;
      expect(yield* unit.texts({ since })).toEqual(["4", "5", "6"]);
      expect(yield* unit.texts({ until: since })).toEqual(["1", "2", "3"]);
      expect(yield* unit.texts({ grep: /[25]/ })).toEqual(["2", "5"]);
      const [first] = yield* Stream.runCollect(unit.read({ lines: 1 }));
      expect(first).toMatchObject({ unit: "u", stream: "stderr", text: "6" });
      expect(first?.time).toBeGreaterThan(since);
    }).pipe(Effect.scoped),
  );
}

it.live("a part of a long line is one line again, however much longer it was kept than it was written", () =>
  Effect.gen(function* () {
    const long = "\u0001".repeat(65_536);
    const json = yield* timedUnit(logsSpec({ format: "json" }));
    yield* json.write(`${long}ab\nnext\n`);
    expect(yield* json.texts()).toEqual([long, "ab", "next"]);
    expect(yield* json.texts({ lines: 2 })).toEqual(["ab", "next"]);
    const enhanced = yield* timedUnit(logsSpec({ format: "enhanced_plain" }));
    yield* enhanced.write(`${long}ab\nnext\n`);
    expect(yield* enhanced.texts()).toEqual([`[part 1] ${long}`, "[part 2, the last] ab", "next"]);
  }).pipe(Effect.scoped),
);

it.live("over files that are complete and compressed, by time, from the end, and by what lines say", () =>
  Effect.gen(function* () {
    const unit = yield* timedUnit(logsSpec({ rotation: { maxBytes: 2000, compress: true } }));
    const begin = unit.clock.now;
    for (let minute = 0; minute < 100; minute++) {
      unit.clock.now = begin + minute * 60_000;
      yield* unit.write(Array.from({ length: 10 }, (_, at) => `minute ${minute} line ${at} ${at === 7 ? "ERROR" : "INFO"}\n`).join(""));
    }
    yield* Effect.promise(() =>
      until(
        "all are compressed",
        () => readdirSync(unit.folder),
        (names) => !names.some((name) => /\d\.log$/.test(name)),
      ),
    );
    expect(readdirSync(unit.folder).filter((name) => name.endsWith(".gz")).length).toBeGreaterThan(5);
    const all = yield* unit.texts();
    expect(all.length).toBe(1000);
    expect(all[0]).toBe("minute 0 line 0 INFO");
    expect(all.at(-1)).toBe("minute 99 line 9 INFO");
    const at = (minute: number) => begin + minute * 60_000;
    expect(yield* unit.texts({ since: at(40), until: at(42) })).toEqual(all.slice(400, 420));
    expect(yield* unit.texts({ lines: 333 })).toEqual(all.slice(-333));
    expect(yield* unit.texts({ lines: 5, until: at(10) })).toEqual(all.slice(95, 100));
    expect(yield* unit.texts({ level: "error", lines: 3 })).toEqual([97, 98, 99].map((minute) => `minute ${minute} line 7 ERROR`));
    expect(yield* unit.texts({ grep: /minute 3 line/ })).toEqual(all.slice(30, 40));
  }).pipe(Effect.scoped),
);

it.live("followed over rotations: each line once, in order", () =>
  Effect.gen(function* () {
    const unit = yield* timedUnit(logsSpec({ rotation: { maxBytes: 3000 } }));
    yield* unit.write("0\n");
    const seen: Array<number> = [];
    const following = yield* unit.read({ follow: true, lines: 1 }).pipe(
      Stream.runForEach(({ text }) => Effect.sync(() => seen.push(Number(text)))),
      Effect.forkScoped,
    );
    yield* Effect.promise(() =>
      until(
        "it follows",
        () => seen.length,
        (count) => count > 0,
      ),
    );
    for (let from = 1; from <= 2000; from += 100) {
      yield* unit.write(Array.from({ length: 100 }, (_, at) => `${from + at}\n`).join(""));
      unit.clock.now += 200;
    }
    yield* Effect.promise(() =>
      until(
        "the last line",
        () => seen.at(-1),
        (last) => last === 2000,
      ),
    );
    expect(seen).toEqual(Array.from({ length: 2001 }, (_, at) => at));
    expect(following.pollUnsafe()).toBeUndefined();
  }).pipe(Effect.scoped),
);

it.live("of a unit that never ran there is nothing, and its end is told", () =>
  Effect.gen(function* () {
    const stateDirectory = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "hsu-read-"))),
      (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true })),
    );
    const outputs = yield* collecting({ stateDirectory, units: new Map() });
    expect(yield* Stream.runCollect(outputs.read("nobody", undefined, { follow: false, lines: 10 }))).toEqual([]);
  }).pipe(Effect.scoped),
);
