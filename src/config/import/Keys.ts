/**
 * A map of YAML or JSON whose keys are taken one after the other; what nobody has taken is known.
 */
import { type Entry, type Located, read } from "../Source.ts";
import type { Place, Teller, Text } from "./Finding.ts";

/** A value, and where its key stands. */
export interface Key extends Place {
  readonly key: string;
  readonly node: Located;
}

export interface Keys {
  readonly take: (key: string) => Key | undefined;
  /** Of a map below this one. */
  readonly below: (key: string) => Keys | undefined;
  readonly rest: () => ReadonlyArray<Key>;
}

export const keysOf = (of: Text, node: Located | undefined): Keys => {
  const taken = new Set<string>();
  const key = ({ end, key: name, node: value, start }: Entry): Key => ({ of, start, end, key: name, node: value });
  const take = (name: string): Key | undefined => {
    taken.add(name);
    const found = node?.entries.get(name);
    return found === undefined || found.node.kind === "null" ? undefined : key(found);
  };
  return {
    take,
    below: (name) => {
      const found = take(name);
      return found === undefined ? undefined : keysOf(of, found.node);
    },
    rest: () => [...(node?.entries.values() ?? [])].filter((entry) => !taken.has(entry.key)).map(key),
  };
};

/** The document of a file; undefined: it is none, which is told. */
export const documentOf = (of: Text, { wrong }: Teller): Located | undefined => {
  if (of.said !== undefined) return said(of.said, of.text);
  // JSON may be indented with tabs.
  const text = of.file.endsWith(".json") ? of.text.replaceAll("\t", " ") : of.text;
  const { problems, root } = read(text.replaceAll("\r", " "), of.file);
  for (const { code, end, message, start } of problems) {
    if (code === "HSU-CFG-003" || code === "HSU-CFG-004") wrong({ of, start, end }, message);
  }
  if (root === undefined) wrong({ of, start: 0, end: 0 }, "the file is empty");
  return root;
};

/** A value that code has made, each key where its name first stands behind the one before; what is computed has no place. */
const said = (value: unknown, text: string): Located => {
  let at = 0;
  const placeOf = (key: string): { readonly start: number; readonly end: number } => {
    const pattern = new RegExp(`(?<![\\w$])(["'\`]?)${key.replaceAll(/[^\w]/g, "\\$&")}\\1\\s*[:(,}]`, "g");
    const from = (index: number): number => {
      pattern.lastIndex = index;
      return pattern.exec(text)?.index ?? -1;
    };
    const ahead = from(at);
    const start = ahead === -1 ? from(0) : ahead;
    if (start === -1) return { start: at, end: at };
    at = start + key.length;
    return { start, end: at };
  };
  const build = (one: unknown): Located => {
    const place = { start: at, end: at };
    const base = { ...place, value: one, text: String(one), entries: new Map<string, Entry>(), items: [] };
    if (Array.isArray(one)) return { ...base, kind: "list", items: one.map(build) };
    if (typeof one === "object" && one !== null) {
      const entries = Object.entries(one).map(([key, inner]) => [key, { key, ...placeOf(key), node: build(inner) }] as const);
      return { ...base, kind: "map", entries: new Map(entries) };
    }
    const kind = typeof one;
    return { ...base, kind: kind === "number" || kind === "boolean" || kind === "string" ? kind : "null" };
  };
  return build(value);
};

/** A scalar as it is written. */
export const textOf = (node: Located): string => (node.kind === "string" ? String(node.value) : node.text);

/** A list of texts, or one. */
export const textsOf = (node: Located | undefined): ReadonlyArray<string> =>
  node === undefined || node.kind === "null" ? [] : node.kind === "list" ? node.items.map(textOf) : [textOf(node)];
