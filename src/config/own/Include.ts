/**
 * Files that a config takes in. Their texts stand in a row behind its own, so that an offset tells the file as well as the place; what they hold is put
 * together with it before anything else looks at it.
 */
import { existsSync, realpathSync, statSync } from "node:fs";
import * as NodePath from "node:path";
import { nearest } from "../Nearest.ts";
import { hurry } from "../../platform/Compilers.ts";
import { MAX_BYTES, tooLarge, Unreadable } from "../ReadText.ts";
import { type Entry, get, LARGE, type Located, type Problem, read, type Source } from "../Source.ts";
import { folderOf, glob, isPattern } from "./Glob.ts";
import { listWith, mapWith } from "./Rebuild.ts";
import { type Environment, withVariables } from "./Variables.ts";

export interface Reader {
  readonly environment: Environment;
  /** Whether there are any in this dialect. */
  readonly variables: boolean;
  /** Throws what the system says. */
  readonly readFile: (path: string) => string;
  /** Hears of each file and each folder that the outcome depends on. */
  readonly seen: (path: string) => void;
}

export interface Included {
  readonly root: Located;
  /** All texts: an offset of any value is one in this. */
  readonly text: string;
  readonly problems: ReadonlyArray<Problem>;
  /** In the order of their offsets, the file itself first. */
  readonly sources: ReadonlyArray<Source>;
}

/** One for each unit that there may reasonably be. */
const MAX_FILES = 10_000;

/** What a file that is included may hold. */
const KEYS = ["include", "managed_processes", "templates"];
/** What is said once, for all units. */
const ABOVE = ["defaults", "log_collection", "process_manager", "secrets", "watch"];
const OLD = ["master", "workers"];

export const sourceAt = (sources: ReadonlyArray<Source>, offset: number): Source => {
  let [low, high] = [0, sources.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (sources[middle]!.base <= offset) low = middle;
    else high = middle;
  }
  return sources[low]!;
};

/** Where something is, for who looks at something else: its line, and its file where that is another one. */
export const whereIn =
  (sources: ReadonlyArray<Source>) =>
  (offset: number, from: number): string => {
    const source = sourceAt(sources, offset);
    const line = source.lineOf(offset);
    if (source === sourceAt(sources, from)) return `on line ${line}`;
    const start = source.text.lastIndexOf("\n", offset - source.base - 1) + 1;
    return `in ${source.file}:${line}:${offset - source.base - start + 1}`;
  };

const whyNot = (cause: unknown): string => {
  if (cause instanceof Unreadable) return `${cause.message}${cause.line > 1 || cause.column > 1 ? ` (${cause.line}:${cause.column})` : ""}`;
  const { code } = cause as NodeJS.ErrnoException;
  if (code === "ENOENT") return "there is no such file";
  if (code === "EACCES") return "it may not be read";
  if (code === "ELOOP") return "its symbolic links lead nowhere";
  return cause instanceof Error ? cause.message : String(cause);
};

const isBelow = (path: string, folder: string): boolean => {
  const way = NodePath.relative(folder, path);
  return way !== ".." && !way.startsWith(`..${NodePath.sep}`) && !NodePath.isAbsolute(way);
};

