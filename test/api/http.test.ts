/**
 * The HTTP API over a real port, in front of a real master with real processes.
 */
import { execFileSync } from "node:child_process";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import { type HttpPlace, serveHttp } from "../../src/api/index.ts";
import { Control } from "../../src/master/index.ts";
import { Tokens } from "../../src/security/index.ts";
import { until, withMaster } from "../master/support.ts";

const yaml = `
managed_processes:
  - id: web
    strategy: one_for_one
    children:
      - { id: server, management: { control: { executable: sleep, arguments: ["600"] } } }
      - { id: job, enabled: false, management: { control: { executable: sh, arguments: ["-c", "echo one; echo two"], start: oneshot } } }
  - { id: other, management: { control: { executable: sleep, arguments: ["600"] } } }
  - { id: broken, enabled: false, management: { control: { executable: /nowhere/at-all }, restart_policy: never } }
`;

interface Asked {
  readonly method?: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}
type Json = any; // oxlint-disable-line typescript/no-explicit-any -- each test says what it is to be
interface Answer {
  readonly status: number;
  readonly type: string;
  readonly etag: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly json: Json;
}

/** Node's own client: `fetch` does not let a test choose its Host. */
const asking =
  (port: number) =>
  (path: string, { body, headers, method = "GET", token }: Asked = {}): Promise<Answer> =>
    new Promise((done, failed) => {
      const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const request = httpRequest({ host: "127.0.0.1", port, path, method, headers: { ...authorization, ...headers } }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk) => (text += chunk));
        response.on("end", () => {
          const type = response.headers["content-type"] ?? "";
          const json: Json = type.includes("json") && method !== "HEAD" ? JSON.parse(text) : undefined;
          done({ status: response.statusCode ?? 0, type, etag: response.headers.etag ?? "", headers: response.headers, text, json });
        });
      });
      request.on("error", failed).end(body);
    });

interface Place {
  readonly ask: ReturnType<typeof asking>;
  readonly port: number;
  readonly control: Control["Service"];
  readonly tokens: Tokens.TokenFile;
  readonly viewer: string;
  readonly operator: string;
  readonly admin: string;
}

const withHttp = (use: (place: Place) => Promise<void>, place: HttpPlace = { address: "127.0.0.1", port: 0 }): Promise<void> =>
  withMaster(yaml, ({ control, directory }) =>
    Effect.gen(function* () {
      const path = join(directory, "tokens.json");
      const tokens = new Tokens.TokenFile(path);
      const [viewer, operator, admin] = yield* Effect.all([
        tokens.create({ name: "v", role: "viewer", createdAt: 1 }),
        tokens.create({ name: "o", role: "operator", createdAt: 1 }),
        tokens.create({ name: "a", role: "admin", createdAt: 1 }),
      ]);
      const port = yield* Effect.provideService(serveHttp(place, path), Control, control);
      yield* until(control.status, ({ phase }) => phase === "running");
      yield* Effect.promise(() => use({ ask: asking(port), port, control, tokens, viewer, operator, admin }));
    }),
  );

