/** The service registry on its wires: a unix socket and TCP, both of upstream's dialects. */
import * as Effect from "effect/Effect";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { serveRegistry } from "../../src/api/index.ts";
import { Control } from "../../src/master/index.ts";
import * as Fake from "./fakeControl.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hsu-registry-"));
  path = join(folder, "registry.sock");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Answer {
  readonly status: number;
  readonly body: unknown;
}
type Ask = (method: string, path: string, body?: string | Buffer, headers?: Readonly<Record<string, string>>) => Promise<Answer>;

const asker =
  (at: { readonly socketPath: string } | { readonly port: number; readonly host: string }): Ask =>
  (method, url, body, headers = {}) =>
    new Promise((done, fail) => {
      const sent = request({ ...at, method, path: url, agent: false, headers }, (response) => {
        let text = "";
        response.on("data", (chunk) => (text += String(chunk)));
        response.on("end", () => done({ status: response.statusCode ?? 0, body: JSON.parse(text) as unknown }));
      });
      sent.on("error", fail);
      sent.end(body);
    });

const serving = (use: (ask: { readonly unix: Ask; readonly tcp: Ask; readonly port: number }) => Promise<void>): Promise<void> =>
  Effect.gen(function* () {
    const { control } = yield* Fake.make;
    const port = yield* Effect.provideService(serveRegistry({ unix: path, port: 0 }), Control, control);
    const tcp = asker({ host: "127.0.0.1", port: port! });
    yield* Effect.promise(() => use({ unix: asker({ socketPath: path }), tcp, port: port! }));
  }).pipe(Effect.scoped, Effect.runPromise);

const go = JSON.stringify({
  ModuleID: "echo one",
  ProcessID: 7,
  APIs: [{ ServiceIDs: ["a.B"], ServerPort: 4000, Protocol: "grpc", Address: "", Metadata: null }],
});
const rust = JSON.stringify({
  moduleId: "two",
  processId: 8,
  apis: [{ serviceId: "c.D", protocol: "Grpc", address: "http://127.0.0.1:4001" }],
});

