/**
 * Which bytes of what a unit has written are whole lines. Pure.
 */
import { characterBefore, maxLineBytes } from "../Lines.ts";

/** Whole lines, or one part of an over-long line, from a piece of the output. */
export interface Block {
  readonly from: number;
  /** Behind the last newline, where there is one. */
  readonly to: number;
  /** Absent: whole lines. Else it is this part of one line, counted from 1. */
  readonly part?: number;
  /** Of a part: the last one. */
  readonly last?: boolean;
}

const newline = 0x0a;

/**
 * The blocks of `bytes`, in order, each line at most 64 KiB long; what follows them is no line yet. `part`: so many parts of the first line are
 * taken already. `ended`: nothing more comes, so the rest is a line as well.
 */
export const cut = (bytes: Buffer, part: number, ended: boolean): ReadonlyArray<Block> => {
  const blocks: Array<Block> = [];
  let from = 0;
  let taken = part;
  while (from < bytes.length) {
    const reach = Math.min(bytes.length, from + maxLineBytes + 1);
    if (taken > 0) {
      const end = bytes.subarray(from, reach).indexOf(newline);
      if (end !== -1 || (ended && reach === bytes.length && reach - from <= maxLineBytes)) {
        const to = end === -1 ? reach : from + end + 1;
        blocks.push({ from, to, part: taken + 1, last: true });
        [from, taken] = [to, 0];
        continue;
      }
    } else {
      const end = bytes.lastIndexOf(newline, reach - 1);
      if (end >= from) {
        blocks.push({ from, to: end + 1 });
        from = end + 1;
        continue;
      }
      if (ended && reach === bytes.length && reach - from <= maxLineBytes) {
        blocks.push({ from, to: reach });
        break;
      }
    }
    // No newline within reach: a part, if the line is known to be longer than that.
    if (reach - from <= maxLineBytes) break;
    const to = characterBefore(bytes, from + maxLineBytes);
    blocks.push({ from, to, part: ++taken, last: false });
    from = to;
  }
  return blocks;
};

/** How many bytes go on as they are: whole lines, and a line that is longer than the piece in pieces. */
export const cutRaw = (bytes: Buffer, ended: boolean, room: number): number => {
  const end = bytes.lastIndexOf(newline);
  if (end !== -1) return end + 1;
  return ended || bytes.length >= room ? bytes.length : 0;
};
