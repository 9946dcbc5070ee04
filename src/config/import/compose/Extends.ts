/**
 * Services that are made of others, of the same file or of another one: `extends`. What comes from another file stands where it is asked for. Pure.
 */
import { dirname, isAbsolute, join, relative } from "node:path";
import { listWith, mapWith, merged, without } from "../../own/Rebuild.ts";
import { type Entry, get, type Located } from "../../Source.ts";
import type { Teller, Text } from "../Finding.ts";
import { documentOf, textOf } from "../Keys.ts";
import type { World } from "../Source.ts";

/** So many in a row are a circle. */
const MOST = 32;

/** Lists that are put together; of other lists the own one counts. */
const ADDED = new Set(["env_file", "ports", "expose"]);

const moved = (node: Located, start: number, end: number): Located => {
  const entries = new Map(Array.from(node.entries, ([key, entry]) => [key, { ...entry, start, end, node: moved(entry.node, start, end) }]));
  return { ...node, start, end, entries, items: node.items.map((item) => moved(item, start, end)) };
};

const asText = (node: Located, value: string): Located => ({ ...node, kind: "string", value, text: value });
const asList = (node: Located): Located => (node.kind === "list" ? node : listWith({ ...node, kind: "list", text: "" }, [node]));

/** A list of `NAME=value` as a map; as it is where it is none. */
const asMap = (node: Located): Located => {
  if (node.kind !== "list") return node;
  const entries = new Map<string, Entry>();
  for (const item of node.items) {
    const [, key = "", value] = /^([^=]+)(?:=(.*))?$/s.exec(textOf(item)) ?? [];
    entries.set(key, {
      key,
      start: item.start,
      end: item.end,
      node: value === undefined ? { ...item, kind: "null", value: null } : asText(item, value),
    });
  }
  return mapWith({ ...node, kind: "map", items: [] }, entries);
};

const together = (below: Located, above: Located): Located => {
  const entries = new Map(below.entries);
  for (const [key, entry] of above.entries) {
    const base = below.entries.get(key)?.node;
    const { node } = entry;
    if (base === undefined) entries.set(key, entry);
    else if (ADDED.has(key)) entries.set(key, { ...entry, node: listWith(asList(node), [...asList(base).items, ...asList(node).items]) });
    else if (key === "environment") entries.set(key, { ...entry, node: merged(asMap(base), asMap(node)) });
    else entries.set(key, { ...entry, node: key === "command" || key === "entrypoint" ? node : merged(base, node) });
  }
  return mapWith(above, entries);
};

/** Paths of another folder, from this one. */
const movedPaths = (service: Located, folder: string): Located => {
  const entry = service.entries.get("env_file");
  if (folder === "" || entry === undefined) return service;
  const path = (node: Located): Located => (isAbsolute(textOf(node)) ? node : asText(node, join(folder, textOf(node))));
  const items = asList(entry.node).items.map((item) => (item.kind === "map" ? item : path(item)));
  return mapWith(service, new Map(service.entries).set("env_file", { ...entry, node: listWith(asList(entry.node), items) }));
};

/** The service with all that it extends; what cannot be found is told. */
export const extended = (of: Text, services: Located, service: Located, world: World, tell: Teller, depth = 0): Located => {
  const said = service.entries.get("extends");
  if (said === undefined) return service;
  const place = { of, start: said.start, end: said.end };
  const own = without(service, "extends");
  const { node } = said;
  const name = textOf(get(node, "service")?.node ?? node);
  const file = get(node, "file")?.node;
  const path = file === undefined ? of.file : join(dirname(of.file), textOf(file));
  if (depth > MOST) {
    tell.wrong(place, `${JSON.stringify(name)} extends itself`);
    return own;
  }
  const text = path === of.file ? of.text : world.readFile(path);
  if (text === null) {
    tell.none(place, `${path} is not there: what is extended is not known`);
    return own;
  }
  const other: Text = path === of.file ? of : { file: path, text };
  const list = other === of ? services : get(documentOf(other, tell), "services")?.node;
  const base = get(list, name)?.node;
  if (list === undefined || base === undefined) {
    tell.none(place, `there is no service ${JSON.stringify(name)} in ${path}: what is extended is not known`);
    return own;
  }
  const whole = extended(other, list, base, world, tell, depth + 1);
  const here = other === of ? whole : moved(movedPaths(whole, relative(dirname(of.file), dirname(path))), said.start, said.end);
  return together(here, own);
};
