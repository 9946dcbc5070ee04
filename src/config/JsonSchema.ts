/**
 * The JSON Schema of a config file, for editors: drawn from the same Effect Schema that a file is decoded by. It is looser than that where JSON Schema has
 * no words for it: a file that it refuses is refused by `hsu validate` as well, and not the other way round.
 */
import type * as Schema from "effect/Schema";
import type * as SchemaAST from "effect/SchemaAST";
import { ConfigFile } from "./Schema.ts";
import { NESTED } from "./Dialect.ts";

export type Json = { readonly [key: string]: unknown };

/** What is known of the key at the end of a path of keys; list items have none. */
export type Describe = (path: ReadonlyArray<string>) => string | undefined;

/** What a unit needs, and may have from a template; what a file needs, and may include. */
const INHERITED = new Set(["management", "control", "executable", "managed_processes"]);

/** Values by which a schema that is chosen by looking at the value shows all that it may choose. */
const SAMPLES: ReadonlyArray<unknown> = [
  "",
  0,
  true,
  [],
  {},
  { unix: "" },
  { env: "" },
  { age: "" },
  { age_file: "" },
  { children: [] },
  { type: "unmanaged" },
  { type: "module" },
  ...NESTED.map((kind) => ({ [kind]: {} })),
];

type Choose = (value: unknown) => Schema.Constraint;
type Annotations = Readonly<Record<string, unknown>> | undefined;

const alternativesOf = (choose: Choose): ReadonlyArray<SchemaAST.AST> => {
  const found: Array<SchemaAST.AST> = [];
  for (const sample of SAMPLES) {
    const { ast } = choose(sample);
    // One that is made anew each time is told from others by what it is.
    if (!found.some((one) => one === ast || (one._tag === ast._tag && one._tag !== "Objects" && one._tag !== "Declaration")))
      found.push(ast);
  }
  return found;
};

const isJson = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);

const said = (annotations: Annotations): Json => {
  const json = annotations?.["json"];
  const expected = annotations?.["expected"];
  return { ...(isJson(json) ? json : {}), ...(typeof expected === "string" ? { description: expected } : {}) };
};

/** What the checks of a value say. */
const checked = (ast: SchemaAST.AST): Json => {
  let merged: Json = {};
  for (const check of ast.checks ?? []) {
    const annotations = check.annotations;
    const make = annotations?.["toJsonSchema"];
    const given: unknown = typeof make === "function" ? (make as (input: unknown) => unknown)({}) : {};
    // A pair where it is looser than the check.
    const made: unknown = Array.isArray(given) ? given[0] : given;
    merged = { ...merged, ...(isJson(made) ? made : {}), ...said(annotations) };
  }
  return merged;
};

/** The schema, with what is known of its keys. */
export const jsonSchema = (describe: Describe = () => undefined): Json => {
  const defs: Record<string, Json> = {};
  const names = new Map<SchemaAST.AST, string>();

  const named = (ast: SchemaAST.AST, path: ReadonlyArray<string>, make: () => Json): Json => {
    const known = names.get(ast);
    if (known !== undefined) return { $ref: `#/$defs/${known}` };
    const base = path.at(-1) ?? "file";
    let name = base;
    for (let next = 2; Object.hasOwn(defs, name); next++) name = `${base}_${next}`;
    names.set(ast, name);
    defs[name] = {};
    defs[name] = make();
    return { $ref: `#/$defs/${name}` };
  };

  const objects = (ast: SchemaAST.Objects, path: ReadonlyArray<string>): Json => {
    const properties = ast.propertySignatures.map(({ name, type }) => {
      const key = String(name);
      const inside = [...path, key];
      const description = describe(inside);
      return [key, { ...walk(type, inside), ...(description === undefined ? {} : { description }) }] as const;
    });
    const required = ast.propertySignatures
      .filter(({ name, type }) => type.context?.isOptional !== true && !INHERITED.has(String(name)))
      .map(({ name }) => String(name));
    const [index] = ast.indexSignatures;
    const isFile = path.length === 0;
    return {
      type: "object",
      ...(isFile ? { anyOf: [{ required: ["managed_processes"] }, { required: ["include"] }] } : {}),
      ...(properties.length === 0 ? {} : { properties: Object.fromEntries(properties) }),
      ...(required.length === 0 ? {} : { required }),
      additionalProperties: index === undefined ? false : walk(index.type, [...path, "*"]),
    };
  };

  const shape = (ast: SchemaAST.AST, path: ReadonlyArray<string>): Json => {
    switch (ast._tag) {
      case "String":
        return { type: "string" };
      case "Number":
        return { type: "number" };
      case "Boolean":
        return { type: "boolean" };
      case "Literal":
        return { const: ast.literal };
      case "Arrays":
        return { type: "array", items: ast.rest[0] === undefined ? false : walk(ast.rest[0], path) };
      case "Objects":
        return named(ast, path, () => objects(ast, path));
      case "Union":
        return ast.types.every((type) => type._tag === "Literal")
          ? { enum: ast.types.map((type) => type.literal) }
          : { anyOf: ast.types.map((type) => walk(type, path)) };
      case "Declaration": {
        const choose = ast.annotations?.["choose"];
        if (typeof choose !== "function") return {};
        return named(ast, path, () => {
          const anyOf = alternativesOf(choose as Choose).map((alternative) => walk(alternative, path));
          return anyOf.length === 1 ? anyOf[0]! : { anyOf };
        });
      }
      default:
        return {};
    }
  };

  const walk = (ast: SchemaAST.AST, path: ReadonlyArray<string>): Json => {
    const own = said(ast.annotations);
    const { description, ...rest } = { ...checked(ast), ...own };
    const words = description === undefined ? {} : { description };
    // What is read into another value is written as its annotation says.
    if (isJson(ast.annotations?.["json"]) || ast.encoding !== undefined) return { ...rest, ...words };
    return { ...shape(ast, path), ...rest, ...words };
  };

  const { $ref } = walk(ConfigFile.ast, []) as { readonly $ref: string };
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "HSU",
    description: "A config of hsu: a tree of units and groups",
    $ref,
    $defs: defs,
  };
};
