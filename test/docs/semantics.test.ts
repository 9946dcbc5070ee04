/** The pages that name tests: each clause has a number of its own and names tests that exist, or says that it is open. */
import { existsSync, readFileSync } from "node:fs";
import { parseSync } from "oxc-parser";
import { expect, it } from "vitest";

const pages = ["docs/reference/semantics.md", "docs/reference/upstream.md"];

interface Clause {
  readonly number: string;
  readonly open: boolean;
  readonly tests: ReadonlyArray<{ readonly file: string; readonly title: string }>;
}

const clausesOf = (markdown: string): ReadonlyArray<Clause> =>
  markdown
    .split(/^(?=\*\*[A-Z]\d+\.\*\*)/m)
    .slice(1)
    .map((text) => ({
      open: text.includes("*Open:"),
      number: /^\*\*([A-Z]\d+)/.exec(text)![1]!,
      tests: [...text.matchAll(/^- `(\S+) › (.+)`$/gm)].map(([, file, title]) => ({ file: file!, title: title! })),
    }));

/** Titles as they are written: the text of each string, and of each template with its holes. Comments are none. */
const titlesOf = (file: string): ReadonlySet<string> => {
  const source = readFileSync(file, "utf8");
  const titles = new Set<string>();
  const visit = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    const { type, value, start, end } = node as { type?: string; value?: unknown; start?: number; end?: number };
    if (type === "Literal" && typeof value === "string") titles.add(value);
    if (type === "TemplateLiteral") titles.add(source.slice(start! + 1, end! - 1));
    for (const child of Object.values(node)) visit(child);
  };
  visit(parseSync(file, source).program);
  return titles;
};

const mistakesIn = (markdown: string): ReadonlyArray<string> => {
  const titles = new Map<string, ReadonlySet<string>>();
  const seen = new Set<string>();
  return clausesOf(markdown).flatMap(({ number, open, tests }) => {
    const mistakes: Array<string> = [];
    if (seen.has(number)) mistakes.push(`${number} is there twice`);
    seen.add(number);
    if (tests.length === 0 && !open) mistakes.push(`${number} names no test`);
    for (const { file, title } of tests) {
      if (!existsSync(file)) {
        mistakes.push(`${number}: no file ${file}`);
        continue;
      }
      const known = titles.get(file) ?? titlesOf(file);
      titles.set(file, known);
      if (!known.has(title)) mistakes.push(`${number}: ${file} has no test "${title}"`);
    }
    return mistakes;
  });
};

it.each(pages)("each guarantee of %s names tests that exist", (page) => {
  const markdown = readFileSync(page, "utf8");
  expect(clausesOf(markdown).length).toBeGreaterThan(20);
  expect(mistakesIn(markdown)).toEqual([]);
});

it.each(pages)("each line of the list of %s is read as the name of a test", (page) => {
  const lines = readFileSync(page, "utf8").split("\n");
  const listed = lines.filter((line) => line.startsWith("- "));
  const read = clausesOf(lines.join("\n")).flatMap(({ tests }) => tests);
  expect(read).toHaveLength(listed.length);
});

it("a clause without a test, a number that is there twice, and a test that is gone are found", () => {
  const self = "test/docs/semantics.test.ts";
  const text = [
    "**A1.** Fine.",
    `- \`${self} › each guarantee of %s names tests that exist\``,
    "**A2.** Nobody holds it.",
    "**A2.** The number is taken, the file is gone.",
    "- `test/gone.test.ts › x`",
    "**A3.** The title is gone.",
    `- \`${self} › each guarantee of %s names tests\``,
  ].join("\n\n");
  expect(mistakesIn(text)).toEqual([
    "A2 names no test",
    "A2 is there twice",
    "A2: no file test/gone.test.ts",
    `A3: ${self} has no test "each guarantee of %s names tests"`,
  ]);
});
