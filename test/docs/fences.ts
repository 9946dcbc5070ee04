import { parseSync } from "oxc-parser";

/** A fenced block of code in a page, or in a JSDoc comment of a source. */
export interface Fence {
  readonly file: string;
  /** The line of the first line of code. */
  readonly line: number;
  /** `ts`, `yaml`, … */
  readonly language: string;
  /** What follows the language: `run`, `hsu`, … */
  readonly marks: ReadonlyArray<string>;
  readonly code: string;
}

/** `lines` are the lines of the page from its first one, whatever leads to the text of a line being cut off. */
const fencesOfLines = (file: string, lines: ReadonlyArray<string>, firstLine: number): ReadonlyArray<Fence> => {
  const found: Array<Fence> = [];
  let open: { readonly indent: string; readonly ticks: string; readonly info: string; readonly start: number } | undefined;
  lines.forEach((text, index) => {
    const [, indent = "", ticks = "", info = ""] = /^(\s*)(`{3,})(.*)$/.exec(text) ?? [];
    if (open === undefined) {
      if (ticks !== "") open = { indent, ticks, info, start: index + 1 };
    } else if (ticks.length >= open.ticks.length && info.trim() === "") {
      const { indent: margin, start } = open;
      const code = lines.slice(start, index).map((line) => (line.startsWith(margin) ? line.slice(margin.length) : line.trimStart()));
      const [language = "", ...marks] = open.info.trim().split(/\s+/);
      found.push({ file, line: firstLine + start, language, marks, code: code.join("\n") });
      open = undefined;
    }
  });
  if (open !== undefined) throw new Error(`${file}:${firstLine + open.start - 1}: this fence is never closed`);
  return found;
};

export const fencesOfMarkdown = (file: string, source: string): ReadonlyArray<Fence> => fencesOfLines(file, source.split("\n"), 1);

export const fencesOfSource = (file: string, source: string): ReadonlyArray<Fence> =>
  parseSync(file, source)
    .comments.filter((comment) => comment.type === "Block" && comment.value.startsWith("*"))
    .flatMap((comment) => {
      const lines = comment.value.split("\n").map((line) => line.replace(/^\s*\* ?/, ""));
      return fencesOfLines(file, lines, source.slice(0, comment.start).split("\n").length);
    });

/** The program of a fence, in which each line of code has the number that it has in its page. */
export const programOf = ({ code, line }: Fence): string => "\n".repeat(line - 1) + code + "\n";
