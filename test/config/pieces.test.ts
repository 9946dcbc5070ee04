import * as fc from "fast-check";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { chunksOf } from "../../src/config/Chunks.ts";
import { linesOf } from "../../src/config/Lines.ts";
import { type Located, readPiece, readPieces } from "../../src/config/Source.ts";

const fixtures = join(dirname(fileURLToPath(import.meta.url)), "fixtures");

/** In pieces as small as they can be, beside the whole. What a list without its items begins and ends at is of no interest. */
const bare = (node: Located | undefined, depth = 0): unknown =>
  node === undefined
    ? undefined
    : {
        ...node,
        ...(depth <= 1 ? { start: 0, end: 0 } : {}),
        entries: Array.from(node.entries.values(), (entry) => ({ ...entry, node: bare(entry.node, depth + 1) })),
        items: node.items.map((item) => bare(item, depth + 2)),
      };
const same = (text: string): void => {
  const pieces = readPieces(text, linesOf(text), 1);
  const whole = readPiece({ text, base: 0 });
  if (pieces === null) return;
  expect(bare(pieces.root)).toStrictEqual(bare(whole.root));
  const inOrder = [...pieces.problems].sort((one, other) => one.start - other.start);
  expect(inOrder).toStrictEqual([...whole.problems].sort((one, other) => one.start - other.start));
};

const files = ["upstream/", ""].flatMap((folder) =>
  readdirSync(join(fixtures, folder), { withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [join(folder, entry.name)] : [])),
);

describe("a file read in pieces is the same as the whole", () => {
  it.each(files)("%s", (name) => same(readFileSync(join(fixtures, name), "utf8")));

  it("whatever stands between the items", () => {
    const line = fc.constantFrom(
      "- id: a",
      "  - id: b",
      "  x: 1",
      "    y: [1, 2]",
      "    text: |",
      "      - not: an item",
      "      more",
      "# a comment",
      "",
      "   ",
      "tail: 1",
      "    z: &a {v: 1}",
      "    w: *a",
      "  - <<: *a",
      "managed_processes:",
      "process_manager: {port: 1}",
      "  - {id: c, x: 1, x: 2}",
      "  -",
      '  - "text',
      '    goes on"',
      "\t",
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), (lines) => same(`managed_processes:\n${lines.join("\n")}\n`)),
      { numRuns: 500 },
    );
  });

  it("in many pieces, where nothing reaches over them", () => {
    const item = "  - id: a\n    x: 1\n";
    expect(chunksOf(`managed_processes:\n${item.repeat(5)}tail: 1\n`, 1)?.items).toHaveLength(5);
    expect(chunksOf(`managed_processes:\n${item}--- \n`, 1)).toBeNull();
  });
});

describe("lines", () => {
  it("are those that are counted", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("a", "\n", "é"), { maxLength: 20 }), fc.nat(20), (characters, at) => {
        const text = characters.join("");
        const offset = Math.min(at, text.length);
        expect(linesOf(text)(offset)).toBe(text.slice(0, offset).split("\n").length);
      }),
    );
  });
});
