/**
 * Where the lines of a text begin, looked up and not counted: a file may have thousands of findings.
 */

/** Counts from 1. */
export type LineOf = (offset: number) => number;

/** Lines are counted from the beginning of a block. */
const BLOCK = 4_096;

export const linesOf = (text: string): LineOf => {
  /** Of each block, the lines before it. */
  let before: Array<number> | undefined;
  const count = (from: number, to: number): number => {
    let lines = 0;
    for (let at = text.indexOf("\n", from); at !== -1 && at < to; at = text.indexOf("\n", at + 1)) lines++;
    return lines;
  };
  const find = (): Array<number> => {
    const found: Array<number> = [];
    let block = 0;
    let lines = 0;
    for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) {
      for (; block * BLOCK <= at; block++) found.push(lines);
      lines++;
    }
    for (; block * BLOCK <= text.length; block++) found.push(lines);
    return found;
  };
  return (offset) => {
    before ??= find();
    const block = Math.min(Math.floor(offset / BLOCK), before.length - 1);
    return before[block]! + count(block * BLOCK, offset) + 1;
  };
};
