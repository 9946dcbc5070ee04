/**
 * The config room: YAML in, one tree of specs out, or everything that is wrong with it, each with its place.
 *
 * Imports `unit/` (the spec it compiles to), `protocol/`, `platform/`, `effect` and `yaml`; never `master/`, `api/` or `cli/`.
 *
 * What never changes: no key is dropped in silence. A key is in effect, or there is a warning that it is not, or there is an error. All errors
 * of a file are found in one go, and nothing is returned from a file that has one. Reading the file is the only effect; the rest is pure.
 */
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import * as SchemaParser from "effect/SchemaParser";
import * as NodePath from "node:path";
import type { MasterSpec } from "../unit/UnitSpec.ts";
import { check } from "./Checks.ts";
import { compile } from "./Compile.ts";
import { executableProblems } from "./ExecutableChecks.ts";
import { intensityProblems } from "./IntensityChecks.ts";
import { type Code, type ConfigDiagnostic, ConfigError, type More } from "./Diagnostic.ts";
import { type Dialect, dialectOf, mixed } from "./dialects/DialectOf.ts";
import { fromMaster, inMasterWords } from "./dialects/MasterDialect.ts";
import { problemsOf } from "./Issues.ts";
import { marksOf, MIN_LENGTH } from "./plan/Part.ts";
import { expand, type Expanded, type World } from "./own/Expand.ts";
import { listWith, mapWith } from "./own/Rebuild.ts";
import { type Included, type Reader, sourceAt, whereIn, withIncluded } from "./own/Include.ts";
import type { Environment } from "./own/Variables.ts";
import { ConfigFile } from "./Schema.ts";
import { isWarning, MOST, tell } from "./Told.ts";
import { MAX_BYTES, textOf, tooLarge, Unreadable } from "./ReadText.ts";
import { collect, hurry } from "../platform/Compilers.ts";
import { diagnose, LARGE, type Located, type Problem, read, type Source } from "./Source.ts";

export { CODES, type Code, ConfigDiagnostic, ConfigError, type More, render, renderAll, type RenderOptions } from "./Diagnostic.ts";
export { formatDuration, parseDuration } from "./Duration.ts";
export { nearest } from "./Nearest.ts";
export type { Dialect } from "./dialects/DialectOf.ts";

/** A tree that can be run, and what of its file is not in effect. */
export interface Loaded {
  readonly spec: MasterSpec;
  readonly warnings: ReadonlyArray<ConfigDiagnostic>;
  /** Warnings that were only counted. */
  readonly more: More;
  /** What the file is written in. */
  readonly dialect: Dialect;
}

const decode = SchemaParser.decodeUnknownResult(ConfigFile, { errors: "all", onExcessProperty: "error" });

/** Units that are decoded at a time: what is found about them is more than they are. */
const decodedAtOnce = 1_000;

/** So many mistakes have left behind ten times what is told of them. */
const TOLD = 12_000;

/** All that it says, or all that is wrong with it. */
const decodeAll = (root: Located, most: number): { readonly config: ConfigFile | undefined; readonly problems: ReadonlyArray<Problem> } => {
  const units = root.entries.get("managed_processes");
  const all = units?.node.items ?? [];
  if (units === undefined || all.length <= decodedAtOnce) {
    const decoded = decode(root.value);
    if (Result.isSuccess(decoded)) return { config: decoded.success, problems: [] };
    return { config: undefined, problems: problemsOf(decoded.failure, root, most) };
  }
  const problems: Array<Problem> = [];
  const entries: Array<ConfigFile["managed_processes"][number]> = [];
  let config: ConfigFile | undefined;
  for (let at = 0; at < all.length; at += decodedAtOnce) {
    const some = listWith(units.node, all.slice(at, at + decodedAtOnce));
    const own = mapWith(root, new Map([...(at === 0 ? root.entries : []), ["managed_processes", { ...units, node: some }]]));
    const decoded = decode(own.value);
    if (Result.isSuccess(decoded)) {
      config ??= decoded.success;
      for (const entry of decoded.success.managed_processes) entries.push(entry);
    } else {
      const before = problems.length;
      for (const problem of problemsOf(decoded.failure, own, most - problems.length)) problems.push(problem);
      if (Math.floor(problems.length / TOLD) > Math.floor(before / TOLD)) collect();
    }
  }
  if (problems.length > 0 || config === undefined) return { config: undefined, problems };
  return { config: { ...config, managed_processes: entries }, problems: [] };
};

