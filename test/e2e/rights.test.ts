/** Rights by the real doors of a real master: a token that has run out, a command that comes twice, a group and what is beside it, a command for another master. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import * as Effect from "effect/Effect";
import * as RpcClient from "effect/rpc/RpcClient";
import * as Stream from "effect/Stream";
import { afterEach, beforeEach, expect, it } from "vitest";
import { decode, encode, methodNamed } from "../../src/api/GrpcWire.ts";
import type { Client as Rpc } from "../../src/peer/Client.ts";
import { dial } from "../../src/peer/Dial.ts";
import type { AuditEntry } from "../../src/protocol/Audit.ts";
import { commandId } from "../../src/protocol/Rights.ts";
import { freePort, type Home, home, until } from "./program.ts";

let place: Home;
let other: Home;
let ports: Readonly<Record<"grpc" | "http" | "rpc", number>>;
beforeEach(async () => {
  place = home();
  other = home();
  ports = { grpc: await freePort(), http: await freePort(), rpc: await freePort() };
});
afterEach(() => {
  place.clean();
  other.clean();
});

const talker = (id: string) => ({
  id,
  management: { control: { executable: "sh", arguments: ["-c", `echo ${id} says so; exec sleep 600`] } },
});

/** A unit in the group `a`, and one in `b`; three doors. */
const up = async (): Promise<void> => {
  const group = (id: string, unit: string) => ({ id, strategy: "one_for_one", children: [talker(unit)] });
  const config = {
    process_manager: { port: ports.grpc, http: { port: ports.http }, rpc: { listen: `127.0.0.1:${ports.rpc}` } },
    managed_processes: [group("a", "web"), group("b", "db")],
  };
  writeFileSync(join(place.folder, "hsu.yaml"), JSON.stringify(config));
  expect(await place.hsu("up", "-d")).toMatchObject({ code: 0, err: "" });
};
const tokenFor = async (name: string, ...more: ReadonlyArray<string>): Promise<string> =>
  (await place.hsu("token", "create", name, ...more)).out.trim();
const pidOf = async (unit: string) => (await place.status()).units.find(({ id }) => id === unit)?.pid;
const audited = async (at: Home = place): Promise<ReadonlyArray<AuditEntry>> =>
  (await at.hsu("audit", "-o", "json")).out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as AuditEntry);

type Headers = Readonly<Record<string, string>>;

