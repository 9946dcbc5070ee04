/** Reflection beside servers that are not ours. */
import * as Effect from "effect/Effect";
import { createServer } from "nice-grpc";
import { ServerReflection, ServerReflectionService } from "nice-grpc-server-reflection";
import { expect, it } from "vitest";
import { connect } from "../../src/integrated/Channel.ts";
import * as OwnServer from "../../src/integrated/ReflectionServer.ts";
import { reflect } from "../../src/integrated/ReflectionClient.ts";
import { loadServices } from "../../src/integrated/index.ts";
import { shopDescriptors } from "./support.ts";

const reflectedBy = async (add: (server: ReturnType<typeof createServer>) => void) => {
  const server = createServer();
  add(server);
  const port = await server.listen("127.0.0.1:0");
  try {
    return await Effect.runPromise(Effect.scoped(Effect.flatMap(connect(port), (channel) => reflect(channel, 5000))));
  } finally {
    server.forceShutdown();
  }
};

it("another implementation of the protocol is understood, with what a file imports", async () => {
  const { registry, services } = await reflectedBy((server) =>
    server.add(ServerReflectionService, ServerReflection(shopDescriptors(), ["shop.v1.Shop"])),
  );
  expect(services.map(({ typeName }) => typeName)).toEqual(["shop.v1.Shop"]);
  expect(registry.getMessage("google.protobuf.Timestamp")).toBeDefined();
});

it("a server that has v1alpha only is understood", async () => {
  const shop = loadServices(shopDescriptors()).get("shop.v1.Shop")!;
  const { services } = await reflectedBy((server) => server.add(OwnServer.V1Alpha, OwnServer.make([shop], [])));
  expect(services.flatMap(({ methods }) => methods.map(({ name }) => name))).toContain("Order");
});

it("what is listed and not described is left out", async () => {
  const { services } = await reflectedBy((server) =>
    server.add(ServerReflectionService, ServerReflection(shopDescriptors(), ["shop.v1.Shop", "grpc.reflection.v1.ServerReflection"])),
  );
  expect(services.map(({ typeName }) => typeName)).toEqual(["shop.v1.Shop"]);
});

it("descriptions that are no descriptions are an error, not a crash", async () => {
  const broken = {
    async *serverReflectionInfo(requests: AsyncIterable<{ listServices?: string | undefined }>) {
      for await (const { listServices } of requests) {
        if (listServices === undefined) yield { fileDescriptorResponse: { fileDescriptorProto: [Buffer.from("nonsense")] } };
        else yield { listServicesResponse: { service: [{ name: "a.B" }] } };
      }
    },
  };
  await expect(reflectedBy((server) => server.add(OwnServer.V1, broken))).rejects.toThrow();
});
