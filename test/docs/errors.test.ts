/** Each error that HSU can show has a page, and each page is about one that there is. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const folder = "docs/reference/errors";

const codesIn = (text: string): ReadonlyArray<string> => text.match(/\bHSU-[A-Z]+-\d{3}\b/g) ?? [];

const sources = readdirSync("src", { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
  .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));

const mistakes = (inSource: Iterable<string>, pages: ReadonlyMap<string, string>): ReadonlyArray<string> => {
  const known = new Set(inSource);
  return [
    ...[...known].filter((code) => !pages.has(code)).map((code) => `${code} has no page`),
    ...Array.from(pages).flatMap(([code, text]) => {
      const [title = "", blank, ...rest] = text.split("\n");
      return [
        ...(known.has(code) ? [] : [`${code} is no error any more`]),
        ...(title.startsWith(`# ${code}: `) && title.length > `# ${code}: `.length ? [] : [`${code}: the title of its page is ${title}`]),
        ...(blank === "" && rest.join("").trim().length > 40 ? [] : [`${code}: its page says nothing`]),
      ];
    }),
  ].toSorted();
};

it("each code in the sources has a page, and each page a code", () => {
  const pages = new Map(readdirSync(folder).map((file) => [file.replace(/\.md$/, ""), readFileSync(join(folder, file), "utf8")] as const));
  expect(pages.size).toBeGreaterThan(100);
  expect(mistakes(sources.flatMap(codesIn), pages)).toEqual([]);
});

it("a page that is missing, too much, empty or of another title is found", () => {
  const good = `# HSU-A-001: fine\n\n${"It is said what happened. ".repeat(3)}`;
  expect(mistakes(codesIn("HSU-A-001 HSU-A-002, HSU-A-0033 HSU-A-004"), new Map([["HSU-A-001", good]]))).toEqual([
    "HSU-A-002 has no page",
    "HSU-A-004 has no page",
  ]);
  const wrong = [
    ["HSU-A-001", "# HSU-A-001: \n\n"],
    ["HSU-A-009", good],
  ] as const;
  expect(mistakes(["HSU-A-001"], new Map(wrong))).toEqual([
    "HSU-A-001: its page says nothing",
    "HSU-A-001: the title of its page is # HSU-A-001: ",
    "HSU-A-009 is no error any more",
    "HSU-A-009: the title of its page is # HSU-A-001: fine",
  ]);
});
