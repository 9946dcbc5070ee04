/** hsu.v1 says what `MasterRpc` says, under the same names: who adds a field to one of them adds it to the other. */
import { createFileRegistry, type DescEnum, type DescField, type DescMessage, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import type * as Rpc from "effect/rpc/Rpc";
import * as RpcSchema from "effect/rpc/RpcSchema";
import type * as SchemaAST from "effect/SchemaAST";
import { expect, it } from "vitest";
import { doors } from "../../src/protocol/Doors.ts";
import { descriptors } from "../../src/protocol/gen/descriptors.ts";
import { MasterRpc } from "../../src/protocol/MasterRpc.ts";
import type { Operation } from "../../src/protocol/Rights.ts";

const files = createFileRegistry(fromBinary(FileDescriptorSetSchema, Buffer.from(descriptors, "base64")));

/** What is not the same, and why that is so. */
const exceptions: ReadonlySet<string> = new Set([
  // What is anything is JSON in a message.
  "Spec.spec_json",
  "Revision.spec_json",
  "Revision.spec",
  "Audit.payload",
  "Audit.payload_json",
  ...["from", "to"].flatMap((key) => [`changes.keys.${key}`, `changes.keys.${key}_json`]),
  // A config may also be sent as its text.
  ...["Plan", "Apply"].flatMap((name) => [`${name} takes spec`, `${name} takes config`]),
]);

const inside = (ast: SchemaAST.AST): ReadonlyArray<SchemaAST.AST> => {
  switch (ast._tag) {
    case "Union":
      return ast.types.flatMap(inside);
    case "Arrays":
      return ast.rest.flatMap(inside);
    case "Suspend":
      return inside(ast.thunk());
    default:
      return [ast];
  }
};

const differences = (where: string, ast: SchemaAST.AST, desc: DescMessage, seen = new Set<DescMessage>()): ReadonlyArray<string> => {
  if (seen.has(desc)) return [];
  seen.add(desc);
  const objects = inside(ast).filter((each) => each._tag === "Objects");
  const fields = new Map<string, SchemaAST.AST>();
  for (const { propertySignatures } of objects) for (const { name, type } of propertySignatures) fields.set(String(name), type);
  fields.delete("_tag");
  const found: Array<string> = [];
  const at = (name: string) => `${where}${where.endsWith(" takes") ? " " : "."}${name}`;
  for (const name of fields.keys()) if (!desc.fields.some(({ localName }) => localName === name)) found.push(at(name));
  for (const field of desc.fields) {
    const type = fields.get(field.localName);
    if (type === undefined) found.push(at(field.name));
    else found.push(...inField(at(field.name), type, field, seen));
  }
  return found;
};

const inField = (where: string, type: SchemaAST.AST, field: DescField, seen: Set<DescMessage>): ReadonlyArray<string> => {
  const message = field.message;
  if (message !== undefined) return differences(where, type, message, seen);
  return field.enum === undefined ? [] : literalsOf(where, type, field.enum);
};

const literalsOf = (where: string, type: SchemaAST.AST, { values }: DescEnum): ReadonlyArray<string> => {
  const literals = inside(type).flatMap((each) => (each._tag === "Literal" ? [String(each.literal)] : []));
  const names = values.filter(({ number }) => number !== 0).map(({ localName }) => localName.toLowerCase());
  return JSON.stringify(literals.toSorted()) === JSON.stringify(names.toSorted())
    ? []
    : [`${where}: ${literals.join()} are not ${names.join()}`];
};

const methodOf = (operation: Operation) => {
  const { grpc } = doors[operation];
  if (typeof grpc !== "string") return undefined;
  const [service, name] = grpc.split("/");
  return files.getService(`hsu.v1.${service}`)?.methods.find((each) => each.name === name);
};

const relative = (text: string): string => {
  const [, rest] = /^\w+\.(changes\..*)$/.exec(text.replace(/\.plan\./, ".")) ?? [];
  return rest ?? text;
};

/** A union is a oneof, each of whose fields is one of it. */
const inAnswer = (operation: Operation, ast: SchemaAST.AST, output: DescMessage): ReadonlyArray<string> => {
  if (ast._tag !== "Union") return differences(operation, ast, output);
  return ast.types.flatMap((type) => {
    const objects = type as SchemaAST.Objects;
    const tag = objects.propertySignatures.find(({ name }) => name === "_tag")?.type;
    const name = tag?._tag === "Literal" ? String(tag.literal) : "";
    const field = output.oneofs[0]?.fields.find(({ localName }) => localName === name.toLowerCase());
    return field?.message === undefined ? [`${operation}: no ${name}`] : differences(operation, type, field.message);
  });
};

it.each([...MasterRpc.requests.keys()] as ReadonlyArray<Operation>)("%s says the same over gRPC", (operation) => {
  const method = methodOf(operation);
  if (typeof doors[operation].grpc !== "string") return;
  const { payloadSchema, successSchema } = MasterRpc.requests.get(operation) as unknown as Rpc.AnyWithProps;
  const isStream = RpcSchema.isStreamSchema(successSchema);
  expect(method, `proto/hsu/v1 has no ${doors[operation].grpc}`).toBeDefined();
  expect(method!.methodKind).toBe(isStream ? "server_streaming" : "unary");
  const success = (isStream ? (successSchema as unknown as { readonly success: typeof successSchema }).success : successSchema).ast;
  // A list is the one field of its message.
  const output = success._tag === "Arrays" ? method!.output.fields[0]!.message! : method!.output;
  const all = [...differences(`${operation} takes`, payloadSchema.ast, method!.input), ...inAnswer(operation, success, output)];
  expect(all.filter((each) => !exceptions.has(relative(each)))).toEqual([]);
});
