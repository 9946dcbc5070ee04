import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { UnitStatus } from "../../src/protocol/MasterRpc.ts";
import { freePort, type Home, home, until } from "./program.ts";

const misbehave = resolve("test/programs/misbehave.mjs");

let place: Home;
beforeEach(() => {
  place = home();
});
afterEach(() => place.clean());

const write = (management: object, ...flags: ReadonlyArray<string | number>) =>
  writeFileSync(
    join(place.folder, "hsu.yaml"),
    JSON.stringify({
      managed_processes: [
        {
          id: "web",
          type: "standard_managed",
          management: {
            control: { executable: process.execPath, arguments: [misbehave, ...flags], shutdown_timeout: "500ms" },
            restart_policy: { strategy: "on_failure", restart_delay: "10ms" },
            ...management,
          },
        },
      ],
    }),
  );
const up = async (): Promise<void> => expect(await place.hsu("up", "-d")).toMatchObject({ code: 0, err: "" });
const web = async (): Promise<UnitStatus | undefined> => (await place.status()).units[0];
const healthCheck = (port: number, more: object = {}) => ({
  health_check: { interval: "500ms", timeout: "400ms", failure_threshold: 3, http_endpoint: `http://127.0.0.1:${port}/health`, ...more },
});

describe("health, of the program as it is run", () => {
  it("HTTP 503 three times → restart; status, events and the last exit say so", async () => {
    const port = await freePort();
    write(healthCheck(port), "--health-port", port, "--fail-health-after", 2, "--announce", join(place.folder, "starts"));
    await up();
    const after = await until("it is restarted", web, (unit) => (unit?.restarts ?? 0) > 0);
    expect(after?.lastExit?.because).toMatch(/^liveness probe failed 3 times: HTTP 503$/);
    const { out } = await place.hsu("events");
    expect(out).toContain("liveness probe failed 3 times: HTTP 503");
    expect(out).toMatch(/restarts in 10 ms \(attempt 1 in a row\)/);
    const table = await place.hsu("status");
    expect(table.out.split("\n")[0]).toContain("HEALTH");
    await place.hsu("stop", "web");
    expect(await web()).toMatchObject({ state: "stopped", reason: "stopped by hand", ready: false });
    // No process but those of the counted starts; one that was ended at once may not have come to say so.
    const starts = readFileSync(join(place.folder, "starts"), "utf8").trim().split("\n").length;
    expect(starts).toBeLessThanOrEqual(1 + (await web())!.restarts);
    await place.hsu("down");
    expect(place.left()).toEqual([]);
  }, 60_000);

  it("dead health port: connection refused, restarted again and again, and given up where the policy says so", async () => {
    const dead = await freePort();
    write({
      ...healthCheck(dead, { failure_threshold: 1 }),
      restart_policy: { strategy: "on_failure", restart_delay: "10ms", max_attempts: 1 },
    });
    await up();
    const failed = await until("it is given up", web, (unit) => unit?.state === "failed");
    expect(failed).toMatchObject({ pid: null, restarts: 1, lastExit: { because: "liveness probe failed once: connection refused" } });
    expect((await place.hsu("status")).code).toBe(3);
    await place.hsu("down");
  }, 60_000);

  it("a unit that listens late is ready when it does, and not before; what waits for `up` waits for its startup probe", async () => {
    const port = await freePort();
    const log = join(place.folder, "asked");
    write(
      { probes: { startup: { http: { port, path: "/started" } }, readiness: { http: { port, path: "/ready" }, interval: "60s" } } },
      "--health-port",
      port,
      "--health-after-ms",
      300,
      "--health-log",
      log,
    );
    expect(existsSync(log)).toBe(false);
    await up();
    const ready = await until("it is ready", web, (unit) => unit?.ready === true);
    expect(ready).toMatchObject({ state: "running", health: "healthy", restarts: 0 });
    const asked = readFileSync(log, "utf8").trim().split("\n");
    expect(asked.map((line) => line.split(" ").slice(1).join(" "))).toEqual(["GET /started", "GET /ready"]);
    const types = (await place.hsu("events", "-o", "json")).out
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { type: string }).type);
    expect(types.filter((type) => ["starting", "started", "ready"].includes(type))).toEqual(["starting", "started", "ready"]);
    await place.hsu("down");
  }, 60_000);

  it("a unit that outlives its master is probed by the next one as before", async () => {
    const port = await freePort();
    write(healthCheck(port), "--health-port", port);
    await up();
    const before = await until("it is healthy", web, (unit) => unit?.health === "healthy");
    await place.killMaster();
    await up();
    const again = await until("it is healthy under the new one", web, (unit) => unit?.health === "healthy" && unit.ready);
    expect(again).toMatchObject({ pid: before!.pid, restarts: 0 });
    // It hangs: nobody answers, and SIGTERM does not reach it.
    process.kill(before!.pid!, "SIGSTOP");
    const after = await until("it is restarted", web, (unit) => unit?.restarts === 1 && unit.health === "healthy", 30_000);
    expect(after!.pid).not.toBe(before!.pid);
    expect(after!.lastExit?.because).toBe("liveness probe failed 3 times: no answer within 400 ms");
    await place.hsu("down");
    expect(place.left()).toEqual([]);
  }, 60_000);
});
