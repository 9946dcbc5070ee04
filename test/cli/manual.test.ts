/**
 * The help, the manual and the reference: each verb has an example that can be typed, and what is made from the verb table is as that says.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "../../src/cli/Args.ts";
import { examples } from "../../src/cli/Examples.ts";
import { overview, verbHelp } from "../../src/cli/render/help.ts";
import { manual } from "../../src/cli/render/man.ts";
import { plain } from "../../src/cli/render/paint.ts";
import { reference } from "../../src/cli/render/reference.ts";
import { fromMarkdown } from "../../src/cli/render/roff.ts";
import { verbs } from "../../src/cli/Verbs.ts";

/** The commands of a line as a shell reads them: words, without where the output goes. */
const commandsOf = (line: string): ReadonlyArray<ReadonlyArray<string>> =>
  line
    .split(/ && | \| /)
    .map((command) => (command.replace(/ > .*$/, "").match(/'[^']*'|\S+/g) ?? []).map((word) => word.replaceAll("'", "")));

test.each(verbs.map(({ name }) => name))("hsu %s has examples that can be typed, and its help shows them", (name) => {
  const shown = verbHelp(
    verbs.find((verb) => verb.name === name)!,
    plain,
  );
  expect(examples[name]?.length).toBeGreaterThan(0);
  for (const { line } of examples[name] ?? []) {
    expect(shown).toContain(`  ${line}\n`);
    const typed = commandsOf(line).filter(([program]) => program === "hsu");
    const seen = typed.map(([, ...words]) => parse(words));
    expect(seen).toEqual(seen.map(() => expect.objectContaining({ _tag: "Run" })));
    expect(seen.some((each) => "verb" in each && each.verb?.name === name)).toBe(true);
  }
});

test("no other verb has examples; the help of all says what exit codes mean", () => {
  expect(Object.keys(examples).filter((name) => !verbs.some((verb) => verb.name === name))).toEqual([]);
  expect(overview("0.1.0", plain)).toMatch(/Exit codes:\n +0 {2}done\n[^]*124 {2}--timeout has passed\n/);
});

test("docs/reference/verbs.md is made from the verb table", async () => {
  await expect(reference()).toMatchFileSnapshot("../../docs/reference/verbs.md");
});

const pages = manual("0.1.0", readFileSync("docs/reference/config.md", "utf8"));

test("each verb has a page of the manual, and the package names them all", () => {
  const { man } = JSON.parse(readFileSync("package.json", "utf8")) as { readonly man: ReadonlyArray<string> };
  expect(man).toEqual([...pages.keys()].map((name) => `./dist/man/${name}`));
  expect(pages.get("hsu-exec.1")).toContain("hsu exec \\-t web \\-\\- sh");
});

test("Markdown as a page: nothing that begins a line is taken for a request", () => {
  expect(
    fromMarkdown(
      "# Title\n\n.dot `a-b` [to](x.md) **b**\n\n## Of `x`\n\n| k | v |\n| --- | --- |\n| `a\\|b` | c |\n\n- one\n  more\n\n```\n.x \\y\n```\n",
    ),
  ).toEqual([
    ".PP",
    "\\&.dot \\fBa\\-b\\fR to \\fBb\\fR",
    '.SH "OF X"',
    ".TP",
    "\\fBa|b\\fR",
    "c",
    ".IP \\(bu 2",
    "one more",
    ".PP",
    ".RS 4",
    ".nf",
    "\\&.x \\ey",
    ".fi",
    ".RE",
  ]);
});

const has = (program: string): boolean => spawnSync(program, ["--help"], { stdio: "ignore" }).error === undefined;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "hsu-man-"));
  for (const [name, text] of pages) writeFileSync(join(folder, name), text);
});
afterAll(() => rmSync(folder, { recursive: true }));

// A key that is longer than a line is none that could be broken.
test.skipIf(!has("groff"))("troff has nothing to say of the pages (where groff is installed)", () => {
  const { stderr } = spawnSync(
    "groff",
    ["-man", "-Tutf8", "-Kutf8", "-ww", "-Wbreak", ...[...pages.keys()].map((name) => join(folder, name))],
    {
      encoding: "utf8",
      maxBuffer: 1e8,
    },
  );
  expect(stderr).toBe("");
});

test.skipIf(!has("mandoc"))("mandoc finds nothing wrong with the pages (where it is installed)", () => {
  const files = [...pages.keys()].map((name) => join(folder, name));
  const { stdout } = spawnSync("mandoc", ["-Tlint", "-Wwarning", ...files], { encoding: "utf8" });
  // A page has no date, so that it is the same from each build.
  expect(stdout.split("\n").filter((line) => line !== "" && !line.includes("missing date"))).toEqual([]);
});
