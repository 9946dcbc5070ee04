/**
 * Values as TypeScript that people read. Pure.
 */
import { formatDuration } from "../Duration.ts";

const width = 120;

const isName = (key: string): boolean => /^[A-Za-z_$][\w$]*$/.test(key) && key !== "__proto__";
const keyOf = (key: string): string => (isName(key) ? key : key === "__proto__" ? '["__proto__"]' : JSON.stringify(key));

/** Blocks whose keys are not ours: nothing in them is a duration. */
const FOREIGN = new Set(["environment", "secrets", "headers", "labels", "config"]);

const valueOf = (value: unknown, indent: string, key = "", isForeign = false): string => {
  if (typeof value === "number" && !isForeign && key.endsWith("Millis")) return `millis(${JSON.stringify(formatDuration(value))})`;
  if (Array.isArray(value)) {
    const items = value.map((item) => valueOf(item, `${indent}  `, "", isForeign));
    return fitted("[", items, "]", indent);
  }
  if (typeof value === "object" && value !== null) {
    const items = Object.entries(value).map(
      ([name, inner]) => `${keyOf(name)}: ${valueOf(inner, `${indent}  `, name, isForeign || FOREIGN.has(name))}`,
    );
    return items.length === 0 ? "{}" : fitted("{ ", items, " }", indent);
  }
  return value === undefined ? "undefined" : JSON.stringify(value);
};

/** In one line where there is room. */
const fitted = (open: string, items: ReadonlyArray<string>, close: string, indent: string): string => {
  const line = `${open}${items.join(", ")}${close}`;
  if (items.length === 0 || (line.length + indent.length <= width && !line.includes("\n"))) return line;
  return `${open.trim()}\n${items.map((item) => `${indent}  ${item},\n`).join("")}${indent}${close.trim()}`;
};

/** The options of a call, each in a line of its own; `children` are names of constants. */
export const printed = (options: Readonly<Record<string, unknown>>, children?: ReadonlyArray<string>): string => {
  const lines = Object.entries(options).map(([key, value]) => `  ${keyOf(key)}: ${valueOf(value, "  ", key, FOREIGN.has(key))},\n`);
  const last = children === undefined ? [] : [`  children: ${fitted("[", children, "]", "  ")},\n`];
  return `{\n${[...lines, ...last].join("")}}`;
};
