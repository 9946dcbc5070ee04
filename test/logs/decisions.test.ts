/** What is decided about bytes, lines and files of logs, as pure functions. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkpointBytes, decode, encode, first } from "../../src/logs/collect/Checkpoint.ts";
import { cut, cutRaw } from "../../src/logs/collect/Cut.ts";
import { filtered, filterOf } from "../../src/logs/collect/Filter.ts";
import { format as formatted } from "../../src/logs/collect/Format.ts";
import { Gathered } from "../../src/logs/collect/Gathered.ts";
import { encodeEntry, entryAt, entryOfOffset, offsetAtTime } from "../../src/logs/collect/LogIndex.ts";
import { completeName, completeOf, expired, isComplete, parseName } from "../../src/logs/collect/Rotate.ts";
import { structured } from "../../src/logs/collect/Structured.ts";
import { maxLineBytes } from "../../src/logs/Lines.ts";
import { isAtLeast, levelOf, levels } from "../../src/logs/read/Level.ts";
import { merged } from "../../src/logs/read/Merge.ts";
import { parseStored } from "../../src/logs/read/Stored.ts";

type Given = Parameters<typeof formatted>;

const format = (options: Given[0], block: Given[1], header: Given[2], part?: Given[3]): Buffer => {
  const lines = new Gathered(Buffer.alloc(64));
  formatted(options, block, header, part, lines);
  return lines.bytes;
};

const line = fc.oneof(
  { weight: 8, arbitrary: fc.uint8Array({ maxLength: 40 }) },
  {
    weight: 1,
    arbitrary: fc.integer({ min: maxLineBytes - 3, max: maxLineBytes * 2 + 9 }).map((length) => new Uint8Array(length).fill(0x61)),
  },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 20 }).map((text) => Buffer.from(text.replaceAll("\n", " "))) },
);
const output = fc
  .array(
    line.map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 0x0a))),
    { maxLength: 8 },
  )
  .map((lines) => Buffer.concat(lines.flatMap((bytes) => [bytes, Buffer.from("\n")])));

/** As a pipe does it: pieces of the output, of which only what is taken is gone. */
const cutAll = (
  bytes: Buffer,
  pieces: ReadonlyArray<number>,
): ReadonlyArray<{ readonly text: string; readonly part?: number; readonly last?: boolean }> => {
  const found: Array<{ readonly text: string; readonly part?: number; readonly last?: boolean }> = [];
  let [at, part, turn] = [0, 0, 0];
  while (at < bytes.length) {
    const size = Math.max(maxLineBytes + 4096, pieces.length === 0 ? 0 : pieces[turn++ % pieces.length]!);
    const piece = bytes.subarray(at, at + size);
    const blocks = cut(piece, part, at + size >= bytes.length);
    for (const { from, to, ...rest } of blocks) found.push({ text: piece.toString("latin1", from, to), ...rest });
    const end = blocks.at(-1);
    if (end === undefined) throw new Error("nothing is taken of a full piece");
    part = end.part !== undefined && end.last === false ? end.part : 0;
    at += end.to;
  }
  return found;
};

describe("cutting output into lines", () => {
  it("takes each byte once, in whole lines or in marked parts, whatever the pieces are", () =>
    fc.assert(
      fc.property(output, fc.array(fc.integer({ min: 1, max: 300_000 }), { maxLength: 3 }), (bytes, pieces) => {
        const blocks = cutAll(bytes, pieces);
        expect(blocks.map(({ text }) => text).join("")).toBe(bytes.toString("latin1"));
        let part = 0;
        for (const block of blocks) {
          for (const text of block.text.split("\n")) expect(text.length).toBeLessThanOrEqual(maxLineBytes);
          if (block.part === undefined) expect([part, block.text.endsWith("\n")]).toEqual([0, true]);
          else {
            expect(block.part).toBe(++part);
            if (block.last === true) part = 0;
          }
        }
        expect(part).toBe(0);
      }),
      { numRuns: 200 },
    ));

  it("keeps a raw line that is not complete, unless it is longer than there is room or the run is over", () => {
    expect(cutRaw(Buffer.from("a\nb"), false, 10)).toBe(2);
    expect(cutRaw(Buffer.from("ab"), false, 10)).toBe(0);
    expect(cutRaw(Buffer.from("ab"), false, 2)).toBe(2);
    expect(cutRaw(Buffer.from("ab"), true, 10)).toBe(2);
  });
});

