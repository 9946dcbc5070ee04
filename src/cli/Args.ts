/**
 * From words to a verb, its operands and its flags; or to the one thing that is wrong with them.
 */
import { parseArgs } from "node:util";
import { parseDuration } from "../config/Duration.ts";
import { nearest } from "../config/Nearest.ts";
import { UsageError } from "./Errors.ts";
import { globalFlags } from "./GlobalFlags.ts";
import { otherFlag, otherVerb } from "./OtherNames.ts";
import { type FlagSpec, verbNamed, verbNames, type VerbSpec } from "./Verbs.ts";

/** Values by flag name; a flag that was not given is not in it. Durations are milliseconds. */
export type FlagValues = Readonly<Record<string, string | number | boolean>>;

/** What was typed. Help and version win over everything else, even over mistakes. */
export type Parsed =
  | { readonly _tag: "Help"; readonly verb: VerbSpec | undefined }
  | { readonly _tag: "Version" }
  | { readonly _tag: "Run"; readonly verb: VerbSpec; readonly operands: ReadonlyArray<string>; readonly flags: FlagValues };

/** Never throws. */
export const parse = (argv: ReadonlyArray<string>): Parsed | UsageError => {
  const at = verbIndex(argv);
  const word = argv[at];
  const before = tokens(argv.slice(0, at), globalFlags);
  const wrong = flagsOf(before, globalFlags, undefined);
  const verb = word === undefined ? undefined : verbNamed(word);
  const known = { ...verb?.flags, ...globalFlags };
  const behind = tokens(argv.slice(at + 1), known);
  const all = [...before, ...behind];
  if (all.some((token) => token.kind === "option" && token.name === "help")) return { _tag: "Help", verb };
  if (all.some((token) => token.kind === "option" && token.name === "version")) return { _tag: "Version" };
  if (wrong instanceof UsageError) return wrong;
  if (word === undefined) return { _tag: "Help", verb: undefined };
  if (verb === undefined) return unknownVerb(word);
  const flags = flagsOf(behind, known, verb);
  if (flags instanceof UsageError) return flags;
  const operands = behind.flatMap((token) => (token.kind === "positional" ? [token.value] : []));
  return checkOperands(verb, operands) ?? { _tag: "Run", verb, operands, flags: { ...wrong, ...flags } };
};

/** No verb of that name; the nearest one, if one is near. */
export const unknownVerb = (word: string): UsageError => {
  const other = otherVerb(word);
  const near = nearest(word, verbNames);
  const hint = other ?? (near === undefined ? "`hsu help` lists the verbs" : `did you mean \`hsu ${near}\`?`);
  return new UsageError({ message: `no verb ${JSON.stringify(word)}`, hint });
};

/** `hsu logs [-f] [-n N] UNIT`. */
export const usageOf = (verb: VerbSpec): string =>
  [
    `hsu ${verb.name}`,
    ...Object.entries(verb.flags).map(([name, flag]) => `[${flag.short === undefined ? `--${name}` : `-${flag.short}`}${valueOf(flag)}]`),
    ...verb.operands.map(({ name, required, many }) => (required ? name : `[${name}]`) + (many === true ? "…" : "")),
  ].join(" ");

/** What stands for a flag's value: ` N`, ` table|json`, or nothing. */
export const valueOf = (flag: FlagSpec): string => {
  if (flag.type === "boolean") return "";
  return ` ${typeof flag.type === "string" ? (flag.value ?? "VALUE") : flag.type.join("|")}`;
};

type Token = NonNullable<ReturnType<typeof parseArgs>["tokens"]>[number];

const tokens = (args: ReadonlyArray<string>, known: Readonly<Record<string, FlagSpec>>): ReadonlyArray<Token> => {
  const options: Record<string, { type: "boolean" | "string"; short?: string }> = {};
  for (const [name, { short, type }] of Object.entries(known)) {
    options[name] = { type: type === "boolean" ? "boolean" : "string", ...(short === undefined ? {} : { short }) };
  }
  return parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true }).tokens;
};

