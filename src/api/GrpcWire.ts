/**
 * Messages of hsu.v1 and the data of `MasterRpc`: fields have the same names, literals are the names of enums, and what is null is absent.
 */
import {
  create,
  createFileRegistry,
  type DescEnum,
  type DescField,
  type DescMessage,
  type DescMethod,
  fromBinary,
  type MessageInitShape,
  ScalarType,
  toBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { descriptors } from "../protocol/gen/descriptors.ts";

type Fields = Readonly<Record<string, unknown>>;

const files = createFileRegistry(fromBinary(FileDescriptorSetSchema, Buffer.from(descriptors, "base64")));

/** `UnitService/Start` */
export const methodNamed = (name: string): DescMethod => {
  const [service, method] = name.split("/");
  const found = files.getService(`hsu.v1.${service}`)?.methods.find((each) => each.name === method);
  if (found === undefined) throw new Error(`proto/hsu/v1 has no ${name}`);
  return found;
};

const isWide = (scalar: ScalarType): boolean => [ScalarType.INT64, ScalarType.UINT64, ScalarType.SINT64].includes(scalar);
const isWhole = (scalar: ScalarType): boolean => [ScalarType.INT32, ScalarType.UINT32, ScalarType.SINT32].includes(scalar);

/** UNIT_STATE_HALF_OPEN is half_open. */
const literalOf = ({ value }: DescEnum, number: number): string | undefined =>
  number === 0 ? undefined : value[number]?.localName.toLowerCase();

const numberOf = ({ values }: DescEnum, literal: unknown): number =>
  values.find(({ localName }) => localName.toLowerCase() === literal)?.number ?? 0;

const read = (field: DescField, value: unknown): unknown => {
  switch (field.fieldKind) {
    case "scalar":
      return typeof value === "bigint" ? Number(value) : value;
    case "enum":
      return literalOf(field.enum, value as number);
    case "message":
      return plain(field.message, value as Fields);
    case "list":
      return (value as ReadonlyArray<unknown>).map((item) => (field.listKind === "message" ? plain(field.message, item as Fields) : item));
    default:
      return value;
  }
};

/** What a message says; fields that are absent are. */
const plain = (desc: DescMessage, message: Fields): Fields => {
  const found: Record<string, unknown> = {};
  for (const field of desc.fields) {
    const { localName: name, oneof } = field;
    const choice = oneof === undefined ? undefined : (message[oneof.localName] as { readonly case?: string; readonly value?: unknown });
    const value = oneof === undefined ? message[name] : choice?.case === name ? choice.value : undefined;
    const said = value === undefined ? undefined : read(field, value);
    if (said !== undefined) found[name] = said;
  }
  return found;
};

export const decode = (desc: DescMessage, bytes: Uint8Array): Fields => plain(desc, fromBinary(desc, bytes));

const write = (field: DescField, value: unknown): unknown => {
  switch (field.fieldKind) {
    case "scalar":
      if (typeof value !== "number") return value;
      return isWide(field.scalar) ? BigInt(Math.trunc(value)) : isWhole(field.scalar) ? Math.trunc(value) : value;
    case "enum":
      return numberOf(field.enum, value);
    case "message":
      return shape(field.message, value as Fields);
    case "list":
      return (value as ReadonlyArray<unknown>).map((item) => (field.listKind === "message" ? shape(field.message, item as Fields) : item));
    default:
      return value;
  }
};

const saidOf = ({ localName: name, oneof }: DescField, value: Fields): unknown => {
  const tag = value["_tag"];
  if (oneof !== undefined && typeof tag === "string") return tag.toLowerCase() === name.toLowerCase() ? value : undefined;
  const [, any] = /^(.+)Json$/.exec(name) ?? [];
  if (any === undefined || value[name] !== undefined) return value[name];
  return value[any] === undefined ? undefined : JSON.stringify(value[any]);
};

/** Of a union, by its `_tag`, the one field of a oneof; of what is anything, its JSON in a field that ends so. */
const shape = (desc: DescMessage, value: Fields): Fields => {
  const init: Record<string, unknown> = {};
  for (const field of desc.fields) {
    const { localName: name, oneof } = field;
    const said = saidOf(field, value);
    if (said === undefined || said === null) continue;
    if (oneof === undefined) init[name] = write(field, said);
    else init[oneof.localName] = { case: name, value: write(field, said) };
  }
  return init;
};

export const encode = (desc: DescMessage, value: Fields): Uint8Array =>
  toBinary(desc, create(desc, shape(desc, value) as MessageInitShape<DescMessage>));
