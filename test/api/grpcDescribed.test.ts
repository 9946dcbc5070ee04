/**
 * The gRPC surface as programs see it that have no code of ours: by its own reflection, as grpcurl does, and by descriptors that a compiler of proto/
 * has written, as Go's generated code carries them.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials, Client, Metadata as RawMetadata } from "@grpc/grpc-js";
import { create, createFileRegistry, type DescMethod, fromBinary, toBinary, toJson } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Scope from "effect/Scope";
import { createChannel, createClient, Metadata } from "nice-grpc";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serveGrpc } from "../../src/api/index.ts";
import { V1Alpha } from "../../src/integrated/ReflectionServer.ts";
import { Control } from "../../src/master/Control.ts";
import { type ServerReflectionRequest, ServerReflectionDefinition as V1 } from "../../src/protocol/gen/grpc/reflection/v1/reflection.ts";
import { Tokens } from "../../src/security/index.ts";
import { make } from "./fakeControl.ts";

const folder = mkdtempSync(join(tmpdir(), "hsu-described-"));
const scope = Scope.makeUnsafe();
let port = 0;
let token = "";
/** What `protoc --include_imports` writes, and Go's code carries file by file. */
let compiled: ReadonlyArray<FileDescriptorProto> = [];

beforeAll(async () => {
  const tokens = new Tokens.TokenFile(join(folder, "tokens.json"));
  token = await Effect.runPromise(tokens.create({ name: "me", role: "viewer", createdAt: 0 }));
  const { control } = await Effect.runPromise(make);
  port = await Effect.runPromise(serveGrpc(0, { tokens: tokens.path }).pipe(Effect.provideService(Control, control), Scope.provide(scope)));
  execFileSync("buf", ["build", "proto", "--as-file-descriptor-set", "--exclude-source-info", "-o", join(folder, "hsu.binpb")], {
    env: { ...process.env, PATH: `${process.cwd()}/node_modules/.bin:${process.env["PATH"]}` },
  });
  compiled = fromBinary(FileDescriptorSetSchema, readFileSync(join(folder, "hsu.binpb"))).file;
});
afterAll(async () => {
  await Effect.runPromise(Scope.close(scope, Exit.void));
  rmSync(folder, { recursive: true });
});

/** The answers to these, one after the other. */
const asked = async (definition: typeof V1 | typeof V1Alpha, requests: ReadonlyArray<Partial<ServerReflectionRequest>>, bearer = token) => {
  const channel = createChannel(`127.0.0.1:${port}`);
  try {
    const client = createClient(definition as typeof V1, channel);
    const metadata = Metadata().set("authorization", `Bearer ${bearer}`);
    const all = [];
    const each = async function* () {
      yield* requests;
    };
    for await (const answer of client.serverReflectionInfo(each(), { metadata })) all.push(answer);
    return all;
  } finally {
    channel.close();
  }
};

const filesOf = (answer: { readonly fileDescriptorResponse?: { readonly fileDescriptorProto: ReadonlyArray<Uint8Array> } | undefined }) =>
  (answer.fileDescriptorResponse?.fileDescriptorProto ?? []).map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));

/** All of proto/ but what units serve. */
const served = (): ReadonlyArray<string> =>
  compiled
    .flatMap((file) => file.service.map(({ name }) => `${file.package}.${name}`))
    .filter((name) => !name.startsWith("hsu.unit."))
    .toSorted();

test.each([V1, V1Alpha])("reflection lists and describes all services, under $fullName", async (definition) => {
  const services = served();
  expect(services).toContain("hsu.v1.UnitService");
  const [listed] = await asked(definition, [{ listServices: "*" }]);
  expect(listed!.listServicesResponse!.service.map(({ name }) => name)).toEqual(services);
  // grpcurl's way: the file of a service, and what that file imports by its name.
  const described = await asked(
    definition,
    services.map((fileContainingSymbol) => ({ fileContainingSymbol })),
  );
  const known = new Map(described.flatMap(filesOf).map((file) => [file.name, file]));
  for (const { dependency } of known.values()) for (const name of dependency) expect([...known.keys()]).toContain(name);
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: [...known.values()] }));
  expect(services.filter((name) => registry.getService(name) === undefined)).toEqual([]);
  // It is what the compiler says, to the last field.
  for (const [name, file] of known) {
    const ours = compiled.find((each) => each.name === name);
    expect(toJson(FileDescriptorProtoSchema, file)).toEqual(toJson(FileDescriptorProtoSchema, ours!));
  }
});

