/**
 * A large file of which a part is another one: by marks of the text that a tree came from it is seen which, and no more than that is read and sent. Pure.
 *
 * It takes nothing that it is not sure of: what reaches from one unit to another (anchors, order, ports, limits of groups), and what comes from elsewhere
 * (variables, other files), has the whole file read. A test compares the two.
 */
import type { GroupSpec, Mark, Marks, MasterSpec, UnitSpec } from "../../unit/UnitSpec.ts";
import { chunksOf } from "../Chunks.ts";
import type { Located } from "../Located.ts";
import { isRecord } from "../Values.ts";
import { same } from "./Flat.ts";
import { problemOf } from "./Shape.ts";

type Child = UnitSpec | GroupSpec;

/** What a tree is to have in place of some children of its root. */
export interface Part {
  readonly _tag: "Part";
  readonly source: string;
  /** The marks of the tree that it is meant for, in short. */
  readonly base: string;
  /** Children that stay, before and behind. */
  readonly front: number;
  readonly back: number;
  readonly children: ReadonlyArray<Child>;
  /** Of the text as it is now. */
  readonly marks: Marks;
}

/** Below that the whole is read as soon. */
export const MIN_LENGTH = 128_000;
/** Why a master refuses one: the whole is asked for. */
export const ELSEWHERE = "this is a part of another tree than the one that runs, or more depends on it";
/** As much is one piece. */
const PIECE = 2_000;
/** A part that is larger is no part. */
const MAX_PART = 128_000;

const hashOf = (text: string): string => process.getBuiltinModule("node:crypto").hash("sha256", text, "base64url");
const baseOf = (marks: Marks): string => hashOf(JSON.stringify(marks));

