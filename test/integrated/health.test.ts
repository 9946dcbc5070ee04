/** What an integrated unit is asked for its health, and what counts as an answer. */
import * as Effect from "effect/Effect";
import { createServer, ServerError, Status } from "nice-grpc";
import { expect, it } from "vitest";
import { Check } from "../../src/health/index.ts";
import { CoreServiceDefinition } from "../../src/protocol/gen/core.ts";
import { HealthDefinition } from "../../src/protocol/gen/grpc/health/v1/health.ts";
import { serving } from "./support.ts";

const asked = (port: number | null): Promise<Check.Outcome> =>
  Effect.runPromise(
    Effect.scoped(
      Effect.flatMap(
        Check.make(
          { kind: "grpc", address: "127.0.0.1", port: null, method: "own", service: "", headers: {} },
          { exec: () => Effect.die("no command"), port: () => port },
        ),
        ({ run }) => run,
      ),
    ),
  );
type Server = ReturnType<typeof createServer>;
const at = async (add: (server: Server) => void, address = "127.0.0.1:0"): Promise<Check.Outcome> => {
  const server = createServer();
  add(server);
  const port = await server.listen(address);
  try {
    return await asked(port);
  } finally {
    server.forceShutdown();
  }
};
const health = (status: number) => (server: Server) =>
  server.add(HealthDefinition, { check: async () => ({ status: status as 1 }), watch: async function* () {} });
const core = (ping: () => Promise<object>) => (server: Server) => server.add(CoreServiceDefinition, { ping });

it("a unit of hsu/integrated says how it is by gRPC's health", () =>
  serving({}, async ({ port }) => expect(await asked(port)).toEqual({ passed: true, saw: "SERVING" })));

it("what its health says counts, also where it would answer Ping", async () => {
  const both = (server: Server): void => {
    health(2)(server);
    core(async () => ({}))(server);
  };
  expect(await at(both)).toEqual({ passed: false, saw: "NOT_SERVING" });
});

it("without health it is asked for Ping", async () => {
  expect(await at(core(async () => ({})))).toMatchObject({ passed: true });
  const broken = core(async () => {
    throw new ServerError(Status.INTERNAL, "broken");
  });
  expect(await at(broken)).toEqual({ passed: false, saw: "gRPC INTERNAL: broken" });
});

it("UNIMPLEMENTED on Ping is alive", async () => {
  expect(await at(() => {})).toMatchObject({ passed: true });
});

it("one that binds ::1 only is found", async () => {
  expect(await at(health(1), "[::1]:0")).toEqual({ passed: true, saw: "SERVING" });
});

it("nobody there is not alive, and neither is a unit whose port is not known", async () => {
  expect(await asked(1)).toEqual({ passed: false, saw: "connection refused" });
  expect(await asked(null)).toEqual({ passed: false, saw: "its port is not known" });
});
