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
  for (const edge of edges) {
    const known = next.get(edge.from);
    if (known === undefined) next.set(edge.from, [edge]);
    else known.push(edge);
  }
  const done = new Set<string>();
  const cycles: Array<Problem> = [];
  // A stack of its own: a chain of units may be longer than the engine's is deep.
  for (const start of next.keys()) {
    const way: Array<{ readonly id: string; left: number }> = done.has(start) ? [] : [{ id: start, left: 0 }];
    const placeOf = new Map(way.map(({ id }, index) => [id, index]));
    for (let at = way.at(-1); at !== undefined; at = way.at(-1)) {
      const edge = next.get(at.id)?.[at.left++];
      if (edge === undefined) {
        done.add(at.id);
        placeOf.delete(at.id);
        way.pop();
        continue;
      }
      const seen = placeOf.get(edge.to);
      if (seen !== undefined) {
        const circle = [...way.slice(seen).map(({ id }) => id), edge.to];
        cycles.push({ _tag: "Cycle", id: edge.id, key: edge.key, name: edge.name, circle });
      } else if (!done.has(edge.to)) {
        placeOf.set(edge.to, way.length);
        way.push({ id: edge.to, left: 0 });
      }
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

const all = (entry: GroupSpec | UnitSpec): ReadonlyArray<string> => (entry._tag === "Unit" ? [entry.id] : entry.children.flatMap(all));

/** The units that are meant by a name: a group's name means all in it. */
const meaningIn = (root: GroupSpec): ((name: string) => ReadonlyArray<string>) => {
  const entries = new Map<string, GroupSpec | UnitSpec>();
  const add = (entry: GroupSpec | UnitSpec): void => {
    entries.set(entry.id, entry);
    if (entry._tag === "Group") entry.children.forEach(add);
  };
  root.children.forEach(add);
  const units = new Map<string, ReadonlyArray<string>>();
  return (name) => {
    const entry = entries.get(name);
    const known = units.get(name) ?? (entry === undefined ? [] : all(entry));
    units.set(name, known);
    return known;
  };
};

/** By unit: those that it needs, and those that it only starts after. Own waits of a unit, and those of the groups that it is in. */
export interface Needs {
  readonly requires: ReadonlyArray<string>;
  readonly after: ReadonlyArray<string>;
}

/** Those of a group that wait for nobody else have the very same needs. */
export const needsOf = (root: GroupSpec): ReadonlyMap<string, Needs> => {
  const needs = new Map<string, Needs>();
  let meaning: ((name: string) => ReadonlyArray<string>) | undefined;
  const named = (above: ReadonlyArray<string>, names: ReadonlyArray<string> | undefined): ReadonlyArray<string> => {
    if (names === undefined || names.length === 0) return above;
    const units = names.flatMap((meaning ??= meaningIn(root)));
    return above.length === 0 ? units : [...above, ...units];
  };
  const walk = (entry: GroupSpec | UnitSpec, above: Needs): void => {
    const [requires, after] = [named(above.requires, entry.requires), named(above.after, entry.after)];
    const own = requires === above.requires && after === above.after ? above : { requires, after };
    if (entry._tag === "Group") for (const child of entry.children) walk(child, own);
    else if (own.requires.length + own.after.length > 0) needs.set(entry.id, own);
  };
  walk(root, { requires: [], after: [] });
  return needs;
};

const isOpen = ({ phase, ready }: Known): boolean => phase === "starting" || phase === "blocked" || (phase === "up" && !ready);

/** Whom a unit has to wait for, as things are: whom it needs and cannot use yet, and whom it starts after and whose start is not over. */
export const waitsFor = ({ after, requires }: Needs, known: (id: string) => Known): ReadonlyArray<string> => [
  ...new Set([...requires.filter((id) => !known(id).ready), ...after.filter((id) => isOpen(known(id)))]),
];

/** Where in its needs the first is that it has to wait for, looking from `from` on and around; -1: there is none. */
export const firstOpen = ({ after, requires }: Needs, known: (id: string) => Known, from = 0): number => {
  const count = requires.length + after.length;
  for (let step = 0; step < count; step++) {
    const at = (from + step) % count;
    const isFree = at < requires.length ? known(requires[at]!).ready : !isOpen(known(after[at - requires.length]!));
    if (!isFree) return at;
  }
  return -1;
};

/** Those that these need, and what those need, each behind what it needs itself; not these themselves. */
export const neededBy = (needs: ReadonlyMap<string, Needs>, id: string): ReadonlyArray<string> =>
  ordered(id, (one) => needs.get(one)?.requires ?? []);

/** By unit, those that need it; units that have the very same needs are one list. */
const needing = new WeakMap<ReadonlyMap<string, Needs>, ReadonlyMap<string, ReadonlyArray<ReadonlyArray<string>>>>();
const needingIn = (needs: ReadonlyMap<string, Needs>): ReadonlyMap<string, ReadonlyArray<ReadonlyArray<string>>> => {
  const known = needing.get(needs);
  if (known !== undefined) return known;
  const found = new Map<string, Array<ReadonlyArray<string>>>();
  for (const [{ requires }, ids] of alike(needs)) {
    for (const one of new Set(requires)) {
      const lists = found.get(one);
      if (lists === undefined) found.set(one, [ids]);
      else lists.push(ids);
    }
  }
  needing.set(needs, found);
  return found;
};

/** Units by their needs, those with the very same ones together. */
export const alike = (needs: ReadonlyMap<string, Needs>): ReadonlyMap<Needs, ReadonlyArray<string>> => {
  const found = new Map<Needs, Array<string>>();
  for (const [id, own] of needs) {
    const ids = found.get(own);
    if (ids === undefined) found.set(own, [id]);
    else ids.push(id);
  }
  return found;
};

/** Those that need this one, and those that need them, each before what it needs: the order in which they are stopped. */
export const dependentsOf = (needs: ReadonlyMap<string, Needs>, id: string): ReadonlyArray<string> => {
  const lists = needingIn(needs);
  return ordered(id, (one) => lists.get(one)?.flat() ?? []);
};

/** What can be reached, the farthest first, without where it began. */
const ordered = (id: string, next: (id: string) => ReadonlyArray<string>): ReadonlyArray<string> => {
  const placed = new Set<string>();
  const on = new Set([id]);
  const way = [{ id, others: next(id), at: 0 }];
  for (let last = way.at(-1); last !== undefined; last = way.at(-1)) {
    const other = last.others[last.at++];
    if (other === undefined) {
      placed.add(last.id);
      way.pop();
    } else if (!placed.has(other) && !on.has(other)) {
      on.add(other);
      way.push({ id: other, others: next(other), at: 0 });
    }
  }
  placed.delete(id);
  return [...placed];
};
