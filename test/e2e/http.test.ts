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
  const counting = "i=0; while :; do i=$((i + 1)); echo line $i; sleep 0.02; done";
  const units = [
    { id: "web", management: { control: { executable: "sleep", arguments: ["600"] } } },
    { id: "counter", management: { control: { executable: "sh", arguments: ["-c", counting] } } },
  ];
  writeFileSync(join(place.folder, "hsu.yaml"), JSON.stringify({ process_manager: { http: { port } }, managed_processes: units }));
  expect(await place.hsu("up", "-d")).toMatchObject({ code: 0, err: "" });
  const made = await place.hsu("token", "create", "me", "--role", "operator", "--group", "units", "--expires", "30d");
  expect(made).toMatchObject({ code: 0, err: "keep it: it is shown this once\n" });
  const token = made.out.trim();
  const ask = (path: string, method = "GET") =>
    fetch(`http://127.0.0.1:${port}${path}`, { method, headers: { authorization: `Bearer ${token}` } });
  const restarted = await ask("/v1/units/web/restart", "POST");
  expect(await restarted.json()).toMatchObject({
    id: "web",
    state: "running",
    pid: (await place.status()).units.find(({ id }) => id === "web")!.pid,
  });
  const ofAll = async () => (await (await ask("/metrics")).text()).split("\n");
  expect(await ofAll()).toContain('hsu_unit_running{unit="web",group="units"} 1');
  // What is of the whole master is for who may see the whole of it.
  expect(await ofAll()).not.toContain('hsu_command_duration_seconds_count{operation="Restart"} 1');
  const whole = (await place.hsu("token", "create", "all")).out.trim();
  const metrics = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { authorization: `Bearer ${whole}` } });
  const rows = (await metrics.text()).split("\n");
  expect(rows).toContain('hsu_command_duration_seconds_count{operation="Restart"} 1');
  expect(rows).toContain("hsu_unit_start_duration_seconds_count 3");
  await place.hsu("token", "revoke", "all");

  // Who follows a log goes on where he was: behind the line whose id he has seen last.
  const followed = async (last: string | undefined): Promise<{ readonly id: string; readonly lines: ReadonlyArray<number> }> => {
    const headers = { authorization: `Bearer ${token}`, ...(last === undefined ? {} : { "last-event-id": last }) };
    const { body } = await fetch(`http://127.0.0.1:${port}/v1/units/counter/logs?follow=true`, { headers });
    let text = "";
    for await (const chunk of body!) {
      text += Buffer.from(chunk).toString();
      const known = /^[^]*\nid: (\S+)\n[^]*?\n\n/m.exec(`\n${text}`);
      const lines = Array.from((known?.[0] ?? "").matchAll(/"text":"line (\d+)"/g), ([, number]) => Number(number));
      if (known === null || lines.length < 3) continue;
      return { id: known[1]!, lines };
    }
    throw new Error(text);
  };
  const first = await followed(undefined);
  const next = await followed(first.id);
  expect(next.lines[0]).toBe(first.lines.at(-1)! + 1);

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
}, 60_000);