/** Reaches out of its piece, or of the file. */
const REACHES = /\$\{|[&*][A-Za-z0-9_]|<<|\b(?:include|env_file|extends)\b/;

/** Of a text with nothing wrong in it, which has become `children` children of the root; `list` are the items they came from, one for each. */
export const marksOf = (text: string, list: ReadonlyArray<Located>, children: number, dialect: string): Marks | undefined => {
  if (list.length !== children || REACHES.test(text)) return undefined;
  const chunks = chunksOf(text, PIECE);
  if (chunks === null) return undefined;
  const mark = ([start, end]: readonly [number, number]): Mark => [end - start, hashOf(text.slice(start, end))];
  const items: Array<readonly [number, string, number]> = [];
  let at = 0;
  for (const [start, end] of chunks.items) {
    const first = at;
    while (at < list.length && list[at]!.start >= start && list[at]!.start < end) at++;
    items.push([...mark([start, end]), at - first]);
  }
  const indent = indentOf(text.slice(...(chunks.items[0] ?? chunks.tail)));
  if (at !== list.length || indent === undefined) return undefined;
  return { dialect, head: mark(chunks.head), tail: mark(chunks.tail), indent, items };
};

const said = (line: string): boolean => /^ *[^ #]/.test(line);
const depthOf = (line: string): number => /^ */.exec(line)![0].length;

/** Spaces before the items that a text consists of; undefined: it does not. */
const indentOf = (text: string): number | undefined => {
  const lines = text.split("\n").filter(said);
  const [first] = lines;
  if (first === undefined) return undefined;
  const indent = depthOf(first);
  const isIn = (line: string): boolean => depthOf(line) > indent || /^ *-(?: |$)/.test(line);
  return /^ *-(?: |$)/.test(first) && lines.every((line) => depthOf(line) >= indent && isIn(line)) ? indent : undefined;
};

export interface Found {
  /** A file of the part alone, with all that is said beside the list; null: it is all the same. */
  readonly text: string | null;
  /** The part, once that has been read; undefined: it takes the whole file. */
  readonly with: (read: { readonly spec: MasterSpec; readonly dialect: string } | undefined) => Part | undefined;
}

/** What of a text is another one than that of the marks; undefined: it takes the whole file. */
export const partOf = (text: string, marks: Marks, source: string): Found | undefined => {
  const { head, indent, items, tail } = marks;
  let [at, end] = [head[0], text.length - tail[0]];
  if (end < at || hashOf(text.slice(0, at)) !== head[1] || hashOf(text.slice(end)) !== tail[1]) return undefined;
  let [from, to] = [0, items.length];
  for (; from < to; from++) {
    const [length, hash] = items[from]!;
    if (at + length > end || hashOf(text.slice(at, at + length)) !== hash) break;
    at += length;
  }
  for (; to > from; to--) {
    const [length, hash] = items[to - 1]!;
    if (end - length < at || hashOf(text.slice(end - length, end)) !== hash) break;
    end -= length;
  }
  const own = text.slice(at, end);
  if (own.length > MAX_PART || REACHES.test(own) || (own !== "" && (indentOf(own) !== indent || !own.endsWith("\n")))) return undefined;
  const count = (some: Marks["items"]): number => some.reduce((sum, [, , children]) => sum + children, 0);
  const [before, behind] = [items.slice(0, from), items.slice(to)];
  return {
    text: own === "" ? null : text.slice(0, head[0]) + own + text.slice(text.length - tail[0]),
    with: (read) => {
      const children = read?.spec.root.children ?? [];
      if (read !== undefined && read.dialect !== marks.dialect) return undefined;
      const some: Marks["items"] = own === "" ? [] : [[own.length, hashOf(own), children.length]];
      const now = { ...marks, items: [...before, ...some, ...behind] };
      return { _tag: "Part", source, base: baseOf(marks), front: count(before), back: count(behind), children, marks: now };
    },
  };
};

/** Keys of a unit that nothing else of a file depends on. */
const OWN: ReadonlySet<string> = new Set([
  "args",
  "capture",
  "description",
  "environment",
  "executable",
  "limits",
  "reloadSignal",
  "restart",
  "startTimeoutMillis",
  "stopSignal",
  "stopTimeoutMillis",
  "workingDirectory",
]);

type Values = Readonly<Record<string, unknown>>;

const isOwnChange = (was: Child, is: Child, hasLimit: boolean): boolean => {
  if (was._tag !== is._tag || was.id !== is.id) return false;
  if (was._tag === "Group" || is._tag === "Group") {
    return same({ ...was, children: [] }, { ...is, children: [] }) && areOwnChanges(was as GroupSpec, is as GroupSpec);
  }
  const [from, to] = [was, is] as unknown as readonly [Values, Values];
  return [...Object.keys(was), ...Object.keys(is)].every(
    (key) => (OWN.has(key) && !(hasLimit && key === "restart")) || same(from[key], to[key]),
  );
};

const areOwnChanges = (was: Pick<GroupSpec, "children" | "limit">, is: Pick<GroupSpec, "children">): boolean =>
  was.children.length === is.children.length &&
  was.children.every((child, index) => isOwnChange(child, is.children[index]!, was.limit !== undefined));

export const isPart = (sent: MasterSpec | Part): sent is Part => isRecord(sent) && (sent as Part)._tag === "Part";

/** The tree with the part in it; undefined: it is meant for another tree, or more may depend on it than it says. */
export const wholeOf = (current: MasterSpec, part: Part): MasterSpec | undefined => {
  const { back, base, children, front, marks, source } = part;
  const { root } = current;
  if (current.marks === undefined || baseOf(current.marks) !== base) return undefined;
  if (!Array.isArray(children) || problemOf({ root: { ...root, children } }) !== null) return undefined;
  const end = root.children.length - back;
  const { limit } = root;
  const was = { children: root.children.slice(front, end), ...(limit === undefined ? {} : { limit }) };
  if (!areOwnChanges(was, { children })) return undefined;
  return {
    ...current,
    source,
    marks,
    root: { ...root, children: [...root.children.slice(0, front), ...children, ...root.children.slice(end)] },
  };
};
