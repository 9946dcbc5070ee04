/**
 * Schemas of single values: texts, ids, numbers, durations, choices. Each says what it expects, in the words of the error message.
 */
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import * as SchemaGetter from "effect/SchemaGetter";
import * as SchemaIssue from "effect/SchemaIssue";
import * as SchemaParser from "effect/SchemaParser";
import type { Code } from "./Diagnostic.ts";
import { EXPECTED, parseDuration, PATTERN } from "./Duration.ts";

/** What a failed check of ours tells the diagnostics: the code, and what else would help. */
export type Told = { readonly code: Code; readonly expected?: string; readonly hint?: string };

export const told = (code: Code, expected: string): Told & { readonly expected: string } => ({ code, expected });

/** Every key may be left out. */
export const block = <const Fields extends Record<string, Schema.Top>>(fields: Fields) =>
  Schema.Struct(
    Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, Schema.optionalKey(value)])) as {
      readonly [K in keyof Fields]: Schema.optionalKey<Fields[K]>;
    },
  );

/** The schema is chosen by looking at the value, so that the errors are those of one shape and not of all. */
export const dispatch = <A>(choose: (value: unknown) => Schema.ConstraintDecoder<unknown>): Schema.Codec<A, unknown> =>
  Schema.declareConstructor<A, unknown>()(
    [],
    () => (value, _self, options) => SchemaParser.decodeUnknownEffect(choose(value))(value, options) as Effect.Effect<A, SchemaIssue.Issue>,
    { choose },
  );

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const Flag = Schema.Boolean;

/** A text that can be handed to a process. */
export const Text = Schema.String.check(
  Schema.makeFilter((text: string) => !text.includes("\0"), told("HSU-CFG-014", "a text without NUL characters")),
);

export const Name = Text.check(Schema.isMinLength(1, told("HSU-CFG-014", "a text that is not empty")));

const ID = /^[A-Za-z0-9_-]{1,64}$/;
export const Id = Schema.String.check(
  Schema.isPattern(ID, { ...told("HSU-CFG-011", "1 to 64 characters of A-Z, a-z, 0-9, _ and -"), json: { pattern: ID.source } }),
);

/** The values that YAML may hold where a process gets a text. */
export const Scalar = Schema.Union([Text, Schema.Finite, Schema.Boolean]).annotate({ expected: "a string, a number or true or false" });

/** A list of scalars, given to the process as texts, each as it is written in the file. */
export const Arguments = Schema.Array(Scalar);

/** A map of variables, or a list of `NAME=value`. */
export const Environment = dispatch<Readonly<Record<string, string | number | boolean | SecretValue>> | ReadonlyArray<string>>((value) =>
  Array.isArray(value) ? EnvironmentList : EnvironmentMap,
);
/** A key that is no name is no key of the record: it comes out as an unexpected one, with the `expected` of the names. */
const VariableName = Schema.String.check(
  Schema.isPattern(/^[^=\0]+$/, told("HSU-CFG-014", 'a variable name that is not empty and has no "=" in it')),
);
/** Where a value is that no config should hold. */
export type SecretValue = { readonly file: string } | { readonly env: string } | { readonly age: string } | { readonly age_file: string };
const FromFile = Schema.Struct({ file: Name });
const FromEnvironment = Schema.Struct({ env: Name });
const AGE = "a value that age has encrypted: the armored text (age -a), or the base64 of the binary file in one line";
const isAge = (text: string): boolean => {
  const armored = /^-----BEGIN AGE ENCRYPTED FILE-----([A-Za-z0-9+/=\s]+)-----END AGE ENCRYPTED FILE-----$/.exec(text.trim());
  const base64 = armored?.[1] ?? (/^[A-Za-z0-9+/=\s]+$/.test(text) ? text : "");
  return Buffer.from(base64.trimStart().slice(0, 28), "base64").toString("latin1") === "age-encryption.org/v1";
};
const Encrypted = Schema.Struct({ age: Text.check(Schema.makeFilter(isAge, told("HSU-CFG-061", AGE))) });
const EncryptedFile = Schema.Struct({ age_file: Name });
const secretOf = (value: Readonly<Record<string, unknown>>) =>
  "env" in value ? FromEnvironment : "age" in value ? Encrypted : "age_file" in value ? EncryptedFile : FromFile;
