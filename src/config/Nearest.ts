/**
 * The nearest of a list of words to a word that is not in it: what "did you mean" says.
 */

/** Words that differ only in case, or in `-` for `_`, are the same word badly written. */
const normal = (word: string): string => word.toLowerCase().replaceAll("-", "_");

/** Edits (insert, delete, replace, swap two neighbours) from one word to another: optimal string alignment. */
export const distance = (from: string, to: string): number => {
  let before: ReadonlyArray<number> = [];
  let above = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      let least = Math.min(above[column]! + 1, current[column - 1]! + 1, above[column - 1]! + (same ? 0 : 1));
      if (row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]) {
        least = Math.min(least, before[column - 2]! + 1);
      }
      current.push(least);
    }
    before = above;
    above = current;
  }
  return above[to.length]!;
};

/** Words that are the same but for their order are one edit apart, and so are a word and its abbreviation of three letters or more. */
const edits = (from: string, to: string): number => {
  const [short, long] = from.length < to.length ? [from, to] : [to, from];
  const alike = (short.length >= 3 && long.startsWith(short)) || sorted(from) === sorted(to);
  return alike ? Math.min(1, distance(from, to)) : distance(from, to);
};
const sorted = (words: string): string => words.split("_").sort().join("_");

/** The candidate nearest to `word`, if one is near: at most a third of the letters may differ, and one in any word of three or more. */
export const nearest = (word: string, candidates: Iterable<string>): string | undefined => {
  const wanted = normal(word);
  // Nothing that long is a key: and the distance costs length × length.
  if (wanted.length > 64) return undefined;
  let best: string | undefined;
  let least = Math.max(wanted.length >= 3 ? 1 : 0, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of candidates) {
    const away = edits(wanted, normal(candidate));
    if (away < least) {
      best = candidate;
      least = away;
    }
  }
  return best;
};

/** The same of one list, for who asks again and again: a mistake is often made many times. */
export const nearestOf = (candidates: ReadonlyArray<string>): ((word: string) => string | undefined) => {
  const known = new Map<string, string | undefined>();
  return (word) => {
    if (!known.has(word)) {
      if (known.size >= 1_000) known.clear();
      known.set(word, nearest(word, candidates));
    }
    return known.get(word);
  };
};
