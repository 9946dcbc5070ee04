/**
 * The text of a config file as plain values that remember where they stand. What is plain in it is read by Plain.ts, all else by the `yaml` package;
 * aliases and merge keys are followed here, so that a value taken over by alias is located where it is written.
 */
import { type Document, isAlias, isMap, isNode, isScalar, isSeq, Lexer, parseDocument, visit } from "yaml";
import { chunksOf, type Span } from "./Chunks.ts";
import { type LineOf, linesOf } from "./Lines.ts";
import type { ConfigDiagnostic } from "./Diagnostic.ts";
import { collect } from "../platform/Compilers.ts";
import { NotPlain, readPlain } from "./Plain.ts";
import { type Entry, listOf, type Located, mapOf, type Path, type Problem, scalar, unique } from "./Located.ts";

export type { Entry, Located, Path, Problem } from "./Located.ts";

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

/** What one piece of a file has of those before it. */
interface Shared {
  /** The package would walk the whole document for each alias. An anchor may be given again: the last one before the alias is meant. */
  readonly anchors: Map<string, { readonly node: unknown; readonly base: number }>;
  /** Values that have come by alias: what is written is bounded by the file, what aliases make of it is not. */
  repeated: number;
}

const alone = (): Shared => ({ anchors: new Map(), repeated: 0 });

