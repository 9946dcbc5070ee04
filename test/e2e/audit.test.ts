/** The audit log of a real master, by each of its doors. */
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import type { AuditEntry } from "../../src/protocol/Audit.ts";
import { freePort, home, until } from "./program.ts";

it("who did what by each door, over the death of the master in the middle of a line, and what was changed afterwards is found", async () => {
  const one = home();
  onTestFinished(one.clean);
  const [http, rpc] = [await freePort(), await freePort()];
  writeFileSync(
    join(one.folder, "hsu.yaml"),
    `process_manager:
  http: { port: ${http} }
  rpc: { listen: "127.0.0.1:${rpc}" }
managed_processes:
  - id: web
    management: { control: { executable: sleep, arguments: ["1000"] } }
`,
  );
  const file = join(one.folder, "state/audit.log");
  one.start("up");
  await until("it runs", one.status, ({ phase }) => phase === "running");
  const token = (await one.hsu("token", "create", "ci", "--role", "operator")).out.trim();
  const elsewhere = ["--host", `tcp://127.0.0.1:${rpc}`, "--token"];
  const asked = await Promise.all([
    one.hsu("restart", "web"),
    one.hsu(...elsewhere, token, "apply", "hsu.yaml"),
    one.hsu(...elsewhere, "hsu_guessed", "status"),
  ]);
  expect(asked.map(({ code }) => code)).toEqual([0, 1, 1]);
  const post = (path: string, bearer: string) =>
    fetch(`http://127.0.0.1:${http}/v1/${path}`, { method: "POST", headers: { authorization: `Bearer ${bearer}` } });
  expect((await post("units/web/stop", token)).status).toBe(200);
  expect((await post("units/web/stop", "wrong")).status).toBe(401);
  expect((await post("shutdown", token)).status).toBe(403);

  const shown = (await one.hsu("audit", "-o", "json")).out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as AuditEntry);
  const said = shown.map(({ code, kind, operation, outcome, target, who }) =>
    [kind, operation, target, who?.door, who?.name, outcome, code].filter((each) => each !== undefined).join(" "),
  );
  expect(said.toSorted()).toEqual([
    "begun Restart web unix",
    "begun Stop web http token ci",
    "done Restart web ok",
    "done Stop web ok",
    "opened",
    "refused Apply rpc token ci HSU-RPC-004",
    "refused Connect rpc HSU-RPC-003",
    "refused Shutdown http token ci HSU-API-010",
    "refused Stop web http HSU-API-009",
  ]);
  const restart = shown.find(({ kind, operation }) => kind === "begun" && operation === "Restart");
  expect(restart?.who).toEqual({ door: "unix", uid: process.getuid?.(), pid: expect.any(Number) as number });
  expect(readFileSync(file, "utf8")).not.toContain(token);
  const verify = async () => {
    const { code, out } = await one.hsu("audit", "verify", "-o", "json");
    const { broken, records, torn } = JSON.parse(out) as { broken: { line: number; why: string } | null; records: number; torn: number };
    return { code, broken, records, torn };
  };
  expect(await verify()).toEqual({ code: 0, broken: null, records: 9, torn: 0 });

  await one.killMaster();
  appendFileSync(file, '{"seq":10,"at":18');
  expect(await verify()).toEqual({ code: 0, broken: null, records: 9, torn: 1 });
  one.start("up");
  await until("it runs again", one.status, ({ phase }) => phase === "running");
  expect((await one.hsu("start", "web")).code).toBe(0);
  expect(await verify()).toEqual({ code: 0, broken: null, records: 12, torn: 1 });
  expect((await one.hsu("down")).code).toBe(0);
  const whole = readFileSync(file, "utf8");
  writeFileSync(file, whole.replace('"operation":"Stop","target":"web"', '"operation":"Start","target":"web"'));
  expect(await verify()).toMatchObject({ code: 1, broken: { why: "the line is not as it was written" } });
  writeFileSync(file, whole.split("\n").slice(0, -3).join("\n") + "\n");
  expect((await verify()).broken?.why).toMatch(/^the end was cut off/);
});
