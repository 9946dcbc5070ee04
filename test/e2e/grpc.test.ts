import { createChannel, createClient } from "nice-grpc";
import { existsSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { MasterServiceDefinition } from "../../src/protocol/gen/master.ts";
import { freePort, type Home, home, until } from "./program.ts";

let place: Home;
let port: number;
let other: Server | undefined;
beforeEach(async () => {
  place = home();
  port = await freePort();
  const unit =
    "{ id: web, type: standard_managed, management: { control: { executable: sh, arguments: [-c, 'touch started; exec sleep 600'] } } }";
  writeFileSync(join(place.folder, "hsu.yaml"), `process_manager: { port: ${port} }\nmanaged_processes: [${unit}]\n`);
});
afterEach(() => {
  other?.close();
  place.clean();
});

const statusOverGrpc = async (): Promise<string> => {
  const channel = createChannel(`127.0.0.1:${port}`);
  try {
    return (await createClient(MasterServiceDefinition, channel).status({})).status;
  } catch (error) {
    return String(error);
  } finally {
    channel.close();
  }
};

it("a master with a port answers there until it has ended", async () => {
  const up = place.start("up");
  await until("it runs", place.status, ({ units }) => units[0]?.state === "running");
  expect(await statusOverGrpc()).toBe("hsu-master: OK");
  expect((await place.hsu("tree")).out).toMatch(/grpc +running/);
  up.child.kill("SIGTERM");
  expect(await up.ended).toMatchObject({ code: 0, err: "stopping all units; a second signal kills what is left\n" });
  expect(await statusOverGrpc()).toContain("UNAVAILABLE");
  expect(place.left()).toEqual([]);
}, 60_000);

it("a master whose port is taken does not start, says why, and leaves nothing behind", async () => {
  other = await new Promise<Server>((done) => {
    const server = createServer().listen(port, "127.0.0.1", () => done(server));
  });
  const error = `error: port ${port} of 127.0.0.1 is in use [HSU-API-003]`;
  const { code, err, out } = await place.hsu("up");
  expect({ code, out }).toEqual({ code: 1, out: "" });
  expect(err).toMatch(/^error: .*\nhint: .*`process_manager\.port`\n$/);
  expect(err.split("\n")[0]).toBe(error);
  const background = await place.hsu("up", "-d");
  expect(background.code).toBe(1);
  expect(background.err).toContain(`  ${error}\n`);
  expect(existsSync(join(place.folder, "started"))).toBe(false);
  expect(existsSync(join(place.folder, "run/master.sock"))).toBe(false);
  expect(place.left()).toEqual([]);
}, 60_000);
