/**
 * Where the lines of a text begin, looked up and not counted: a file may have thousands of findings.
 */

/** Counts from 1. */
export type LineOf = (offset: number) => number;

export const linesOf = (text: string): LineOf => {
  let starts: Array<number> | undefined;
  const find = (): Array<number> => {
    const found = [0];
    for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) found.push(at + 1);
    return found;
  };
  return (offset) => {
    starts ??= find();
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
};
