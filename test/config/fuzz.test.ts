/**
 * No file, however it was made, makes the loader throw, hang or lose the place. `HSU_FUZZ_RUNS=100000 vitest run test/config/fuzz.test.ts` looks longer.
 */
import * as fc from "fast-check";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { convert } from "../../src/config/dialects/Convert.ts";
import { type ConfigDiagnostic, load, parse } from "../../src/config/index.ts";
import { isEmpty, plan } from "../../src/config/plan/Plan.ts";
import { loadError } from "./support.ts";

const here = dirname(fileURLToPath(import.meta.url));
const runs = Number(process.env["HSU_FUZZ_RUNS"] ?? 400);

const filesBelow = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return name === "node_modules" ? [] : filesBelow(path);
    return /\.ya?ml$/.test(name) ? [path] : [];
  });
const page = readFileSync(join(here, "../../docs/reference/config.md"), "utf8");
const seeds = [
  ...[join(here, "fixtures"), join(here, "../../examples")].flatMap(filesBelow).map((file) => readFileSync(file, "utf8")),
  ...Array.from(page.matchAll(/```yaml hsu\n(.*?)```/gs), ([, example]) => example!),
];

const bits = fc.constantFrom(
  "&a ",
  "*a",
  "<<: *a",
  "<<: [*a, *a]",
  "- ",
  ": ",
  "{",
  "}",
  "[",
  "]",
  '"',
  "'",
  "|",
  ">",
  "#",
  "\t",
  "\n",
  "\r\n",
  "  ",
  "\u0000",
  "\ufeff",
  "\u2028",
  "!!binary x",
  "!!set",
  "%YAML 1.1",
  "---",
  "...",
  "? ",
  "~",
  "null",
  "true",
  "1e999",
  "-0",
  "0x1F",
  ".nan",
  "__proto__",
  "constructor",
  "toString",
  "workers:",
  "unit:",
  "management:",
  "unmanaged:",
  "standard_managed:",
  "children:",
  "id: a",
  "type: module",
  "schedule: '* * * * *'",
  "3d",
  "-5s",
);
const edit = fc.record({ at: fc.nat(), length: fc.nat(40), bit: bits, other: fc.nat() });

const mutated = (
  seed: number,
  edits: ReadonlyArray<{ readonly at: number; readonly length: number; readonly bit: string; readonly other: number }>,
) =>
  edits.reduce(
    (text, { at, bit, length, other }) => {
      const from = at % (text.length + 1);
      const donor = seeds[other % seeds.length]!;
      const piece = other % 3 === 0 ? donor.slice(at % donor.length, (at % donor.length) + length * 4) : bit;
      return text.slice(0, from) + piece + text.slice(other % 2 === 0 ? from : from + length);
    },
    seeds[seed % seeds.length]!,
  );

const isPlaced = (text: string, { column, length, line }: ConfigDiagnostic): boolean =>
  line >= 1 && line <= text.split("\n").length && column >= 1 && length >= 1;