describe("formats", () => {
  const header = { unit: "web", stream: "stderr", time: Date.UTC(2026, 0, 31, 12), sequence: 7 } as const;
  const show = (options: Parameters<typeof format>[0], text: string, part?: Parameters<typeof format>[3]): string =>
    format(options, Buffer.from(text), header, part).toString("utf8");

  it("are what they are called", () => {
    expect(show({ format: "plain" }, "a\nb\n")).toBe("a\nb\n");
    expect(show({ format: "plain", prefix: "$& €" }, "a\nb\n")).toBe("$& € a\n$& € b\n");
    const head = "[2026-01-31T12:00:00.000Z][web][stderr] ";
    expect(show({ format: "enhanced_plain" }, "a\nb")).toBe(`${head}a\n${head}b\n`);
    expect(show({ format: "enhanced_plain", withSequence: true }, "a\nb")).toBe(
      `${head.replace(" ", "[7] ")}a\n${head.replace(" ", "[8] ")}b\n`,
    );
    expect(show({ format: "enhanced_plain" }, "x", { part: 2, last: false })).toBe(`${head}[part 2] x\n`);
    const [one = "", two = ""] = show({ format: "json", metadata: { host: "h" } }, 'é\n"\t\n').split("\n");
    const common = { time: "2026-01-31T12:00:00.000Z", unit: "web", stream: "stderr", host: "h" };
    expect(JSON.parse(one)).toEqual({ ...common, seq: 7, message: "é" });
    expect(JSON.parse(two)).toEqual({ ...common, seq: 8, message: '"\t' });
  });

  it("number lines over any power of ten, one after the other in one buffer, whatever its size", () =>
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.string({ unit: "binary-ascii", maxLength: 30 }), { minLength: 1, maxLength: 40 }), {
          minLength: 1,
          maxLength: 4,
        }),
        fc.integer({ min: 0, max: 120 }),
        fc.boolean(),
        (blocks, sequence, ended) => {
          const lines = new Gathered(Buffer.alloc(100));
          const expected: Array<string> = [];
          for (const block of blocks) {
            const own = block.map((text) => text.replaceAll("\n", ""));
            if (own.at(-1) === "" && !ended) own.push("x");
            lines.framed(Buffer.from(own.join("\n") + (ended ? "\n" : "")), {
              before: "<",
              number: sequence + lines.lines,
              after: ">",
              behind: "!\n",
            });
            for (const text of own) expected.push(`<${sequence + expected.length}>${text}!\n`);
          }
          expect(lines.bytes.toString()).toBe(expected.join(""));
          expect(lines.lines).toBe(expected.length);
        },
      ),
    ));

  it("lose no byte but in JSON, which has a sign in the place of what is no UTF-8", () => {
    const bytes = Buffer.from([0x61, 0xff, 0x0a]);
    expect(format({ format: "enhanced_plain" }, bytes, header).subarray(-3)).toEqual(bytes);
    expect(JSON.parse(format({ format: "json" }, bytes, header).toString())).toMatchObject({ message: "a\ufffd" });
  });

  it("can be read again", () =>
    fc.assert(
      fc.property(
        fc.array(
          fc.string({ unit: "binary" }).map((text) => text.toWellFormed().replaceAll("\n", "")),
          { minLength: 1 },
        ),
        fc.constantFrom("plain", "enhanced_plain", "json" as const),
        fc.option(fc.constant("[A]")),
        (lines, form, prefix) => {
          const file = { format: form, ...(prefix === null ? {} : { prefix }) };
          const stored = format(file, Buffer.from(lines.map((text) => `${text}\n`).join("")), header).toString("utf8");
          const read = stored
            .split("\n")
            .slice(0, -1)
            .map((text) => parseStored(file, text));
          expect(read.map(({ text }) => text)).toEqual(lines);
          if (form !== "plain") expect(read.every(({ time }) => time === header.time)).toBe(true);
        },
      ),
    ));
});