const http = async (path: string, token: string, method = "GET", headers: Headers = {}) => {
  const response = await fetch(`http://127.0.0.1:${ports.http}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...headers },
  });
  const text = await response.text();
  const { code } = text.startsWith("{") ? (JSON.parse(text) as { readonly code?: string }) : {};
  return { status: response.status, text, code };
};

/** What is answered, one after the other, then the code of the refusal, if it was one. */
const grpc = (
  name: string,
  token: string,
  said: object = {},
  headers: Headers = {},
): Promise<{ all: ReadonlyArray<object>; code?: string }> => {
  const { input, name: method, output, parent } = methodNamed(name);
  const client = new Client(`127.0.0.1:${ports.grpc}`, credentials.createInsecure());
  const metadata = new Metadata();
  for (const [key, value] of Object.entries({ authorization: `Bearer ${token}`, ...headers })) metadata.set(key, value);
  const same = (bytes: Buffer): Buffer => bytes;
  return new Promise((done) => {
    const all: Array<object> = [];
    const end = (code?: string): void => {
      client.close();
      done({ all, ...(code === undefined ? {} : { code }) });
    };
    client
      .makeServerStreamRequest(`/${parent.typeName}/${method}`, same, same, Buffer.from(encode(input, { ...said })), metadata)
      .on("data", (bytes: Buffer) => all.push(decode(output, bytes)))
      .on("error", (error: { readonly metadata: Metadata; readonly message: string }) =>
        end(String(error.metadata.get("hsu-code")[0] ?? error.message)),
      )
      .on("end", () => end());
  });
};

/** The same over Effect RPC. */
const rpc = <A, E>(token: string, use: (call: Rpc["call"]) => Effect.Effect<A, E>): Promise<{ value?: A; code?: string }> =>
  dial({ address: `tcp://127.0.0.1:${ports.rpc}`, version: "test", token }).pipe(
    Effect.flatMap(({ call }) => use(call)),
    Effect.scoped,
    Effect.match({
      onSuccess: (value) => ({ value }),
      onFailure: (error) => ({ code: (error as { readonly code?: string }).code ?? String(error) }),
    }),
    Effect.runPromise,
  );
const drained = (call: Rpc["call"]) => Stream.runCollect(call.Events({ follow: false, since: 0 }));

it("who has a group sees it and commands it as far as his role goes, by each door, and nothing beside it: not its lines, events, figures or plan", async () => {
  await up();
  const [viewer, operator] = [
    await tokenFor("v", "--role", "viewer", "--group", "a"),
    await tokenFor("o", "--role", "operator", "--group", "a"),
  ];
  const [web, db] = [await pidOf("web"), await pidOf("db")];
  expect((await place.hsu("restart", "db")).code).toBe(0);
  await until(
    "it writes",
    () => place.hsu("logs", "db"),
    ({ out }) => out.includes("db says so"),
  );
  const after = await pidOf("db");
  expect(after).not.toBe(db);
  for (const token of [viewer, operator]) {
    for (const path of ["/v1/status", "/v1/units", "/v1/tree", "/v1/events", "/v1/resources?detail=true&history=true", "/metrics"]) {
      const { status, text } = await http(path, token);
      expect([path, status]).toEqual([path, 200]);
      expect(text).toContain("web");
      expect(text).not.toMatch(/\bdb\b|"b"/);
    }
    for (const path of ["", "/logs", "/resources", "/logs?follow=true"])
      expect(await http(`/v1/units/db${path}`, token)).toMatchObject({ status: 404, code: "HSU-UNIT-001" });
    expect((await http("/v1/units/web/logs", token)).text).toContain("web says so");
    for (const path of ["/v1/config", "/v1/config/revisions", "/v1/config/diff", "/v1/audit"])
      expect([path, (await http(path, token)).status]).toEqual([path, 403]);

    for (const name of ["UnitService/List", "MasterService/Status", "TreeService/Tree", "EventService/Events", "UnitService/Resources"]) {
      const { all, code } = await grpc(name, token);
      expect([name, code]).toEqual([name, undefined]);
      expect(JSON.stringify(all)).toContain("web");
      expect(JSON.stringify(all)).not.toMatch(/\bdb\b|"b"/);
    }
    for (const name of ["UnitService/Describe", "UnitService/Resources", "LogService/Logs"])
      expect([name, await grpc(name, token, { unit: "db" })]).toEqual([name, { all: [], code: "HSU-UNIT-001" }]);
    for (const name of ["ConfigService/Spec", "ConfigService/Plan", "AuditService/Audit"])
      expect([name, await grpc(name, token)]).toEqual([name, { all: [], code: "HSU-RPC-004" }]);

    for (const look of [
      (call: Rpc["call"]): Effect.Effect<unknown, unknown> => call.Status(undefined),
      (call: Rpc["call"]) => call.Tree(undefined),
      (call: Rpc["call"]) => call.Resources({ unit: null, history: true, detail: true }),
      drained,
    ]) {
      const seen = JSON.stringify(await rpc(token, look));
      expect(seen).toContain("web");
      expect(seen).not.toMatch(/\bdb\b|"b"/);
    }
    for (const look of [
      (call: Rpc["call"]): Effect.Effect<unknown, unknown> => call.Describe({ unit: "db" }),
      (call: Rpc["call"]) => call.Resources({ unit: "db", history: false, detail: false }),
      (call: Rpc["call"]) => Stream.runCollect(call.Logs({ unit: "db", follow: true, lines: 10 })),
    ])
      expect(await rpc(token, look)).toEqual({ code: "HSU-UNIT-001" });
    expect(await rpc(token, (call) => call.Spec(undefined))).toEqual({ code: "HSU-RPC-004" });
  }
  // What changes something: he may not at all, or not there.
  for (const [token, code, door] of [
    [viewer, "HSU-RPC-004", "HSU-API-010"],
    [operator, "HSU-UNIT-001", "HSU-UNIT-001"],
  ] as const) {
    for (const verb of ["Start", "Stop", "Restart", "Reload", "ResetFailed", "Signal", "Call"]) {
      const said = verb === "Signal" ? { unit: "db", signal: "KILL" } : { unit: "db" };
      expect([verb, await grpc(`UnitService/${verb}`, token, said)]).toEqual([verb, { all: [], code }]);
    }
    expect(await grpc("UnitService/Roll", token, { units: ["db"] })).toEqual({ all: [], code });
    for (const verb of ["start", "stop", "restart"]) expect((await http(`/v1/units/db/${verb}`, token, "POST")).code).toBe(door);
    expect(await rpc(token, (call) => call.Stop({ unit: "db" }))).toEqual({ code });
  }
  expect(await pidOf("db")).toBe(after);
  expect(await pidOf("web")).toBe(web);
  expect((await http("/v1/units/web/restart", operator, "POST")).status).toBe(200);
  expect((await place.hsu("down")).code).toBe(0);
}, 60_000);

it("a token that has run out is refused by each door and written down, and what it followed ends; a command that comes twice is carried out once; one for another master is written down at both", async () => {
  await up();
  const soon = await tokenFor("soon", "--role", "admin", "--expires", "3s");
  const [lasting, west] = [await tokenFor("ci", "--role", "operator"), await tokenFor("west", "--role", "operator")];
  // As long as it is good.
  expect((await http("/v1/status", soon)).status).toBe(200);
  const following = Promise.all([http("/v1/events?follow=true", soon), grpc("EventService/Events", soon, { follow: true })]);
  const held = rpc(soon, (call) => Stream.runDrain(call.Events({ follow: true, since: 0 })));

  const replay = async (door: string, send: (id: string) => Promise<unknown>): Promise<void> => {
    const before = await pidOf("web");
    const first = await send(`${door}-1`);
    const pid = await pidOf("web");
    expect(pid).not.toBe(before);
    expect(await send(`${door}-1`)).toEqual(first);
    expect(await pidOf("web")).toBe(pid);
    await send(`${door}-2`);
    expect(await pidOf("web")).not.toBe(pid);
  };
  await replay("http", (id) => http("/v1/units/web/restart", lasting, "POST", { [commandId]: id }));
  await replay("grpc", (id) => grpc("UnitService/Restart", lasting, { unit: "web" }, { [commandId]: id }));
  await replay("rpc", (id) => rpc(lasting, (call) => RpcClient.withHeaders(call.Restart({ unit: "web" }), { [commandId]: id })));
  const restarts = (await audited()).filter(({ kind, operation }) => kind === "begun" && operation === "Restart");
  expect(restarts.map(({ target, who }) => `${who?.door} ${who?.name} ${target}`)).toEqual(
    ["http", "http", "grpc", "grpc", "rpc", "rpc"].map((door) => `${door} token ci web`),
  );

  expect(
    await until(
      "it has run out",
      () => http("/v1/status", soon),
      ({ status }) => status !== 200,
    ),
  ).toMatchObject({ status: 401, code: "HSU-API-009" });
  expect(await grpc("MasterService/Status", soon)).toEqual({ all: [], code: "HSU-RPC-003" });
  expect(await rpc(soon, (call) => call.Status(undefined))).toEqual({ code: "HSU-RPC-003" });
  const refused = (await audited()).filter(({ kind }) => kind === "refused");
  expect(refused.map(({ code, operation, who }) => `${who?.door} ${operation} ${code}`)).toEqual([
    "http Status HSU-API-009",
    "grpc Status HSU-RPC-003",
    "rpc Connect HSU-RPC-003",
  ]);
  // Whoever wants to go on has to come again.
  expect(await following).toMatchObject([{ status: 200 }, { code: "HSU-RPC-003" }]);
  // Told so, or cut off: whichever comes first.
  expect(await held).toEqual({ code: expect.any(String) });

  writeFileSync(join(other.folder, "hsu.yaml"), JSON.stringify({ managed_processes: [talker("here")] }));
  expect((await other.hsu("up", "-d")).code).toBe(0);
  expect((await other.hsu("peer", "add", "east", `tcp://127.0.0.1:${ports.rpc}`, "--token", west)).code).toBe(0);
  expect((await other.hsu("restart", "east/web")).code).toBe(0);
  expect((await other.hsu("apply", "hsu.yaml")).code).toBe(0);
  const said = ({ code, kind, operation, outcome, target, who }: AuditEntry): string =>
    [kind, operation, target, who?.door, who?.name, who?.master, outcome, code].filter((each) => each !== undefined).join(" ");
  const there = (await audited()).slice(-2).map(said);
  expect(there).toEqual(["begun Restart web rpc token west true", "done Restart web ok"]);
  expect((await audited(other)).map(said)).toEqual(expect.arrayContaining(["begun Restart east/web unix", "done Restart east/web ok"]));
  expect(readFileSync(join(other.folder, "state/audit.log"), "utf8")).not.toContain(west);
  for (const at of [place, other]) {
    expect((await at.hsu("audit", "verify")).code).toBe(0);
    expect((await at.hsu("down")).code).toBe(0);
    // Nobody whom it has cut off is waited for.
    expect(readFileSync(join(at.folder, "state/master.log"), "utf8")).not.toContain("not over after");
    expect(at.left()).toEqual([]);
  }
}, 90_000);
