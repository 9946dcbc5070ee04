import * as Result from "effect/Result";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { CODES, parse } from "../../src/config/index.ts";

const docs = join(dirname(fileURLToPath(import.meta.url)), "../../docs/reference");
const page = readFileSync(join(docs, "config.md"), "utf8");

describe("docs/reference", () => {
  it("has a page for each code, with its title, and no page of a code that is gone", () => {
    const pages = readdirSync(join(docs, "errors")).filter((name) => name.startsWith("HSU-CFG-"));
    expect(pages.sort()).toStrictEqual(Object.keys(CODES).map((code) => `${code}.md`));
    for (const [code, title] of Object.entries(CODES)) {
      expect(readFileSync(join(docs, "errors", `${code}.md`), "utf8").split("\n")[0]).toBe(`# ${code}: ${title}`);
    }
  });

  it.each(Object.keys(CODES).filter((code) => !["HSU-CFG-001", "HSU-CFG-110"].includes(code)))(
    "%s.md has an example, which gives this code and no other",
    (code) => {
      const example = /```yaml\n(.*?)```/s.exec(readFileSync(join(docs, "errors", `${code}.md`), "utf8"))?.[1];
      const result = parse(example!, "example.yaml");
      const found = Result.isFailure(result) ? result.failure.errors : result.success.warnings;
      expect([...new Set(found.map((one) => one.code))]).toStrictEqual([code]);
    },
  );

  it("config.md has examples that load without a warning", () => {
    const examples = Array.from(page.matchAll(/```yaml hsu\n(.*?)```/gs), (match) => match[1]!);
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) {
      const result = parse(example, "config.md");
      expect(Result.isFailure(result) ? result.failure.message : result.success.warnings).toStrictEqual([]);
    }
  });

  it("config.md shows an error as it is rendered", () => {
    const text =
      "managed_processes:\n  - id: web\n    management:\n      control:\n        executable: x\n\n\n\n\n      restart_policy:\n        strategy: on_failur\n";
    const result = parse(text, "hsu.yaml");
    const shown = /## Errors\n\n((?: {4}.*\n)+)/.exec(page)![1]!.replaceAll(/^ {4}/gm, "").trimEnd();
    expect(Result.isFailure(result) ? result.failure.message : "").toBe(`${shown}\n\n1 error`);
  });

  it("config.md links to pages that exist", () => {
    for (const [, target] of page.matchAll(/\]\((errors\/[^)]+)\)/g)) expect(existsSync(join(docs, target!))).toBe(true);
  });
});
