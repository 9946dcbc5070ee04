/**
 * A document whose keys, words and placeholders are another dialect's, as one of ours: each value keeps the place where it is written. Pure.
 */
import type { Entry, Located, Problem } from "../Source.ts";

/** What is called otherwise in a map, and in the maps below. */
export interface Names {
  /** Their key: ours. */
  readonly keys?: Readonly<Record<string, string>>;
  /** By a key of ours: their word: ours. */
  readonly words?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** In every text below. */
  readonly text?: readonly [theirs: string, ours: string];
  /** By a key of ours; `*`: all others. A list goes through to its items. */
  readonly inside?: () => Readonly<Record<string, Names>>;
}

const own = <A>(table: Readonly<Record<string, A>> | undefined, key: string): A | undefined =>
  table !== undefined && Object.hasOwn(table, key) ? table[key] : undefined;

const renamed = (node: Located, word: string): Located => ({ ...node, value: word });

/** What stands there in our words. `told` hears of a name of ours where theirs is expected. */
const translateNode = (node: Located, names: Names, told: (problem: Problem) => void): Located => {
  const { text } = names;
  if (node.kind === "string" && text !== undefined) return renamed(node, String(node.value).replaceAll(text[0], text[1]));
  if (node.kind === "list") {
    const items = node.items.map((item) => translateNode(item, names, told));
    return { ...node, items, value: items.map((item) => item.value) };
  }
  if (node.kind !== "map") return node;
  const inside = names.inside?.();
  const theirs = new Map(Object.entries(names.keys ?? {}).map(([their, our]) => [our, their]));
  const entries = new Map<string, Entry>();
  for (const entry of node.entries.values()) {
    const key = own(names.keys, entry.key) ?? entry.key;
    const mean = theirs.get(entry.key);
    if (mean !== undefined && key === entry.key) told(foreign(entry, entry.key, mean));
    if (entries.has(key)) continue;
    const words = own(names.words, key);
    const word = entry.node.kind === "string" ? own(words, String(entry.node.value)) : undefined;
    const isOurs = entry.node.kind === "string" && word === undefined && Object.values(words ?? {}).includes(String(entry.node.value));
    const their = isOurs ? Object.entries(words ?? {}).find(([, our]) => our === entry.node.value)![0] : undefined;
    if (their !== undefined && their !== entry.node.value) told(foreign(entry.node, String(entry.node.value), their));
    const below = own(inside, key) ?? inside?.["*"] ?? (text === undefined ? undefined : { text });
    const found = word === undefined ? entry.node : renamed(entry.node, word);
    entries.set(key, { ...entry, key, node: below === undefined ? found : translateNode(found, below, told) });
  }
  return { ...node, entries, value: Object.fromEntries(Array.from(entries.values(), (entry) => [entry.key, entry.node.value])) };
};

const foreign = ({ end, start }: { readonly start: number; readonly end: number }, found: string, meant: string): Problem => ({
  code: "HSU-CFG-016",
  start,
  end,
  message: `${JSON.stringify(found)} is of another dialect than the file, which is in the "master" dialect`,
  expected: JSON.stringify(meant),
});

/** The document in our words, and the names of ours that were in it already. */
export const translate = (root: Located, names: Names): { readonly root: Located; readonly problems: ReadonlyArray<Problem> } => {
  const problems: Array<Problem> = [];
  return { root: translateNode(root, names, (problem) => void problems.push(problem)), problems };
};

/** A finding in their words: what a user has not written he would look for in vain. */
export const inTheirWords = (problem: Problem, words: Readonly<Record<string, string>>): Problem => {
  const pattern = new RegExp(`\\b(${Object.keys(words).join("|")})\\b`, "g");
  const say = (text: string): string => text.replaceAll(pattern, (word) => words[word]!);
  const { expected, hint, message, nearest } = problem;
  return {
    ...problem,
    message: say(message),
    ...(expected === undefined ? {} : { expected: say(expected) }),
    ...(nearest === undefined ? {} : { nearest: say(nearest) }),
    ...(hint === undefined ? {} : { hint: say(hint) }),
  };
};
