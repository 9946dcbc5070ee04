/**
 * gRPC server reflection: what a server says of the services it has. Under both names, v1 and v1alpha, which differ in nothing else.
 */
import { createFileRegistry, type DescFile, type DescService, type FileRegistry, fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Status } from "nice-grpc";
import { descriptors } from "../protocol/gen/descriptors.ts";
import {
  type ServerReflectionRequest,
  type ServerReflectionResponse,
  ServerReflectionDefinition as V1,
} from "../protocol/gen/grpc/reflection/v1/reflection.ts";

export const V1Alpha = { ...V1, fullName: "grpc.reflection.v1alpha.ServerReflection" } as const;
export { V1 };

type Answer = Partial<ServerReflectionResponse>;

/** Files of proto/, and with them the services that every unit has. */
const ownFiles = (): FileRegistry => createFileRegistry(fromBinary(FileDescriptorSetSchema, Buffer.from(descriptors, "base64")));

/** Answers for `services` and for those of proto/ that are named in `own`. */
export const answers = (
  services: ReadonlyArray<DescService>,
  own: ReadonlyArray<string>,
): ((request: ServerReflectionRequest) => Partial<ServerReflectionResponse>) => {
  const ours = ownFiles();
  const files = new Map<string, DescFile>();
  const add = (file: DescFile): void => {
    // Descriptions have no ending in their names, the wire has.
    const name = file.proto.name;
    if (files.has(name)) return;
    files.set(name, file);
    file.dependencies.forEach(add);
  };
  for (const name of own) {
    const found = ours.getService(name);
    if (found !== undefined) add(found.file);
  }
  for (const { file } of services) add(file);
  const bySymbol = new Map<string, DescFile>();
  for (const file of files.values()) for (const symbol of symbolsOf(file)) bySymbol.set(symbol, file);
  const names = [...new Set([...own, ...services.map(({ typeName }) => typeName)])].sort();

  const fileAnswer = (file: DescFile | undefined, what: string): Answer =>
    file === undefined
      ? { errorResponse: { errorCode: Status.NOT_FOUND, errorMessage: `no ${what}` } }
      : {
          fileDescriptorResponse: { fileDescriptorProto: withImports(file).map((each) => toBinary(FileDescriptorProtoSchema, each.proto)) },
        };
  const answer = (request: ServerReflectionRequest): Answer => {
    if (request.listServices !== undefined) return { listServicesResponse: { service: names.map((name) => ({ name })) } };
    if (request.fileByFilename !== undefined) return fileAnswer(files.get(request.fileByFilename), `file ${request.fileByFilename}`);
    if (request.fileContainingSymbol !== undefined) {
      return fileAnswer(bySymbol.get(request.fileContainingSymbol), `symbol ${request.fileContainingSymbol}`);
    }
    return { errorResponse: { errorCode: Status.UNIMPLEMENTED, errorMessage: "extensions are not reflected" } };
  };
  return (request) => ({ validHost: request.host, originalRequest: request, ...answer(request) });
};

/** The same, as a service. */
export const make = (services: ReadonlyArray<DescService>, own: ReadonlyArray<string>) => {
  const answer = answers(services, own);
  return {
    async *serverReflectionInfo(requests: AsyncIterable<ServerReflectionRequest>): AsyncIterable<Answer> {
      for await (const request of requests) yield answer(request);
    },
  };
};

/** What it imports comes first. */
const withImports = (file: DescFile, seen: Set<DescFile> = new Set()): ReadonlyArray<DescFile> => {
  if (seen.has(file)) return [];
  seen.add(file);
  return [...file.dependencies.flatMap((each) => withImports(each, seen)), file];
};

/** The full name of each thing that a file defines, fields left out. */
const symbolsOf = (file: DescFile): ReadonlyArray<string> => [
  ...file.services.flatMap((each) => [each.typeName, ...each.methods.map(({ name }) => `${each.typeName}.${name}`)]),
  ...file.messages.flatMap(messageNames),
  ...file.enums.map(({ typeName }) => typeName),
  ...file.extensions.map(({ typeName }) => typeName),
];
const messageNames = (message: DescFile["messages"][number]): ReadonlyArray<string> => [
  message.typeName,
  ...message.nestedMessages.flatMap(messageNames),
  ...message.nestedEnums.map(({ typeName }) => typeName),
];
