/**
 * Manual pages: what troff reads, and Markdown as that.
 */

/** Text, as it is: neither a request nor an escape. */
export const plain = (text: string): string =>
  text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(/^([.'])/gm, "\\&$1");

const bold = (text: string): string => `\\fB${plain(text)}\\fR`;

/** Code, emphasis and links within a line. */
const inline = (text: string): string =>
  text
    .split(/(`[^`]+`|\*\*[^*]+\*\*|\[[^\]]+\]\([^)]*\))/)
    .map((part) => {
      if (part.startsWith("`")) return bold(part.slice(1, -1).replaceAll("\\|", "|"));
      if (part.startsWith("**")) return bold(part.slice(2, -2));
      const link = /^\[([^\]]+)\]\(/.exec(part)?.[1];
      return link === undefined ? plain(part.replaceAll(/\\([|<>*_])/g, "$1")) : inline(link);
    })
    .join("");

/** Behind an inline escape a line may begin with a dot as well. */
const line = (text: string): string => inline(text).replace(/^([.'])/, "\\&$1");

const verbatim = (lines: ReadonlyArray<string>): ReadonlyArray<string> => [
  ".PP",
  ".RS 4",
  ".nf",
  ...lines.map((each) => plain(each)),
  ".fi",
  ".RE",
];
export const code = verbatim;

const cellsOf = (row: string): ReadonlyArray<string> =>
  row
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim());

/** A row is an entry: its first cell, then the others. */
const table = (rows: ReadonlyArray<string>): ReadonlyArray<string> =>
  rows.slice(2).flatMap((row) => {
    const [first = "", ...rest] = cellsOf(row);
    const text = rest.filter((cell) => cell !== "").join("; ");
    return [".TP", line(first), text === "" ? "\\&" : line(text)];
  });

export const heading = (text: string): string => `.SH ${JSON.stringify(text.toUpperCase()).replaceAll("\\\\", "\\e")}`;

/** Blocks of a page of the documentation. Its title is left out. */
export const fromMarkdown = (markdown: string): ReadonlyArray<string> => {
  const out: Array<string> = [];
  // A page leads nowhere else.
  const lines = markdown.replaceAll(/ ?\[More\]\([^)]*\)/g, "").split("\n");
  for (let at = 0; at < lines.length; at++) {
    const each = lines[at] ?? "";
    /** This line and those behind it of which that is true. */
    const run = (isPart: (text: string) => boolean): ReadonlyArray<string> => {
      const from = at;
      while (isPart(lines[at + 1] ?? "\n")) at++;
      return lines.slice(from, at + 1);
    };
    const [, marks = "", title = ""] = /^(#+) (.*)$/.exec(each) ?? [];
    if (marks === "#" || each.startsWith("<!--")) continue;
    if (marks === "##") out.push(heading(title.replaceAll("`", "")));
    else if (marks !== "") out.push(`.SS ${JSON.stringify(title.replaceAll("`", ""))}`);
    else if (each.startsWith("```")) {
      const block = run((text) => text !== "\n" && !text.startsWith("```")).slice(1);
      at++;
      out.push(...verbatim(block));
    } else if (each.startsWith("    ")) out.push(...verbatim(run((text) => text.startsWith("    ")).map((text) => text.slice(4))));
    else if (each.startsWith("|")) out.push(...table(run((text) => text.startsWith("|"))));
    else if (/^[-*] /.test(each))
      out.push(".IP \\(bu 2", line([each.slice(2), ...run((text) => text.startsWith("  ")).slice(1)].map((text) => text.trim()).join(" ")));
    else if (each.trim() !== "") {
      const isText = (text: string): boolean => text.trim() !== "" && !/^(#|\||```|[-*] | {4})/.test(text);
      out.push(".PP", line(run(isText).join(" ")));
    }
  }
  return out;
};

/** A paragraph begins behind a heading by itself. */
const isNeeded = (each: string, at: number, all: ReadonlyArray<string>): boolean => each !== ".PP" || !/^\.S[HS] /.test(all[at - 1] ?? "");

/** Without a date: a page says the same as long as its version is the same. */
export const page = (name: string, chapter: number, version: string, blocks: ReadonlyArray<string>): string =>
  [
    `.TH ${JSON.stringify(name.toUpperCase())} ${chapter} "" "hsu ${version}" "HSU"`,
    ".ad l",
    ".nh",
    ...blocks.filter((each, at) => isNeeded(each, at, blocks)),
    "",
  ].join("\n");
