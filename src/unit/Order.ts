/**
 * Who starts after whom, and who needs whom. Pure: over ids, and what is known of each unit just now.
 */
import type { GroupSpec, UnitSpec } from "./UnitSpec.ts";

/** What order looks at: a unit, or a group of them. */
export interface Entry {
  readonly id: string;
  readonly after?: ReadonlyArray<string>;
  readonly requires?: ReadonlyArray<string>;
  /** Of a group. */
  readonly children?: ReadonlyArray<Entry>;
}

/** What is wrong with one name in an `after` or `requires`. */
export type Problem =
  | { readonly _tag: "Unknown"; readonly id: string; readonly key: Key; readonly name: string }
  /** A unit cannot wait for itself, or for the group that it is in. */
  | { readonly _tag: "Within"; readonly id: string; readonly key: Key; readonly name: string }
  /** Siblings that wait for each other; `a → b → a`: a waits for b. */
  | { readonly _tag: "Cycle"; readonly id: string; readonly key: Key; readonly name: string; readonly circle: ReadonlyArray<string> };

type Key = "after" | "requires";
const keys: ReadonlyArray<Key> = ["after", "requires"];

interface Edge {
  readonly id: string;
  readonly key: Key;
  readonly name: string;
  /** The entries of one list that these two are in. */
  readonly from: string;
  readonly to: string;
}

const pathsOf = (
  entries: ReadonlyArray<Entry>,
  above: ReadonlyArray<string> = [],
): ReadonlyArray<readonly [Entry, ReadonlyArray<string>]> =>
  entries.flatMap((entry) => {
    const path = [...above, entry.id];
    return [[entry, path] as const, ...pathsOf(entry.children ?? [], path)];
  });

/** Each wait, as one between two entries of the list where their ways part; and the names that make no sense. */
const edgesOf = (entries: ReadonlyArray<Entry>): { readonly edges: ReadonlyArray<Edge>; readonly problems: ReadonlyArray<Problem> } => {
  const all = pathsOf(entries);
  const paths = new Map(all.map(([entry, path]) => [entry.id, path]));
  const edges: Array<Edge> = [];
  const problems: Array<Problem> = [];
  for (const [entry, path] of all) {
    for (const key of keys) {
      for (const name of entry[key] ?? []) {
        const wait = { id: entry.id, key, name };
        const other = paths.get(name);
        if (other === undefined) {
          problems.push({ _tag: "Unknown", ...wait });
          continue;
        }
        const parts = path.findIndex((id, index) => id !== other[index]);
        const from = path[parts];
        const to = other[parts];
        if (parts === -1 || from === undefined || to === undefined) problems.push({ _tag: "Within", ...wait });
        else edges.push({ ...wait, from, to });
      }
    }
  }
  return { edges, problems };
};

/** For each entry that waits, the entries of its own list that it starts after. */
export const siblingOrder = (entries: ReadonlyArray<Entry>): ReadonlyMap<string, ReadonlyArray<string>> => {
  const order = new Map<string, Set<string>>();
  for (const { from, to } of edgesOf(entries).edges) order.set(from, (order.get(from) ?? new Set()).add(to));
  return new Map(Array.from(order, ([id, others]) => [id, [...others]]));
};

/** All that is wrong with the order of a tree. */
export const problemsOf = (entries: ReadonlyArray<Entry>): ReadonlyArray<Problem> => {
  const { edges, problems } = edgesOf(entries);
  const next = new Map<string, Array<Edge>>();
  for (const edge of edges) next.set(edge.from, [...(next.get(edge.from) ?? []), edge]);
  const done = new Set<string>();
  const cycles: Array<Problem> = [];
  // A stack of its own: a chain of units may be longer than the engine's is deep.
  for (const start of next.keys()) {
    const way: Array<{ readonly id: string; left: number }> = done.has(start) ? [] : [{ id: start, left: 0 }];
    for (let at = way.at(-1); at !== undefined; at = way.at(-1)) {
      const edge = next.get(at.id)?.[at.left++];
      if (edge === undefined) {
        done.add(way.pop()!.id);
        continue;
      }
      const seen = way.findIndex(({ id }) => id === edge.to);
      if (seen >= 0) {
        const circle = [...way.slice(seen).map(({ id }) => id), edge.to];
        cycles.push({ _tag: "Cycle", id: edge.id, key: edge.key, name: edge.name, circle });
      } else if (!done.has(edge.to)) way.push({ id: edge.to, left: 0 });
    }
  }
  return [...problems, ...cycles];
};

