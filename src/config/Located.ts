/**
 * Values that remember where they stand, and what is found about them.
 */
import type { Code } from "./Diagnostic.ts";
import type { LineOf } from "./Lines.ts";

/** A value with its place. Offsets are into the text; `end` is exclusive. */
export interface Located {
  readonly kind: "map" | "list" | "string" | "number" | "boolean" | "null";
  /** The plain value, without places. */
  readonly value: unknown;
  /** A scalar as it is written: `1.10` stays `1.10`. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly entries: ReadonlyMap<string, Entry>;
  readonly items: ReadonlyArray<Located>;
}

/** A key of a map with its place. */
export interface Entry {
  readonly key: string;
  readonly start: number;
  readonly end: number;
  readonly node: Located;
}

export type Path = ReadonlyArray<PropertyKey>;

/** A finding that knows its offsets, not yet its line. */
export interface Problem {
  readonly code: Code;
  readonly start: number;
  readonly end: number;
  readonly message: string;
  readonly expected?: string;
  readonly nearest?: string;
  readonly hint?: string;
  /** Something is not there: behind a syntax error it may be. */
  readonly absent?: boolean;
}

const NO_ENTRIES: ReadonlyMap<string, Entry> = new Map();

const NO_ITEMS: ReadonlyArray<Located> = [];

export const scalar = (value: unknown, text: string, start: number, end: number): Located => {
  const kind = typeof value === "bigint" ? "number" : typeof value;
  // There are hundreds of thousands of them: what is the same in all is one, and none is made of another.
  if (kind === "number" || kind === "boolean" || kind === "string") {
    return { kind, value, text, start, end, entries: NO_ENTRIES, items: NO_ITEMS };
  }
  return { kind: "null", value: null, text, start, end, entries: NO_ENTRIES, items: NO_ITEMS };
};

export const mapOf = (entries: ReadonlyMap<string, Entry>, start: number, end: number): Located => {
  const value: Record<string, unknown> = {};
  for (const { key, node } of entries.values()) {
    // Not by assignment: that is no name for a value there.
    if (key === "__proto__") Object.defineProperty(value, key, { value: node.value, enumerable: true, writable: true, configurable: true });
    else value[key] = node.value;
  }
  return { kind: "map", value, text: "", start, end, entries, items: NO_ITEMS };
};

/** The first of each key; the others are errors. */
export const unique = (written: ReadonlyArray<Entry>, lineOf: LineOf, problems: Array<Problem>): Map<string, Entry> => {
  const entries = new Map<string, Entry>();
  for (const entry of written) {
    const { end, key, start } = entry;
    const first = entries.get(key);
    if (first === undefined) {
      entries.set(key, entry);
      continue;
    }
    const message = `the key ${JSON.stringify(key)} is given twice`;
    problems.push({
      code: "HSU-CFG-004",
      start,
      end,
      message,
      expected: "each key of a map once",
      hint: `it is first given on line ${lineOf(first.start)}`,
    });
  }
  return entries;
};

export const listOf = (items: ReadonlyArray<Located>, start: number, end: number): Located => ({
  kind: "list",
  value: items.map((item) => item.value),
  text: "",
  start,
  end,
  entries: NO_ENTRIES,
  items,
});
