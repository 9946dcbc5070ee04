/**
 * A unit's own services: a protobuf description and a function for each method, as what a gRPC server takes.
 */
import {
  create,
  createFileRegistry,
  type DescMessage,
  type DescMethod,
  type DescService,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import type { CallContext, MethodDefinition, ServiceDefinition } from "nice-grpc";

/** What a method knows of the call that it answers: metadata, deadline and `signal`, which aborts when the client has gone. */
export type MethodCall = CallContext;

type Unary<I extends DescMessage, O extends DescMessage> = (
  request: MessageShape<I>,
  call: MethodCall,
) => Promise<MessageInitShape<O>> | MessageInitShape<O>;
type ServerStreaming<I extends DescMessage, O extends DescMessage> = (
  request: MessageShape<I>,
  call: MethodCall,
) => AsyncIterable<MessageInitShape<O>>;
type ClientStreaming<I extends DescMessage, O extends DescMessage> = (
  requests: AsyncIterable<MessageShape<I>>,
  call: MethodCall,
) => Promise<MessageInitShape<O>> | MessageInitShape<O>;
type BidiStreaming<I extends DescMessage, O extends DescMessage> = (
  requests: AsyncIterable<MessageShape<I>>,
  call: MethodCall,
) => AsyncIterable<MessageInitShape<O>>;

/** A function for each method of a service, under its name in camelCase; those of a generated service are typed, others take what comes. */
export type Methods<S extends DescService> = string extends keyof S["method"]
  ? // oxlint-disable-next-line typescript/no-explicit-any -- Of such a service only the description is there, and only at run time.
    Readonly<Record<string, (request: any, call: MethodCall) => unknown>>
  : { readonly [K in keyof S["method"]]: Method<S["method"][K]> };

type Method<M> = M extends { methodKind: infer Kind; input: infer I extends DescMessage; output: infer O extends DescMessage }
  ? Kind extends "unary"
    ? Unary<I, O>
    : Kind extends "server_streaming"
      ? ServerStreaming<I, O>
      : Kind extends "client_streaming"
        ? ClientStreaming<I, O>
        : BidiStreaming<I, O>
  : never;

/** A service with its implementation. */
export interface ServedService {
  readonly description: DescService;
  readonly definition: ServiceDefinition;
  readonly implementation: Record<string, (...args: ReadonlyArray<never>) => unknown>;
}

/**
 * A service of the unit. A method that `methods` does not have answers UNIMPLEMENTED; one that throws answers UNKNOWN, or what nice-grpc's
 * `ServerError` says.
 *
 * @since 0.1.0
 */
export const service = <S extends DescService>(description: S, methods: Partial<Methods<S>>): ServedService => {
  const definition: ServiceDefinition = {};
  const implementation: ServedService["implementation"] = {};
  for (const method of description.methods) {
    const implemented = (methods as ServedService["implementation"])[method.localName];
    if (implemented === undefined) continue;
    definition[method.localName] = definitionOf(method);
    implementation[method.localName] = implemented;
  }
  for (const name of Object.keys(methods)) {
    if (Object.hasOwn(definition, name)) continue;
    throw new TypeError(`${description.typeName} has no method ${name}: it has ${description.methods.map((m) => m.localName).join(", ")}`);
  }
  return { description, definition, implementation };
};

const definitionOf = (method: DescMethod): MethodDefinition<unknown, unknown, unknown, unknown> => {
  const encode =
    (schema: DescMessage) =>
    (value: unknown): Uint8Array =>
      toBinary(schema, create(schema, (value ?? {}) as MessageInitShape<DescMessage>));
  const decode =
    (schema: DescMessage) =>
    (bytes: Uint8Array): unknown =>
      fromBinary(schema, bytes);
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming",
    responseStream: method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming",
    requestSerialize: encode(method.input),
    requestDeserialize: decode(method.input),
    responseSerialize: encode(method.output),
    responseDeserialize: decode(method.output),
    options: {},
  };
};

/**
 * The services of a compiled `.proto` (`buf build -o FILE`, `protoc --include_imports -o FILE`), by their full names: no code needs to be generated.
 *
 * @since 0.1.0
 */
export const loadServices = (descriptorSet: Uint8Array): ReadonlyMap<string, DescService> => {
  const services = new Map<string, DescService>();
  for (const desc of createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorSet))) {
    if (desc.kind === "service") services.set(desc.typeName, desc);
  }
  return services;
};