/** What is known of a unit just now. */
export interface Known {
  /** `blocked`: it waits for others itself. */
  readonly phase: "down" | "blocked" | "starting" | "up";
  readonly ready: boolean;
}

/** The units that are meant by these names: a group's name means all in it. */
const unitsNamed = (root: GroupSpec, names: ReadonlyArray<string> | undefined): ReadonlyArray<string> =>
  names === undefined ? [] : names.flatMap((name) => below(root, name));

const below = (group: GroupSpec, name: string): ReadonlyArray<string> => {
  const all = (entry: GroupSpec | UnitSpec): ReadonlyArray<string> => (entry._tag === "Unit" ? [entry.id] : entry.children.flatMap(all));
  return group.children.flatMap((child) => (child.id === name ? all(child) : child._tag === "Group" ? below(child, name) : []));
};

/** By unit: those that it needs, and those that it only starts after. Own waits of a unit, and those of the groups that it is in. */
export interface Needs {
  readonly requires: ReadonlyArray<string>;
  readonly after: ReadonlyArray<string>;
}

export const needsOf = (root: GroupSpec): ReadonlyMap<string, Needs> => {
  const needs = new Map<string, Needs>();
  const walk = (entry: GroupSpec | UnitSpec, above: Needs): void => {
    const own = {
      requires: [...above.requires, ...unitsNamed(root, entry.requires)],
      after: [...above.after, ...unitsNamed(root, entry.after)],
    };
    if (entry._tag === "Group") for (const child of entry.children) walk(child, own);
    else if (own.requires.length + own.after.length > 0) needs.set(entry.id, own);
  };
  walk(root, { requires: [], after: [] });
  return needs;
};

/** Whom a unit has to wait for, as things are: whom it needs and cannot use yet, and whom it starts after and whose start is not over. */
export const waitsFor = ({ after, requires }: Needs, known: (id: string) => Known): ReadonlyArray<string> => {
  const isOpen = (id: string): boolean => {
    const { phase, ready } = known(id);
    return phase === "starting" || phase === "blocked" || (phase === "up" && !ready);
  };
  return [...new Set([...requires.filter((id) => !known(id).ready), ...after.filter(isOpen)])];
};

/** Those that these need, and what those need, each behind what it needs itself; not these themselves. */
export const neededBy = (needs: ReadonlyMap<string, Needs>, id: string): ReadonlyArray<string> =>
  ordered(id, (one) => needs.get(one)?.requires ?? []);

/** Those that need this one, and those that need them, each before what it needs: the order in which they are stopped. */
export const dependentsOf = (needs: ReadonlyMap<string, Needs>, id: string): ReadonlyArray<string> =>
  ordered(id, (one) => Array.from(needs).flatMap(([other, { requires }]) => (requires.includes(one) ? [other] : [])));

/** What can be reached, the farthest first, without where it began. */
const ordered = (id: string, next: (id: string) => ReadonlyArray<string>): ReadonlyArray<string> => {
  const placed = new Set<string>();
  const way = [{ id, left: [...next(id)] }];
  for (let at = way.at(-1); at !== undefined; at = way.at(-1)) {
    const other = at.left.shift();
    if (other === undefined) placed.add(way.pop()!.id);
    else if (!placed.has(other) && !way.some((each) => each.id === other)) way.push({ id: other, left: [...next(other)] });
  }
  placed.delete(id);
  return [...placed];
};
