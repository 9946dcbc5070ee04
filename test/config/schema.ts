/** As much of JSON Schema as ours uses, and what docs/reference/config.md says of each key. */
import type { Describe, Json } from "../../src/config/JsonSchema.ts";

const typeOf = (value: unknown): string => (value === null ? "null" : Array.isArray(value) ? "array" : typeof value);

const isOfType = (type: unknown, value: unknown): boolean => {
  if (Array.isArray(type)) return type.some((one) => isOfType(one, value));
  return type === "integer" ? Number.isInteger(value) : type === typeOf(value);
};

/** Where a value is not what the schema says; empty: it is valid. */
export const mistakes = (schema: Json, value: unknown, root: Json, path = "$"): ReadonlyArray<string> => {
  const { $ref, additionalProperties, anyOf, items, maximum, minItems, minimum, pattern, properties, required, type } = schema;
  const bad = (what: string): ReadonlyArray<string> => [`${path}: ${what}`];
  if (typeof $ref === "string") {
    const found = $ref === "#/$defs/file" ? "file" : $ref.slice("#/$defs/".length);
    const below = mistakes((root["$defs"] as Record<string, Json>)[found]!, value, root, path);
    if (below.length > 0) return below;
  }
  if (Array.isArray(anyOf) && !anyOf.some((one) => mistakes(one as Json, value, root, path).length === 0))
    return bad("none of the alternatives");
  if ("const" in schema && schema["const"] !== value) return bad(`not ${String(schema["const"])}`);
  if (Array.isArray(schema["enum"]) && !schema["enum"].includes(value)) return bad("not in the enum");
  if (type !== undefined && !isOfType(type, value)) return bad(`not ${JSON.stringify(type)}`);
  if (typeof value === "string" && typeof pattern === "string" && !new RegExp(pattern, "u").test(value)) return bad(`not ${pattern}`);
  if (typeof value === "number" && typeof minimum === "number" && value < minimum) return bad("too small");
  if (typeof value === "number" && typeof maximum === "number" && value > maximum) return bad("too large");
  if (Array.isArray(value)) {
    if (typeof minItems === "number" && value.length < minItems) return bad("too few");
    return value.flatMap((item, index) => mistakes((items ?? {}) as Json, item, root, `${path}[${index}]`));
  }
  if (typeOf(value) !== "object") return [];
  const entries = Object.entries(value as object);
  const missing = ((required ?? []) as ReadonlyArray<string>).filter((key) => !Object.hasOwn(value as object, key));
  return [
    ...missing.map((key) => `${path}: lacks ${key}`),
    ...entries.flatMap(([key, inner]) => {
      const own = Object.hasOwn(properties ?? {}, key) ? (properties as Record<string, Json>)[key] : undefined;
      if (own !== undefined) return mistakes(own, inner, root, `${path}.${key}`);
      if (additionalProperties === false) return [`${path}: unknown key ${key}`];
      return mistakes((typeof additionalProperties === "object" ? additionalProperties : {}) as Json, inner, root, `${path}.${key}`);
    }),
  ];
};

const plain = (markdown: string): string =>
  markdown
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replaceAll("`", "")
    .replaceAll(String.raw`\|`, "|")
    .trim();

/** From the tables of the page: the text of the last cell, and the default. A key is known by its last one or two names, below the title of its table. */
export const describeFrom = (page: string): Describe => {
  const texts = new Map<string, string>();
  let title = "";
  for (const line of page.split("\n")) {
    const heading = /^#+ .*?`([\w]+)`/.exec(line)?.[1] ?? /^\| key of (?:a |an |the )?`?(\w+)`?/.exec(line)?.[1];
    if (line.startsWith("#")) title = heading ?? "";
    else if (heading !== undefined) title = heading;
    const cells = /^\|(.*)\|$/
      .exec(line)?.[1]
      ?.split(/(?<!\\)\|/)
      .map((cell) => cell.trim());
    if (cells === undefined || cells.length < 3) continue;
    const said = cells.at(-1)!;
    const usual = cells.at(-2)!;
    for (const [, name] of cells[0]!.matchAll(/`([\w.]+)`/g)) {
      const text = plain(`${said}${/^(required|)$/.test(usual) ? "" : `${said === "" ? "" : ". "}Default: ${usual}`}`);
      for (const key of [name!, `${title}.${name}`]) if (text !== "" && !texts.has(key)) texts.set(key, text);
    }
  }
  return (path) => {
    const keys = path.filter((key) => key !== "*");
    const [above, key] = [keys.at(-2), keys.at(-1)];
    return (
      texts.get(`${above ?? "file"}.${key}`) ??
      (keys.length > 1 && above !== "managed_processes" ? undefined : texts.get(`unit.${key}`)) ??
      undefined
    );
  };
};