test("it finds a method, a message, a nested enum and a file, says what it does not know, and goes on", async () => {
  const [method, message, nested, file, nothing, extension] = await asked(V1, [
    { fileContainingSymbol: "hsu.v1.UnitService.Start" },
    { fileContainingSymbol: "hsu.v1.UnitStatus" },
    { fileContainingSymbol: "hsu.v1.MasterStatus.Phase" },
    { fileByFilename: "hsu/v1/tree.proto" },
    { fileContainingSymbol: "hsu.v1.Nothing" },
    { allExtensionNumbersOfType: "hsu.v1.UnitStatus" },
  ]);
  expect([method, message, nested, file].map((answer) => filesOf(answer!).at(-1)?.name)).toEqual([
    "hsu/v1/unit.proto",
    "hsu/v1/unit.proto",
    "hsu/v1/master.proto",
    "hsu/v1/tree.proto",
  ]);
  expect(nothing!.errorResponse).toMatchObject({ errorCode: 5 });
  expect(extension!.errorResponse).toMatchObject({ errorCode: 12 });
});

test("nobody is told without a token", async () => {
  await expect(asked(V1, [{ listServices: "*" }], "hsu_wrong")).rejects.toThrow(/UNAUTHENTICATED/);
});

test("each file says in which package of Go its code is", () => {
  const packages = compiled.filter(({ name }) => name.startsWith("hsu/v1/")).map(({ options }) => options?.goPackage);
  expect(packages.length).toBeGreaterThan(5);
  expect(new Set(packages)).toEqual(new Set(["hsu/v1;hsuv1"]));
});

test("calls that were made of descriptors alone are answered in messages that they describe", async () => {
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: [...compiled] }));
  const methodOf = (service: string, name: string): DescMethod =>
    registry.getService(service)!.methods.find((method) => method.name === name)!;
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const metadata = new RawMetadata();
  metadata.set("authorization", `Bearer ${token}`);
  const call = (service: string, name: string, request: Record<string, unknown>): Promise<ReadonlyArray<unknown>> => {
    const { input, output } = methodOf(service, name);
    const answers: Array<unknown> = [];
    return new Promise((resolve, reject) => {
      // Of a stream and of one answer alike, as on the wire.
      client
        .makeServerStreamRequest(
          `/${service}/${name}`,
          (value: Record<string, unknown>) => Buffer.from(toBinary(input, create(input, value))),
          (bytes: Buffer) => toJson(output, fromBinary(output, bytes), { registry }),
          request,
          metadata,
        )
        .on("data", (answer) => answers.push(answer))
        .on("error", reject)
        .on("end", () => resolve(answers));
    });
  };
  try {
    expect(await call("hsu.v1.UnitService", "List", { limit: 1 })).toMatchObject([
      { units: [{ id: "web", state: "UNIT_STATE_RUNNING", groups: ["units", "front"], startedAt: "1799999935000" }], next: "web" },
    ]);
    expect(await call("hsu.v1.LogService", "Logs", { unit: "web" })).toMatchObject([
      { text: "listening", stream: "STREAM_STDOUT" },
      { text: "warning: 1", stream: "STREAM_STDERR" },
    ]);
    expect(await call("hsu.v1.EventService", "Events", {})).toHaveLength(2);
    await expect(call("hsu.v1.UnitService", "Stop", { unit: "web" })).rejects.toThrow(/needs the role operator/);
  } finally {
    client.close();
  }
});
