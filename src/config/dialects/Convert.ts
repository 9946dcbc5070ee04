/**
 * A file of any dialect as one of HSU's own: the same document with its blocks moved and renamed, so that comments go where their values go.
 */
import * as Result from "effect/Result";
import { dirname } from "node:path";
import { type Document, isMap, isScalar, isSeq, Pair, parseDocument, Scalar, type YAMLMap } from "yaml";
import type { ConfigError } from "../Diagnostic.ts";
import { nestedOf } from "../Dialect.ts";
import { hasFolder } from "../Compile.ts";
import { type Loaded, parse } from "../index.ts";
import { isEmpty, plan } from "../plan/Plan.ts";

type Node = YAMLMap<unknown, unknown>;

const keyOf = (pair: Pair<unknown, unknown>): string => (isScalar(pair.key) ? String(pair.key.value) : String(pair.key));
const find = (map: unknown, key: string): Pair<unknown, unknown> | undefined =>
  isMap(map) ? map.items.find((pair) => keyOf(pair) === key) : undefined;
const at = (map: unknown, ...keys: ReadonlyArray<string>): Node | undefined => {
  let node: unknown = map;
  for (const key of keys) node = find(node, key)?.value;
  return isMap(node) ? node : undefined;
};

/** Takes a pair out of its map; what stands above the first pair of a map, or below its last, is the map's own and goes with it. */
const take = (map: Node | undefined, key: string): Pair<unknown, unknown> | undefined => {
  const pair = find(map, key);
  if (map === undefined || pair === undefined) return undefined;
  map.items.splice(map.items.indexOf(pair), 1);
  return pair;
};

/** All pairs of a block that goes away, its comments with the first and the last of them. */
const contents = (pair: Pair<unknown, unknown> | undefined): ReadonlyArray<Pair<unknown, unknown>> => {
  if (pair === undefined || !isMap(pair.value)) return [];
  const { comment, commentBefore, items } = pair.value;
  const [first] = items;
  const above = [isScalar(pair.key) ? pair.key.commentBefore : null, commentBefore].filter((text) => text !== null && text !== undefined);
  if (first !== undefined && isScalar(first.key) && above.length > 0) {
    first.key.commentBefore = [...above, ...(first.key.commentBefore ? [first.key.commentBefore] : [])].join("\n");
  }
  const last = items.at(-1)?.value;
  if (comment !== null && comment !== undefined && (isScalar(last) || isMap(last) || isSeq(last))) {
    last.comment = [...(last.comment ? [last.comment] : []), comment].join("\n");
  }
  return items;
};

const rename = (map: Node | undefined, names: Readonly<Record<string, string>>): void => {
  for (const pair of map?.items ?? []) {
    if (isScalar(pair.key) && Object.hasOwn(names, keyOf(pair))) pair.key.value = names[keyOf(pair)];
  }
};

const word = (map: Node | undefined, key: string, words: Readonly<Record<string, string>>): void => {
  const value = find(map, key)?.value;
  if (isScalar(value) && typeof value.value === "string" && Object.hasOwn(words, value.value)) value.value = words[value.value];
};

/** The words of log blocks, wherever they stand in them. */
const renameLogs = (node: unknown): void => {
  if (isScalar(node) && typeof node.value === "string") node.value = node.value.replaceAll("{worker_id}", "{process_id}");
  if (isSeq(node)) for (const item of node.items) renameLogs(item);
  if (!isMap(node)) return;
  rename(node, {
    default_worker: "default",
    add_master_id: "add_process_manager_id",
    worker_directory: "process_directory",
    max_workers: "max_managed_processes",
  });
  word(node, "type", { master_stdout: "process_manager_stdout" });
  for (const pair of node.items) renameLogs(pair.value);
};

const pairOf = (document: Document, key: string, value: string): Pair<unknown, unknown> =>
  document.createPair(key, value) as Pair<unknown, unknown>;

