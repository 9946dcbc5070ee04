/** Each value that `hsu` and `hsu/testing` export shows a program that is run: what it is for is seen, and the JSDoc cannot go stale. Types are exempt. */
import { globSync, readFileSync } from "node:fs";
import { parseSync } from "oxc-parser";
import { expect, it } from "vitest";

interface Declaration {
  readonly type: string;
  readonly id?: { readonly name: string } | null;
  readonly declarations?: ReadonlyArray<{ readonly id: { readonly name: string } }>;
}

/** The names of exported values whose comment has no `ts run` example and does not say `@internal`. */
const without = (file: string, source: string): ReadonlyArray<string> => {
  const { comments, program } = parseSync(file, source);
  const lacks = (at: number): boolean => {
    const comment = comments.findLast(({ end }) => end <= at && source.slice(end, at).trim() === "")?.value ?? "";
    return !comment.includes("@internal") && !/@example\n[\s*]*```ts run\n/.test(comment);
  };
  return program.body.flatMap((statement) => {
    if (statement.type !== "ExportNamedDeclaration" || statement.exportKind === "type") return [];
    // What comes from another file is looked at there; a name that no declaration may have is exported in a list.
    const listed = statement.source !== null ? [] : statement.specifiers.filter(({ start }) => lacks(start));
    const { declarations, id, type }: Declaration = (statement.declaration ?? { type: "TS" }) as never;
    // Interfaces, type aliases and `declare` are types; an enum is not there, for types have to be erasable.
    const declared = type.startsWith("TS") || !lacks(statement.start) ? [] : (declarations?.map((each) => each.id.name) ?? [id?.name]);
    return [...listed.map(({ exported }) => source.slice(exported.start, exported.end)), ...declared].map((name) => `${file}: ${name}`);
  });
};

it("each exported value of the framework and of its test kit has an example that runs", () => {
  const files = globSync("src/{actor,testing}/*.ts").toSorted();
  expect(files.length).toBeGreaterThan(10);
  expect(files.flatMap((file) => without(file, readFileSync(file, "utf8")))).toEqual([]);
});

it("one that has none, or only one that is not run, is found", () => {
  const fence = (mark: string) => `/**\n * A.\n *\n * @example\n * \`\`\`${mark}\n * f();\n * \`\`\`\n */\n`;
  const source = [
    `${fence("ts run")}export const good = 1;`,
    `${fence("ts")}export const compiled = 1;`,
    "/** Text. @since 0.1.0 */\nexport class Bare {}",
    "export function naked() {}",
    "/** @internal */\nexport const inner = 1;",
    "export interface Type {}",
    `${fence("ts run")}const between = 1;\nexport const after = between;`,
    `export {\n${fence("ts run")}between as delete,\nbetween as new };\nexport type { Type as Other };`,
  ].join("\n\n");
  expect(without("a.ts", source)).toEqual(["a.ts: compiled", "a.ts: Bare", "a.ts: naked", "a.ts: after", "a.ts: new"]);
});
