import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { load, parse, renderAll } from "../../src/config/index.ts";
import { unitsOf } from "../../src/unit/index.ts";

/** A text block without its indentation. */
export const yaml = (strings: TemplateStringsArray): string => {
  const text = strings.raw[0]!.replace(/^\n/, "").trimEnd();
  const indent = Math.min(
    ...text
      .split("\n")
      .filter((line) => line.trim() !== "")
      .map((line) => /^ */.exec(line)![0].length),
  );
  return `${text
    .split("\n")
    .map((line) => line.slice(indent))
    .join("\n")}\n`;
};

/** What is found in a text, rendered: errors, or the warnings of a file that loads. */
export const findings = (text: string): string => {
  const result = parse(text, "hsu.yaml");
  return `\n${renderAll(Result.isFailure(result) ? result.failure.diagnostics : result.success.warnings)}\n`;
};
export const loadError = async (file: string) => Effect.runPromise(Effect.flip(load(file)));

/** A unit `web` with these lines at its end, indented by two. */
export const unit = (...lines: ReadonlyArray<string>): string =>
  [
    "managed_processes:",
    "- id: web",
    "  management:",
    "    control:",
    "      executable: sleep",
    ...lines.map((line) => `  ${line}`),
    "",
  ].join("\n");

/** The same with these lines in its control block. */
export const controlled = (...control: ReadonlyArray<string>): string => unit(...control.map((line) => `    ${line}`));

/** What a file's first unit is. */
export const specOf = (text: string) => unitsOf(Result.getOrThrow(parse(text, "hsu.yaml")).spec.root)[0]!;