/** A config with all that it includes. `main` has been read. */
export const withIncluded = (main: Source & { readonly root: Located }, reader: Reader): Included => {
  if (!main.root.entries.has("include")) return { root: main.root, text: main.text, problems: main.problems, sources: [main] };
  const sources: Array<Source> = [main];
  const problems: Array<Problem> = [...main.problems];
  const units: Array<Located> = [];
  const templates = new Map<string, Entry>(get(main.root, "templates")?.node.entries);
  const where = whereIn(sources);
  const home = NodePath.dirname(NodePath.resolve(main.file));
  const seen = new Set<string>();
  let base = main.text.length + 1;

  const tell = (code: Problem["code"], at: { readonly start: number; readonly end: number }, message: string, hint?: string): void =>
    void problems.push({ code, start: at.start, end: at.end, message, ...(hint === undefined ? {} : { hint }) });

  /** A link may not make another file of it than the one that is written: its folder, or the config's, has to hold what it leads to. */
  const realOf = (path: string, pattern: string): string => {
    const real = realpathSync(path);
    const folders = [home, NodePath.resolve(folderOf(pattern))]
      .filter((folder) => existsSync(folder))
      .map((folder) => realpathSync(folder));
    if (!folders.some((folder) => isBelow(real, folder))) {
      throw new Error(`it is a symbolic link that leads out of its folder, to ${real}: include that`);
    }
    if (!statSync(real).isFile()) throw new Error("it is no regular file");
    return real;
  };

  const takeFile = (path: string, pattern: string, at: Located, above: ReadonlyArray<string>): void => {
    const wrong = (why: string, hint?: string): void => tell("HSU-CFG-060", at, `${path} cannot be included: ${why}`, hint);
    reader.seen(path);
    try {
      const real = realOf(path, pattern);
      if (above.includes(real)) return wrong("it would include itself", `a pattern means every file that it matches: ${pattern}`);
      // Two patterns may mean one file.
      if (seen.has(real)) return;
      seen.add(real);
      if (seen.size > MAX_FILES) return seen.size === MAX_FILES + 1 ? wrong(`there are more than ${MAX_FILES} files`) : undefined;
      const text = reader.readFile(path);
      if (base + text.length > MAX_BYTES) return wrong(`with it ${tooLarge.replace("the file is", "all files are")}`);
      const source = read(text, path, base);
      base += text.length + 1;
      if (base > LARGE) hurry();
      sources.push(source);
      problems.push(...source.problems);
      if (source.root !== undefined) takeRoot(source.root, source, [...above, real]);
    } catch (cause) {
      wrong(whyNot(cause));
    }
  };

  const takeRoot = (root: Located, source: Source, above: ReadonlyArray<string>): void => {
    if (root.kind !== "map")
      return tell("HSU-CFG-007", root, "an included file is a map, as the one that includes it", "managed_processes: […]");
    for (const entry of root.entries.values()) {
      const { key, node } = entry;
      if (OLD.includes(key))
        tell(
          "HSU-CFG-016",
          entry,
          `${JSON.stringify(key)} is of the master dialect, which includes nothing`,
          "hsu convert writes it as HSU's own",
        );
      else if (ABOVE.includes(key)) {
        tell("HSU-CFG-005", entry, `${JSON.stringify(key)} does not belong into a file that is included`, `it belongs into ${main.file}`);
      } else if (!KEYS.includes(key)) {
        const near = nearest(key, KEYS);
        const message = `there is no key ${JSON.stringify(key)} in a file that is included`;
        problems.push({
          code: "HSU-CFG-005",
          start: entry.start,
          end: entry.end,
          message,
          expected: `one of ${KEYS.join(", ")}`,
          ...(near === undefined ? {} : { nearest: near }),
        });
      } else if (key === "managed_processes") {
        if (node.kind === "list") units.push(...node.items);
        else if (node.kind !== "null") tell("HSU-CFG-007", node, '"managed_processes" is a list of units and groups');
      } else if (key === "templates") {
        if (node.kind !== "map") tell("HSU-CFG-007", node, '"templates" is a map of templates');
        for (const template of node.entries.values()) {
          const first = templates.get(template.key);
          if (first === undefined) templates.set(template.key, template);
          else {
            const hint = `it is first given ${where(first.start, template.start)}`;
            tell("HSU-CFG-004", template, `the template ${JSON.stringify(template.key)} is given twice`, hint);
          }
        }
      }
    }
    const include = get(root, "include");
    if (include !== undefined) takeAll(include.node, source, above);
  };

  const takeAll = (include: Located, source: Source, above: ReadonlyArray<string>): void => {
    for (const written of include.kind === "list" ? include.items : [include]) {
      const at = reader.variables ? withVariables(written, "", reader.environment, (problem) => problems.push(problem)) : written;
      if (at.kind !== "string" || at.value === "" || String(at.value).includes("\0")) {
        tell("HSU-CFG-007", at, '"include" is a path, or a list of paths', 'include: ["conf.d/*.yaml"]');
        continue;
      }
      const name = String(at.value);
      if (name.includes("**")) {
        tell("HSU-CFG-060", at, `${JSON.stringify(name)}: "**" means nothing here`, "name each folder: one * is any name");
        continue;
      }
      const path = NodePath.isAbsolute(name) ? NodePath.normalize(name) : NodePath.join(NodePath.dirname(source.file), name);
      try {
        const found = isPattern(name) ? glob(path, reader.seen) : [path];
        if (found.length === 0) tell("HSU-CFG-109", at, `${path} matches no file`);
        for (const file of found) takeFile(file, path, at, above);
      } catch (cause) {
        tell("HSU-CFG-060", at, `${path} cannot be looked up: ${whyNot(cause)}`);
      }
    }
  };

  const include = main.root.entries.get("include")!;
  const itself = existsSync(main.file) ? [realpathSync(main.file)] : [];
  takeAll(include.node, main, itself);

  const entries = new Map(main.root.entries);
  entries.delete("include");
  const list = entries.get("managed_processes") ?? {
    ...include,
    key: "managed_processes",
    node: { ...include.node, kind: "list" as const, entries: new Map(), items: [], text: "", value: [] },
  };
  if (list.node.kind === "list") entries.set("managed_processes", { ...list, node: listWith(list.node, [...list.node.items, ...units]) });
  if (templates.size > 0) {
    const own = entries.get("templates") ?? { ...include, key: "templates", node: { ...main.root, text: "" } };
    if (own.node.kind === "map") entries.set("templates", { ...own, node: mapWith(own.node, templates) });
  }
  return { root: mapWith(main.root, entries), text: sources.map((source) => source.text).join("\n"), problems, sources };
};
