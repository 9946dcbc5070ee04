import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import { LogFiles } from "../../src/logs/index.ts";
import { numbered, unit } from "./support.ts";

it.live("a unit that never ran has no lines", () =>
  Effect.gen(function* () {
    const { last, stateDirectory } = yield* unit;
    expect(yield* last(10)).toEqual([]);
    rmSync(join(stateDirectory, "logs"), { recursive: true });
    expect(yield* last(10)).toEqual([]);
  }),
);

it.live("the last lines of stdout, then those of stderr", () =>
  Effect.gen(function* () {
    const { last, stdout, stderr } = yield* unit;
    writeFileSync(stdout, numbered(1, 5));
    writeFileSync(stderr, "a\nb\n");
    expect(yield* last(2)).toEqual(["out line 4", "out line 5", "err a", "err b"]);
    expect(yield* last(0)).toEqual([]);
    expect(yield* last(5)).toHaveLength(7);
    expect(yield* last(Number.MAX_SAFE_INTEGER)).toHaveLength(7);
  }),
);

it.live("a last line without a newline is shown, and counts", () =>
  Effect.gen(function* () {
    const { last, stdout } = yield* unit;
    writeFileSync(stdout, "one\ntwo\nthr");
    expect(yield* last(2)).toEqual(["out two", "out thr"]);
    expect(yield* last(1)).toEqual(["out thr"]);
    expect(yield* last(0)).toEqual([]);
    expect(yield* last(9)).toEqual(["out one", "out two", "out thr"]);
  }),
);

it.live("empty lines are lines", () =>
  Effect.gen(function* () {
    const { last, stdout } = yield* unit;
    writeFileSync(stdout, "\n\nx\n\n");
    expect(yield* last(3)).toEqual(["out ", "out x", "out "]);
    expect(yield* last(4)).toEqual(["out ", "out ", "out x", "out "]);
  }),
);

it.live("whatever lies across the blocks that the file is read in", () =>
  Effect.gen(function* () {
    const { last, stdout } = yield* unit;
    for (const size of [65_535, 65_536, 65_537, 131_072, 200_000]) {
      const text = `first\n${"x".repeat(9)}\n`.repeat(Math.ceil(size / 16)).slice(-size);
      writeFileSync(stdout, text);
      const all = text.split("\n").slice(0, -1);
      for (const lines of [1, 2, all.length - 1, all.length, all.length + 1]) {
        expect(yield* last(lines)).toEqual(all.slice(-lines).map((line) => `out ${line}`));
      }
    }
  }),
);

it.live("the last lines of a file of 8 GB come at once", () =>
  Effect.gen(function* () {
    const { last, stdout } = yield* unit;
    writeFileSync(stdout, "");
    truncateSync(stdout, 8 * 1024 ** 3); // zeros without a newline, and without blocks on the disk
    writeFileSync(stdout, `\n${numbered(1, 3)}`, { flag: "a" });
    const bytesBefore = readBytes();
    expect(yield* last(2)).toEqual(["out line 2", "out line 3"]);
    expect((yield* last(100)).slice(-3)).toEqual(["out line 1", "out line 2", "out line 3"]);
    expect(readBytes() - bytesBefore).toBeLessThan(32 * 1024 ** 2);
  }),
);

const readBytes = (): number => Number(/rchar: (\d+)/.exec(readFileSync("/proc/self/io", "latin1"))?.[1]);

it.live("a line over 64 KiB comes in parts, whole characters in each", () =>
  Effect.gen(function* () {
    const { last, stdout } = yield* unit;
    const long = "é".repeat(70_000); // 140 000 bytes; 65 536 is between two characters, 65 537 is not
    writeFileSync(stdout, `a${long}\nshort\n`);
    const lines = yield* last(2);
    const parts = lines.slice(0, -1).map((line) => line.slice("out ".length));
    expect(parts.length).toBe(3);
    expect(parts.join("")).toBe(`a${long}`);
    for (const part of parts) expect(Buffer.byteLength(part)).toBeLessThanOrEqual(65_536);
    expect(lines.at(-1)).toBe("out short");
  }),
);

it.live("what is no UTF-8 is replaced, and the lines around it stay", () =>
  Effect.gen(function* () {
    const { last, stdout } = yield* unit;
    writeFileSync(stdout, Buffer.from([0x61, 0xff, 0x0a, 0xc3, 0x0a, 0x62, 0x0a]));
    expect(yield* last(3)).toEqual(["out a\uFFFD", "out \uFFFD", "out b"]);
    writeFileSync(stdout, Buffer.alloc(200_000, 0x80));
    const replaced = (yield* last(9)).map((line) => line.slice("out ".length)).join("");
    expect(replaced).toBe("\uFFFD".repeat(200_000));
  }),
);

it.live("log folders are private, and no id leads out of them or into another's", () =>
  Effect.gen(function* () {
    const { stateDirectory, stdout } = yield* unit;
    expect(stdout).toBe(join(stateDirectory, "logs/u/stdout.log"));
    expect(statSync(join(stateDirectory, "logs/u")).mode & 0o777).toBe(0o700);
    const ids = ["..", ".", "a/b", "a%2Fb", "a.b", "é", "web_1-x", "/etc", ""];
    const folders = ids.map((id) => LogFiles.directory("/s", id));
    expect(new Set(folders).size).toBe(ids.length);
    expect(folders).toContain("/s/logs/web_1-x");
    expect(folders.filter((folder) => !/^\/s\/logs\/[^/]+$/.test(folder))).toEqual([]);
  }),
);
