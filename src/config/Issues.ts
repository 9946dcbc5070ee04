/**
 * Schema's issues as findings: each leaf of the issue tree at the place of its path, in our words.
 */
import type * as SchemaAST from "effect/SchemaAST";
import type * as SchemaIssue from "effect/SchemaIssue";
import { CODES, type Code } from "./Diagnostic.ts";
import { homeOf, otherName, otherNames } from "./Dialect.ts";
import { nearest } from "./Nearest.ts";
import { labelOf, locate, type Located, type Path, type Problem } from "./Source.ts";

type Annotations = Readonly<Record<string, unknown>>;
const textOf = (annotations: Annotations | undefined, key: string): string | undefined => {
  const value = annotations?.[key];
  return typeof value === "string" && value !== "" ? value : undefined;
};
const codeOf = (annotations: Annotations | undefined, fallback: Code): Code => {
  const code = textOf(annotations, "code");
  return code !== undefined && code in CODES ? (code as Code) : fallback;
};
/** Only what is there: exact optional properties. */
const present = (fields: Partial<Record<"expected" | "nearest" | "hint", string | undefined>>) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<
    Pick<Problem, "expected" | "nearest" | "hint">
  >;

const quoted = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);
const lists = new WeakMap<ReadonlyArray<string>, string>();
/** The same words are listed with each of a thousand mistakes. */
const list = (words: ReadonlyArray<string>): string => {
  const known = lists.get(words) ?? (words.length === 1 ? words[0]! : `one of ${words.join(", ")}`);
  lists.set(words, known);
  return known;
};

/** What was found, for people. */
const describe = (node: Located): string => {
  switch (node.kind) {
    case "map":
      return "a map";
    case "list":
      return "a list";
    case "null":
      return node.text.trim() === "" ? "empty" : node.text.trim();
    case "string":
      return `the text ${quoted(String(node.value))}`;
    case "number":
      return `the number ${node.text}`;
    case "boolean":
      return node.text;
  }
};

const keys = new WeakMap<SchemaAST.AST, ReadonlyArray<string>>();
const keysOf = (ast: SchemaAST.AST): ReadonlyArray<string> => {
  const known = keys.get(ast) ?? (ast._tag === "Objects" ? ast.propertySignatures.map((signature) => String(signature.name)) : []);
  keys.set(ast, known);
  return known;
};

const wordsOf = (ast: SchemaAST.AST): ReadonlyArray<string> | undefined =>
  ast._tag === "Union" && ast.types.every((type) => type._tag === "Literal") ? ast.types.map((type) => String(type.literal)) : undefined;

const expectedOf = (ast: SchemaAST.AST): string => {
  const said = textOf(ast.annotations, "expected");
  if (said !== undefined) return said;
  switch (ast._tag) {
    case "Objects":
      return "a map";
    case "Arrays":
      return "a list";
    case "Boolean":
      return "true or false";
    case "Number":
      return "a number";
    case "Union": {
      const [first, ...others] = new Set(ast.types.map(expectedOf));
      return first !== undefined && others.length === 0 ? first : "a value";
    }
    case "Suspend":
      return expectedOf(ast.thunk());
    case "Declaration": {
      const choose = ast.annotations?.["choose"] as ((value: unknown) => { readonly ast: SchemaAST.AST }) | undefined;
      return choose === undefined ? "a string" : expectedOf(choose({}).ast);
    }
    default:
      return "a string";
  }
};

/** What the file of another supervisor begins with, and how it is read. */
const foreign: ReadonlyMap<string, string> = new Map([
  ["services", "this looks like a Compose file: `hsu import compose FILE` makes a config of it"],
  ["apps", "this looks like a file of pm2: `hsu import pm2 FILE` makes a config of it"],
]);

/** The way from what was found to what was expected, where it is a matter of spelling. */
const spelling = (ast: SchemaAST.AST, node: Located): string | undefined => {
  if (ast._tag === "Boolean" && node.kind === "string" && /^(yes|no|on|off|y|n|true|false)$/i.test(String(node.value))) {
    return `write ${/^(yes|on|y|true)$/i.test(String(node.value)) ? "true" : "false"}, without quotes`;
  }
  if (ast._tag === "String" && (node.kind === "number" || node.kind === "boolean")) return `put it in quotes: "${node.text}"`;
  if (ast._tag === "Number" && node.kind === "string" && /^[\d.]+$/.test(String(node.value))) return "write it without quotes";
  if (ast._tag === "Arrays" && node.kind === "string") return "write a list: [first, second], or one item a line after `- `";
  return undefined;
};

/** The name of the map that a path leads to, for messages. */
const blockName = (path: Path): string => {
  const name = path.findLast((step) => typeof step === "string");
  if (name === undefined) return "the file";
  return typeof path.at(-1) === "number" ? `an entry of ${quoted(name)}` : quoted(name);
};

