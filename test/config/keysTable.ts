/** Every key of a config and what it may be, from the JSON Schema: the table at the end of docs/reference/config.md. */
import type { Json } from "../../src/config/JsonSchema.ts";

type Rows = Map<string, Set<string>>;

/** Blocks that say the same in another dialect; the page has a table for them. */
const OTHER_DIALECTS = new Set(["standard_managed", "integrated_managed"]);

const isJson = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);
const list = (value: unknown): ReadonlyArray<Json> => (Array.isArray(value) ? value.filter(isJson) : []);

const plain = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

const kindOf = ({ const: word, description, enum: words, properties, type }: Json): string => {
  if (Array.isArray(words)) return words.map((each) => `\`${plain(each)}\``).join(" ");
  if (word !== undefined) return `\`${plain(word)}\``;
  if (typeof description === "string") return description;
  if (type === "boolean") return "`true` or `false`";
  if (type === "string") return "a text";
  if (type === "number") return "a number";
  return properties === undefined && type === "object" ? "a map" : "";
};

/** What holds the values: they are looked into, and are none themselves. */
const walk = (root: Json, schema: Json, path: string, rows: Rows, open: Map<string, string>): void => {
  const add = (text: string): void => {
    if (path === "" || text === "") return;
    const known = rows.get(path) ?? new Set();
    rows.set(path, known.add(text));
  };
  const { $ref, additionalProperties, anyOf, items, properties, ...rest } = schema;
  if (typeof $ref === "string") {
    // A group is made of groups; and what is the same in several places is told once.
    const known = open.get($ref);
    if (known !== undefined) {
      if (known !== `\`${path}\``) add(`as ${known}`);
      return;
    }
    const target = (root["$defs"] as Readonly<Record<string, Json>>)[$ref.slice("#/$defs/".length)];
    if (typeof rest["description"] === "string") add(rest["description"]);
    if (isJson(target?.["properties"])) open.set($ref, path === "" ? "the file" : `\`${path}\``);
    if (target !== undefined) walk(root, target, path, rows, open);
    return;
  }
  const alternatives = list(anyOf);
  if (alternatives.length > 0 && !isJson(properties)) {
    if (typeof rest["description"] === "string") add(rest["description"]);
    for (const each of alternatives) walk(root, each, path, rows, open);
    return;
  }
  if (rest["type"] === "array") {
    if (isJson(items)) walk(root, items, `${path}[]`, rows, open);
    return;
  }
  if (isJson(properties)) {
    for (const [key, inner] of Object.entries(properties)) {
      if (OTHER_DIALECTS.has(key) || !isJson(inner)) continue;
      const below = path === "" ? key : `${path}.${key}`;
      rows.set(below, rows.get(below) ?? new Set());
      walk(root, inner, below, rows, open);
    }
    return;
  }
  add(kindOf(schema));
  if (isJson(additionalProperties)) walk(root, additionalProperties, `${path}.*`, rows, open);
};

/** One of the words that come again and again. */
const short = (text: string): string => text.replace(/^a duration: .*/, "a duration");

const cell = (texts: ReadonlySet<string>): string => [...new Set([...texts].map(short))].join("; or ").replaceAll("|", String.raw`\|`);

/** As Markdown, a table for each block of the file. */
export const keysTable = (schema: Json): string => {
  const rows: Rows = new Map();
  walk(schema, schema, "", rows, new Map());
  const blocks = Map.groupBy(rows, ([path]) => {
    const parts = path.split(".");
    return parts[0] === "managed_processes" || parts[0] === "managed_processes[]"
      ? parts.slice(0, parts[1] === "management" ? 3 : 1).join(".")
      : parts[0]!;
  });
  const tables = [...blocks].map(([, own]) => {
    const lines = own.filter(([, texts]) => texts.size > 0).map(([path, texts]) => `| \`${path}\` | ${cell(texts)} |`);
    return ["| key | |", "| --- | --- |", ...lines].join("\n");
  });
  return tables.filter((table) => table.includes("\n| `")).join("\n\n");
};
