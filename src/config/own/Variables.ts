/**
 * `${NAME}`, `${NAME:-default}` and `${NAME:?}` in the texts of a file, from the environment of who reads it; `$${` is `${`. Pure.
 */
import { parseDocument, isScalar } from "yaml";
import type { Located, Problem } from "../Source.ts";
import { mapped } from "./Rebuild.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

const PLACE = /\$(\$\{|\{([A-Za-z_][A-Za-z0-9_]*)(?::([-?])([^}]*))?\})/g;

/** A value that is all of a plain scalar is what it would be if it had been written there: a number, a truth value. */
const asWritten = (text: string): unknown => {
  const { contents, errors } = parseDocument(text);
  return errors.length === 0 && isScalar(contents) && typeof contents.value !== "symbol" ? contents.value : text;
};

const kindOf = (value: unknown): Located["kind"] =>
  typeof value === "number" ? "number" : typeof value === "boolean" ? "boolean" : value === null ? "null" : "string";

export const withVariables = (root: Located, source: string, environment: Environment, tell: (problem: Problem) => void): Located =>
  mapped(root, (node) => {
    const { end, start } = node;
    const before = String(node.value);
    if (!before.includes("${")) return node;
    let isUnknown = false;
    const text = before.replaceAll(
      PLACE,
      (whole, escaped: string, name: string | undefined, how: string | undefined, rest: string | undefined) => {
        if (escaped === "${" || name === undefined) return "${";
        const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
        if (value !== undefined && (value !== "" || how === undefined)) return value;
        if (how === "-") return rest ?? "";
        if (how === "?") {
          const why = rest === undefined || rest === "" ? "" : `: ${rest}`;
          tell({
            code: "HSU-CFG-050",
            start,
            end,
            message: `the variable ${name} is not set${why}`,
            hint: `set it where hsu is called, or give it a value here: \${${name}:-value}`,
          });
          return whole;
        }
        if (value === "") return "";
        isUnknown = true;
        tell({
          code: "HSU-CFG-108",
          start,
          end,
          message: `the variable ${name} is not set: \${${name}} stays as it is`,
          hint: `\${${name}:-value} has a default, \${${name}:?} has to be set, $\${${name}} is the text itself`,
        });
        return whole;
      },
    );
    const isPlain = !/^["'|>]/.test(source.slice(start, start + 1));
    const value = isPlain && !isUnknown && /^\$\{[^}]*\}$/.test(before.trim()) ? asWritten(text) : text;
    return { ...node, kind: kindOf(value), value, text };
  });
