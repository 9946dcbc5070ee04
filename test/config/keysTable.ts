/** Every key of a config and what it may be, from the JSON Schema: the table at the end of docs/reference/config.md. */
import type { Describe, Json } from "../../src/config/JsonSchema.ts";

type Rows = Map<string, Set<string>>;

/** Blocks that say the same in another dialect; the page has a table for them. */
const NESTED = ["standard_managed", "integrated_managed"];

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
const walk = (root: Json, schema: Json, path: string, rows: Rows, open: Map<string, string>, leave: ReadonlyArray<string>): void => {
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
    if (target !== undefined) walk(root, target, path, rows, open, leave);
    return;
  }
  const alternatives = list(anyOf);
  if (alternatives.length > 0 && !isJson(properties)) {
    if (typeof rest["description"] === "string") add(rest["description"]);
    for (const each of alternatives) walk(root, each, path, rows, open, leave);
    return;
  }
  if (rest["type"] === "array") {
    if (isJson(items)) walk(root, items, `${path}[]`, rows, open, leave);
    return;
  }
  if (isJson(properties)) {
    for (const [key, inner] of Object.entries(properties)) {
      if (leave.includes(key) || !isJson(inner)) continue;
      const below = path === "" ? key : `${path}.${key}`;
      rows.set(below, rows.get(below) ?? new Set());
      walk(root, inner, below, rows, open, leave);
    }
    return;
  }
  add(kindOf(schema));
  if (isJson(additionalProperties)) walk(root, additionalProperties, `${path}.*`, rows, open, leave);
};

/** One of the words that come again and again. */
const short = (text: string): string => text.replace(/^a duration: .*/, "a duration");

const cell = (texts: ReadonlySet<string>): string => [...new Set([...texts].map(short))].join("; or ").replaceAll("|", String.raw`\|`);

const rowsOf = (schema: Json, leave: ReadonlyArray<string>): Rows => {
  const rows: Rows = new Map();
  walk(schema, schema, "", rows, new Map(), leave);
  return rows;
};

/** Where a key is told of that the tables of the page say nothing of: of the first of these that it begins with. */
const PAGES: ReadonlyArray<readonly [path: RegExp, page: string]> = [
  [/^process_manager\.http/, "[HTTP](http.md)"],
  [/^process_manager\.(rpc|peers)/, "[other masters](peers.md)"],
  [/^process_manager\.audit/, "[audit](audit.md)"],
  [/^process_manager\.limits/, "[limits of the doors](http.md)"],
  [/^process_manager\.telemetry/, "[telemetry](telemetry.md)"],
  [/^process_manager\.registry/, "[integrated units](integrated.md)"],
  [/^process_manager\.resources/, "[resources](resources.md)"],
  [/\.(probes|health_check|health_check_run_options)\b/, "[health](health.md)"],
  [/\.(unmanaged|discovery|can_terminate|can_restart|service_manager|service_name|allowed_signals)\b/, "[unmanaged units](unmanaged.md)"],
  [/\.(context_aware_restart|restart_policy)\b/, "[restarts](#restart_policy)"],
  [/\.(limits|resource_limits)\b/, "[resources](resources.md)"],
  [/\b(log_collection|logging)\b/, "[logs](logs.md)"],
  [/\.control\.(listen|schedule|on_demand|on_call|proxy|start)\b/, "[kinds of start](kinds-of-start.md)"],
  [/\.control\.(module|export|options)/, "[modules](modules.md)"],
  [/\.process_file\b/, "accepted, and not in effect: [HSU-CFG-101](errors/HSU-CFG-101.md)"],
  [/\.(environment|env_file|metadata|extends|count)\b/, "[in short](#in-short)"],
  [/\.(standard_managed|integrated_managed)\./, "[the nested dialect](#the-nested-dialect)"],
];
const pageOf = (path: string): string => PAGES.find(([each]) => each.test(path))?.[1] ?? "[keys](#keys)";

/** Of the management block: what is in it alone may be of some dialects only. */
const inUnit = /^managed_processes\[\]\.management\./;

/** As Markdown, a table for each block of the file. */
export const keysTable = (schema: Json, describe: Describe): string => {
  const flat = rowsOf(schema, NESTED);
  // What is in both is found in the nested one under its block.
  const nested = [...rowsOf(schema, NESTED.slice(1)).keys()]
    .filter((path) => path.includes(`.${NESTED[0]}.`))
    .map((path) => path.replace(`.${NESTED[0]}`, ""));
  const isNested = new Set(nested);
  // What is below a block that both have is told once, in that of the flat ones.
  const inBoth = (path: string): boolean =>
    isNested.has(path) || nested.some((each) => path.startsWith(`${each}.`) || path.startsWith(`${each}[`));
  const dialects = (path: string): string => (inUnit.test(path) && !inBoth(path) ? "flat" : "all");
  const row = ([path, texts]: readonly [string, ReadonlySet<string>], of: string): string => {
    const said = describe(path.replaceAll("[]", "").split("."))?.replaceAll("|", String.raw`\|`) ?? "";
    const [, effect = "", usual = ""] = /^(.*?)(?:(?:^|\. )Default: (.*))?$/s.exec(said) ?? [];
    return `| \`${path}\` | ${cell(texts)} | ${usual} | ${effect === "" ? pageOf(path) : effect} | ${of} |`;
  };
  const blocks = Map.groupBy(flat, ([path]) => {
    const parts = path.split(".");
    return parts[0] === "managed_processes" || parts[0] === "managed_processes[]"
      ? parts.slice(0, parts[1] === "management" ? 3 : 1).join(".")
      : parts[0]!;
  });
  const head = ["| key | may be | default | | dialects |", "| --- | --- | --- | --- | --- |"];
  const tables = [...blocks].map(([, own]) => {
    const lines = own.filter(([, texts]) => texts.size > 0).map((each) => row(each, dialects(each[0])));
    return [...head, ...lines].join("\n");
  });
  const all = rowsOf(schema, NESTED.slice(1));
  const only = [...all].filter(
    ([path, texts]) => texts.size > 0 && path.includes(`.${NESTED[0]}.`) && !flat.has(path.replace(`.${NESTED[0]}`, "")),
  );
  const more = [...head, ...only.map((each) => row(each, "nested"))].join("\n");
  return [...tables, more].filter((table) => table.includes("\n| `")).join("\n\n");
};