describe("the loader", () => {
  it("takes every text for what it is: a tree, or findings that have a place", () => {
    fc.assert(
      fc.property(fc.nat(), fc.array(edit, { minLength: 1, maxLength: 5 }), (seed, edits) => {
        const text = mutated(seed, edits);
        const result = parse(text, "/srv/hsu.yaml");
        const found = Result.isFailure(result) ? result.failure.diagnostics : result.success.warnings;
        expect(found.filter((one) => !isPlaced(text, one))).toStrictEqual([]);
        if (Result.isFailure(result)) {
          expect(result.failure.errors.length).toBeGreaterThan(0);
          return;
        }
        expect(isEmpty(plan(result.success.spec, structuredClone(result.success.spec)))).toBe(true);
        const converted = Result.getOrThrow(convert(text, "/srv/hsu.yaml"));
        expect(isEmpty(plan(result.success.spec, Result.getOrThrow(parse(converted.text, "/srv/hsu.yaml")).spec))).toBe(true);
      }),
      { numRuns: runs },
    );
  }, 600_000);

  it.each([
    [
      "a bomb of aliases",
      `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefghi".replaceAll(/./g, (name) => `${name}: &${name} [${`*${String.fromCharCode(name.charCodeAt(0) - 1)},`.repeat(9)}]\n`)}`,
    ],
    [
      "a bomb of merges",
      `a: &a {x: 1}\n${Array.from({ length: 1000 }, (_, index) => `k${index}: {<<: [${"*a,".repeat(200)}]}`).join("\n")}`,
    ],
    ["an alias that is in itself", "managed_processes: &a\n- id: x\n  management: *a\n"],
    [
      "a hundred thousand anchors",
      `managed_processes: []\n${Array.from({ length: 20_000 }, (_, index) => `k${index}: &a${index} 1`).join("\n")}`,
    ],
    ["ten thousand times the same key", `process_manager: {${"port: 1, ".repeat(10_000)}}\n`],
    ["a key of a megabyte", `${"k".repeat(1_000_000)}: 1`],
    ["a line of a megabyte", `managed_processes: [${"x,".repeat(500_000)}]`],
    [
      "a hundred thousand unknown keys",
      `process_manager:\n${Array.from({ length: 20_000 }, (_, index) => `  k${index}: 1`).join("\n")}\nmanaged_processes: []\n`,
    ],
  ])(
    "finds an error in %s, in bounded time and memory",
    (_, text) => {
      const before = process.memoryUsage().heapUsed;
      const result = parse(text, "/srv/hsu.yaml");
      expect(Result.isFailure(result) && result.failure.diagnostics.every((one) => isPlaced(text, one))).toBe(true);
      expect(process.memoryUsage().heapUsed - before).toBeLessThan(400e6);
    },
    60_000,
  );

  it("a name of everything there is means nothing", () => {
    const text = `managed_processes:
- id: a
  profile_type: constructor
  management:
    control: {executable: x, environment: {__proto__: a, constructor: b}}
    context_aware_restart: {}
- {id: b, __proto__: {management: {}}, management: {control: {executable: x}}}
`;
    const result = parse(text, "/srv/hsu.yaml");
    expect(Result.isFailure(result) ? result.failure.errors.map(({ message }) => message) : []).toStrictEqual([
      'unknown key "__proto__" in an entry of "managed_processes"',
    ]);
    for (const name of ["__proto__", "constructor"]) {
      const alone = parse(`${name}: 0\n`, "/srv/hsu.yaml");
      expect(Result.isFailure(alone) ? alone.failure.errors.map(({ code }) => code) : []).toContain("HSU-CFG-005");
    }
    const good = Result.getOrThrow(parse(text.replace("__proto__: {management: {}}, ", ""), "/srv/hsu.yaml")).spec.root.children[0]!;
    expect(good).toMatchObject({ restart: { factors: { profile: 1 } } });
    expect(Object.entries((good as { readonly environment: object }).environment)).toStrictEqual([
      ["__proto__", "a"],
      ["constructor", "b"],
    ]);
  });
});

describe("a file", () => {
  const folder = mkdtempSync(join(tmpdir(), "hsu-fuzz-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const file = (name: string, content: string | Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  const said = async (path: string) => {
    const { code, column, line, message } = (await loadError(path)).errors[0]!;
    return `${line}:${column} ${code} ${message}`;
  };

  it("of a hundred megabytes is refused without being read", async () => {
    const path = file("huge.yaml", "");
    truncateSync(path, 100 * 1024 * 1024);
    expect(await said(path)).toBe("1:1 HSU-CFG-001 the file is larger than 16 MiB");
  });

  it("that has no end is read as far as it may be large", async () => {
    expect(await said("/dev/zero")).toBe("1:1 HSU-CFG-001 the file is larger than 16 MiB");
  });

  it("in another encoding is refused at its place; with a byte order mark it is taken", async () => {
    const text = "managed_processes: []\n";
    expect(await said(file("utf16.yaml", Buffer.from(`\ufeff${text}`, "utf16le")))).toBe("1:1 HSU-CFG-003 the file is in UTF-16");
    const latin = Buffer.concat([Buffer.from(`# ä\n${text}# ${"ü".repeat(40)}`), Buffer.from("ä", "latin1"), Buffer.from("\n")]);
    expect(await said(file("latin.yaml", latin))).toBe("3:83 HSU-CFG-003 this is not UTF-8");
    expect((await Effect.runPromise(load(file("bom.yaml", `\ufeff${text}`)))).spec.root.children).toStrictEqual([]);
  });
});
