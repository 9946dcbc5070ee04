/**
 * The text of a config file, or why it has none: read as far as it may be large, and no further.
 */
import { isUtf8 } from "node:buffer";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { Code } from "./Diagnostic.ts";

/** No config that people write is larger; ten thousand units are a fifth of it. */
export const MAX_BYTES = 16 * 1024 * 1024;

export const tooLarge = `the file is larger than ${MAX_BYTES / 1024 / 1024} MiB`;

/** Not a text. `line` and `column` count from 1, the column in bytes. */
export class Unreadable extends Error {
  readonly code: Code;
  readonly line: number;
  readonly column: number;
  readonly hint: string | undefined;
  constructor(code: Code, message: string, hint?: string, line = 1, column = 1) {
    super(message);
    this.code = code;
    this.hint = hint;
    this.line = line;
    this.column = column;
  }
}

const BLOCK = 64 * 1024;

const bytesOf = (file: string): Buffer => {
  const descriptor = openSync(file, "r");
  try {
    const stat = fstatSync(descriptor);
    if (stat.isDirectory()) throw Object.assign(new Error("EISDIR"), { code: "EISDIR" });
    if (stat.size > MAX_BYTES) throw new Unreadable("HSU-CFG-001", tooLarge, "is it a config?");
    const blocks: Array<Buffer> = [];
    let total = 0;
    // Of a pipe nobody knows the size before.
    for (;;) {
      const block = Buffer.allocUnsafe(BLOCK);
      const read = readSync(descriptor, block, 0, BLOCK, null);
      if (read === 0) return Buffer.concat(blocks);
      total += read;
      if (total > MAX_BYTES) throw new Unreadable("HSU-CFG-001", tooLarge, "is it a config?");
      blocks.push(block.subarray(0, read));
    }
  } finally {
    closeSync(descriptor);
  }
};

const saveAs = "save it as UTF-8";

/** The first line that is not UTF-8, and how far it is. */
const placeOf = (bytes: Buffer): readonly [line: number, column: number] => {
  let line = 1;
  for (let at = 0; at <= bytes.length; line++) {
    const end = bytes.indexOf(0x0a, at);
    const text = bytes.subarray(at, end === -1 ? bytes.length : end);
    if (!isUtf8(text)) {
      let good = 0;
      // Halved as long as one half is sound; a character may be cut in two by that, and is four bytes at most.
      let bad = text.length;
      while (bad - good > 8) {
        const middle = (good + bad) >> 1;
        const whole = [0, 1, 2, 3].map((less) => middle - less).find((to) => to > good && isUtf8(text.subarray(0, to)));
        if (whole === undefined) bad = middle;
        else good = whole;
      }
      for (let to = good + 1; to <= bad; to++) if (isUtf8(text.subarray(0, to))) good = to;
      return [line, good + 1];
    }
    if (end === -1) break;
    at = end + 1;
  }
  return [1, 1];
};

/** Throws what is wrong with it, or what the system says. */
export const textOf = (file: string): string => {
  const bytes = bytesOf(file);
  const [one, two] = bytes;
  if ((one === 0xff && two === 0xfe) || (one === 0xfe && two === 0xff)) {
    throw new Unreadable("HSU-CFG-003", "the file is in UTF-16", saveAs);
  }
  if (!isUtf8(bytes)) throw new Unreadable("HSU-CFG-003", "this is not UTF-8", saveAs, ...placeOf(bytes));
  return bytes.toString("utf8");
};