describe("the HTTP API", () => {
  it("tells what there is: the master, its tree, its units page by page, one unit, what it uses", () =>
    withHttp(async ({ ask, viewer: token }) => {
      const status = await ask("/v1/status", { token });
      expect(status).toMatchObject({ status: 200, json: { phase: "running" } });
      expect((await ask("/v1/tree", { token })).json).toMatchObject({ kind: "supervisor" });
      const first = await ask("/v1/units?limit=3", { token });
      expect(first.json.units.map(({ id }: { id: string }) => id)).toEqual(["server", "job", "other"]);
      const second = await ask(`/v1/units?limit=3&after=${first.json.next}`, { token });
      expect(second.json).toMatchObject({ units: [{ id: "broken" }], next: null });
      expect((await ask("/v1/units?state=running", { token })).json.units).toHaveLength(2);
      const one = await ask("/v1/units/server", { token });
      expect(one.json).toMatchObject({ status: { id: "server", state: "running" }, history: expect.any(Array) });
      expect(one.etag).toMatch(/^"[\w-]{22}"$/);
      expect((await ask("/v1/resources", { token })).json).toMatchObject({ cores: expect.any(Number), units: expect.any(Array) });
      const described = await ask("/v1/openapi.json", { token });
      expect(described.json).toMatchObject({ openapi: expect.stringMatching(/^3\.1/), info: { title: "HSU" } });
      expect(Object.keys(described.json.paths)).toContain("/v1/units/{unit}/restart");
    }));

  it("does what `hsu` does, with its errors: as problems with the same codes", () =>
    withHttp(async ({ ask, operator: token }) => {
      const post = (path: string, more: Asked = {}) => ask(path, { method: "POST", token, ...more });
      const before = await ask("/v1/units/server", { token });
      const restarted = await post("/v1/units/server/restart");
      expect(restarted).toMatchObject({ status: 200, json: { id: "server", state: "running" } });
      expect(restarted.json.pid).not.toBe(before.json.status.pid);
      expect(await post("/v1/units/server/stop")).toMatchObject({ status: 200, json: { state: "stopped" } });
      const signal = { body: JSON.stringify({ signal: "SIGUSR1" }), headers: { "content-type": "application/json" } };
      const conflict = await post("/v1/units/server/signal", signal);
      expect(conflict).toMatchObject({ status: 409, type: "application/problem+json" });
      expect(conflict.json).toMatchObject({ type: "urn:hsu:error:HSU-UNIT-002", status: 409, code: "HSU-UNIT-002" });
      expect(await post("/v1/units/server/start")).toMatchObject({ status: 200, json: { state: "running" } });
      expect(await post("/v1/units/sever/start")).toMatchObject({
        status: 404,
        json: { code: "HSU-UNIT-001", detail: 'no unit "sever"', hint: 'did you mean "server"?' },
      });
      expect(await post("/v1/units/broken/start")).toMatchObject({ status: 502, json: { code: "HSU-UNIT-003" } });
      expect(await post("/v1/units/server/reload")).toMatchObject({ status: 409, json: { code: "HSU-UNIT-010" } });
      for (const [path, more] of [
        ["/v1/units?limit=0", { method: "GET" }],
        ["/v1/units?state=happy", { method: "GET" }],
        ["/v1/units/server/signal", { ...signal, body: "{" }],
        ["/v1/units/server/signal", { ...signal, body: "{}" }],
      ] as const) {
        expect(await post(path, more)).toMatchObject({ status: 400, type: "application/problem+json", json: { code: "HSU-API-007" } });
      }
      expect(await post("/v2/units")).toMatchObject({ status: 404, json: { code: "HSU-API-008" } });
    }));

  it("does a command only to what the client has seen, where it says so", () =>
    withHttp(async ({ ask, operator: token }) => {
      const { etag } = await ask("/v1/units/server", { token });
      const stop = (match: string) => ask("/v1/units/server/stop", { method: "POST", token, headers: { "if-match": match } });
      const restarted = await ask("/v1/units/server/restart", { method: "POST", token, headers: { "if-match": etag } });
      expect(restarted.status).toBe(200);
      expect(restarted.etag).not.toBe(etag);
      expect(await stop(etag)).toMatchObject({ status: 412, json: { code: "HSU-API-011" } });
      expect((await ask("/v1/units/server", { token })).json.status.state).toBe("running");
      expect((await stop(restarted.etag)).status).toBe(200);
    }));

  it("is for who has a token, of the role that it takes, and for the group that it is for", () =>
    withHttp(async ({ admin, ask, operator, tokens, viewer }) => {
      const reads = [
        "/v1/status",
        "/v1/tree",
        "/v1/units",
        "/v1/units/server",
        "/v1/resources",
        "/v1/events",
        "/v1/openapi.json",
        "/metrics",
      ];
      for (const path of reads) {
        expect(await ask(path)).toMatchObject({ status: 401, json: { code: "HSU-API-009" }, headers: { "www-authenticate": "Bearer" } });
        expect((await ask(path, { token: `${viewer}x` })).status).toBe(401);
        expect((await ask(path, { token: viewer })).status).toBe(200);
      }
      const restart = (token: string, unit = "server") => ask(`/v1/units/${unit}/restart`, { method: "POST", token });
      expect(await restart(viewer)).toMatchObject({ status: 403, json: { code: "HSU-API-010" } });
      expect((await restart(operator)).status).toBe(200);
      expect((await ask("/v1/shutdown", { method: "POST", token: operator })).status).toBe(403);

      const web = await Effect.runPromise(tokens.create({ name: "web", role: "admin", group: "web", createdAt: 1 }));
      expect((await ask("/v1/units", { token: web })).json.units.map(({ id }: { id: string }) => id)).toEqual(["server", "job"]);
      expect((await ask("/v1/tree", { token: web })).json).toMatchObject({ id: "web" });
      expect((await ask("/v1/resources", { token: web })).json).toMatchObject({
        master: null,
        units: [{ unit: "server" }, { unit: "job" }],
      });
      expect((await ask("/metrics", { token: web })).text).not.toContain("other");
      expect((await restart(web)).status).toBe(200);
      expect(await restart(web, "other")).toMatchObject({ status: 404, json: { code: "HSU-UNIT-001" } });
      expect((await ask("/v1/shutdown", { method: "POST", token: web })).status).toBe(403);

      await Effect.runPromise(tokens.revoke("v"));
      expect((await ask("/v1/status", { token: viewer })).status).toBe(401);
      expect((await ask("/v1/shutdown", { method: "POST", token: admin })).status).toBe(202);
    }));

  it("tells anybody whether the master is there, and whether its units can be used", () =>
    withHttp(async ({ ask, control }) => {
      expect(await ask("/health")).toMatchObject({ status: 200, json: { status: "ok" } });
      expect(await ask("/ready")).toMatchObject({ status: 200, json: { status: "ready" } });
      await Effect.runPromise(Effect.flip(control.start("broken")));
      expect(await ask("/ready")).toMatchObject({ status: 503, json: { code: "HSU-API-012", detail: "not ready: broken is failed" } });
    }));

  it("answers HEAD as it would GET, with nothing but the head: at once even for what is followed", () =>
    withHttp(async ({ admin: token, ask }) => {
      const { paths } = (await ask("/v1/openapi.json", { token })).json;
      const gets = Object.entries<object>(paths).filter(([, methods]) => "get" in methods);
      expect(gets.length).toBeGreaterThan(15);
      for (const [path] of gets) {
        const at = path.replace("{unit}", "server").replace("{number}", "1");
        // What another request has changed meanwhile is not held against it.
        const [got, head] = [await ask(at, { token }), await ask(at, { token, method: "HEAD" })];
        expect({ at, status: head.status, type: head.type, etag: head.etag, text: head.text }).toEqual({
          at,
          status: got.status,
          type: got.type,
          etag: got.etag,
          text: "",
        });
        expect(Object.keys(head.headers).includes("content-length")).toBe(Object.keys(got.headers).includes("content-length"));
      }
      for (const follow of ["/v1/events?follow=true", "/v1/units/server/logs?follow=true"]) {
        for (let i = 0; i < 60; i++) expect(await ask(follow, { token, method: "HEAD" })).toMatchObject({ status: 200, text: "" });
      }
      expect(await ask("/v1/status", { method: "HEAD" })).toMatchObject({
        status: 401,
        text: "",
        headers: { "www-authenticate": "Bearer" },
      });
      expect(await ask("/v1/units/sever", { method: "HEAD", token })).toMatchObject({ status: 404, text: "" });
      expect(await ask("/nowhere", { method: "HEAD" })).toMatchObject({ status: 404, type: "application/problem+json", text: "" });
      // A command is none for looking.
      expect(await ask("/v1/units/server/stop", { method: "HEAD", token })).toMatchObject({ status: 404 });
    }));

  it("tells events and lines as server-sent events, from where the client has been, and as they come", () =>
    withHttp(async ({ ask, control, operator: token, port }) => {
      await Effect.runPromise(control.start("job"));
      const logs = await ask("/v1/units/job/logs?lines=1", { token });
      expect(logs).toMatchObject({ type: "text/event-stream" });
      expect(logs.text).toContain('data: {"unit":"job","stream":"stdout","text":"two"}');
      expect((await ask("/v1/units/jab/logs", { token })).status).toBe(404);
      const events = (await ask("/v1/events", { token })).text;
      const last = Number(/id: (\d+)\n(?!.*id:)/s.exec(events)?.[1]);
      expect(last).toBeGreaterThan(2);
      expect((await ask("/v1/events", { token, headers: { "last-event-id": String(last - 1) } })).text).toMatch(
        new RegExp(`^id: ${last}\n`),
      );
      const seen = new Promise<string>((done) => {
        const path = `/v1/events?follow=true&since=${last + 1}`;
        const request = httpRequest({ host: "127.0.0.1", port, path, headers: { authorization: `Bearer ${token}` } }, (response) => {
          let text = "";
          response.on("data", (chunk) => {
            text += String(chunk);
            if (!text.includes('"message":"stopped')) return;
            request.destroy();
            done(text);
          });
        });
        request.end();
      });
      await Effect.runPromise(control.stop("server"));
      expect(await seen).toContain(`id: ${last + 1}\n`);
    }));

  it("is not for web pages under another name, not for bodies without end, and not for what is no HTTP", () =>
    withHttp(async ({ ask, operator: token, port }) => {
      expect(await ask("/v1/status", { token, headers: { host: "evil.example" } })).toMatchObject({ status: 403 });
      expect((await ask("/health", { headers: { host: `localhost:${port}` } })).status).toBe(200);
      const huge = { method: "POST", token, headers: { "content-type": "application/json" }, body: `{"signal":"${"x".repeat(100_000)}"}` };
      expect(await ask("/v1/units/server/signal", huge)).toMatchObject({ status: 413 });
      const garbage = await new Promise<string>((done) => {
        let text = "";
        const socket = connect(port, "127.0.0.1", () => socket.end("\u0000\u0001 not http\r\n\r\n"));
        socket.on("data", (chunk) => (text += String(chunk))).on("close", () => done(text));
      });
      expect(garbage).toMatch(/^HTTP\/1\.1 400/);
      expect((await ask("/health")).status).toBe(200);
    }));

  it("is Prometheus' to scrape", () =>
    withHttp(async ({ ask, viewer: token }) => {
      const { text, type } = await ask("/metrics", { token });
      expect(type).toMatch(/^text\/plain; version=0\.0\.4/);
      expect(text).toContain('hsu_unit_running{unit="server",group="web"} 1\n'.replace('"web"', /group="([^"]*)"/.exec(text)![0].slice(6)));
      expect(text).toContain('hsu_units{state="running"} 2\n');
      for (const line of text.trim().split("\n")) {
        expect(line).toMatch(/^(# (HELP|TYPE) hsu_\w+ .+|hsu_\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? -?[\d.e+]+)$/);
      }
    }));

  it("that cannot be opened is an error that says why", async () => {
    await withHttp(async ({ control, port }) => {
      const again = serveHttp({ address: "127.0.0.1", port }, "/nowhere").pipe(Effect.provideService(Control, control), Effect.scoped);
      expect(await Effect.runPromise(Effect.flip(again))).toMatchObject({
        code: "HSU-API-006",
        message: expect.stringContaining(`127.0.0.1:${port}: listen EADDRINUSE`),
      });
      const tls = { certificate: "/nowhere/cert.pem", key: "/nowhere/key.pem" };
      const without = serveHttp({ address: "127.0.0.1", port: 0, tls }, "/nowhere").pipe(
        Effect.provideService(Control, control),
        Effect.scoped,
      );
      expect(await Effect.runPromise(Effect.flip(without))).toMatchObject({ message: expect.stringContaining("ENOENT") });
    });
  });
});

describe("the HTTP API over TLS", () => {
  const openssl = (() => {
    try {
      execFileSync("openssl", ["version"], { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  })();

  it.skipIf(!openssl)("is for who has a certificate of the CA that it names (needs openssl)", () =>
    withMaster(yaml, ({ control, directory }) =>
      Effect.gen(function* () {
        const at = (name: string) => join(directory, name);
        const run = (...args: ReadonlyArray<string>) => execFileSync("openssl", args, { cwd: directory, stdio: "ignore" });
        const pair = (name: string) =>
          run(
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "1",
            "-keyout",
            `${name}.key`,
            "-out",
            `${name}.pem`,
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1",
          );
        for (const name of ["server", "client", "stranger"]) pair(name);
        const tls = { certificate: at("server.pem"), key: at("server.key"), clientCa: at("client.pem") };
        const port = yield* Effect.provideService(serveHttp({ address: "127.0.0.1", port: 0, tls }, at("tokens.json")), Control, control);
        const { readFileSync } = yield* Effect.promise(() => import("node:fs"));
        const health = (client: object) =>
          new Promise<number | string>((done) => {
            const options = { host: "127.0.0.1", port, path: "/health", ca: readFileSync(at("server.pem")), ...client };
            const request = httpsRequest(options, (response) => done(response.resume().statusCode ?? 0));
            request.on("error", (error: NodeJS.ErrnoException) => done(error.code ?? "failed")).end();
          });
        const as = (name: string) => ({ cert: readFileSync(at(`${name}.pem`)), key: readFileSync(at(`${name}.key`)) });
        expect(yield* Effect.promise(() => health(as("client")))).toBe(200);
        expect(yield* Effect.promise(() => health(as("stranger")))).not.toBe(200);
        expect(yield* Effect.promise(() => health({}))).not.toBe(200);
      }),
    ),
  );
});
