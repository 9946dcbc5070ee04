import assert from "node:assert/strict";
import { format, inspect, isDeepStrictEqual } from "node:util";

const reached = new Set<number>();

/** What the text means as a value: nothing, if names in it are not known. */
const meaning = (literal: () => unknown): { readonly value: unknown } | undefined => {
  try {
    return { value: literal() };
  } catch {
    return undefined;
  }
};

/** The value of a line that says `// => text`: the text is that value, or what `console.log` would print of it. */
export const is = (value: unknown, text: string, line: number, literal?: () => unknown): void => {
  reached.add(line);
  const shown = [format(value), inspect(value, { breakLength: Infinity }), JSON.stringify(value)];
  if (shown.includes(text)) return;
  const meant = literal === undefined ? undefined : meaning(literal);
  if (meant === undefined || !isDeepStrictEqual(value, meant.value)) assert.equal(shown[1], text, `line ${line}`);
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