const aboutFile = (file: string, code: Code, message: string, hint?: string, at = { line: 1, column: 1 }): ConfigError => {
  const place = { file, ...at, length: 1 };
  return new ConfigError({ file, diagnostics: [{ code, severity: "error", ...place, message, ...(hint === undefined ? {} : { hint }) }] });
};

/** Behind a syntax error nothing is certain, and what seems to be missing may stand there. */
const isCertain =
  (syntax: ReadonlyArray<Problem>) =>
  (problem: Problem): boolean =>
    syntax.every((error) => problem.start < error.start) && problem.absent !== true;

const failed = (source: Source, problems: ReadonlyArray<Problem>): ConfigError => {
  const diagnostics = problems.map((problem) => diagnose(source, problem));
  return new ConfigError({ file: source.file, diagnostics });
};

/** What is included is HSU's own, and upstream's oldest words do not go with it. */
const together = (main: Source & { readonly root: Located }, dialect: Dialect, reader: Reader): Included => {
  const include = main.root.entries.get("include");
  if (dialect !== "master" || include === undefined) return withIncluded(main, reader);
  const { end, start } = include;
  const message = '"include" is of another dialect than the file, which is in the "master" dialect';
  const problem: Problem = { code: "HSU-CFG-016", start, end, message, hint: "`hsu convert` writes the file as HSU's own" };
  return { root: main.root, text: main.text, problems: [...main.problems, problem], sources: [main] };
};

const inOrder = (problems: ReadonlyArray<Problem>): ReadonlyArray<Problem> => problems.toSorted((one, other) => one.start - other.start);

/** The file in HSU's own words, with all written out that it says in short. Upstream's dialects have no variables: their files are taken as they are. */
const inShort = (written: Located, text: string, dialect: Dialect, world: Omit<World, "variables">): Expanded => {
  if (dialect !== "master") return expand(written, text, { ...world, variables: dialect === "seed" });
  const { problems, root } = fromMaster(written);
  const expanded = expand(root, text, { ...world, variables: false });
  return { ...expanded, problems: [...problems, ...expanded.problems] };
};

/** What a text says, and all that is found about that. */
interface Understood {
  /** Of what it is read from, without the values that were in it. */
  readonly sources: ReadonlyArray<Source>;
  /** In the order of the file. */
  readonly problems: ReadonlyArray<Problem>;
  /** Absent: it is not valid. */
  readonly spec: MasterSpec | undefined;
  readonly dialect: Dialect;
}

interface How {
  readonly file: string;
  readonly environment: Environment;
  readonly seen: Reader["seen"];
  readonly isHere: boolean;
  readonly most: number;
  readonly isPart: boolean;
}

/** More than ten thousand units: what has been read is as much again as what it was read into. */
const HUGE = 2_500_000;