/** Of a map whose keys are free but for a rule: what the rule says. */
const ruleOf = (ast: SchemaAST.AST): Annotations | undefined =>
  ast._tag === "Objects" ? ast.indexSignatures[0]?.parameter.checks?.at(-1)?.annotations : undefined;

/** One mistake is often made many times. */
const meant = new Map<string, string | undefined>();
const meantBy = (key: string, known: ReadonlyArray<string>): string | undefined => {
  const name = `${key} ${known.join()}`;
  if (!meant.has(name)) {
    if (meant.size >= 1_000) meant.clear();
    meant.set(name, nearest(key, known) ?? otherName(key, known));
  }
  return meant.get(name);
};

const unexpectedKey = (root: Located, path: Path, ast: SchemaAST.AST): Problem => {
  const key = String(path.at(-1));
  const rule = ruleOf(ast);
  if (rule !== undefined) {
    const message = `${quoted(key)} cannot be a key of ${blockName(path.slice(0, -1))}`;
    return { code: codeOf(rule, "HSU-CFG-005"), ...span(labelOf(root, path)), message, ...present({ expected: textOf(rule, "expected") }) };
  }
  const known = keysOf(ast);
  const near = meantBy(key, known);
  const home = near === undefined ? homeOf(key) : undefined;
  return {
    code: "HSU-CFG-005",
    ...span(labelOf(root, path)),
    message: `unknown key ${quoted(key)} in ${blockName(path.slice(0, -1))}`,
    ...present({
      expected: known.length === 0 ? undefined : list(known),
      nearest: near,
      hint: home === undefined ? (path.length === 1 ? foreign.get(key) : undefined) : `this key belongs in ${home}`,
    }),
  };
};

/** Of words that have other names elsewhere, those may be misspelled as well. */
const meantValue = (value: string, words: ReadonlyArray<string>): string | undefined => {
  const exact = otherName(value, words) ?? nearest(value, words);
  if (exact !== undefined) return exact;
  const other = nearest(value, otherNames(words));
  return other === undefined ? undefined : otherName(other, words);
};

const span = (place: { readonly start: number; readonly end: number }) => ({ start: place.start, end: place.end });

const wrongType = (root: Located, path: Path, ast: SchemaAST.AST, told?: Annotations): Problem => {
  const node = locate(root, path) ?? root;
  // An empty value has no text of its own to point at.
  const place = span(node.kind === "null" && node.start === node.end ? labelOf(root, path) : node);
  const words = wordsOf(ast);
  if (words !== undefined && node.kind !== "map" && node.kind !== "list" && node.kind !== "null") {
    const value = node.kind === "string" ? String(node.value) : node.text;
    return {
      code: "HSU-CFG-009",
      ...place,
      message: `${quoted(value)} is not a value of ${blockName(path)}`,
      ...present({
        expected: textOf(ast.annotations, "expected") ?? list(words),
        nearest: meantValue(value, words),
      }),
    };
  }
  return {
    code: "HSU-CFG-007",
    ...place,
    message: `${blockName(path)} cannot be ${describe(node)}`,
    ...(node.kind === "null" ? { absent: true } : {}),
    ...present({
      expected: textOf(told, "expected") ?? (words === undefined ? expectedOf(ast) : list(words)),
      hint: spelling(ast, node) ?? (path.length === 0 ? otherFormat(node) : undefined),
    }),
  };
};

/** Of a file that is no map at all: an INI file begins with a section, which is a list for YAML. */
const otherFormat = ({ items, kind }: Located): string | undefined => {
  const text = kind === "list" ? (items[0]?.text ?? "") : "";
  if (/^(program:|group:|supervisord$|unix_http_server$|inet_http_server$|supervisorctl$|include$)/.test(text))
    return "this looks like a file of supervisord: `hsu import supervisord FILE` makes a config of it";
  return /^(Unit|Service|Install|Timer|Socket)$/.test(text)
    ? "this looks like a unit of systemd: `hsu import systemd FILE` makes a config of it"
    : undefined;
};

const SAID: Partial<Record<Code, (name: string, found: string) => string>> = {
  "HSU-CFG-011": (_name, found) => `${found} is not an id`,
  "HSU-CFG-013": (name) => `${name} is empty`,
  // Maybe it is the secret itself.
  "HSU-CFG-061": (name) => `the value of ${name} is not encrypted`,
};

const failedCheck = (root: Located, path: Path, told: Annotations | undefined): Problem => {
  const node = locate(root, path) ?? root;
  const code = codeOf(told, "HSU-CFG-014");
  const said = SAID[code]?.(blockName(path), describe(node)) ?? `${blockName(path)} cannot be ${describe(node)}`;
  return {
    code,
    ...span(node.kind === "list" || node.start === node.end ? labelOf(root, path) : node),
    message: textOf(told, "message") ?? said,
    ...(code === "HSU-CFG-013" ? { absent: true } : {}),
    ...present({ expected: textOf(told, "expected"), nearest: textOf(told, "nearest"), hint: textOf(told, "hint") }),
  };
};