describe("rotation", () => {
  const rotation = { maxBytes: 100, maxFiles: 2, compress: false };

  it("completes a file that would become too large or is too old, and never an empty one", () => {
    expect(isComplete(rotation, { bytes: 90, begunAt: 0 }, 10, 0)).toBe(false);
    expect(isComplete(rotation, { bytes: 90, begunAt: 0 }, 11, 0)).toBe(true);
    expect(isComplete(rotation, { bytes: 0, begunAt: 0 }, 1000, 0)).toBe(false);
    expect(isComplete({ ...rotation, everyMillis: 50 }, { bytes: 1, begunAt: 0 }, 1, 49)).toBe(false);
    expect(isComplete({ ...rotation, everyMillis: 50 }, { bytes: 1, begunAt: 0 }, 1, 50)).toBe(true);
  });

  it("removes what is too much and what is too old", () => {
    const files = [10, 20, 30, 40].map((endedAt, at) => ({ segment: at + 1, endedAt }));
    expect(expired(rotation, files, 50).map(({ segment }) => segment)).toEqual([1, 2]);
    expect(expired({ ...rotation, maxFiles: 9, maxAgeMillis: 15 }, files, 50).map(({ segment }) => segment)).toEqual([1, 2, 3]);
    expect(expired({ ...rotation, maxFiles: 0 }, files, 50).length).toBe(4);
  });

  it("gives names that are told from all others", () => {
    expect(completeName("/l/web.out.log", 7)).toBe("/l/web.out.000007.log");
    expect(completeName("/l/web", 1_234_567)).toBe("/l/web.1234567");
    const names = [
      "web.log",
      "web.000002.log.gz",
      "web.000001.log",
      "web.000002.log",
      "web.x.log",
      "web.0001.log",
      "other.000001.log",
      "web.000003.log.gz",
    ];
    expect(completeOf("/l/web.log", names)).toEqual([
      { segment: 1, compressed: false },
      { segment: 2, compressed: false },
      { segment: 3, compressed: true },
    ]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), (segment) => {
        expect(parseName("/l/web.log", completeName("/l/web.log", segment).slice(3))).toEqual({ segment, compressed: false });
      }),
    );
  });
});

describe("what is on the disk", () => {
  it("a checkpoint is read as it was written, or not at all", () =>
    fc.assert(
      fc.property(fc.nat(), fc.nat({ max: 2 ** 50 }), fc.nat({ max: checkpointBytes - 1 }), (segment, spoolOffset, at) => {
        const bytes = encode({ ...first, segment, spoolOffset });
        expect(decode(bytes)).toEqual({ ...first, segment, spoolOffset });
        bytes[at] = bytes[at]! ^ 1;
        // 72 bytes are fields, the last 8 the check; what is between them is checked as well.
        expect(decode(bytes)).toBeUndefined();
      }),
    ));

  it("an index is bisected by time and by place as if it were searched", () =>
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: 5 }), fc.integer({ min: 1, max: 9 })), { maxLength: 30 }),
        fc.nat({ max: 150 }),
        (steps, wanted) => {
          let [time, offset] = [1_700_000_000_000, 0];
          const entries = steps.map(([later, further], at) => {
            const entry = { time: (time += later), sequence: at, offset };
            offset += further;
            return entry;
          });
          const bytes = Buffer.concat(entries.map((entry) => encodeEntry(entry)));
          expect(entries.map((_, at) => entryAt(bytes, at))).toEqual(entries);
          const when = 1_700_000_000_000 + wanted;
          expect(offsetAtTime(bytes, when)).toBe(entries.find((entry) => entry.time >= when)?.offset);
          expect(entryOfOffset(bytes, wanted)).toBe(entries.findLastIndex((entry) => entry.offset <= wanted));
        },
      ),
    ));
});

