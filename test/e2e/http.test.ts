import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { freePort, type Home, home } from "./program.ts";

let place: Home;
beforeEach(() => {
  place = home();
});
afterEach(() => place.clean());

it("a master with http answers there who has a token that `hsu token` has made, until it is revoked", async () => {
  const port = await freePort();
  const units = [{ id: "web", management: { control: { executable: "sleep", arguments: ["600"] } } }];
  writeFileSync(join(place.folder, "hsu.yaml"), JSON.stringify({ process_manager: { http: { port } }, managed_processes: units }));
  expect(await place.hsu("up", "-d")).toMatchObject({ code: 0, err: "" });
  const made = await place.hsu("token", "create", "me", "--role", "operator", "--group", "units", "--expires", "30d");
  expect(made).toMatchObject({ code: 0, err: "keep it: it is shown this once\n" });
  const token = made.out.trim();
  const ask = (path: string, method = "GET") =>
    fetch(`http://127.0.0.1:${port}${path}`, { method, headers: { authorization: `Bearer ${token}` } });
  const restarted = await ask("/v1/units/web/restart", "POST");
  expect(await restarted.json()).toMatchObject({ id: "web", state: "running", pid: (await place.status()).units[0]!.pid });
  const ofAll = async () => (await (await ask("/metrics")).text()).split("\n");
  expect(await ofAll()).toContain('hsu_unit_running{unit="web",group="units"} 1');
  // What is of the whole master is for who may see the whole of it.
  expect(await ofAll()).not.toContain('hsu_command_duration_seconds_count{operation="Restart"} 1');
  const whole = (await place.hsu("token", "create", "all")).out.trim();
  const metrics = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { authorization: `Bearer ${whole}` } });
  const rows = (await metrics.text()).split("\n");
  expect(rows).toContain('hsu_command_duration_seconds_count{operation="Restart"} 1');
  expect(rows).toContain("hsu_unit_start_duration_seconds_count 2");
  await place.hsu("token", "revoke", "all");

  const listed = await place.hsu("token", "list");
  expect(listed.out).toMatch(/^NAME +ROLE +GROUP +CREATED +EXPIRES +USED\nme +operator +units +\S+Z +\S+Z +(never|\S+Z)\n$/);
  expect(JSON.parse((await place.hsu("token", "list", "-o", "json")).out)).toMatchObject([
    { name: "me", role: "operator", expired: false },
  ]);
  expect(readFileSync(join(place.folder, "state/tokens.json"), "utf8")).not.toContain(token);
  expect(await place.hsu("token", "create", "me")).toMatchObject({ code: 1, err: expect.stringContaining("HSU-SEC-002") });
  expect(await place.hsu("token", "revoke", "me")).toMatchObject({ code: 0 });
  expect((await ask("/v1/units")).status).toBe(401);
  expect(await place.hsu("token", "revoke", "me")).toMatchObject({ code: 1, err: expect.stringContaining("HSU-SEC-003") });
  expect(await place.hsu("token", "make")).toMatchObject({ code: 2, err: expect.stringContaining("there is no `hsu token make`") });
  expect(await place.hsu("down")).toMatchObject({ code: 0 });
}, 40_000);
