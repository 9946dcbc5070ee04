/**
 * What is wrong with a config, on a terminal and for a program.
 */
import * as Effect from "effect/Effect";
import * as Fs from "node:fs";
import * as Path from "node:path";
import { describe, expect, test } from "vitest";
import { folder, hsu, scoped, testIo } from "./testIo.ts";

const run = (text: string, ...argv: ReadonlyArray<string>) =>
  scoped(
    Effect.gen(function* () {
      const path = yield* folder;
      Fs.writeFileSync(Path.join(path, "hsu.yaml"), text);
      const io = testIo(path);
      return { code: yield* hsu(io, ...argv), out: io.out(), err: io.err() };
    }),
  );

const wrong = `managed_processes:\n${Array.from({ length: 250 }, (_, index) => `- {id: u${index}, managment: {}}\n`).join("")}`;
const places = (text: string): ReadonlyArray<string> => Array.from(text.matchAll(/hsu\.yaml:(\d+):/g), ([, line]) => line!);

describe("findings of a config", () => {
  test("a hundred are told, the others counted by their code; --all tells each", async () => {
    const some = await run(wrong, "validate");
    expect(some).toMatchObject({ code: 2, out: "" });
    expect(places(some.err)).toEqual(Array.from({ length: 100 }, (_, index) => String(index + 2)));
    expect(some.err).toContain(
      "\n\nand 150 more: 150 × HSU-CFG-005\n\n250 errors\nmore about it: hsu explain HSU-CFG-005; all of them: hsu validate --all\n",
    );
    const all = await run(wrong, "validate", "--all");
    expect(places(all.err)).toHaveLength(250);
    expect(all.err).toMatch(/\n\n250 errors\nmore about it: hsu explain HSU-CFG-005\n$/);
  });

  test("errors go before warnings where they are too many", async () => {
    const idle = Array.from(
      { length: 150 },
      (_, index) => `- {id: w${index}, profile_type: web, management: {control: {executable: sh}}}\n`,
    );
    const { err } = await run(`managed_processes:\n${idle.join("")}- {id: last}\n`, "validate");
    expect(places(err).at(-1)).toBe("152");
    expect(err).toContain("\n\nand 51 more: 51 × HSU-CFG-101\n\n1 error, 150 warnings\n");
  });

  test.each(["validate", "plan", "apply"])("%s -o json: an object a line, on stdout where the config is not valid", async (verb) => {
    const { code, err, out } = await run(wrong, verb, "-o", "json");
    expect({ code, err }).toEqual({ code: 2, err: "" });
    const lines = out.trimEnd().split("\n");
    expect(lines).toHaveLength(250);
    expect(JSON.parse(lines[7]!)).toMatchObject({
      code: "HSU-CFG-005",
      severity: "error",
      line: 9,
      column: 12,
      length: 9,
      nearest: "management",
      text: "- {id: u7, managment: {}}",
      doc: "docs/reference/errors/HSU-CFG-005.md",
    });
  });

  test("-o json: warnings of a valid one go to stderr, and the tree to stdout", async () => {
    const { code, err, out } = await run("managed_processes: []\n", "validate", "-o", "json");
    expect(code).toBe(0);
    expect(JSON.parse(err)).toMatchObject({ code: "HSU-CFG-104", severity: "warning" });
    expect(JSON.parse(out)).toMatchObject({ root: { children: [] } });
  });
});
