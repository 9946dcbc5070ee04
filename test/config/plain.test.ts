/**
 * What is read at once is what the YAML package makes of it.
 */
import * as fc from "fast-check";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { linesOf } from "../../src/config/Lines.ts";
import type { Located } from "../../src/config/Located.ts";
import { NotPlain, readPlain } from "../../src/config/Plain.ts";
import { readPiece } from "../../src/config/Source.ts";

const here = dirname(fileURLToPath(import.meta.url));
const runs = Number(process.env["HSU_FUZZ_RUNS"] ?? 2_000);

/** What goes over several lines is marked on its first one: where it ends is of no interest. */
const bare = (text: string, node: Located | undefined): unknown => {
  if (node === undefined) return undefined;
  const line = text.indexOf("\n", node.start);
  const isBlock = (node.kind === "map" || node.kind === "list") && !"[{".includes(text[node.start]!);
  return {
    ...node,
    end: isBlock ? Math.min(node.end, line === -1 ? text.length : line) : node.end,
    entries: Array.from(node.entries.values(), (entry) => ({ ...entry, node: bare(text, entry.node) })),
    items: node.items.map((item) => bare(text, item)),
  };
};

const isNothing = (root: Located | undefined): boolean => root === undefined || (root.kind === "null" && root.text.trim() === "");

/** Whether it was read. */
const same = (text: string): boolean => {
  const plain = readPlain(text, 0, linesOf(text));
  if (plain instanceof NotPlain) return false;
  const whole = readPiece({ text, base: 0 });
  if (isNothing(plain.root)) expect(isNothing(whole.root)).toBe(true);
  else expect(bare(text, plain.root)).toStrictEqual(bare(text, whole.root));
  expect([...plain.problems].sort((one, other) => one.start - other.start)).toStrictEqual(
    [...whole.problems].sort((one, other) => one.start - other.start),
  );
  return true;
};

const filesBelow = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return name === "node_modules" ? [] : filesBelow(path);
    return /\.ya?ml$/.test(name) ? [path] : [];
  });
const files = [join(here, "fixtures"), join(here, "../../examples")].flatMap(filesBelow);

/** Pieces that a text is put together from. */
const PIECES = [
  "a¦id¦b c¦- ¦-¦: ¦:¦  ¦ ¦\n¦\n  ¦\n    ¦\n- ¦\n  - ¦\n      - ¦[¦]¦{¦}¦, ¦,",
  '"¦\'¦"x y"¦\'z\'¦"a": ¦\'b\': ¦"a":¦\'b\':¦"<<":¦#¦ # c¦1¦-5¦1.50¦.5¦1e3¦0x1F¦+1¦.inf¦30s¦1.2.3¦~¦null',
  "true¦No¦<<: ¦&x ¦*x¦!t ¦|¦>¦?¦? ¦%¦@¦`¦\\¦é¦=¦--flag¦a: 1¦k: [1, a b]¦{x: 1}",
  "\nk:¦\nk: v¦\n  k: v¦\n  k:¦\n# c¦\n\n¦\n   ¦__proto__: 1¦\r\n¦\t¦[a, 'b']¦x:y¦a#b¦::¦[]¦{}",
].flatMap((some) => some.split("¦"));
const word = fc.constantFrom(...PIECES);

describe("what is plain", () => {
  it("is read as the package reads it: every file that we have", () => {
    const read = files.filter((file) => same(readFileSync(file, "utf8")));
    expect(read.length).toBeGreaterThan(files.length / 3);
  });

  it("is read as the package reads it, whatever it is put together from", () => {
    let read = 0;
    fc.assert(
      fc.property(fc.array(word, { maxLength: 14 }), (words) => {
        read += Number(same(words.join("")));
      }),
      { numRuns: runs },
    );
    expect(read).toBeGreaterThan(runs / 40);
  }, 600_000);

  it("is read as the package reads it: files with something else in them", () => {
    const texts = files.map((file) => readFileSync(file, "utf8"));
    let read = 0;
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(8), word, (seed, place, length, bit) => {
        const text = texts[seed % texts.length]!;
        const at = place % (text.length + 1);
        read += Number(same(text.slice(0, at) + bit + text.slice(at + length)));
      }),
      { numRuns: Math.ceil(runs / 10) },
    );
    expect(read).toBeGreaterThan(runs / 100);
  }, 600_000);

  it("is read where it is JSON as programs write it", () => {
    const units = [{ id: "a", list: ["x", 1, -2.5, true, null, "", {}, []], "odd key": { "<<": "text", deep: [[{ a: "a,b: c" }]] } }];
    for (const indent of [undefined, 2]) expect(same(JSON.stringify({ managed_processes: units }, null, indent))).toBe(true);
  });

  it("is told from what is not by the place where that begins", () => {
    const at = (text: string) => readPlain(text, 0, linesOf(text));
    expect(at("a: 1\nb: |\n  text\n")).toMatchObject({ at: 8, why: "form" });
    expect(at(`a: ${"[".repeat(200)}`)).toMatchObject({ why: "depth" });
    expect(readPlain("a: [1, 2, 3]\n", 0, linesOf(""), 3)).toMatchObject({ why: "values" });
  });
});
