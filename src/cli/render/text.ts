/**
 * Text as a terminal measures it: columns, cut lines, aligned tables, and nothing that would take the terminal over.
 */
import { stripVTControlCharacters } from "node:util";

const wide =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}]/u;
const zero = /\p{Mark}|\u200d/u;

const columnsOf = (character: string): number => (zero.test(character) ? 0 : wide.test(character) ? 2 : 1);

/** How many columns a text takes; colours take none. */
export const width = (text: string): number => {
  const bare = stripVTControlCharacters(text);
  if (/^[\x20-\x7e]*$/.test(bare)) return bare.length;
  let sum = 0;
  for (const character of bare) sum += columnsOf(character);
  return sum;
};

/** Control characters written out (`\x1b`), so that a name or a message can neither move the cursor nor fake a line. */
export const clean = (text: string): string =>
  // oxlint-disable-next-line no-control-regex
  text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (character) =>
    character === "\n" ? "\\n" : character === "\t" ? " " : `\\x${(character.codePointAt(0) ?? 0).toString(16).padStart(2, "0")}`,
  );

/** Cuts a line, with its colours, to a number of columns; what is cut off leaves `…` behind. */
export const truncate = (line: string, columns: number): string => {
  if (width(line) <= columns) return line;
  let room = columns - 1;
  let out = "";
  // oxlint-disable-next-line no-control-regex
  for (const piece of line.split(/(\u001b\[[0-9;]*m)/)) {
    if (piece.startsWith("\u001b[")) {
      out += piece;
      continue;
    }
    for (const character of piece) {
      room -= columnsOf(character);
      if (room < 0) break;
      out += character;
    }
  }
  return columns < 1 ? "" : `${out}…`;
};

/** Fills up to a number of columns. */
const pad = (text: string, columns: number): string => text + " ".repeat(Math.max(0, columns - width(text)));

/**
 * Lines of cells, two spaces between columns, nothing behind the last one that says anything; a column in which nobody says anything takes no
 * room. Columns in `right` are set to the right.
 */
export const align = (rows: ReadonlyArray<ReadonlyArray<string>>, right: ReadonlySet<number> = new Set()): ReadonlyArray<string> => {
  const widths: Array<number> = [];
  for (const row of rows) row.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, width(cell))));
  const place = (cell: string, index: number): ReadonlyArray<string> => {
    const columns = widths[index] ?? 0;
    if (columns === 0) return [];
    return [right.has(index) ? " ".repeat(columns - width(cell)) + cell : pad(cell, columns)];
  };
  return rows.map((row) => row.flatMap(place).join("  ").trimEnd());
};

/** `1 unit`, `2 units`. */
export const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`;
