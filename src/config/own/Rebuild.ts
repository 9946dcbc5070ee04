/**
 * Values that are made of others, each with the place that it was written at. Pure.
 */
import type { Entry, Located } from "../Source.ts";

export const mapWith = (node: Located, entries: ReadonlyMap<string, Entry>): Located => ({
  ...node,
  entries,
  value: Object.fromEntries(Array.from(entries.values(), (entry) => [entry.key, entry.node.value])),
});

export const listWith = (node: Located, items: ReadonlyArray<Located>): Located => ({
  ...node,
  items,
  value: items.map((item) => item.value),
});

/** Without these keys. */
export const without = (node: Located, ...keys: ReadonlyArray<string>): Located =>
  keys.some((key) => node.entries.has(key)) ? mapWith(node, new Map([...node.entries].filter(([key]) => !keys.includes(key)))) : node;

/** Another value of a key, where the key is. */
export const withKey = (node: Located, key: string, change: (node: Located) => Located): Located => {
  const entry = node.entries.get(key);
  if (entry === undefined) return node;
  const next = change(entry.node);
  return next === entry.node ? node : mapWith(node, new Map(node.entries).set(key, { ...entry, node: next }));
};

/** Each text below, changed. What is not changed is the same. */
export const mapped = (node: Located, change: (text: Located) => Located): Located => {
  if (node.kind === "string") return change(node);
  if (node.kind === "list") {
    const items = node.items.map((item) => mapped(item, change));
    return items.every((item, index) => item === node.items[index]) ? node : listWith(node, items);
  }
  if (node.kind !== "map") return node;
  let isSame = true;
  const entries = new Map<string, Entry>();
  for (const [key, entry] of node.entries) {
    const next = mapped(entry.node, change);
    isSame &&= next === entry.node;
    entries.set(key, next === entry.node ? entry : { ...entry, node: next });
  }
  return isSame ? node : mapWith(node, entries);
};

/** Maps are put together, key by key; of anything else the one above wins. */
export const merged = (below: Located, above: Located): Located => {
  if (below.kind !== "map" || above.kind !== "map") return above;
  const entries = new Map(below.entries);
  for (const [key, entry] of above.entries) {
    const base = below.entries.get(key);
    entries.set(key, base === undefined ? entry : { ...entry, node: merged(base.node, entry.node) });
  }
  return mapWith(above, entries);
};