const syntaxOf = (doc: Document, base: number, lineOf: LineOf): ReadonlyArray<Problem> => {
  const seen = new Set<number>();
  const problems: Array<Problem> = [];
  let quote: readonly [number, number] | undefined;
  for (const { code, message, pos } of doc.errors) {
    if (seen.size >= MAX_SYNTAX_ERRORS) break;
    // One error breaks the parser's stride on the rest of the line.
    if (seen.has(lineOf(pos[0] + base))) continue;
    const unclosed = code === "MISSING_CHAR" && message.endsWith("quote") ? (quote ??= lastQuote(doc)) : undefined;
    const [from, until] = unclosed ?? pos;
    const [start, end] = [from + base, until + base];
    const line = lineOf(start);
    if (seen.has(line)) continue;
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

/** By the package. */
export const readPiece = ({ base, text }: Piece, lineOf: LineOf = linesOf(text), shared: Shared = alone()): Part => {
  const most = text.length > chunked ? excessOf(text) : undefined;
  if (most !== undefined) return { root: undefined, problems: [{ ...most, start: most.start + base, end: most.end + base }] };
  const doc = parseDocument(text, { uniqueKeys: false, prettyErrors: false, merge: true });
  const problems = [...syntaxOf(doc, base, lineOf)];
  let inAlias = 0;
  /** Of the piece that is being built from: an alias may be of an earlier one. */
  let origin = base;
  const open = new Set<unknown>();
  const { anchors } = shared;
  const broken = (message: string, start: number, end: number): Located => {
    problems.push({ code: "HSU-CFG-003", start, end, message });
    return scalar(null, "", start, end);
  };
  const build = (node: unknown, at: number, depth: number): Located => {
    const range = (node as { readonly range?: readonly [number, number, number] | null } | null)?.range;
    const [start, end] = range ? [range[0] + origin, range[1] + origin] : [at, at];
    if (inAlias > 0 && ++shared.repeated > MAX_REPEATED) {
      return shared.repeated === MAX_REPEATED + 1
        ? broken("the aliases expand to too many values", start, end)
        : scalar(null, "", start, end);
    }
    if (depth > MAX_DEPTH) return broken(`nested more than ${MAX_DEPTH} deep`, start, end);
    if (isAlias(node)) {
      const target = anchors.get(node.source);
      if (target === undefined) return broken(`no anchor "&${node.source}" above this alias`, start, end);
      if (open.has(target.node)) return broken(`the alias "*${node.source}" contains itself`, start, end);
      const here = origin;
      inAlias++;
      origin = target.base;
      try {
        return build(target.node, start, depth + 1);
      } finally {
        origin = here;
        inAlias--;
      }
    }
    if (inAlias === 0 && isNode(node) && node.anchor !== undefined) anchors.set(node.anchor, { node, base });
    if (isScalar(node)) return scalar(node.value, node.source ?? "", start, end);
    open.add(node);
    try {
      if (isMap(node)) return buildMap(node.items, start, end, depth);
      if (isSeq(node)) {
        const items = node.items.map((item) => build(item, start, depth + 1));
        return listOf(items, start, end);
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

/** As much of it is read at once by the package without a look at how it is made. */
const chunked = 100_000;
/** As much of a file may be left to the package, in pieces and as a whole: it takes a second and a hundred megabytes for a million characters. */
const MAX_LEFT = 1_600_000;
const MAX_WHOLE = 1_000_000;
/** Ten thousand units with fifty values each. */
const MAX_VALUES = 500_000;
/** A file with an error is read again as a whole, up to this length: the package may have more to say of it then. */
const MAX_AGAIN = 500_000;
/** The package leaves fifty times as much behind as it has read. */
const COLLECTED = 700_000;
const MAX_ANCHORS = 50_000;
const MAX_TOKENS = 500_000;

/** What would take the package more time and memory than a config is worth, as far as its tokens tell. */
const excessOf = (text: string): Problem | undefined => {
  let [at, count, depth] = [0, 0, 0];
  for (const token of new Lexer().lex(text)) {
    if (token === "[" || token === "{") depth++;
    else if (token === "]" || token === "}") depth = Math.max(0, depth - 1);
    if (depth > MAX_DEPTH) return { code: "HSU-CFG-003", start: at, end: at + 1, message: `nested more than ${MAX_DEPTH} deep` };
    if (++count > MAX_TOKENS) return tooMany(at);
    // Marks of the lexer's own are no text.
    // oxlint-disable-next-line no-control-regex
    if (!/^[\u0002\u0018\u001f\ufeff]$/.test(token)) at += token.length;
  }
  return undefined;
};

const tooMany = (at: number): Problem => {
  const message = `more than ${MAX_VALUES} values`;
  return { code: "HSU-CFG-003", start: at, end: at + 1, message, hint: "no master runs as many units: give some to another one" };
};

const notInPieces = (at: number): Problem => ({
  code: "HSU-CFG-003",
  start: at,
  end: at + 1,
  message: `from here on the file cannot be read in pieces, and is too large to be read as a whole`,
  hint: 'a large file is a list of units, "managed_processes:" and an item each, with little that goes beyond its line',
});

const nestedTooDeep = (at: number): Problem => ({
  code: "HSU-CFG-003",
  start: at,
  end: at + 1,
  message: `nested more than ${MAX_DEPTH} deep`,
});

/** A text that cannot be cut into pieces. */
const readWhole = (piece: Piece, lineOf: LineOf): Part => {
  const { base, text } = piece;
  const plain = readPlain(text, base, lineOf, MAX_VALUES);
  if (!(plain instanceof NotPlain)) return plain;
  const at = plain.at + base;
  if (plain.why === "values") return { root: undefined, problems: [tooMany(at)] };
  if (text.length <= MAX_WHOLE) return readPiece(piece, lineOf);
  if (plain.why === "depth") return { root: undefined, problems: [nestedTooDeep(at)] };
  // What is wrong there, if anything is: told by what stands up to it.
  const line = text.indexOf("\n", plain.at);
  const until = line === -1 ? text.length : line;
  const { problems } = until > chunked ? { problems: [] } : readPiece({ base, text: text.slice(0, until) }, lineOf);
  const wrong = problems.filter(({ code }) => code === "HSU-CFG-003");
  return { root: undefined, problems: wrong.length > 0 ? wrong : [notInPieces(at)] };
};

/** A large file, piece by piece: the same as the whole, with less of it in memory at a time. Null where that cannot be. */
export const readPieces = (text: string, lineOf: LineOf = linesOf(text), length?: number, base = 0): Part | null => {
  const chunks = chunksOf(text, length);
  if (chunks === null) return null;
  const shared = alone();
  let [left, values] = [0, 0];
  let refused = false;
  const piece = ([start, end]: Span): Part => {
    const own = text.slice(start, end);
    const plain = readPlain(own, base + start, lineOf, MAX_VALUES - values);
    if (!(plain instanceof NotPlain)) {
      values += plain.values;
      return plain;
    }
    const at = plain.at + base + start;
    if (Math.floor((left + own.length) / COLLECTED) > Math.floor(left / COLLECTED)) collect();
    left += own.length;
    const isTooMuch = left > MAX_LEFT || own.length > MAX_WHOLE || shared.anchors.size > MAX_ANCHORS;
    if (plain.why === "values" || isTooMuch) {
      refused = true;
      return { root: undefined, problems: [isTooMuch ? notInPieces(at) : tooMany(at)] };
    }
    return readPiece({ text: own, base: base + start }, lineOf, shared);
  };
  const problems: Array<Problem> = [];
  const isBroken = (part: Part): boolean => {
    problems.push(...part.problems);
    return part.problems.some(({ code }) => code === "HSU-CFG-003");
  };
  const head = piece(chunks.head);
  if (head.root?.kind !== "map") return null;
  const names = [...head.root.entries.values()];
  const name = names.at(-1);
  if (name === undefined || name.node.kind !== "null") return null;
  const items: Array<Located> = [];
  let broken = isBroken(head);
  for (const span of broken ? [] : chunks.items) {
    const part = piece(span);
    if (part.root?.kind === "list") for (const item of part.root.items) items.push(item);
    broken = isBroken(part);
    if (broken) break;
    if (part.root?.kind !== "list") return null;
  }
  const tail = broken ? { root: undefined, problems: [] } : piece(chunks.tail);
  if (tail.root !== undefined && tail.root.kind !== "map") return null;
  broken = isBroken(tail) || broken;
  if (refused) return { root: undefined, problems };
  if (broken && text.length <= MAX_AGAIN) return null;
  const [start, end] = [items[0]?.start ?? base, items.at(-1)?.end ?? base];
  const list = listOf(items, start, end);
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
  const { problems, root } = (text.length > LARGE ? readPieces(text, lineOf, undefined, base) : null) ?? readWhole({ text, base }, lineOf);
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
