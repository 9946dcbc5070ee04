import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { freePort, type Home, home, until } from "./program.ts";

let place: Home;
beforeEach(() => {
  place = home("test/config/fixtures");
  writeFileSync(
    join(place.folder, "hsu.yaml"),
    "managed_processes:\n  - { id: web, type: standard_managed, management: { control: { executable: sleep, arguments: ['600'] } } }\n",
  );
});
afterEach(() => place.clean());

describe("a master in the background", () => {
  it("is up when `up -d` returns, refuses a second one, and is gone when `down` returns", async () => {
    const up = await place.hsu("up", "-d");
    expect({ code: up.code, err: up.err }).toEqual({ code: 0, err: "" });
    const { pid, units } = await place.status();
    expect(up.out).toContain(String(pid));
    expect(units).toMatchObject([{ id: "web", state: "running" }]);

    const second = await place.hsu("up");
    expect(second.code).toBe(1);
    expect(second.err).toMatch(/^error: another master \(pid \d+\) uses the state directory .*state \[HSU-STO-001\]\nhint: .+\n$/);
    expect(second.err).toContain(`if that finds none, its socket is another or gone: \`kill ${pid}\`.`);

    expect(readFileSync(join(place.folder, "state/master.pid"), "utf8")).toBe(`${pid}\n`);
    const down = await place.hsu("down");
    expect(existsSync(join(place.folder, "state/master.pid"))).toBe(false);
    expect(down).toMatchObject({ code: 0, out: `master ${pid} has ended\n` });
    expect(place.left()).toEqual([]);
    expect(await place.hsu("status")).toMatchObject({ code: 3, out: "" });
  }, 60_000);

  it("survives its stale socket", async () => {
    await place.hsu("up", "-d");
    const { pid } = await place.status();
    await place.killMaster();
    expect((await place.hsu("up", "-d")).code).toBe(0);
    expect((await place.status()).pid).not.toBe(pid);
    await place.hsu("down");
  }, 60_000);
});

describe("upstream's configs", () => {
  /** Both open upstream's port, which may be taken here. */
  beforeEach(async () => {
    for (const name of ["rust-example.yaml", "rust-minimal.yaml"]) {
      const file = join(place.folder, name);
      writeFileSync(file, readFileSync(file, "utf8").replace("port: 50055", `port: ${await freePort()}`));
    }
  });

  it("rust-example.yaml runs its echo, and its sleep when it is started", async () => {
    const up = place.start("up", "rust-example.yaml");
    await until("echo has run", place.status, ({ units }) => units[0]?.state === "stopped" && units[0].lastExit?.code === 0);
    expect((await place.hsu("logs", "echo-test")).out).toContain("Hello from HSU Rust!");
    expect(await place.hsu("start", "long-running-service")).toMatchObject({ code: 0, err: "" });
    const { units } = await place.status();
    expect(units[1]).toMatchObject({ id: "long-running-service", state: "running" });
    up.child.kill("SIGTERM");
    expect((await up.ended).code).toBe(0);
    expect(place.left()).toEqual([]);
  }, 60_000);

  it("rust-minimal.yaml loads, and tells that its Windows program is not here", async () => {
    const up = place.start("up", "rust-minimal.yaml");
    await until("it was tried", place.status, ({ units }) => units[0]?.state === "backoff");
    expect((await place.hsu("events")).out).toContain('did not start: there is no executable "C:\\\\Windows');
    up.child.kill("SIGTERM");
    expect((await up.ended).code).toBe(0);
  }, 60_000);
});

it("a config with six different mistakes prints six located errors, exits 2 and starts nothing", async () => {
  writeFileSync(
    join(place.folder, "wrong.yaml"),
    `process_manager:
  prot: 50055
  force_shutdown_timeout: 30 parsecs
managed_processes:
  - id: web
    type: standard_managed
    management:
      control: { executable: sleep, arguments: "600" }
  - id: web
    type: standard_managed
    management:
      control: { arguments: ["600"] }
      restart_policy: { strategy: sometimes }
`,
  );
  const { code, err, out } = await place.hsu("up", "wrong.yaml");
  expect({ code, out }).toEqual({ code: 2, out: "" });
  const places = [...err.matchAll(/^(?:.*\/)?wrong\.yaml:(\d+):(\d+)/gm)].map(([, line, column]) => `${line}:${column}`);
  expect(places).toEqual(["2:3", "3:27", "8:48", "9:9", "12:7", "13:35"]);
  expect(err).toContain("6 errors");
  expect(place.left()).toEqual([]);
}, 60_000);