/** Every leaf of an issue, as a finding. A key that is only misspelled is not reported as missing as well. Behind `most` of them a finding is its code. */
export const problemsOf = (issue: SchemaIssue.Issue, root: Located, most = Infinity): ReadonlyArray<Problem> => {
  const found: Array<Problem> = [];
  collect(issue, root, [], most, found);
  return found;
};

/** Of a list or a map, as many entries are looked at for what was meant: who has more wrong ones has made one mistake many times. */
const MAX_SIBLINGS = 500;

const withoutMisspelled = (issues: ReadonlyArray<SchemaIssue.Issue>): ReadonlyArray<SchemaIssue.Issue> => {
  if (issues.length < 2 || issues.length > MAX_SIBLINGS) return issues;
  const meant = issues.flatMap((one) =>
    one._tag === "Pointer" && one.issue._tag === "UnexpectedKey" ? [meantBy(String(one.path.at(-1)), keysOf(one.issue.ast))] : [],
  );
  if (meant.length === 0) return issues;
  return issues.filter((one) => !(one._tag === "Pointer" && one.issue._tag === "MissingKey" && meant.includes(String(one.path.at(-1)))));
};

/** `within`: what the map is to be that something is said of. */
const collect = (
  issue: SchemaIssue.Issue,
  root: Located,
  path: Path,
  most: number,
  found: Array<Problem>,
  within?: SchemaAST.AST,
): void => {
  if (issue._tag === "Pointer") return collect(issue.issue, root, [...path, ...issue.path], most, found, within);
  if (issue._tag === "Composite") {
    for (const one of withoutMisspelled(issue.issues)) collect(one, root, path, most, found, issue.ast);
    return;
  }
  const below = belowOf(issue);
  if (below !== undefined) return collect(below, root, path, most, found, within);
  // It is behind all that are told.
  if (found.length >= most) return void found.push({ code: leafCode(issue, root, path), start: Infinity, end: Infinity, message: "" });
  found.push(leaf(issue, root, path, within));
};

type Leaf = Exclude<SchemaIssue.Issue, { readonly _tag: "Pointer" | "Composite" }>;

/** What an issue that only wraps another one wraps. */
const belowOf = (issue: Leaf): SchemaIssue.Issue | undefined => {
  switch (issue._tag) {
    case "Filter":
      return issue.issue._tag === "InvalidValue" && issue.issue.annotations === undefined ? undefined : issue.issue;
    case "Encoding":
      return issue.issue._tag === "InvalidValue" && codeOf(issue.issue.annotations, "HSU-CFG-007") === "HSU-CFG-007"
        ? undefined
        : issue.issue;
    case "AnyOf":
      // One member takes values of this type: its own complaint is the one that helps.
      return issue.issues.length === 1 ? issue.issues[0] : undefined;
    default:
      return undefined;
  }
};

/** The code alone, for who counts. */
const leafCode = (issue: Leaf, root: Located, path: Path): Code => {
  if (issue._tag === "UnexpectedKey") return codeOf(ruleOf(issue.ast), "HSU-CFG-005");
  if (issue._tag === "MissingKey") return "HSU-CFG-006";
  return leaf(issue, root, path).code;
};

/** What a key that is not there is to hold. */
const lackingOf = (within: SchemaAST.AST | undefined, key: string): string | undefined => {
  if (within?._tag !== "Objects") return undefined;
  const type = within.propertySignatures.find(({ name }) => name === key)?.type;
  if (type === undefined) return undefined;
  const words = wordsOf(type);
  const check = type.checks?.at(-1)?.annotations;
  return textOf(type.annotations, "expected") ?? textOf(check, "expected") ?? (words === undefined ? expectedOf(type) : list(words));
};

const leaf = (issue: Leaf, root: Located, path: Path, within?: SchemaAST.AST): Problem => {
  switch (issue._tag) {
    case "Filter":
      return failedCheck(root, path, issue.filter.annotations);
    case "Encoding":
      return wrongType(root, path, issue.ast, issue.issue._tag === "InvalidValue" ? issue.issue.annotations : undefined);
    case "UnexpectedKey":
      return unexpectedKey(root, path, issue.ast);
    case "MissingKey": {
      const inside = path.slice(0, -1);
      return {
        code: "HSU-CFG-006",
        ...span(labelOf(root, inside)),
        message: `${blockName(inside)} lacks the key ${quoted(String(path.at(-1)))}`,
        absent: true,
        ...present({ expected: lackingOf(within, String(path.at(-1))) }),
      };
    }
    case "AnyOf":
    case "InvalidType":
    case "OneOf":
      return wrongType(root, path, issue.ast);
    case "InvalidValue":
      return failedCheck(root, path, issue.annotations);
    case "Forbidden":
      return failedCheck(root, path, undefined);
  }
};