/** One unit: its nested block, if it has one, becomes the flat shape. */
const flatten = (document: Document, unit: Node): void => {
  rename(unit, { unit: "management" });
  word(unit, "type", { managed: "standard_managed", integrated: "integrated_managed" });
  const management = at(unit, "management");
  if (management === undefined) return;
  rename(management, { managed: "standard_managed", integrated: "integrated_managed" });
  const kind = nestedOf(Object.fromEntries(management.items.map((pair) => [keyOf(pair), true])));
  if (kind === undefined) return;
  const isSaid = find(unit, "type") !== undefined;
  if (!isSaid && kind !== "standard_managed") unit.items.splice(1, 0, pairOf(document, "type", kind));
  management.items.unshift(...contents(take(management, kind)));
  management.flow = false;
  if (kind === "unmanaged") return;
  const control = at(management, "control");
  if (control === undefined) return;
  const execution = contents(take(control, "execution"));
  control.items.unshift(...execution);
  rename(control, {
    executable_path: "executable",
    args: "arguments",
    wait_delay: "startup_timeout",
    graceful_timeout: "shutdown_timeout",
  });
  renameLogs(find(control, "log_collection")?.value);
  const place = management.items.findIndex((pair) => keyOf(pair) === "control") + 1;
  const moved = ["restart_policy", "context_aware_restart", "limits", "process_file", "log_collection"].flatMap(
    (key) => take(control, key) ?? [],
  );
  // What upstream's builds mean when they say nothing of it.
  const silent = !moved.some((pair) => ["restart_policy", "context_aware_restart"].includes(keyOf(pair)));
  management.items.splice(place, 0, ...(silent ? [pairOf(document, "restart_policy", "on_failure")] : []), ...moved);
  if (find(control, "shutdown_timeout") === undefined) control.items.push(pairOf(document, "shutdown_timeout", "20s"));
  const program = find(control, "executable")?.value;
  const path = isScalar(program) ? String(program.value) : "";
  if (find(control, "working_directory") === undefined && hasFolder(path)) {
    control.items.push(pairOf(document, "working_directory", dirname(path)));
  }
};

const entriesOf = (list: unknown): ReadonlyArray<Node> => (isSeq(list) ? list.items.filter((item) => isMap(item)) : []);

const flattenAll = (document: Document, list: unknown): void => {
  for (const entry of entriesOf(list)) {
    const children = find(entry, "children")?.value;
    if (children === undefined) flatten(document, entry);
    else flattenAll(document, children);
  }
};

/** Aliases and merge keys written out: where a block is moved its anchor may come too late. */
const writtenOut = (document: Document): Document => {
  const anew = parseDocument(JSON.stringify(document.toJS({ maxAliasCount: 10_000 })));
  const plainly = (node: unknown): void => {
    if (isMap(node) || isSeq(node)) {
      node.flow = false;
      for (const item of node.items) {
        if (isMap(node)) plainly((item as Pair<unknown, unknown>).value);
        else plainly(item);
      }
    } else if (isScalar(node) && node.type === Scalar.QUOTE_DOUBLE) node.type = Scalar.PLAIN;
    if (isMap(node)) for (const { key } of node.items) if (isScalar(key)) key.type = Scalar.PLAIN;
  };
  plainly(anew.contents);
  anew.commentBefore = document.commentBefore ?? null;
  return anew;
};

const rewritten = (document: Document): string => {
  const root = document.contents;
  if (isMap(root)) {
    rename(root, { master: "process_manager", workers: "managed_processes" });
    renameLogs(find(root, "log_collection")?.value);
    flattenAll(document, find(root, "managed_processes")?.value);
  }
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
};

export interface Converted {
  readonly text: string;
  /** Comments of it could not be kept. */
  readonly bare: boolean;
  readonly loaded: Loaded;
}

/** The file in HSU's own dialect: the same tree, as a plan between the two says. */
export const convert = (text: string, file: string): Result.Result<Converted, ConfigError> =>
  Result.flatMap(parse(text, file), (loaded): Result.Result<Converted, ConfigError> => {
    if (loaded.dialect === "seed") return Result.succeed({ text, bare: false, loaded });
    const read = (): Document => parseDocument(text, { merge: true, uniqueKeys: false });
    const same = (candidate: string): boolean => {
      const found = parse(candidate, file);
      return Result.isSuccess(found) && isEmpty(plan(loaded.spec, found.success.spec));
    };
    const kept = rewritten(read());
    if (same(kept)) return Result.succeed({ text: kept, bare: false, loaded });
    const bare = rewritten(writtenOut(read()));
    return Result.map(parse(bare, file), () => ({ text: bare, bare: true, loaded }));
  });
