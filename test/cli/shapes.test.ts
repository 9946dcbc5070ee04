/** docs/reference/output: what `-o json` prints, as JSON Schema, by command. `vitest run test/cli/shapes.test.ts -u` writes it anew. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { fileOf, schemaOf, shapes } from "../../src/cli/Shapes.ts";
import { verbs } from "../../src/cli/Verbs.ts";

const folder = "docs/reference/output";
const commands = Object.keys(shapes);

it.each(commands)("of `hsu %s` is that of this version", async (command) => {
  await expect(`${JSON.stringify(schemaOf(command), undefined, 2)}\n`).toMatchFileSnapshot(join("../..", folder, fileOf(command)));
});

it("is listed, and nothing else is there", async () => {
  const rows = commands.map((command) => {
    const what = shapes[command]!.isLines === true ? "an object a line" : "one value";
    return `| \`hsu ${command} -o json\` | ${what} | [${fileOf(command)}](output/${fileOf(command)}) |`;
  });
  const page = [
    "# What `-o json` prints",
    "",
    "A JSON Schema (2020-12) for each command, made of the schemas that the program itself encodes and decodes by; `hsu schema COMMAND` prints the same. Keys may come",
    "in addition; none goes, and none becomes something else. `hsu call` prints what the unit's own service answers, and `hsu schema` alone is that of a config.",
    "`-o yaml` is the same data.",
    "",
    "| command | | |",
    "| --- | --- | --- |",
    ...rows,
    "",
  ];
  await expect(page.join("\n")).toMatchFileSnapshot(join("../..", `${folder}.md`));
  expect(existsSync(folder) ? readdirSync(folder).toSorted() : []).toEqual(commands.map(fileOf).toSorted());
  const manifest = JSON.parse(readFileSync("package.json", "utf8")) as { readonly files: ReadonlyArray<string> };
  expect(manifest.files).toContain(folder);
});

it("is there for each verb that has -o json", () => {
  const having = verbs.flatMap(({ flags, name }) => {
    const type = flags["output"]?.type;
    return Array.isArray(type) && type.includes("json") ? [name] : [];
  });
  const described = new Set(commands.map((command) => command.split(" ")[0]!));
  // A reply is the unit's own.
  expect(having.filter((name) => !described.has(name))).toEqual(["call"]);
});