describe("levels", () => {
  it("are found where programs write them", () => {
    const found: ReadonlyArray<readonly [string, string | undefined]> = [
      ['{"level":"warn","msg":"x"}', "warn"],
      ['{"level":50}', "error"],
      ['time=1 level=info msg="ERROR in it"', "info"],
      ["2026-01-31 12:00:00 ERROR x", "error"],
      ["[warning] x", "warn"],
      ["I am not INFORMED of an error", undefined],
      ["fatal: not a git repository", "fatal"],
      ["plain", undefined],
      ["<notice> x", "info"],
    ];
    for (const [text, level] of found) expect([text, levelOf(text)]).toEqual([text, level]);
  });

  it("are in order, and a line without one has none", () => {
    expect(levels.map((level) => isAtLeast(level, "warn"))).toEqual([false, false, false, true, true, true]);
    expect(isAtLeast(undefined, "trace")).toBe(false);
  });
});

it("rows in order are merged into one in order, and nothing is lost", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.array(fc.nat({ max: 20 }), { minLength: 1, maxLength: 4 }), { maxLength: 4 }), { maxLength: 3 }),
      async (rows) => {
        const sorted = rows.map((chunks) => {
          const all = chunks.flat().sort((one, other) => one - other);
          return chunks.map(({ length }) => all.splice(0, length));
        });
        async function* row(chunks: ReadonlyArray<ReadonlyArray<number>>): AsyncGenerator<ReadonlyArray<number>> {
          for (const chunk of chunks) yield await Promise.resolve(chunk);
        }
        const out: Array<number> = [];
        for await (const lines of merged(sorted.map(row), (one, other) => one < other)) out.push(...lines);
        expect(out).toEqual(rows.flat(2).sort((one, other) => one - other));
      },
    ),
  ));

describe("lines that are data", () => {
  it("are taken apart: JSON and logfmt; what is neither is its own message", () => {
    expect(structured('{"level":"warn","msg":"slow","ms":12}')).toEqual({ message: "slow", level: "warn", fields: { ms: 12 } });
    expect(structured('level=error msg="no \\"disk\\"" left=0')).toEqual({ message: 'no "disk"', level: "error", fields: { left: "0" } });
    expect(structured("ERROR a=b in the middle")).toEqual({ message: "ERROR a=b in the middle", level: "error" });
    expect(structured("{ no json")).toEqual({ message: "{ no json" });
    expect(structured('{"__proto__":1,"message":"m"}').message).toBe("m");
  });

  it("are kept so, and shown as a line again", () => {
    const header = { unit: "web", stream: "stdout", time: 0, sequence: 1 } as const;
    const [one = "", two = ""] = format(
      { format: "structured_json" },
      Buffer.from('{"level":"info","msg":"hi","user":"a b"}\nplain\n'),
      header,
    )
      .toString()
      .split("\n");
    expect(JSON.parse(one)).toMatchObject({ seq: 1, message: "hi", level: "info", fields: { user: "a b" } });
    expect(JSON.parse(two)).toMatchObject({ seq: 2, message: "plain" });
    expect(parseStored({ format: "structured_json" }, one)).toEqual({ text: 'hi user="a b"', time: 0 });
  });
});

it("filters keep what is included, not excluded and grave enough, byte for byte", () => {
  const keeps = filterOf({ include: ["a", "ERROR"], exclude: ["^no"], level: "warn" });
  const block = Buffer.from("a\nnot a\nb\nINFO a\nERROR x\na \u00ff\nlast a", "latin1");
  expect(filtered(keeps, block).toString("latin1")).toBe("a\nERROR x\na \u00ff\nlast a");
});
