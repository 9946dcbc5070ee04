/** Clients of the HTTP door that are slow, speak something else, or are one too many: each is told so with a code, and others are served. */
import { mkdtempSync, rmSync } from "node:fs";
import * as Net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { limits } from "../../src/api/HttpGuard.ts";
import { listen } from "../../src/api/HttpListen.ts";
import * as Refusals from "../../src/api/Refusals.ts";
import { Control } from "../../src/master/Control.ts";
import { make } from "./fakeControl.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hsu-http-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What comes for these bytes until the connection has ended. */
const told = (port: number, bytes: string | Buffer): Promise<string> =>
  new Promise((resolve) => {
    let out = "";
    const socket = Net.connect(port, "127.0.0.1", () => socket.write(bytes));
    socket.on("data", (chunk) => (out += String(chunk)));
    socket.on("error", () => {});
    socket.on("close", () => resolve(out));
  });
const problem = (out: string): unknown => JSON.parse(out.slice(out.indexOf("\r\n\r\n") + 4));

it("is told why with a code, counted and cut off; others are served meanwhile", () =>
  Effect.gen(function* () {
    const { control } = yield* make;
    const short = { headersTimeout: 150, requestTimeout: 200, connectionsCheckingInterval: 30, most: 20 };
    const place = { address: "127.0.0.1", port: 0 };
    const port = yield* Effect.provideService(listen(place, join(folder, "tokens.json"), undefined, undefined, short), Control, control);
    const look = () => fetch(`http://127.0.0.1:${port}/health`, { headers: { connection: "close" } });
    const healthy = () => Effect.promise(look);
    const head = "GET /health HTTP/1.1\r\nhost: localhost\r\n";
    const loris = Array.from({ length: 10 }, () => told(port, head));
    const body = told(port, "POST /v1/units/web/signal HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{");
    expect((yield* healthy()).status).toBe(200);
    for (const out of yield* Effect.promise(() => Promise.all(loris))) {
      expect(out).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
      expect(problem(out)).toMatchObject({ status: 408, code: "HSU-API-007" });
    }
    expect(yield* Effect.promise(() => body)).toMatch(/^HTTP\/1\.1 (401|408) /);
    const garbage = yield* Effect.promise(() => told(port, Buffer.from([0, 255, 1, 2, 13, 10, 13, 10])));
    expect(problem(garbage)).toMatchObject({ status: 400, code: "HSU-API-007" });
    const long = yield* Effect.promise(() => told(port, `${head}x: ${"y".repeat(limits.maxHeaderSize)}\r\n\r\n`));
    expect(problem(long)).toMatchObject({ status: 431, code: "HSU-API-007" });
    const crowd = Array.from({ length: 25 }, () => told(port, ""));
    const all = yield* Effect.promise(() => Promise.all(crowd));
    const turnedAway = all.filter((out) => out.includes("HSU-RPC-007"));
    expect(turnedAway).toHaveLength(5);
    expect(problem(turnedAway[0]!)).toMatchObject({ status: 429, detail: "the master serves 20 connections at a time, and has them" });
    // As soon as the server has noticed that the others have gone.
    yield* Effect.promise(() => vi.waitFor(async () => expect((await look()).status).toBe(200)));
    const counted = Object.fromEntries(Refusals.of(control));
    expect(counted["HSU-RPC-007"]).toBeGreaterThanOrEqual(5);
    expect(counted["HSU-API-007"]).toBeGreaterThanOrEqual(12);
  }).pipe(Effect.scoped, Effect.runPromise));

it("looks for them often enough, and finds those who have gone without a word", () => {
  expect(limits.headersTimeout + limits.connectionsCheckingInterval).toBeLessThanOrEqual(12_000);
  expect(limits.keepAlive).toBe(true);
});
