/** The library for units by itself. */
import { createChannel, createClient, Metadata } from "nice-grpc";
import { once } from "node:events";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { resolve } from "node:path";
import { expect, it } from "vitest";
import { loadServices, serveUnit, service, type UnitOptions } from "../../src/integrated/index.ts";
import { HealthDefinition } from "../../src/protocol/gen/grpc/health/v1/health.ts";
import { LogLevel, UnitServiceDefinition } from "../../src/protocol/gen/hsu/unit/v1/unit.ts";
import { serving, shopDescriptors } from "./support.ts";

const asking = async <A>(
  options: Partial<UnitOptions>,
  use: (client: ReturnType<typeof createClient<typeof UnitServiceDefinition>>) => Promise<A>,
): Promise<A> =>
  serving(options, async ({ port }) => {
    const channel = createChannel(`127.0.0.1:${port}`);
    try {
      return await use(createClient(UnitServiceDefinition, channel, { "*": { metadata: Metadata() } }));
    } finally {
      channel.close();
    }
  });

it("takes its port from --port, in both spellings, and says what is wrong with one", async () => {
  await serving({ argv: ["--verbose", "--port", "0"], port: 1 }, async ({ port }) => expect(port).toBeGreaterThan(1));
  await serving({ argv: ["--port=0"], port: 1 }, async ({ port }) => expect(port).toBeGreaterThan(1));
  for (const argv of [["--port"], ["--port", "x"], ["--port=70000"]]) {
    await expect(serveUnit({ services: [], argv })).rejects.toThrow("--port needs a number from 0 to 65535");
  }
});

it("a method that the service does not have is a mistake of the program", () => {
  const shop = loadServices(shopDescriptors()).get("shop.v1.Shop")!;
  expect(() => service(shop, { oder: () => ({}) })).toThrow("shop.v1.Shop has no method oder: it has order, count,");
});

it("status, metrics, log level and settings are what the program says", () => {
  const settings: Array<string> = [];
  const levels: Array<string> = [];
  const options: Partial<UnitOptions> = {
    version: "2.1",
    logLevel: "warn",
    status: () => ({ state: "degraded", message: "half asleep" }),
    metrics: () => [{ name: "a_total", kind: "counter", value: 3, labels: { x: "y" }, help: "A." }],
    onLogLevel: (level) => void levels.push(level),
    onSetting: (name, value) => {
      if (name === "bad") throw new Error("cannot be changed while it runs");
      settings.push(`${name}=${value}`);
    },
  };
  return asking(options, async (client) => {
    expect(await client.getStatus({})).toEqual({ state: 3, message: "half asleep", version: "2.1", logLevel: LogLevel.LOG_LEVEL_WARN });
    expect(await client.setLogLevel({ level: LogLevel.LOG_LEVEL_DEBUG })).toEqual({ previous: LogLevel.LOG_LEVEL_WARN });
    expect(levels).toEqual(["debug"]);
    await expect(client.setLogLevel({ level: LogLevel.LOG_LEVEL_UNSPECIFIED })).rejects.toThrow("INVALID_ARGUMENT");
    expect((await client.getMetrics({})).metrics).toEqual([{ name: "a_total", kind: 1, value: 3, labels: { x: "y" }, help: "A." }]);
    expect(await client.updateConfiguration({ settings: { good: "1", bad: "2" } })).toEqual({
      applied: ["good"],
      refused: { bad: "cannot be changed while it runs" },
    });
    expect(settings).toEqual(["good=1"]);
  });
});

it("what the program does not have is UNIMPLEMENTED", () =>
  asking({}, async (client) => {
    for (const call of [client.setLogLevel({ level: 1 }), client.getMetrics({}), client.updateConfiguration({})]) {
      await expect(call).rejects.toThrow("UNIMPLEMENTED");
    }
  }));

it("a shutdown by call is answered, watchers are told NOT_SERVING, and it ends once", async () => {
  const whys: Array<string> = [];
  const exits: Array<number> = [];
  const unit = await serveUnit({
    services: [],
    argv: [],
    port: 0,
    onShutdown: (why) => void whys.push(why),
    exit: (code) => exits.push(code),
  });
  const channel = createChannel(`127.0.0.1:${unit.port}`);
  const statuses: Array<number> = [];
  const watching = (async () => {
    for await (const { status } of createClient(HealthDefinition, channel).watch({ service: "" })) {
      statuses.push(status);
      if (statuses.length === 1) await createClient(UnitServiceDefinition, channel).shutdown({ reason: "enough", graceMillis: 0n });
    }
  })();
  await unit.ended;
  await watching;
  unit.shutdown();
  channel.close();
  expect({ statuses, whys, exits }).toEqual({ statuses: [1, 2], whys: ["enough"], exits: [0] });
});

it("SIGTERM ends the process in good order", async () => {
  const child = spawn(process.execPath, [resolve("examples/integrated-typescript/echo.ts"), "--port", "0"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const lines = createInterface(child.stdout);
    await once(lines, "line");
    const last = once(lines, "line");
    child.kill("SIGTERM");
    expect(await last).toEqual(["ends after 0 calls: SIGTERM"]);
    expect(await once(child, "close")).toEqual([0, null]);
  } finally {
    child.kill("SIGKILL");
  }
});
