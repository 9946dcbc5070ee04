/**
 * JSON as a request of a method; or where it does not fit, what is wrong there, and what was expected. Pure.
 */
import {
  type DescField,
  type DescMessage,
  fromJson,
  fromJsonString,
  type JsonObject,
  type JsonValue,
  type Registry,
  ScalarType,
  toBinary,
} from "@bufbuild/protobuf";

/** `path` as in `$.items[2].name`. */
export interface Misfit {
  readonly path: string;
  readonly problem: string;
  readonly expected: string;
}

/** The request's bytes. */
export const encodeRequest = (
  schema: DescMessage,
  text: string,
  registry: Registry,
): { readonly bytes: Uint8Array } | { readonly misfit: Misfit } => {
  const json = parse(text);
  if ("misfit" in json) return json;
  try {
    return { bytes: toBinary(schema, fromJsonString(schema, text, { registry })) };
  } catch (cause) {
    return { misfit: locate(schema, json.value, registry, "$") ?? { path: "$", problem: wordsOf(cause), expected: describe(schema) } };
  }
};

const parse = (text: string): { readonly value: JsonValue } | { readonly misfit: Misfit } => {
  try {
    return { value: JSON.parse(text) as JsonValue };
  } catch (cause) {
    return { misfit: { path: "$", problem: `it is not JSON: ${wordsOf(cause)}`, expected: 'JSON, as in \'{"name": "value"}\'' } };
  }
};

/** The first place that does not fit; undefined when each of them does by itself. */
const locate = (schema: DescMessage, json: JsonValue, registry: Registry, path: string): Misfit | undefined => {
  if (hasOwnForm(schema) || !isObject(json)) return { path, problem: `it is ${shown(json)}`, expected: describe(schema) };
  for (const [key, value] of Object.entries(json)) {
    const field = schema.fields.find(({ jsonName, name }) => jsonName === key || name === key);
    const here = /^[A-Za-z_]\w*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
    if (field === undefined) return { path: here, problem: `${schema.typeName} has no such field`, expected: describe(schema) };
    if (!fits(schema, key, value, registry)) return inField(schema, field, key, value, registry, here);
  }
  return undefined;
};

const inField = (schema: DescMessage, field: DescField, key: string, value: JsonValue, registry: Registry, path: string): Misfit => {
  const whole: Misfit = { path, problem: `it is ${shown(value)}`, expected: describeField(field) };
  if (field.fieldKind === "message") return locate(field.message, value, registry, path) ?? whole;
  if (field.fieldKind === "list" && Array.isArray(value)) {
    const index = value.findIndex((item) => !fits(schema, key, [item], registry));
    const item = value[index];
    if (item === undefined) return whole;
    const at = `${path}[${index}]`;
    const inside = field.listKind === "message" ? locate(field.message, item, registry, at) : undefined;
    return inside ?? { path: at, problem: `it is ${shown(item)}`, expected: describeElement(field) };
  }
  if (field.fieldKind === "map" && isObject(value)) {
    const entry = Object.entries(value).find(([name, item]) => !fits(schema, key, { [name]: item }, registry));
    if (entry === undefined) return whole;
    const at = `${path}[${JSON.stringify(entry[0])}]`;
    const inside = field.mapKind === "message" ? locate(field.message, entry[1], registry, at) : undefined;
    return inside ?? { path: at, problem: `it is ${shown(entry[1])}`, expected: describeElement(field) };
  }
  return whole;
};

const fits = (schema: DescMessage, key: string, value: JsonValue, registry: Registry): boolean => {
  try {
    fromJson(schema, { [key]: value }, { registry });
    return true;
  } catch {
    return false;
  }
};

const isObject = (json: JsonValue): json is JsonObject => typeof json === "object" && json !== null && !Array.isArray(json);

/** Those that JSON writes otherwise than as an object of their fields. */
const ownForms: Readonly<Record<string, string>> = {
  "google.protobuf.Timestamp": 'a time as in "2026-01-31T12:00:00Z"',
  "google.protobuf.Duration": 'a duration as in "1.5s"',
  "google.protobuf.FieldMask": 'names as in "user.name,email"',
  "google.protobuf.Struct": "an object",
  "google.protobuf.ListValue": "a list",
  "google.protobuf.Value": "any JSON",
  "google.protobuf.Any": 'an object with "@type"',
  "google.protobuf.StringValue": "a text",
  "google.protobuf.BytesValue": "base64",
  "google.protobuf.BoolValue": "true or false",
};
const isNumberValue = (name: string): boolean => /^google\.protobuf\.(U?Int(32|64)|Float|Double)Value$/.test(name);
const hasOwnForm = ({ typeName }: DescMessage): boolean => Object.hasOwn(ownForms, typeName) || isNumberValue(typeName);

const describe = (schema: DescMessage): string => {
  if (Object.hasOwn(ownForms, schema.typeName)) return ownForms[schema.typeName]!;
  if (isNumberValue(schema.typeName)) return "a number";
  const names = schema.fields.map(({ jsonName }) => jsonName);
  return names.length === 0 ? `{}: ${schema.typeName} has no fields` : `${schema.typeName}, an object with ${names.join(", ")}`;
};

const describeScalar = (type: ScalarType): string => {
  switch (type) {
    case ScalarType.STRING:
      return "a text";
    case ScalarType.BYTES:
      return "base64";
    case ScalarType.BOOL:
      return "true or false";
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return "a number";
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return "a whole number from 0 to 4294967295";
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return "a whole number from 0 on, of 64 bits";
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return "a whole number of 32 bits";
    default:
      return "a whole number of 64 bits";
  }
};

/** An element of a list or of a map, or a field that is neither. */
const describeElement = (field: DescField): string => {
  if (field.message !== undefined) return describe(field.message);
  if (field.enum !== undefined) return `one of ${field.enum.values.map(({ name }) => name).join(", ")}`;
  return field.scalar === undefined ? "something else" : describeScalar(field.scalar);
};
const describeField = (field: DescField): string => {
  if (field.fieldKind === "list") return `a list; of each element: ${describeElement(field)}`;
  if (field.fieldKind === "map") return `an object; of each value: ${describeElement(field)}`;
  return describeElement(field);
};

const shown = (json: JsonValue): string => {
  const text = JSON.stringify(json);
  if (Array.isArray(json)) return "a list";
  if (isObject(json)) return "an object";
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
};

const wordsOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