/** Of one that is read when it is needed, again and again. */
export type ReadValue = { readonly file: string } | { readonly env: string };
export const ReadValue = dispatch<ReadValue>((value) => (isRecord(value) && "env" in value ? FromEnvironment : FromFile));
/** The same, or encrypted. */
export const SecretValue = dispatch<SecretValue>((value) => (isRecord(value) ? secretOf(value) : FromFile));
const EnvironmentMap = Schema.Record(
  VariableName,
  dispatch<string | number | boolean | SecretValue>((value) => (isRecord(value) ? secretOf(value) : Scalar)),
);
const EnvironmentList = Schema.Array(
  Text.check(Schema.makeFilter((pair: string) => pair.indexOf("=") > 0, told("HSU-CFG-014", 'a text of the form "NAME=value"'))),
);

/** In JSON Schema: a text that becomes something else when its variables are known. */
const VARIABLE = "\\$\\{";

export const number = (options: {
  readonly minimum: number;
  readonly maximum?: number;
  readonly whole?: boolean;
  readonly expected: string;
}) => {
  const { minimum, maximum = Number.MAX_SAFE_INTEGER, whole = true, expected } = options;
  const bounds = { ...(minimum === Number.MIN_SAFE_INTEGER ? {} : { minimum }), ...(options.maximum === undefined ? {} : { maximum }) };
  const inRange = (value: number): boolean => value >= minimum && value <= maximum && (!whole || Number.isInteger(value));
  return Schema.Number.annotate({ expected }).check(
    Schema.makeFilter(inRange, {
      ...told("HSU-CFG-010", expected),
      json: { type: [whole ? "integer" : "number", "string"], pattern: VARIABLE, ...bounds },
    }),
  );
};

export const Port = number({ minimum: 1, maximum: 65_535, expected: "a port: a whole number from 1 to 65535" });
export const Count = number({ minimum: 0, expected: "a whole number, 0 or more" });
/** As many instances as one unit may have. */
export const MAX_INSTANCES = 10_000;
export const Instances = number({ minimum: 0, maximum: MAX_INSTANCES, expected: `a whole number from 0 to ${MAX_INSTANCES}` });
export const Positive = number({ minimum: 1, expected: "a whole number, 1 or more" });
export const Quantity = number({ minimum: 0, whole: false, expected: "a number, 0 or more" });
export const Percent = number({ minimum: 0, maximum: 100, whole: false, expected: "a percentage from 0 to 100" });
export const Fraction = number({ minimum: 0, maximum: 1, whole: false, expected: "a number from 0 to 1" });
/** A factor below 1 would make every delay shorter than the one before: a loop without a brake. */
export const Multiplier = number({ minimum: 1, maximum: 1_000, whole: false, expected: "a number from 1 to 1000" });
export const Factor = number({ minimum: 0, maximum: 1_000, whole: false, expected: "a number from 0 to 1000" });

const duration = (maximum: number, limit: string) =>
  Schema.Unknown.pipe(
    Schema.decodeTo(Schema.Number, {
      decode: SchemaGetter.transformEffect((value: unknown, options) => {
        const fail = (message: string, rest: Partial<Told> = {}) =>
          Effect.fail(new SchemaIssue.InvalidValue({ message, ...told("HSU-CFG-008", EXPECTED), ...rest }, value, options));
        if (typeof value !== "string" && typeof value !== "number") return fail("", { code: "HSU-CFG-007" });
        const parsed = parseDuration(String(value));
        if (typeof parsed !== "number") return fail(parsed.problem, parsed.hint === undefined ? {} : { hint: parsed.hint });
        return parsed > maximum
          ? fail(`${JSON.stringify(value)} is too long`, { expected: `a duration of at most ${limit}` })
          : Effect.succeed(parsed);
      }),
      encode: SchemaGetter.transform((millis: number): unknown => `${millis}ms`),
    }),
  ).annotate({ expected: EXPECTED, json: { type: ["string", "integer"], pattern: `${PATTERN}|${VARIABLE}` } });

/** Milliseconds. */
export const Duration = duration(Number.MAX_SAFE_INTEGER, "");
/** Milliseconds that a timer is set to: timers of Node hold 24 days. */
export const Timeout = duration(24 * 86_400_000, "24d");

/** One of a list of words. */
export const OneOf = <const Words extends ReadonlyArray<string>>(...words: Words): Schema.Literals<Words> => Schema.Literals(words);

/** A map whose keys are not ours. */
export const AnyMap = Schema.Record(Schema.String, Schema.Unknown);
