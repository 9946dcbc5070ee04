/** The same as without WebAssembly, byte for byte. */
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { Framing } from "../../src/logs/collect/Framing.ts";
import { Gathered } from "../../src/logs/collect/Gathered.ts";
import { giveBack, lend } from "../../src/logs/collect/Rooms.ts";

const [readBytes, writtenBytes] = [4096, 8192];
const framing = new Framing(readBytes, writtenBytes);

const text = fc.string({ unit: "binary-ascii", maxLength: 70 }).map((some) => some.replaceAll("\n", ""));
const around = fc.string({ unit: fc.constantFrom("a", "[", "9", " "), maxLength: 40 });
const frames = fc.record(
  { before: around, after: around, behind: around.map((some) => `${some}\n`), number: fc.integer({ min: 0, max: 1_000_100 }) },
  { requiredKeys: ["before", "after", "behind"] },
);

/** What is in the memory from other blocks, newlines as well, changes nothing. */
const placed = (lines: ReadonlyArray<string>, at: number, isOver: boolean): Buffer => {
  const bytes = Buffer.from(lines.join("\n") + (isOver ? "\n" : ""));
  framing.read.fill(0x0a);
  framing.written.fill(0x0a);
  bytes.copy(framing.read, at);
  return framing.read.subarray(at, at + bytes.length);
};

it("puts the same around each line, in the same place, and counts the same", () => {
  let times = 0;
  fc.assert(
    fc.property(
      fc.array(text, { minLength: 1, maxLength: 40 }),
      frames,
      fc.integer({ min: 0, max: 40 }),
      fc.boolean(),
      (lines, frame, at, isOver) => {
        const block = placed(isOver ? lines : [...lines, "x"], at, isOver);
        const own = new Gathered(framing.written, { framed: (...given) => framing.framed(...given) });
        own.framed(Buffer.from("first\n"), { before: "", after: "", behind: "\n" });
        own.framed(block, frame);
        const other = new Gathered();
        other.framed(Buffer.from("first\n"), { before: "", after: "", behind: "\n" });
        other.framed(Buffer.from(block), frame);
        expect(own.bytes.toString("latin1")).toBe(other.bytes.toString("latin1"));
        expect(own.lines).toBe(other.lines);
        if (framing.framed(block, frame, framing.written, 0) !== undefined) times++;
      },
    ),
    { numRuns: 500 },
  );
  expect(times).toBeGreaterThan(100);
});

it("leaves what it cannot do to others: bytes elsewhere, no newline at the end, no room, numbers that may get longer", () => {
  const frame = { before: "[", number: 8, after: "] ", behind: "\n" };
  const block = placed(["a", "b"], 0, true);
  expect(framing.framed(block, { ...frame, number: 1000 }, framing.written, 0)).toEqual({ end: 18, lines: 2 });
  expect(framing.written.toString("latin1", 0, 18)).toBe("[1000] a\n[1001] b\n");
  expect(framing.framed(Buffer.from(block), frame, framing.written, 0)).toBeUndefined();
  expect(framing.framed(block, frame, Buffer.alloc(100), 0)).toBeUndefined();
  expect(framing.framed(block.subarray(0, -1), { ...frame, number: 1000 }, framing.written, 0)).toBeUndefined();
  expect(framing.framed(block, frame, framing.written, 0)).toBeUndefined();
  expect(framing.framed(block, { ...frame, number: 1000 }, framing.written, writtenBytes - 30)).toBeUndefined();
  const many = placed(
    Array.from({ length: 2000 }, () => "a"),
    0,
    true,
  );
  expect(framing.framed(many, { before: "0123456789", after: "", behind: "\n" }, framing.written, 0)).toBeUndefined();
  expect(framing.framed(many, { before: "0", after: "", behind: "\n" }, framing.written, 0)).toEqual({ end: 6000, lines: 2000 });
});

it("one room is for all loud units: it is lent, and one that can frame is kept", () => {
  const raw = lend(false);
  giveBack(raw);
  expect(lend(false)).toBe(raw);
  const framed = lend(true);
  expect(framed.framing).toBeDefined();
  giveBack(framed);
  giveBack(raw);
  expect(lend(false)).toBe(framed);
  giveBack(framed);
});
