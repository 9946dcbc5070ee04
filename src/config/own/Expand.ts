/**
 * What a file of HSU's own dialect says in short: variables, defaults, templates, instances, files of variables. It is written out here, before anything else
 * looks at it; each value keeps its place.
 */
import * as NodePath from "node:path";
import { nearest } from "../Nearest.ts";
import { type Entry, get, type Located, type Problem } from "../Source.ts";
import { listWith, mapped, mapWith, merged, without, withKey } from "./Rebuild.ts";
import { MAX_INSTANCES } from "../Values.ts";
import { type Environment, withVariables } from "./Variables.ts";
import { variablesIn } from "./EnvFile.ts";

export interface World {
  readonly environment: Environment;
  /** Whether there are any in this dialect. */
  readonly variables: boolean;
  /** Where relative paths start of a unit that is there. */
  readonly folderAt: (offset: number) => string;
  /** Throws what the system says. */
  readonly readFile: (path: string) => string;
}

export interface Expanded {
  readonly root: Located;
  readonly problems: ReadonlyArray<Problem>;
  /** Of each instance, what it is one of. */
  readonly instances: ReadonlyMap<string, string>;
}

type Tell = (problem: Problem) => void;

const isGroup = (entry: Located): boolean => entry.entries.has("children");

/** The units of a list, changed; a unit may become several. */
const eachUnit = (list: Located, change: (unit: Located) => ReadonlyArray<Located>): Located => {
  const items = list.items.flatMap((item) =>
    isGroup(item) ? [withKey(item, "children", (inner) => eachUnit(inner, change))] : change(item),
  );
  const isSame = items.length === list.items.length && items.every((item, index) => item === list.items[index]);
  return isSame ? list : listWith(list, items);
};

/** A template, with those that it extends. */
const templateOf = (templates: Located | undefined, name: Located, tell: Tell, seen: ReadonlyArray<string>): Located | undefined => {
  const key = String(name.value);
  const found = get(templates, key);
  const place = { start: name.start, end: name.end };
  if (found === undefined || seen.includes(key)) {
    const known = [...(templates?.entries.keys() ?? [])];
    const near = nearest(key, known);
    tell({
      code: "HSU-CFG-051",
      ...place,
      message: seen.includes(key) ? `the template ${JSON.stringify(key)} extends itself` : `there is no template ${JSON.stringify(key)}`,
      ...(seen.includes(key) ? {} : { expected: 'a key of the block "templates" at the top of the file' }),
      ...(near === undefined || seen.includes(key) ? {} : { nearest: near }),
    });
    return undefined;
  }
  const above = get(found.node, "extends");
  const own = without(found.node, "extends");
  const below = above === undefined ? undefined : templateOf(templates, above.node, tell, [...seen, key]);
  return below === undefined ? own : merged(below, own);
};

/** A unit on top of its template, and that on top of the defaults. */
const onTemplate = (unit: Located, defaults: Located | undefined, templates: Located | undefined, tell: Tell): Located => {
  const name = get(unit, "extends");
  const template = name === undefined ? undefined : templateOf(templates, name.node, tell, []);
  const own = without(unit, "extends");
  const based = template === undefined ? own : merged(template, own);
  // The id is the unit's own, whatever a template says.
  return defaults === undefined ? based : merged(defaults, based);
};