/** Where the verb stands: the first word that is neither a flag nor a global flag's value. */
const verbIndex = (argv: ReadonlyArray<string>): number => {
  const first = tokens(argv, globalFlags).find((token) => token.kind === "positional");
  return first?.index ?? argv.length;
};

const flagsOf = (
  given: ReadonlyArray<Token>,
  known: Readonly<Record<string, FlagSpec>>,
  verb: VerbSpec | undefined,
): FlagValues | UsageError => {
  const values: Record<string, string | number | boolean> = {};
  for (const token of given) {
    if (token.kind !== "option") continue;
    const flag = Object.hasOwn(known, token.name) ? known[token.name] : undefined;
    if (flag === undefined) return unknownFlag(token.rawName, known, verb);
    const value = valueFor(token, flag, verb);
    if (value instanceof UsageError) return value;
    values[token.name] = value;
  }
  return values;
};

const valueFor = (
  token: Extract<Token, { kind: "option" }>,
  flag: FlagSpec,
  verb: VerbSpec | undefined,
): string | number | boolean | UsageError => {
  const { rawName, value } = token;
  const wrong = (message: string, hint = seeHelp(verb)): UsageError => new UsageError({ message, hint });
  if (flag.type === "boolean") return value === undefined ? true : wrong(`${rawName} takes no value`);
  if (value === undefined || (value.startsWith("-") && !token.inlineValue)) return wrong(`${rawName} needs a value:${valueOf(flag)}`);
  if (flag.type === "count") {
    return /^\d{1,15}$/.test(value) ? Number(value) : wrong(`${rawName} needs a whole number, not ${JSON.stringify(value)}`);
  }
  if (flag.type === "duration") {
    const millis = parseDuration(value);
    return typeof millis === "number"
      ? millis
      : wrong(`${rawName}: ${millis.problem}`, millis.hint ?? "durations look like 500ms, 30s or 2m");
  }
  if (flag.type === "text") return value === "" ? wrong(`${rawName} needs a value:${valueOf(flag)}`) : value;
  if (flag.type.includes(value)) return value;
  const near = nearest(value, flag.type);
  return wrong(
    `${rawName} cannot be ${JSON.stringify(value)}`,
    near === undefined ? `it is one of ${flag.type.join(", ")}` : `did you mean ${JSON.stringify(near)}?`,
  );
};

const unknownFlag = (rawName: string, known: Readonly<Record<string, FlagSpec>>, verb: VerbSpec | undefined): UsageError => {
  const other = otherFlag(rawName, verb, known);
  const near = rawName.startsWith("--") ? nearest(rawName.slice(2), Object.keys(known)) : undefined;
  const where = verb === undefined ? "no flag" : `\`hsu ${verb.name}\` has no flag`;
  return new UsageError({
    message: `${where} ${rawName}`,
    hint: other ?? (near === undefined ? seeHelp(verb) : `did you mean --${near}?`),
  });
};

const checkOperands = (verb: VerbSpec, operands: ReadonlyArray<string>): UsageError | undefined => {
  const missing = verb.operands.find((operand, index) => operand.required && index >= operands.length);
  if (missing !== undefined)
    return new UsageError({ message: `\`hsu ${verb.name}\` needs ${missing.name}`, hint: `usage: ${usageOf(verb)}` });
  const extra = operands[verb.operands.length];
  if (extra === undefined || verb.operands.at(-1)?.many === true) return undefined;
  return new UsageError({ message: `\`hsu ${verb.name}\` does not take ${JSON.stringify(extra)}`, hint: `usage: ${usageOf(verb)}` });
};

const seeHelp = (verb: VerbSpec | undefined): string => (verb === undefined ? "see `hsu help`" : `see \`hsu help ${verb.name}\``);
