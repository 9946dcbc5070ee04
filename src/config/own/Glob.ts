/**
 * Paths with `*`, `?` and `[…]` in their names, as shells have them: no name that begins with a dot is meant unless the pattern says the dot.
 */
import { opendirSync } from "node:fs";
import * as NodePath from "node:path";

export const isPattern = (path: string): boolean => /[*?[]/.test(path);

type Test = (character: string) => boolean;

/** `null`: any number of characters. */
const testsOf = (pattern: string): ReadonlyArray<Test | null> => {
  const tests: Array<Test | null> = [];
  const characters = Array.from(pattern);
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at]!;
    const close = character === "[" ? characters.indexOf("]", at + (/[!^]/.test(characters[at + 1] ?? "") ? 3 : 2)) : -1;
    if (character === "*") tests.push(null);
    else if (character === "?") tests.push(() => true);
    else if (close > 0) {
      tests.push(classOf(characters.slice(at + 1, close)));
      at = close;
    } else tests.push((other) => other === character);
  }
  return tests;
};

const classOf = ([first, ...rest]: ReadonlyArray<string>): Test => {
  const isNot = first === "!" || first === "^";
  const all = isNot ? rest : [first!, ...rest];
  const ranges: Array<readonly [string, string]> = [];
  for (let at = 0; at < all.length; at++) {
    const isRange = all[at + 1] === "-" && at + 2 < all.length;
    ranges.push([all[at]!, all[isRange ? at + 2 : at]!]);
    if (isRange) at += 2;
  }
  return (character) => ranges.some(([from, to]) => from <= character && character <= to) !== isNot;
};

/** Whether a name is one that the pattern means. Never more than the product of their lengths. */
export const matches = (pattern: string, name: string): boolean => {
  if (name.startsWith(".") && !pattern.startsWith(".")) return false;
  const [tests, characters] = [testsOf(pattern), Array.from(name)];
  let [test, at, star, from] = [0, 0, -1, 0];
  while (at < characters.length) {
    const one = tests[test];
    if (test < tests.length && one === null) [star, from, test] = [test, at, test + 1];
    else if (one?.(characters[at]!) === true) [test, at] = [test + 1, at + 1];
    else if (star === -1) return false;
    else [test, from, at] = [star + 1, from + 1, from + 1];
  }
  while (tests[test] === null) test++;
  return test === tests.length;
};

/** Names that are looked at, in all folders together. */
const maxNames = 100_000;

class TooMany extends Error {}

const namesIn = (folder: string, budget: { left: number }): ReadonlyArray<string> => {
  let directory;
  try {
    directory = opendirSync(folder === "" ? "." : folder);
  } catch (cause) {
    // A name of the pattern that is a file, or nothing, holds nothing.
    if (["ENOENT", "ENOTDIR"].includes((cause as NodeJS.ErrnoException).code ?? "")) return [];
    throw cause;
  }
  try {
    const names: Array<string> = [];
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
      if (--budget.left < 0) throw new TooMany(`it looks at more than ${maxNames} names`);
      names.push(entry.name);
    }
    return names.sort();
  } finally {
    directory.closeSync();
  }
};

/** What there is of a pattern, in the order of the names; `listed` hears of each folder that is looked into. Throws what the system says. */
export const glob = (pattern: string, listed: (folder: string) => void): ReadonlyArray<string> => {
  const budget = { left: maxNames };
  const root = NodePath.parse(pattern).root;
  const steps = pattern
    .slice(root.length)
    .split(NodePath.sep)
    .filter((step) => step !== "");
  let found: ReadonlyArray<string> = [root];
  for (const step of steps) {
    if (!isPattern(step)) {
      found = found.map((folder) => NodePath.join(folder, step));
      continue;
    }
    found = found.flatMap((folder) => {
      listed(folder === "" ? "." : folder);
      return namesIn(folder, budget)
        .filter((name) => matches(step, name))
        .map((name) => NodePath.join(folder, name));
    });
  }
  return found;
};

/** The folder that a pattern starts from: all of it before the first name that is one. */
export const folderOf = (pattern: string): string => {
  let folder = NodePath.dirname(pattern);
  while (isPattern(folder)) folder = NodePath.dirname(folder);
  return folder;
};
