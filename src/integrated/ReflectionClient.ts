/**
 * What a unit serves, as it says itself by gRPC server reflection: v1 where it has that, else v1alpha.
 */
import { createFileRegistry, create, type DescService, type FileRegistry, fromBinary } from "@bufbuild/protobuf";
import { type DescriptorProto, type FileDescriptorProto, FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import { ServerReflectionRequest, ServerReflectionResponse } from "../protocol/gen/grpc/reflection/v1/reflection.ts";
import { type Channel, type GrpcStatus, unimplemented } from "./Channel.ts";

/** The unit serves no reflection, or what it reflects is no description of services. */
export class NotReflected extends Data.TaggedError("NotReflected")<{ readonly reason: string }> {}

export interface Reflected {
  readonly services: ReadonlyArray<DescService>;
  /** All types, also those that only an `Any` may hold. */
  readonly registry: FileRegistry;
}

const paths = ["v1", "v1alpha"].map((version) => `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`);

type Ask = (
  requests: ReadonlyArray<Partial<ServerReflectionRequest>>,
) => Effect.Effect<ReadonlyArray<ServerReflectionResponse>, GrpcStatus | NotReflected>;

const asking =
  (channel: Channel, path: string, timeoutMillis: number): Ask =>
  (requests) =>
    Effect.flatMap(
      channel.exchange(
        path,
        requests.map((request) => ServerReflectionRequest.encode(ServerReflectionRequest.fromPartial(request)).finish()),
        timeoutMillis,
      ),
      (replies) =>
        Effect.try({
          try: () => replies.map((reply) => ServerReflectionResponse.decode(reply)),
          catch: (cause) => new NotReflected({ reason: `its reflection cannot be read: ${String(cause)}` }),
        }),
    );

/** More files than any unit has: one that invents a new import with each answer is not followed for ever. */
const maxFiles = 2000;

/** All that the unit serves. */
export const reflect = Effect.fnUntraced(function* (
  channel: Channel,
  timeoutMillis: number,
): Effect.fn.Return<Reflected, GrpcStatus | NotReflected> {
  const [first = "", second = ""] = paths;
  const list = [{ listServices: "*" }];
  const listing = (ask: Ask) => Effect.map(ask(list), (replies) => [ask, replies] as const);
  const isUnimplemented = (error: GrpcStatus | NotReflected): boolean => error._tag === "GrpcStatus" && error.code === unimplemented;
  const [ask, listed] = yield* Effect.catchIf(listing(asking(channel, first, timeoutMillis)), isUnimplemented, () =>
    Effect.catchIf(listing(asking(channel, second, timeoutMillis)), isUnimplemented, () =>
      Effect.fail(new NotReflected({ reason: "it serves no reflection" })),
    ),
  );
  const names = listed.flatMap((reply) => reply.listServicesResponse?.service ?? []).map(({ name }) => name);
  const files = new Map<string, FileDescriptorProto>();
  const asked = new Set<string>();
  let wanted: ReadonlyArray<Partial<ServerReflectionRequest>> = names.map((name) => ({ fileContainingSymbol: name }));
  while (wanted.length > 0) {
    const found = (yield* ask(wanted)).flatMap((reply) => reply.fileDescriptorResponse?.fileDescriptorProto ?? []);
    const decoded = yield* readable(() => found.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes)));
    for (const file of decoded) {
      file.messageType.forEach(nameFields);
      files.set(file.name, file);
    }
    const missing = [...files.values()].flatMap(({ dependency }) => dependency).filter((name) => !files.has(name) && !asked.has(name));
    if (files.size > maxFiles) return yield* new NotReflected({ reason: `it reflects more than ${maxFiles} files` });
    for (const name of missing) asked.add(name);
    wanted = [...new Set(missing)].map((name) => ({ fileByFilename: name }));
  }
  const registry = yield* readable(() => createFileRegistry(create(FileDescriptorSetSchema, { file: inOrder(files) })));
  // One that is listed and not described (some servers list reflection itself so) cannot be called.
  const services = names.flatMap((name) => registry.getService(name) ?? []);
  return { services, registry };
});

const readable = <A>(read: () => A): Effect.Effect<A, NotReflected> =>
  Effect.try({
    try: read,
    catch: (cause) =>
      new NotReflected({ reason: `what it reflects cannot be read: ${cause instanceof Error ? cause.message : String(cause)}` }),
  });

/** Servers in C++ and Python leave out the names that fields have in JSON, where those follow from their own. */
const nameFields = (message: DescriptorProto): void => {
  for (const field of message.field) if (field.jsonName === "") field.jsonName = camelCase(field.name);
  message.nestedType.forEach(nameFields);
};

/** As protoc does it. */
const camelCase = (name: string): string => name.replaceAll(/_+(.?)/g, (_, next: string) => next.toUpperCase());

/** What a file imports comes before it. */
const inOrder = (files: ReadonlyMap<string, FileDescriptorProto>): Array<FileDescriptorProto> => {
  const done = new Set<string>();
  const sorted: Array<FileDescriptorProto> = [];
  const add = (name: string): void => {
    const file = files.get(name);
    if (file === undefined || done.has(name)) return;
    done.add(name);
    file.dependency.forEach(add);
    sorted.push(file);
  };
  for (const name of files.keys()) add(name);
  return sorted;
};