describe("the registry", () => {
  it("publish, discover, list, health, unpublish; over the unix socket and over TCP", () =>
    serving(async ({ tcp, unix }) => {
      expect(await unix("POST", "/api/v1/publish", go)).toEqual({ status: 200, body: { success: true } });
      expect(await tcp("POST", "/api/v1/publish", rust)).toEqual({ status: 200, body: { success: true } });
      expect(await tcp("GET", "/api/v1/discover/echo%20one")).toMatchObject({
        status: 200,
        body: { moduleID: "echo one", apis: [{ serviceIDs: ["a.B"], serverPort: 4000, protocol: "grpc" }] },
      });
      expect(await unix("GET", "/api/v1/discover/two")).toMatchObject({
        body: { moduleId: "two", apis: [{ serviceId: "c.D", protocol: "Grpc", address: "http://127.0.0.1:4001" }] },
      });
      expect(await unix("GET", "/api/v1/health")).toMatchObject({
        status: 200,
        body: { status: "healthy", registeredModules: 2, totalAPIs: 2, uptime: expect.stringMatching(/^[\d.]+s$/) },
      });
      expect(await unix("GET", "/api/v1/list")).toMatchObject({
        body: { success: true, modules: [{ moduleID: "echo one" }, { moduleID: "two" }] },
      });
      expect(await unix("DELETE", "/api/v1/unpublish/two?processID=9")).toMatchObject({
        status: 404,
        body: { success: false, context: "two" },
      });
      expect(await unix("DELETE", "/api/v1/unpublish/two?processID=8")).toEqual({ status: 200, body: { success: true } });
      expect(await unix("GET", "/api/v1/discover/two")).toEqual({
        status: 404,
        body: { success: false, error: "module not found", context: "two" },
      });
    }));

  it("answers HEAD as GET, without a body", () =>
    serving(async ({ port }) => {
      for (const [path, status] of [
        ["/api/v1/health", 200],
        ["/api/v1/list", 200],
        ["/api/v1/discover/nobody", 404],
        ["/api/v1/publish", 405],
      ] as const)
        expect((await fetch(`http://127.0.0.1:${port}${path}`, { method: "HEAD" })).status).toBe(status);
    }));

  it("an empty list of apis is allowed", () =>
    serving(async ({ unix }) => {
      expect(await unix("POST", "/api/v1/publish", '{"moduleID":"m","processID":1,"apis":[]}')).toMatchObject({ status: 200 });
      expect(await unix("GET", "/api/v1/discover/m")).toMatchObject({ body: { moduleID: "m", apis: [] } });
    }));

  it("what is malformed or too large is refused in upstream's shape, and nothing that was there is lost", () =>
    serving(async ({ tcp, unix }) => {
      await unix("POST", "/api/v1/publish", go);
      const refused = async (status: number, ...ask: Parameters<Ask>) => {
        const answer = await tcp(...ask);
        expect(answer).toMatchObject({ status, body: { success: false, error: expect.stringMatching(/\w/), context: expect.any(String) } });
      };
      await refused(400, "POST", "/api/v1/publish", "{not json");
      await refused(400, "POST", "/api/v1/publish", Buffer.from([0xff, 0xfe, 0x00]));
      await refused(400, "POST", "/api/v1/publish", '{"moduleID":"echo one","apis":[5]}');
      await refused(400, "POST", "/api/v1/publish", "");
      await refused(413, "POST", "/api/v1/publish", `{"moduleID":"echo one","apis":[],"x":"${"x".repeat(1_000_000)}"}`);
      await refused(405, "GET", "/api/v1/publish");
      await refused(404, "GET", "/api/v2/list");
      await refused(404, "GET", "/");
      await refused(400, "GET", "/api/v1/discover/%E0%A4%A");
      await refused(400, "DELETE", "/api/v1/unpublish/echo%20one?processID=x");
      expect(await unix("GET", "/api/v1/discover/echo%20one")).toMatchObject({ status: 200, body: { apis: [{ serverPort: 4000 }] } });
    }));

  it("who speaks no HTTP, or leaves in the middle of a request, harms nobody", () =>
    serving(async ({ port, unix }) => {
      const raw = (text: string, end: boolean): Promise<string> =>
        new Promise((done) => {
          const socket = connect(port, "127.0.0.1", () => socket.write(text, () => (end ? socket.destroy() : undefined)));
          let got = "";
          socket.on("data", (chunk) => (got += String(chunk)));
          socket.on("error", () => {});
          socket.on("close", () => done(got));
        });
      expect(await raw("nonsense\r\n\r\n", false)).toContain('{"success":false,"error":"this is not HTTP"');
      await raw('POST /api/v1/publish HTTP/1.1\r\nhost: x\r\ncontent-length: 500\r\n\r\n{"moduleID":', true);
      expect(await unix("GET", "/api/v1/health")).toMatchObject({ status: 200, body: { registeredModules: 0 } });
    }));

  it("a web page cannot publish: neither one that says so, nor one under a name of its own", () =>
    serving(async ({ tcp, unix }) => {
      expect(await tcp("POST", "/api/v1/publish", go, { origin: "http://evil.example" })).toMatchObject({
        status: 403,
        body: { success: false },
      });
      expect(await unix("POST", "/api/v1/publish", go, { origin: "null" })).toMatchObject({ status: 403 });
      expect(await tcp("GET", "/api/v1/list", undefined, { host: "evil.example:8080" })).toMatchObject({ status: 403 });
      expect(await unix("GET", "/api/v1/list", undefined, { host: "unix" })).toMatchObject({ status: 200, body: { modules: [] } });
      expect(await tcp("GET", "/api/v1/list", undefined, { host: "localhost:8080" })).toMatchObject({ status: 200 });
    }));

  it("the socket is private, and gone at the end", async () => {
    await serving(async () => expect(statSync(path).mode & 0o777).toBe(0o600));
    expect(() => statSync(path)).toThrow("ENOENT");
  });

  it("a place that somebody has is an error that says so", () =>
    serving(async ({ port }) => {
      const again = (places: { readonly unix?: string; readonly port?: number }) =>
        Effect.gen(function* () {
          const { control } = yield* Fake.make;
          return yield* Effect.flip(Effect.provideService(serveRegistry(places), Control, control));
        }).pipe(Effect.scoped, Effect.runPromise);
      expect((await again({ unix: path })).message).toBe(`the service registry cannot listen at ${path}: somebody answers there`);
      expect((await again({ port })).message).toContain(`127.0.0.1:${port}: listen EADDRINUSE`);
      writeFileSync(join(folder, "file"), "");
      expect((await again({ unix: join(folder, "file") })).message).toContain("not a socket");
    }));
});
