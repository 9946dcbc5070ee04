import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse as parseYaml } from "yaml";
import { parseDuration } from "../../src/config/index.ts";
import { PATTERN } from "../../src/config/Duration.ts";
import { jsonSchema } from "../../src/config/JsonSchema.ts";
import { keysTable } from "./keysTable.ts";
import { describeFrom, mistakes } from "./schema.ts";

const here = dirname(fileURLToPath(import.meta.url));
const reference = join(here, "../../docs/reference");
const page = readFileSync(join(reference, "config.md"), "utf8");
/** What follows this is written from the schema. */
const mark = "<!-- From the schema: test/config/jsonSchema.test.ts writes what follows. -->";
const describeKey = describeFrom(page.split(mark)[0]!);
const schema = jsonSchema(describeKey);
const found = (text: string): ReadonlyArray<string> => mistakes(schema, parseYaml(text, { merge: true }), schema);

const files = ["upstream/flat-process-types.yaml", "upstream/core-echotest-unix.yaml", "upstream/rust-example.yaml", "every-key-go.yaml"];

describe("the JSON Schema", () => {
  it("in docs/reference is the one of this version: `vitest run test/config/jsonSchema.test.ts -u` writes it", async () => {
    await expect(`${JSON.stringify(schema, undefined, 2)}\n`).toMatchFileSnapshot(join(reference, "hsu.schema.json"));
  });

  it("in docs/reference/config.md is every key of this version: `vitest run test/config/jsonSchema.test.ts -u` writes them", async () => {
    const [written = ""] = page.split(mark);
    expect(page).toContain(mark);
    await expect(`${written}${mark}\n\n${keysTable(jsonSchema(), describeKey)}\n`).toMatchFileSnapshot(join(reference, "config.md"));
  });

  it.each([...files, ...readdirSync(join(here, "fixtures")).filter((name) => name.endsWith(".yaml"))])("takes %s", (name) => {
    expect(found(readFileSync(join(here, "fixtures", name), "utf8"))).toStrictEqual([]);
  });

  it("takes every example of the docs", () => {
    for (const [, example] of page.matchAll(/```yaml hsu\n(.*?)```/gs)) expect(found(example!)).toStrictEqual([]);
  });

  const unit = (text: string): string => `managed_processes: [{ id: a, management: ${text} }]`;

  it.each([
    ["an unknown key", unit("{ control: { executable: x, argments: [] } }")],
    ["a wrong type", unit("{ control: { executable: [x] } }")],
    ["a word that is none of them", unit("{ control: { executable: x }, restart_policy: sometimes }")],
    ["what is not a duration", unit("{ control: { executable: x, shutdown_timeout: 5 minutes } }")],
    ["a port out of range", "process_manager: { port: 70000 }\nmanaged_processes: []"],
    ["what is not an id", 'managed_processes: [{ id: "a b", management: { control: { executable: x } } }]'],
    ["a missing key", "managed_processes: [{ management: {} }]"],
    ["a group without children", "managed_processes: [{ id: a, children: [] }]"],
  ])("refuses %s", (_, text) => {
    expect(found(text)).not.toStrictEqual([]);
  });

  it("says of a key what config.md says", () => {
    const { properties } = (schema["$defs"] as Record<string, { readonly properties: Record<string, { readonly description?: string }> }>)[
      "control"
    ]!;
    expect(properties["shutdown_timeout"]?.description).toBe("from the stop signal to SIGKILL. Default: 10s");
    expect(properties["executable"]?.description).toContain("from the folder of the config file");
  });

  it("takes the durations that are durations", () => {
    const text = fc.oneof(fc.stringMatching(/^[0-9.+a-zµ ]{0,8}$/), fc.constantFrom("0", "1h30m", "250ms", ".5s", "3d", "+1s"));
    fc.assert(
      fc.property(text, (input) => {
        if (typeof parseDuration(input) === "number") expect(input).toMatch(new RegExp(PATTERN, "u"));
      }),
    );
  });
});