/** The variables of its files, below those that it names itself. */
const withEnvFile = (unit: Located, world: World, tell: Tell): Located =>
  withKey(unit, "management", (management) =>
    withKey(management, "control", (control) => {
      const files = get(control, "env_file");
      if (files === undefined) return control;
      const named = files.node.kind === "list" ? files.node.items : [files.node];
      const entries = new Map<string, Entry>();
      for (const file of named) {
        for (const [name, value] of variablesIn(
          NodePath.resolve(world.folderAt(unit.start), String(file.value)),
          file,
          world.readFile,
          tell,
        )) {
          entries.set(name, {
            key: name,
            start: file.start,
            end: file.end,
            node: { ...file, kind: "string", value, text: value, entries: new Map(), items: [] },
          });
        }
      }
      const base = mapWith({ ...files.node, kind: "map", items: [], text: "" }, entries);
      const said = get(control, "environment");
      // A list of `NAME=value` is left for the schema where it is none.
      const own = said?.node.kind === "list" ? fromPairs(said.node) : said?.node;
      const environment = own === undefined ? base : merged(base, own);
      const next = new Map(without(control, "env_file").entries);
      next.set("environment", { ...(said ?? files), key: "environment", node: environment });
      return mapWith(control, next);
    }),
  );

const fromPairs = (list: Located): Located => {
  const entries = new Map<string, Entry>();
  for (const item of list.items) {
    const text = String(item.value);
    const at = text.indexOf("=");
    if (at < 1) return list;
    entries.set(text.slice(0, at), {
      key: text.slice(0, at),
      start: item.start,
      end: item.end,
      node: { ...item, kind: "string", value: text.slice(at + 1), text: text.slice(at + 1) },
    });
  }
  return mapWith({ ...list, kind: "map", items: [] }, entries);
};

/** `count` of them, each with its index. */
const instancesOf = (unit: Located, instances: Map<string, Array<string>>): ReadonlyArray<Located> => {
  const count = get(unit, "count");
  const id = get(unit, "id");
  const number = count?.node.value;
  // What is no number of instances is told by the schema.
  if (count === undefined || typeof number !== "number" || !Number.isInteger(number) || number < 0 || number > MAX_INSTANCES) return [unit];
  const name = String(id?.node.value);
  const base = without(unit, "count");
  const ids = instances.get(name) ?? [];
  if (number > 0) instances.set(name, ids);
  return Array.from({ length: number }, (_, index) => {
    const numbered = mapped(base, (text) => replaced(text, String(text.value).replaceAll("{index}", String(index))));
    const own = name.includes("{index}") ? name.replaceAll("{index}", String(index)) : `${name}-${index}`;
    ids.push(own);
    return withKey(numbered, "id", (node) => replaced(node, own));
  });
};

const replaced = (node: Located, value: string): Located => (node.value === value ? node : { ...node, value, text: value });

/** Who waits for what there are several of waits for all of them. */
const waitingForAll = (list: Located, instances: ReadonlyMap<string, ReadonlyArray<string>>): Located => {
  const all = (names: Located): Located =>
    names.items.some((name) => instances.has(String(name.value)))
      ? listWith(
          names,
          names.items.flatMap((name) => instances.get(String(name.value))?.map((each) => replaced(name, each)) ?? [name]),
        )
      : names;
  const items = list.items.map((item) =>
    withKey(withKey(withKey(item, "after", all), "requires", all), "children", (inner) => waitingForAll(inner, instances)),
  );
  return listWith(list, items);
};

export const expand = (written: Located, source: string, world: World): Expanded => {
  const problems: Array<Problem> = [];
  const tell: Tell = (problem) => void problems.push(problem);
  const root = world.variables && source.includes("${") ? withVariables(written, source, world.environment, tell) : written;
  const defaults = get(root, "defaults")?.node;
  const templates = get(root, "templates")?.node;
  const instances = new Map<string, Array<string>>();
  const units = withKey(without(root, "defaults", "templates"), "managed_processes", (list) => {
    const whole = eachUnit(list, (unit) =>
      unit.kind === "map" ? instancesOf(withEnvFile(onTemplate(unit, defaults, templates, tell), world, tell), instances) : [unit],
    );
    return instances.size === 0 ? whole : waitingForAll(whole, instances);
  });
  const of = new Map(Array.from(instances).flatMap(([name, ids]) => ids.map((id) => [id, name] as const)));
  return { root: units, problems, instances: of };
};
