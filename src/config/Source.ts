/**
 * The text of a config file as plain values that remember where they stand. Parsing is the `yaml` package's; aliases and merge keys are
 * followed here, so that a value taken over by alias is located where it is written.
 */
import { type Document, isAlias, isMap, isNode, isScalar, isSeq, parseDocument, visit } from "yaml";
import { chunksOf, type Span } from "./Chunks.ts";
import { type LineOf, linesOf } from "./Lines.ts";
import type { ConfigDiagnostic, Code } from "./Diagnostic.ts";

/** A value with its place. Offsets are into the text; `end` is exclusive. */
export interface Located {
  readonly kind: "map" | "list" | "string" | "number" | "boolean" | "null";
  /** The plain value, without places. */
  readonly value: unknown;
  /** A scalar as it is written: `1.10` stays `1.10`. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly entries: ReadonlyMap<string, Entry>;
  readonly items: ReadonlyArray<Located>;
}

/** A key of a map with its place. */
export interface Entry {
  readonly key: string;
  readonly start: number;
  readonly end: number;
  readonly node: Located;
}

export type Path = ReadonlyArray<PropertyKey>;

/** A finding that knows its offsets, not yet its line. */
export interface Problem {
  readonly code: Code;
  readonly start: number;
  readonly end: number;
  readonly message: string;
  readonly expected?: string;
  readonly nearest?: string;
  readonly hint?: string;
  /** Something is not there: behind a syntax error it may be. */
  readonly absent?: boolean;
}

export interface Source {
  readonly file: string;
  /** Of the first character: files that are put together have offsets in a row. */
  readonly base: number;
  readonly text: string;
  /** Absent: the text holds no value at all. */
  readonly root: Located | undefined;
  /** Findings about the YAML itself. */
  readonly problems: ReadonlyArray<Problem>;
  readonly lineOf: LineOf;
}

/** Values that come by alias. */
const MAX_REPEATED = 200_000;
/** From here on a file is read in pieces. */
export const LARGE = 128_000;
const MAX_DEPTH = 256;
const MAX_SYNTAX_ERRORS = 20;
const NO_ENTRIES: ReadonlyMap<string, Entry> = new Map();

const scalar = (value: unknown, text: string, start: number, end: number): Located => {
  const kind = typeof value === "bigint" ? "number" : typeof value;
  const base = { text, start, end, entries: NO_ENTRIES, items: [] };
  if (kind === "number" || kind === "boolean" || kind === "string") return { ...base, kind, value };
  return { ...base, kind: "null", value: null };
};

const HINTS: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: "indent with spaces",
  BLOCK_AS_IMPLICIT_KEY: "put a value that contains `: ` in quotes, and check the indentation of the next line",
  BAD_SCALAR_START: "put the value in quotes",
  BAD_DQ_ESCAPE: "in double quotes a backslash is written twice; single quotes take it as it is",
  MULTIPLE_DOCS: "a file holds one document: remove the `---`",
};

const SAID: Readonly<Record<string, string>> = { MULTIPLE_DOCS: "a second document begins here", RESOURCE_EXHAUSTION: "nested too deep" };

/** An unclosed quote swallows the rest: the last quoted text is the one. */
const lastQuote = (doc: Document): readonly [number, number] | undefined => {
  let found: readonly [number, number] | undefined;
  visit(doc, {
    Scalar: (_key, node) => {
      if (node.type?.startsWith("QUOTE") === true && node.range) found = [node.range[0], node.range[1]];
    },
  });
  return found;
};

/** A text, or a piece of one: its offsets are those of the whole. */
interface Piece {
  readonly text: string;
  readonly base: number;
}

interface Part {
  readonly root: Located | undefined;
  readonly problems: ReadonlyArray<Problem>;
}

const syntaxOf = (doc: Document, base: number, lineOf: LineOf): ReadonlyArray<Problem> => {
  const seen = new Set<number>();
  const problems: Array<Problem> = [];
  for (const { code, message, pos } of doc.errors) {
    const unclosed = code === "MISSING_CHAR" && message.endsWith("quote") ? lastQuote(doc) : undefined;
    const [from, until] = unclosed ?? pos;
    const [start, end] = [from + base, until + base];
    const line = lineOf(start);
    // One error breaks the parser's stride on the rest of the line.
    if (seen.has(line) || seen.size >= MAX_SYNTAX_ERRORS) continue;
    seen.add(line);
    const hint = HINTS[code];
    const said = unclosed === undefined ? (SAID[code] ?? message.charAt(0).toLowerCase() + message.slice(1)) : "this quote is not closed";
    problems.push({ code: "HSU-CFG-003", start, end, message: said, ...(hint === undefined ? {} : { hint }) });
  }
  for (const { message, pos } of doc.warnings) {
    problems.push({ code: "HSU-CFG-105", start: pos[0] + base, end: pos[1] + base, message });
  }
  return problems;
};

