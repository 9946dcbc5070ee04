import { posix } from "node:path";
import { sightings } from "./imports.ts";
import type { RankTable } from "./ranks.ts";

export type Rule =
  | "unknown room"
  | "header"
  | "rank"
  | "actor alone"
  | "platform only"
  | "barrel"
  | "testing"
  | "ui"
  | "outside src"
  | "own name"
  | "computed name";

export interface Violation {
  readonly rule: Rule;
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** Paths from the root of the repository to file contents. */
export type SourceTree = ReadonlyMap<string, string>;

export const roomOf = (file: string): string => file.split("/")[1] ?? "";

/** `effect`, `effect/rpc`, `@effect/platform-node`: modules have capital letters, what has none is an index of many. */
const barrels = /^(@effect\/[\w-]+|effect)(\/[a-z][\w-]*)*$/;
const childProcess = /^(node:)?child_process$/;

/** The room that an import leads to: a name, `outside` for the rest of the repository, `undefined` for a package. */
export const targetOf = (file: string, specifier: string): string | undefined => {
  if (!specifier.startsWith(".") && !specifier.startsWith("/")) return undefined;
  const path = posix.join(posix.dirname(file), specifier);
  return path.startsWith("src/") ? roomOf(path) : "outside";
};

const rankRule = (from: string, to: string, ranks: RankTable): Rule | undefined => {
  if (from === to) return undefined;
  if (to === "outside") return "outside src";
  if (to === "testing") return "testing";
  if (from === "ui") return to === "protocol" ? undefined : "ui";
  if (from === "actor") return "actor alone";
  if (from === "testing") return undefined;
  const [lower, higher] = [ranks.get(to), ranks.get(from)];
  return typeof lower === "number" && typeof higher === "number" && lower < higher ? undefined : "rank";
};

const importRule = (file: string, specifier: string, ranks: RankTable): Rule | undefined => {
  const room = roomOf(file);
  const target = targetOf(file, specifier);
  if (target === "outside" && room === "bin" && posix.join(posix.dirname(file), specifier) === "package.json") return undefined;
  if (target !== undefined) return rankRule(room, target, ranks);
  if (/^hsu(\/|$)/.test(specifier)) return "own name";
  if (barrels.test(specifier)) return "barrel";
  if (room === "actor" && !specifier.startsWith("effect/")) return "actor alone";
  if (childProcess.test(specifier) && room !== "platform") return "platform only";
  return undefined;
};

/** What it imports is its users': a file of theirs, which their config names. */
const loadsTheirs = "src/unit/ModuleHost.ts";

const sightingRule = (file: string, { kind, text }: { readonly kind: string; readonly text: string }, ranks: RankTable) => {
  if (kind === "computed") return file === loadsTheirs ? undefined : "computed name";
  if (kind === "os") return roomOf(file) === "platform" ? undefined : "platform only";
  return importRule(file, text, ranks);
};

/** Says what the room is for, what it may import, what never changes. */
const isHeader = (source: string | undefined): boolean => {
  const comment = /^(?:#!.*\n)?\s*\/\*\*([\s\S]*?)\*\//.exec(source ?? "")?.[1];
  return comment !== undefined && /\bimports?\b/i.test(comment) && /\bnever\b/i.test(comment);
};

const roomRules = (tree: SourceTree, ranks: RankTable): ReadonlyArray<Violation> =>
  [...new Set([...tree.keys()].map(roomOf))].flatMap((room): ReadonlyArray<Violation> => {
    if (!ranks.has(room)) return [{ rule: "unknown room", file: `src/${room}`, line: 1, text: "no row in docs/architecture" }];
    const index = `src/${room}/index.ts`;
    if (isHeader(tree.get(index))) return [];
    return [{ rule: "header", file: index, line: 1, text: "must open by saying what the room is for, may import and never changes" }];
  });

/** Every place where the sources break a rule of docs/architecture. */
export const violations = (tree: SourceTree, ranks: RankTable): ReadonlyArray<Violation> => [
  ...roomRules(tree, ranks),
  ...[...tree].flatMap(([file, source]) =>
    sightings(file, source).flatMap((sighting) => {
      const rule = sightingRule(file, sighting, ranks);
      return rule === undefined ? [] : [{ rule, file, line: sighting.line, text: sighting.text }];
    }),
  ),
];

export const show = ({ rule, file, line, text }: Violation): string => `${file}:${line} ${rule}: ${text}`;
