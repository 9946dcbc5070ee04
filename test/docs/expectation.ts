import assert from "node:assert/strict";
import { format, inspect } from "node:util";

const reached = new Set<number>();

/** The value of a line that says `// => text`: what `console.log` would print of it, with or without quotes around a string. */
export const is = (value: unknown, text: string, line: number): void => {
  reached.add(line);
  const shown = [format(value), inspect(value, { breakLength: Infinity }), JSON.stringify(value)];
  if (!shown.includes(text)) assert.equal(shown[1], text, `line ${line}`);
};

/** Called first by a program: each of its expectations is to be reached. */
export const expectAll = (lines: ReadonlyArray<number>): void => {
  process.once("exit", () => {
    const missed = lines.filter((line) => !reached.has(line));
    if (missed.length === 0) return;
    console.error(`never reached: the expectation of line ${missed.join(", ")}`);
    process.exitCode = 1;
  });
};
