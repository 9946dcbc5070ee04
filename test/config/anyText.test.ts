import * as Result from "effect/Result";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { CODES, parse } from "../../src/config/index.ts";

/** Every finding is somewhere in the text, and the errors say why there is no tree. */
const holds = (text: string): void => {
  const result = parse(text, "any.yaml");
  const found = Result.isFailure(result) ? result.failure.diagnostics : result.success.warnings;
  const lines = text.split("\n");
  for (const one of found) {
    expect(CODES).toHaveProperty([one.code]);
    expect(one.severity).toBe(one.code >= "HSU-CFG-100" ? "warning" : "error");
    expect(one.line).toBeGreaterThanOrEqual(1);
    expect(one.line).toBeLessThanOrEqual(lines.length);
    expect(one.column).toBeLessThanOrEqual(lines[one.line - 1]!.length + 1);
    if (one.text !== undefined) expect(lines[one.line - 1]!.startsWith(one.text)).toBe(true);
  }
  expect(found.some((one) => one.severity === "error")).toBe(Result.isFailure(result));
};

const key = fc.constantFrom(
  ..."id type enabled management control executable arguments environment restart_policy strategy max_attempts restart_delay children intensity period".split(
    " ",
  ),
  ..."process_manager managed_processes log_collection health_check standard_managed execution executable_path args limits memory run_options".split(
    " ",
  ),
  "port",
  "__proto__",
  "<<",
  "idd",
);
const scalar = fc.oneof(
  fc.constantFrom("web", "always", "5s", "standard_managed", "unmanaged", "one_for_all", "", "a\0b", "__proto__"),
  fc.boolean(),
  fc.integer(),
  fc.double(),
  fc.constant(null),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    scalar,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.array(fc.tuple(key, tie("value")), { maxLength: 4 }).map((pairs) => Object.fromEntries(pairs)),
  ),
}));
/** Has the outline of a config file, so that the inner schemas are reached. */
const file = fc.record({
  process_manager: value,
  managed_processes: fc.array(fc.record({ id: value, management: fc.record({ control: value }) }), { maxLength: 3 }),
});

describe("no text makes the config room throw", () => {
  it("arbitrary values as YAML", () => {
    fc.assert(
      fc.property(fc.oneof(value, file), (any) => holds(stringify(any))),
      { numRuns: 300 },
    );
  });

  it("YAML with a piece cut out or put in", () => {
    const cut = fc.record({
      any: file,
      from: fc.nat(400),
      length: fc.nat(12),
      instead: fc.constantFrom("", '"', "'", "\t", "- ", "{", "]", ": ", "&a ", "*a", "\n", "---\n", "? ", "!x "),
    });
    fc.assert(
      fc.property(cut, ({ any, from, length, instead }) => {
        const text = stringify(any);
        holds(text.slice(0, from) + instead + text.slice(from + length));
      }),
      { numRuns: 300 },
    );
  });

  it("arbitrary text", () => {
    fc.assert(fc.property(fc.string({ unit: "grapheme" }), holds), { numRuns: 300 });
  });

  it.each([
    ["nested without end", "[".repeat(20_000)],
    ["nested blocks", Array.from({ length: 600 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n")],
    [
      "aliases that multiply",
      `a: &a [1]\n${Array.from({ length: 12 }, (_, level) => `${"bcdefghijklmn"[level]}: &${"bcdefghijklmn"[level]} [${Array.from({ length: 9 }, () => `*${"abcdefghijklmn"[level]}`).join(", ")}]`).join("\n")}\n`,
    ],
    ["only line ends", "\n\r\n\r\n"],
    ["a byte order mark", "\ufeff\nmanaged_processes: []\n"],
    ["carriage returns", "managed_processes:\r\n- id: a\r\n  management: 5\r\n"],
  ])("%s", (_name, text) => {
    holds(text);
  });
});
