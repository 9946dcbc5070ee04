/** Trees inside this very process. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { define, launch } from "../../src/embed/index.ts";
import { Tokens } from "../../src/security/index.ts";
import * as Effect from "effect/Effect";

const { master, unit } = define(import.meta.filename);
const sleeper = (id: string) => unit({ id, executable: "sleep", args: ["600"] });
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
let folder: string;
const { TMPDIR } = process.env;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hsu-launch-"));
  process.env["TMPDIR"] = folder;
});
afterEach(() => {
  if (TMPDIR === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = TMPDIR;
  rmSync(folder, { recursive: true });
});
const ours = (): ReadonlyArray<string> => readdirSync(tmpdir()).filter((name) => name.startsWith("hsu-embedded-"));

/** All that a tree could have put its hands on. It hears of the ends of children (SIGCHLD), and removes its empty control groups at the exit. */
const hands = () => ({
  signals: ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR2", "beforeExit", "uncaughtException", "unhandledRejection"].map((name) =>
    process.listenerCount(name),
  ),
  cwd: process.cwd(),
  exitCode: process.exitCode,
});

it("two trees run in one process, each with its own units; when they are disposed of nothing is left, and the process is as it was", async () => {
  const before = hands();
  const folders = ours();
  const pids: Array<number> = [];
  {
    await using one = await launch(master({ children: [sleeper("a"), sleeper("b")] }));
    await using two = await launch({
      yaml: `managed_processes: [{ id: a, management: { control: { executable: sleep, arguments: ["600"] } } }]`,
    });
    for (const tree of [one, two]) for (const { pid } of (await tree.status()).units) pids.push(pid!);
    expect(pids).toHaveLength(3);
    expect(await one.unit("a").stop()).toMatchObject({ state: "stopped" });
    expect(await two.unit("a").status()).toMatchObject({ state: "running" });
    expect(await one.unit("a").start()).toMatchObject({ state: "running" });
    pids.push((await one.unit("a").status()).pid!);
    await expect(one.unit("c").stop()).rejects.toMatchObject({ code: "HSU-UNIT-001" });
    expect((await one.tree()).children.length).toBeGreaterThan(0);
    expect(hands()).toEqual(before);
    await two.stop();
    expect((await one.unit("b").status()).state).toBe("running");
  }
  expect(pids.filter(isAlive)).toEqual([]);
  expect(ours()).toEqual(folders);
  expect(hands()).toEqual(before);
});

it("events and lines come as async iterables, and end with their loop or with the tree", async () => {
  const says = unit({ id: "says", executable: "sh", args: ["-c", "echo hello; exec sleep 600"] });
  const tree = await launch(master({ children: [says] }));
  const types: Array<string> = [];
  const heard = (async () => {
    for await (const event of tree.events()) types.push(event.type);
  })();
  for await (const { text } of tree.unit("says").logs({ follow: true })) {
    expect(text).toBe("hello");
    break;
  }
  await tree.unit("says").stop();
  await tree.stop();
  await heard;
  expect(types).toContain("started");
  expect(types).toContain("stopped");
  await tree.ended;
});

it("an abort stops the tree; one that comes during the start fails it with its reason, and a spec that is wrong fails with its own error", async () => {
  const later = new AbortController();
  const tree = await launch(master({ children: [sleeper("a")] }), { signal: later.signal });
  const { pid } = await tree.unit("a").status();
  later.abort();
  await tree.ended;
  expect(isAlive(pid!)).toBe(false);

  const folders = ours();
  const early = new AbortController();
  const file = join(mkdtempSync(join(tmpdir(), "hsu-launch-")), "started");
  const slow = unit({
    id: "slow",
    executable: "sh",
    args: ["-c", `touch ${file}; sleep 600`],
    start: "notify",
    startTimeoutMillis: 60_000,
  });
  const starting = launch(master({ children: [slow] }), { signal: early.signal });
  starting.catch(() => {});
  while (!existsSync(file)) await new Promise((done) => setTimeout(done, 10));
  early.abort(new Error("changed my mind"));
  await expect(starting).rejects.toThrow("changed my mind");
  rmSync(join(file, ".."), { recursive: true });
  await expect(launch({ yaml: "managed_processes: [{}]" })).rejects.toMatchObject({ _tag: "ConfigError" });
  expect(ours()).toEqual(folders);
});

it("its HTTP surface is mounted in a server of the host: with tokens, or with who the host says that it is, below any path", async () => {
  const state = mkdtempSync(join(tmpdir(), "hsu-mount-"));
  const tree = await launch(master({ children: [sleeper("a")] }), { stateDirectory: state });
  const token = await Effect.runPromise(
    new Tokens.TokenFile(join(state, "tokens.json")).create({ name: "t", role: "viewer", createdAt: 0 }),
  );
  const byToken = await tree.handler({ prefix: "/tokens/" });
  const byHost = await tree.handler({
    prefix: "/host",
    identify: async ({ headers }) => {
      if (headers["x-user"] === "broken") throw new Error("no sessions today");
      return headers["x-user"] === undefined ? null : { name: "me", role: headers["x-user"] as "viewer", group: "units" };
    },
  });
  const seldom = await tree.handler({
    prefix: "/seldom",
    identify: () => ({ name: "often", role: "viewer" }),
    limits: { rate: 0.01, burst: 2 },
  });
  const server = createServer((request, response) => {
    const [, first] = request.url!.split("/");
    (first === "host" ? byHost : first === "seldom" ? seldom : byToken)(request, response);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ask = async (path: string, headers: Record<string, string> = {}, method = "GET") => {
    const response = await fetch(base + path, { method, headers });
    return [response.status, ((await response.json()) as { readonly code?: string }).code];
  };
  try {
    expect(await ask("/tokens/health")).toEqual([200, undefined]);
    expect(await ask("/tokens/v1/status")).toEqual([401, "HSU-API-009"]);
    expect(await ask("/tokens/v1/status", { authorization: `Bearer ${token}` })).toEqual([200, undefined]);
    expect(await ask("/tokens/v1/units/a/stop", { authorization: `Bearer ${token}` }, "POST")).toEqual([403, "HSU-API-010"]);
    // A token is not what this host knows its users by.
    expect(await ask("/host/v1/status", { authorization: `Bearer ${token}` })).toEqual([401, "HSU-API-009"]);
    expect(await ask("/host/v1/status", { "x-user": "broken" })).toEqual([401, "HSU-API-009"]);
    expect(await ask("/host/v1/status", { "x-user": "viewer" })).toEqual([200, undefined]);
    expect(await ask("/host/v1/units/a/restart", { "x-user": "viewer" }, "POST")).toEqual([403, "HSU-API-010"]);
    expect(await ask("/host/v1/units/a/restart", { "x-user": "operator" }, "POST")).toEqual([200, undefined]);
    expect(await ask("/host/v1/units/a/restart", { "x-user": "operator", origin: "http://evil.example" }, "POST")).toEqual([
      403,
      "HSU-API-010",
    ]);
    expect(await ask("/seldom/v1/status")).toEqual([200, undefined]);
    expect(await ask("/seldom/v1/status")).toEqual([200, undefined]);
    expect(await ask("/seldom/v1/status")).toEqual([429, "HSU-RPC-010"]);
    expect(await ask("/host/nowhere", { "x-user": "operator" })).toEqual([404, "HSU-API-008"]);
    await tree.stop();
    expect(await ask("/host/health")).toEqual([503, "HSU-API-013"]);
  } finally {
    await tree.stop();
    server.closeAllConnections();
    server.close();
    rmSync(state, { recursive: true });
  }
});