export const readPiece = ({ base, text }: Piece, lineOf: LineOf = linesOf(text)): Part => {
  const doc = parseDocument(text, { uniqueKeys: false, prettyErrors: false, merge: true });
  const problems = [...syntaxOf(doc, base, lineOf)];
  // What is written is bounded by the file; what aliases make of it is not.
  let repeated = 0;
  let inAlias = 0;
  const open = new Set<unknown>();
  // The package would walk the whole document for each alias. An anchor may be given again: the last one before the alias is meant.
  const anchors = new Map<string, unknown>();
  const broken = (message: string, start: number, end: number): Located => {
    problems.push({ code: "HSU-CFG-003", start, end, message });
    return scalar(null, "", start, end);
  };
  const build = (node: unknown, at: number, depth: number): Located => {
    const range = (node as { readonly range?: readonly [number, number, number] | null } | null)?.range;
    const [start, end] = range ? [range[0] + base, range[1] + base] : [at, at];
    if (inAlias > 0 && ++repeated > MAX_REPEATED) {
      return repeated === MAX_REPEATED + 1 ? broken("the aliases expand to too many values", start, end) : scalar(null, "", start, end);
    }
    if (depth > MAX_DEPTH) return broken(`nested more than ${MAX_DEPTH} deep`, start, end);
    if (isAlias(node)) {
      const target = anchors.get(node.source);
      if (target === undefined) return broken(`no anchor "&${node.source}" above this alias`, start, end);
      if (open.has(target)) return broken(`the alias "*${node.source}" contains itself`, start, end);
      inAlias++;
      try {
        return build(target, start, depth + 1);
      } finally {
        inAlias--;
      }
    }
    if (inAlias === 0 && isNode(node) && node.anchor !== undefined) anchors.set(node.anchor, node);
    if (isScalar(node)) return scalar(node.value, node.source ?? "", start, end);
    open.add(node);
    try {
      if (isMap(node)) return buildMap(node.items, start, end, depth);
      if (isSeq(node)) {
        const items = node.items.map((item) => build(item, start, depth + 1));
        return { kind: "list", value: items.map((item) => item.value), text: "", start, end, entries: NO_ENTRIES, items };
      }
      return scalar(null, "", start, end);
    } finally {
      open.delete(node);
    }
  };
  const buildMap = (
    pairs: ReadonlyArray<{ readonly key: unknown; readonly value: unknown }>,
    start: number,
    end: number,
    depth: number,
  ): Located => {
    const written: Array<Entry> = [];
    const merged: Array<Located> = [];
    for (const pair of pairs) {
      const name = build(pair.key, start, depth + 1);
      const node = build(pair.value, name.end, depth + 1);
      if (isScalar(pair.key) && typeof pair.key.value === "symbol") merged.push(...(node.kind === "list" ? node.items : [node]));
      else written.push({ key: name.kind === "string" ? String(name.value) : name.text, start: name.start, end: name.end, node });
    }
    const entries = unique(written, lineOf, problems);
    for (const one of merged) for (const entry of one.entries.values()) if (!entries.has(entry.key)) entries.set(entry.key, entry);
    return mapOf(entries, start, end);
  };
  return { root: doc.contents === null ? undefined : build(doc.contents, base, 0), problems };
};

const mapOf = (entries: ReadonlyMap<string, Entry>, start: number, end: number): Located => {
  const value = Object.fromEntries(Array.from(entries.values(), (entry) => [entry.key, entry.node.value]));
  return { kind: "map", value, text: "", start, end, entries, items: [] };
};

/** The first of each key; the others are errors. */
const unique = (written: ReadonlyArray<Entry>, lineOf: LineOf, problems: Array<Problem>): Map<string, Entry> => {
  const entries = new Map<string, Entry>();
  for (const entry of written) {
    const { end, key, start } = entry;
    const first = entries.get(key);
    if (first === undefined) {
      entries.set(key, entry);
      continue;
    }
    const message = `the key ${JSON.stringify(key)} is given twice`;
    problems.push({ code: "HSU-CFG-004", start, end, message, hint: `it is first given on line ${lineOf(first.start)}` });
  }
  return entries;
};

