/** Each link between the pages leads to a file that exists, and to a heading or a clause in it. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";

const withoutBlocks = (markdown: string): string => markdown.replaceAll(/^([ \t]*`{3,})[^\n]*\n.*?^\1[ \t]*$/gms, "");

/** The anchors that GitHub gives to the headings of a page. */
const anchorsOf = (markdown: string): ReadonlySet<string> =>
  new Set(
    [...withoutBlocks(markdown).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
      heading!
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );

const brokenIn = (file: string, markdown: string): ReadonlyArray<string> =>
  [
    ...withoutBlocks(markdown)
      .replaceAll(/`[^`\n]*`/g, "`")
      .matchAll(/\[([^\]]*)\]\(([^)\s]+)\)/g),
  ].flatMap(([, text = "", link = ""]) => {
    if (/^[a-z]+:/.test(link)) return [];
    const [path = "", anchor] = link.split("#");
    const target = path === "" ? file : join(dirname(file), path);
    if (target !== file && !existsSync(target)) return [`${file}: ${link}: no such file`];
    if (anchor === undefined) return [];
    const page = target === file ? markdown : readFileSync(target, "utf8");
    if (!anchorsOf(page).has(anchor)) return [`${file}: ${link}: no such heading`];
    const clauses = page.includes("\n**M1.** ") ? (text.match(/\b[A-Z]\d+\b/g) ?? []) : [];
    const section = withoutBlocks(page)
      .split(/^(?=#+ )/m)
      .find((each) => anchorsOf(each).has(anchor));
    return clauses.filter((clause) => !section?.includes(`\n**${clause}.** `)).map((clause) => `${file}: ${link}: no clause ${clause}`);
  });

it("each link between the pages leads somewhere", () => {
  const pages = globSync(["README.md", "docs/**/*.md"], { exclude: ["docs/reference/api/**"] });
  expect(pages.length).toBeGreaterThan(10);
  expect(pages.flatMap((page) => brokenIn(page, readFileSync(page, "utf8")))).toEqual([]);
});

it("one that leads to no file or no heading is found", () => {
  const page =
    "# One: a `b`\n\n[good](README.md) [here](#one-a-b) [gone](no.md) [lost](#two) [web](https://x.y) [M1](reference/semantics.md#messages) [L1, M99](reference/semantics.md#messages)\n\n```md\n[code](no.md)\n```\n";
  expect(brokenIn("docs/page.md", page)).toEqual([
    "docs/page.md: no.md: no such file",
    "docs/page.md: #two: no such heading",
    "docs/page.md: reference/semantics.md#messages: no clause L1",
    "docs/page.md: reference/semantics.md#messages: no clause M99",
  ]);
});