const understand = (text: string, { environment, file, isHere, isPart, most, seen }: How): Result.Result<Understood, ConfigError> => {
  const source = read(text, file);
  const { root: written } = source;
  const syntax = source.problems.filter((problem) => problem.code === "HSU-CFG-003");
  if (written === undefined && syntax.length === 0) {
    return Result.fail(aboutFile(file, "HSU-CFG-002", "the file is empty", "the least there is: managed_processes: []"));
  }
  if (written === undefined) return Result.fail(failed(source, source.problems));
  const twofold = mixed(written);
  if (twofold !== undefined) return Result.fail(failed(source, [...source.problems, twofold]));
  const dialect = dialectOf(written);
  const folder = NodePath.dirname(NodePath.resolve(file));
  const readFile = (path: string): string => {
    seen(path);
    return textOf(path);
  };
  const whole = together({ ...source, root: written }, dialect, { environment, variables: dialect === "seed", readFile: textOf, seen });
  const sources = whole.sources.map((each) => ({ ...each, root: undefined }));
  const folderAt = (offset: number): string => NodePath.dirname(NodePath.resolve(sourceAt(sources, offset).file));
  const { instances, problems: names, root } = inShort(whole.root, whole.text, dialect, { environment, folderAt, readFile });
  const said = dialect === "master" ? inMasterWords : (problem: Problem): Problem => problem;

  const { config, problems: wrong } = decodeAll(root, most);
  if (text.length > HUGE) collect();
  // A thousand mistakes in single values are enough, unless all are asked for.
  const found = wrong.length > Math.max(1_000, most) ? wrong : [...wrong, ...check(root, whereIn(sources), instances, isPart)];
  const meaning = [...names, ...found.map(said)];
  const broken = whole.problems.filter((problem) => problem.code === "HSU-CFG-003");
  const problems = inOrder([...whole.problems, ...(broken.length === 0 ? meaning : meaning.filter(isCertain(broken)))]);
  if (config === undefined || problems.some((problem) => !isWarning(problem))) {
    return Result.succeed({ sources, problems, spec: undefined, dialect });
  }
  const spec = compile(config, root, file, folder, instances, sources.length > 1 ? folderAt : undefined);
  const missing = [
    ...intensityProblems(root, spec.root),
    ...(isHere ? executableProblems(root, spec.root, environment["PATH"] ?? "/usr/bin:/bin") : []),
  ];
  const all = missing.length === 0 ? problems : inOrder([...problems, ...missing]);
  const list = root.entries.get("managed_processes")?.node.items ?? [];
  const isSound = all.length === 0 && text.length > MIN_LENGTH && sources.length === 1;
  const marks = isSound ? marksOf(text, list, spec.root.children.length, dialect) : undefined;
  return Result.succeed({ sources, problems: all, spec: marks === undefined ? spec : { ...spec, marks }, dialect });
};

/** Of so many findings each is more than what it was found in. */
const MANY = 5_000;

/** The tree in a text. `file` is its name in messages, and relative paths in it start at that file's folder. Never throws. */
export const parse = (
  text: string,
  file: string,
  environment: Environment = process.env,
  seen: Reader["seen"] = () => {},
  /** Whether it is to run on this machine. */
  isHere = false,
  /** Of more findings than that the others are only counted. */
  most = MOST,
  /** Whether it is a part of a file, see plan/Part.ts. */
  isPart = false,
): Result.Result<Loaded, ConfigError> => {
  if (text.length > MAX_BYTES) return Result.fail(aboutFile(file, "HSU-CFG-001", tooLarge));
  if (text.length > LARGE) hurry();
  const understood = understand(text, { file, environment, seen, isHere, most, isPart });
  if (Result.isFailure(understood)) return Result.fail(understood.failure);
  const { dialect, problems, sources, spec } = understood.success;
  // What it was found in is not needed any more.
  if (problems.length > MANY) collect();
  const { diagnostics, more } = tell(sources, problems, most);
  if (spec !== undefined) return Result.succeed({ spec, warnings: diagnostics, more, dialect });
  return Result.fail(new ConfigError({ file, diagnostics, ...(Object.keys(more).length === 0 ? {} : { more }) }));
};

const REASONS: Readonly<Record<string, readonly [message: string, hint: string]>> = {
  ENOENT: ["there is no such file", "give the path of a config file: hsu up FILE"],
  EISDIR: ["this is a folder, not a file", "give the path of a config file: hsu up FILE"],
  EACCES: ["the file may not be read", "see its owner and mode: ls -l"],
};

const unreadable = (file: string, cause: unknown): ConfigError => {
  if (cause instanceof Unreadable)
    return aboutFile(file, cause.code, cause.message, cause.hint, { line: cause.line, column: cause.column });
  const code = (cause as NodeJS.ErrnoException).code ?? "";
  const [message, hint] = REASONS[code] ?? [`the file cannot be read: ${String(cause)}`, undefined];
  return aboutFile(file, "HSU-CFG-001", message, hint);
};

export const readText = (file: string): Effect.Effect<string, ConfigError> =>
  Effect.try({ try: () => textOf(file), catch: (cause) => unreadable(file, cause) });

/** The tree in a file, or all that is wrong with it. `seen` hears of each file and folder that it depends on. */
export const load = (file: string, seen: Reader["seen"] = () => {}, most = MOST): Effect.Effect<Loaded, ConfigError> => {
  seen(file);
  return Effect.flatMap(readText(file), (text) => Effect.fromResult(parse(text, file, process.env, seen, true, most)));
};