/** A large file, piece by piece: the same as the whole, with less of it in memory at a time. Null where that cannot be. */
export const readPieces = (text: string, lineOf: LineOf = linesOf(text), length?: number, base = 0): Part | null => {
  const chunks = chunksOf(text, length);
  if (chunks === null) return null;
  const piece = ([start, end]: Span): Part => readPiece({ text: text.slice(start, end), base: base + start }, lineOf);
  const problems: Array<Problem> = [];
  const items: Array<Located> = [];
  for (const span of chunks.items) {
    const part = piece(span);
    if (part.root?.kind !== "list" || part.problems.some(({ code }) => code === "HSU-CFG-003")) return null;
    problems.push(...part.problems);
    items.push(...part.root.items);
  }
  const [head, tail] = [piece(chunks.head), piece(chunks.tail)];
  if (head.root?.kind !== "map" || (tail.root !== undefined && tail.root.kind !== "map")) return null;
  problems.push(...head.problems, ...tail.problems);
  if (problems.some(({ code }) => code === "HSU-CFG-003")) return null;
  const [start, end] = [items[0]?.start ?? 0, items.at(-1)?.end ?? 0];
  const list: Located = { kind: "list", value: items.map((item) => item.value), text: "", start, end, entries: NO_ENTRIES, items };
  const names = [...head.root.entries.values()];
  const name = names.at(-1);
  if (name === undefined || name.node.kind !== "null") return null;
  const written = [...names.slice(0, -1), { ...name, node: list }, ...(tail.root?.entries.values() ?? [])];
  const entries = unique(written, lineOf, problems);
  return { root: mapOf(entries, head.root.start, tail.root?.end ?? end), problems };
};

/** Linux hands no longer text to a process; and a line may hold more values than anybody has units. */
const MAX_LINE = 131_072;
const MAX_ALIASES = 100_000;

/** What would take the parser more time and memory than a config is worth. */
const excess = (text: string): Problem | undefined => {
  for (let at = 0; at < text.length;) {
    const next = text.indexOf("\n", at);
    const end = next === -1 ? text.length : next;
    if (end - at > MAX_LINE) {
      const message = `a line of ${end - at} characters: ${MAX_LINE} are the most there may be`;
      return { code: "HSU-CFG-003", start: at, end: at + 1, message, hint: "write its values in several lines" };
    }
    at = end + 1;
  }
  let count = 0;
  for (const { index } of text.matchAll(/\*[^\s*]/g)) {
    if (++count > MAX_ALIASES) {
      return { code: "HSU-CFG-003", start: index, end: index + 1, message: `more than ${MAX_ALIASES} aliases` };
    }
  }
  return undefined;
};

/** Parses a text. Never throws: what is wrong with it is in `problems`. */
export const read = (text: string, file: string, base = 0): Source => {
  const own = linesOf(text);
  const lineOf: LineOf = base === 0 ? own : (offset) => own(offset - base);
  const most = text.length > MAX_LINE ? excess(text) : undefined;
  if (most !== undefined) {
    const problems = [{ ...most, start: most.start + base, end: most.end + base }];
    return { file, text, base, problems, root: undefined, lineOf };
  }
  const { problems, root } = (text.length > LARGE ? readPieces(text, lineOf, undefined, base) : null) ?? readPiece({ text, base }, lineOf);
  const empty = root === undefined || (root.kind === "null" && root.text.trim() === "");
  return { file, text, base, problems, root: empty ? undefined : root, lineOf };
};

/** The value at a path, if there is one. */
export const locate = (root: Located, path: Path): Located | undefined => {
  let node: Located | undefined = root;
  for (const step of path) node = typeof step === "number" ? node?.items[step] : node?.entries.get(String(step))?.node;
  return node;
};

/** The entry behind these keys of maps, with its key, if there is one. */
export const get = (node: Located | undefined, ...keys: ReadonlyArray<string>): Entry | undefined => {
  let entry: Entry | undefined;
  for (const key of keys) {
    entry = (entry === undefined ? node : entry.node)?.entries.get(key);
    if (entry === undefined) return undefined;
  }
  return entry;
};

/** The key that a path ends in, or the value if it ends in a list; the root's start when there is neither. */
export const labelOf = (root: Located, path: Path): { readonly start: number; readonly end: number } => {
  const last = path.at(-1);
  const parent = last === undefined ? undefined : locate(root, path.slice(0, -1));
  const found = typeof last === "number" ? parent?.items[last] : parent?.entries.get(String(last));
  return found ?? { start: root.start, end: root.start };
};

/** The finding with its line, column and source line. What goes over several lines is marked on the first. */
export const diagnose = (source: Source, problem: Problem): ConfigDiagnostic => {
  const { code, start, end, absent: _absent, ...rest } = problem;
  const offset = Math.min(start - source.base, source.text.length);
  const from = offset === 0 ? 0 : source.text.lastIndexOf("\n", offset - 1) + 1;
  const until = source.text.indexOf("\n", offset);
  const text = source.text.slice(from, until === -1 ? undefined : until).trimEnd();
  return {
    code,
    severity: code >= "HSU-CFG-1" ? "warning" : "error",
    file: source.file,
    line: source.lineOf(from + source.base),
    column: offset - from + 1,
    length: Math.max(1, Math.min(end - source.base, from + text.length) - offset),
    ...rest,
    // What should have been encrypted is not shown.
    ...(code === "HSU-CFG-061" ? {} : { text }),
  };
};
