/** The API over TCP and TLS, with a `Control` that has no master behind it. */
import { mkdtempSync, rmSync } from "node:fs";
import * as Net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as RpcClient from "effect/rpc/RpcClient";
import type * as Scope from "effect/Scope";
import * as Stream from "effect/Stream";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { type NetworkPlace, serveNetwork } from "../../src/api/index.ts";
import { longestMessage, mostCalls } from "../../src/api/Guarded.ts";
import { listen } from "../../src/api/NetworkListen.ts";
import * as Refusals from "../../src/api/Refusals.ts";
import { Control } from "../../src/master/Control.ts";
import { dial, type How } from "../../src/peer/Dial.ts";
import { commandId } from "../../src/protocol/Rights.ts";
import { Tokens } from "../../src/security/index.ts";
import { authority, hasOpenssl } from "../certificates.ts";
import { make, unit } from "./fakeControl.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hsu-network-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const plain: NetworkPlace = { address: "127.0.0.1", port: 0, clients: [] };

const served = Effect.fnUntraced(function* (place: NetworkPlace = plain, more: Partial<Control["Service"]> = {}, silenceMillis?: number) {
  const fake = yield* make;
  const control = { ...fake.control, ...more };
  const tokens = new Tokens.TokenFile(join(folder, "tokens.json"));
  const port = yield* Effect.provideService(
    listen(place, { tokens: tokens.path, version: "test", ...(silenceMillis === undefined ? {} : { silenceMillis }) }),
    Control,
    control,
  );
  const token = (role: Tokens.Role, rest: { readonly group?: string; readonly expiresAt?: number } = {}) =>
    tokens.create({ name: `${role}-${rest.group ?? "all"}-${rest.expiresAt ?? 0}`, role, createdAt: 0, ...rest });
  const address = `${place.tls === undefined ? "tcp" : "tls"}://127.0.0.1:${port}`;
  const at = (how: Partial<How> = {}) => dial({ address, version: "test", ...how });
  return { ...fake, control, port, tokens, token, at, refused: () => Object.fromEntries(Refusals.of(control)) };
});

const scoped = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>): Promise<A> => Effect.runPromise(Effect.scoped(effect));

/** What comes back for these bytes until the connection has ended. */
const told = (port: number, ...bytes: ReadonlyArray<string | Buffer>): Effect.Effect<string> =>
  Effect.callback((resume) => {
    let out = "";
    const socket = Net.connect(port, "127.0.0.1");
    socket.on("data", (chunk) => (out += String(chunk)));
    socket.on("error", () => {});
    socket.on("close", () => resume(Effect.succeed(out)));
    for (const each of bytes) socket.write(each);
    return Effect.sync(() => socket.destroy());
  });

const until = (condition: () => boolean): Effect.Effect<void> =>
  Effect.sleep(5).pipe(Effect.repeat({ until: () => condition() }), Effect.asVoid, Effect.timeout(5000), Effect.orDie);

const hello = (more: object = {}): string =>
  `${JSON.stringify({ hsu: { version: "test", oldest: 1, newest: 1, encodings: ["ndjson"], ...more } })}\n`;

describe("a master over TCP on this machine", () => {
  // Of one version it is binary, of two it is JSON.
  it.each(["test", "other"])("answers each call of who has a token, for a client of version %s", (version) =>
    scoped(
      Effect.gen(function* () {
        const server = yield* served();
        const { call, welcome } = yield* server.at({ version, token: yield* server.token("admin") });
        expect(welcome).toMatchObject({ protocol: 2, encoding: version === "test" ? "binary" : "ndjson", role: "admin", group: null });
        expect((yield* call.Status(undefined)).units.map(({ id }) => id)).toEqual(["web", "broken"]);
        expect((yield* call.Tree(undefined)).children[1]?.children[0]?.strategy).toBe("rest_for_one");
        expect((yield* call.Stop({ unit: "web" })).state).toBe("stopped");
        expect(yield* Effect.flip(call.Stop({ unit: "wep" }))).toMatchObject({ _tag: "UnitNotFound", hint: 'did you mean "web"?' });
        expect((yield* call.Describe({ unit: "web" })).history).toHaveLength(1);
        expect((yield* call.Resources({ unit: null, history: false, detail: false })).cores).toBe(2);
        expect(yield* call.Spec(undefined)).toMatchObject({ source: "/etc/hsu/hsu.yaml" });
        yield* call.Apply({ spec: yield* call.Spec(undefined), how: "apply" });
        expect(yield* call.Revisions(undefined)).toHaveLength(1);
        const lines = yield* Stream.runCollect(call.Logs({ unit: "web", follow: false, lines: 5 }));
        expect(lines.map(({ text }) => text)).toEqual(["listening", "warning: 1"]);
        expect(yield* Effect.flip(Stream.runCollect(call.Logs({ unit: "no", follow: false, lines: 1 })))).toMatchObject({ unit: "no" });
        expect(server.calls).toEqual(["stop web", "stop wep", "apply apply /etc/hsu/hsu.yaml"]);
        expect(server.refused()).toEqual({});
      }),
    ),
  );

  it("knows nobody without a token, with a wrong one, or with one that has expired or was revoked", () =>
    scoped(
      Effect.gen(function* () {
        const server = yield* served();
        const token = yield* server.token("viewer");
        const { call } = yield* server.at({ token });
        yield* server.tokens.revoke("viewer-all-0");
        expect(yield* Effect.flip(call.Status(undefined))).toMatchObject({ _tag: "Forbidden", code: "HSU-RPC-004" });
        for (const wrong of [undefined, "hsu_wrong", token, yield* server.token("admin", { expiresAt: 1 })]) {
          const error = yield* Effect.flip(server.at(wrong === undefined ? {} : { token: wrong }));
          expect(error).toMatchObject({ _tag: "Unauthorized", code: "HSU-RPC-003" });
        }
        expect(server.refused()).toEqual({ "HSU-RPC-003": 4 });
      }),
    ));

  it("lets a viewer look, an operator command, and an admin end it", () =>
    scoped(
      Effect.gen(function* () {
        const server = yield* served();
        const viewer = yield* server.at({ token: yield* server.token("viewer") });
        const operator = yield* server.at({ token: yield* server.token("operator") });
        const admin = yield* server.at({ token: yield* server.token("admin") });
        yield* viewer.call.Status(undefined);
        const refused = yield* Effect.flip(viewer.call.Stop({ unit: "web" }));
        expect(refused).toMatchObject({
          _tag: "Forbidden",
          code: "HSU-RPC-004",
          message: expect.stringContaining("needs the role operator"),
        });
        expect(
          yield* Effect.flip(Stream.runDrain(viewer.call.Call({ unit: "web", method: null, json: "", timeoutMillis: 1 }))),
        ).toMatchObject({
          _tag: "Forbidden",
        });
        yield* operator.call.Stop({ unit: "web" });
        expect(yield* Effect.flip(operator.call.Shutdown(undefined))).toMatchObject({ _tag: "Forbidden" });
        yield* admin.call.Shutdown(undefined);
        expect(server.calls).toEqual(["stop web", "shutdown"]);
      }),
    ));

  it("shows who has a token for a group that group and nothing else", () =>
    scoped(
      Effect.gen(function* () {
        const server = yield* served();
        server.units.push(unit("other", { groups: ["units", "back"] }));
        const { call } = yield* server.at({ token: yield* server.token("admin", { group: "back" }) });
        expect((yield* call.Status(undefined)).units.map(({ id }) => id)).toEqual(["other"]);
        yield* call.Stop({ unit: "other" });
        for (const refused of [
          call.Stop({ unit: "web" }),
          call.Describe({ unit: "web" }),
          Stream.runDrain(call.Logs({ unit: "web", follow: false, lines: 1 })),
          call.Signal({ unit: "web", signal: "SIGHUP" }),
        ]) {
          expect(yield* Effect.flip(refused as Effect.Effect<unknown, unknown>)).toMatchObject({ _tag: "UnitNotFound" });
        }
        for (const refused of [call.Shutdown(undefined), call.Spec(undefined), call.Tree(undefined), call.Rollback({ revision: null })]) {
          expect(yield* Effect.flip(refused as Effect.Effect<unknown, unknown>)).toMatchObject({ _tag: "Forbidden" });
        }
        expect((yield* call.Resources({ unit: null, history: false, detail: false })).master).toBeNull();
        expect(yield* Stream.runCollect(call.Events({ follow: false, since: 0 }))).toEqual([]);
        expect(server.calls).toEqual(["stop other"]);
      }),
    ));

  it("carries a command out once, however often it comes under its id, and to its end when who sent it has gone", () =>
    scoped(
      Effect.gen(function* () {
        const gate = yield* Deferred.make<void>();
        let done = 0;
        const restart = () =>
          Effect.as(
            Effect.andThen(
              Deferred.await(gate),
              Effect.sync(() => void done++),
            ),
            unit("web"),
          );
        let begun = 0;
        const server = yield* served(plain, { restart: () => Effect.suspend(() => (begun++, restart())) });
        const token = yield* server.token("operator");
        const send = (id: string) =>
          Effect.scoped(
            Effect.flatMap(server.at({ token }), ({ call }) =>
              Effect.provideService(call.Restart({ unit: "web" }), RpcClient.CurrentHeaders, { [commandId]: id } as never),
            ),
          );
        const first = yield* Effect.forkChild(send("a"));
        yield* until(() => begun === 1);
        yield* Fiber.interrupt(first);
        const second = yield* Effect.forkChild(send("a"));
        yield* Effect.sleep(20);
        expect(done).toBe(0);
        yield* Deferred.succeed(gate, undefined);
        expect((yield* Fiber.join(second)).id).toBe("web");
        yield* send("a");
        expect([begun, done]).toEqual([1, 1]);
        yield* send("b");
        expect([begun, done]).toEqual([2, 2]);
      }),
    ));

  it("says both versions to who speaks no protocol of its own", () =>
    scoped(
      Effect.gen(function* () {
        const server = yield* served();
        const answer = JSON.parse(yield* told(server.port, hello({ version: "9.0.0", oldest: 8, newest: 9 }))) as {
          refused: Record<string, string>;
        };
        expect(answer.refused).toMatchObject({
          _tag: "VersionMismatch",
          client: "hsu 9.0.0 (protocol 8 to 9)",
          server: "hsu test (protocol 1 to 2)",
        });
        const old = Net.createServer((socket) => socket.end(`${JSON.stringify(answer)}\n`)).listen(0, "127.0.0.1");
        yield* Effect.addFinalizer(() => Effect.sync(() => old.close()));
        yield* until(() => old.listening);
        const { port } = old.address() as Net.AddressInfo;
        const error = yield* Effect.flip(dial({ address: `tcp://127.0.0.1:${port}`, version: "test" }));
        expect(error).toMatchObject({ code: "HSU-RPC-002", message: expect.stringMatching(/hsu test.*hsu 9\.0\.0/) });
      }),
    ));

  it("turns garbage, long lines and long messages away with a code, and counts them", () =>
    scoped(
      Effect.gen(function* () {
        const server = yield* served();
        const token = yield* server.token("viewer");
        const long = Buffer.alloc(longestMessage + 2, 120);
        const many = Array.from(
          { length: mostCalls + 1 },
          (_, id) => `{"_tag":"Request","id":${id},"tag":"Events","payload":{"follow":true,"since":0},"headers":[]}\n`,
        ).join("");
        for (const bytes of [
          ["GET / HTTP/1.1\r\n\r\n"],
          [Buffer.from([22, 3, 1, 2, 0, 1, 10])],
          [Buffer.alloc(100_000, 120)],
          [hello({ token }), "not json\n"],
          [hello({ token }), '{"_tag":"Exit"}\n'],
          [hello({ token }), long],
          [hello({ token, encodings: ["binary"] }), Buffer.alloc(64, 255)],
        ]) {
          const answer = yield* told(server.port, ...bytes);
          expect(JSON.parse(answer.trim().split("\n").at(-1)!)).toMatchObject({ refused: { _tag: "FrameRefused" } });
        }
        expect(yield* told(server.port, hello({ token }), many)).toContain('"refused":{"_tag":"TooMany"');
        expect(server.refused()).toEqual({ "HSU-RPC-006": 7, "HSU-RPC-007": 1 });
        yield* until(() => server.following() === 0);
        expect((yield* (yield* server.at({ token })).call.Status(undefined)).pid).toBe(99);
      }),
    ));

  it("cuts off who gives no sign of life, and not who does", () =>
    scoped(
      Effect.gen(function* () {
        const server = yield* served(plain, {}, 300);
        const token = yield* server.token("viewer");
        const { closed } = yield* server.at({ token, heartbeat: { everyMillis: 20, patienceMillis: 5000 } });
        const living = yield* Effect.forkChild(closed);
        const answer = yield* told(server.port, hello({ token }));
        expect(answer).toContain('"welcome"');
        expect(living.pollUnsafe()).toBeUndefined();
      }),
    ));
});

describe.skipIf(!hasOpenssl)("a master over TLS (needs openssl)", () => {
  const home = mkdtempSync(join(tmpdir(), "hsu-certificates-"));
  afterAll(() => rmSync(home, { recursive: true, force: true }));
  const ours = hasOpenssl ? authority(home) : undefined;
  const others = hasOpenssl ? authority(home, "others") : undefined;
  const place = (tls: { readonly cert: string; readonly key: string; readonly ca?: string }): NetworkPlace => ({
    ...plain,
    tls,
    clients: [
      { name: "ops", role: "operator" },
      { name: "guest", role: "viewer", group: "back" },
    ],
  });

  it("knows its clients by their certificates, and lets each do what was said of its name", () =>
    scoped(
      Effect.gen(function* () {
        const { ca, sign } = ours!;
        const server = yield* served(place({ ...sign("master"), ca }));
        const ops = yield* server.at({ ca, ...sign("ops") });
        expect(ops.welcome).toMatchObject({ role: "operator", group: null });
        yield* ops.call.Stop({ unit: "web" });
        expect(yield* Effect.flip(ops.call.Shutdown(undefined))).toMatchObject({ _tag: "Forbidden" });
        expect((yield* server.at({ ca, ...sign("guest") })).welcome).toMatchObject({ role: "viewer", group: "back" });
        const nobody = sign("nobody");
        expect(yield* Effect.flip(server.at({ ca, ...nobody }))).toMatchObject({
          code: "HSU-RPC-003",
          message: expect.stringContaining('"nobody"'),
        });
        expect((yield* server.at({ ca, ...nobody, token: yield* server.token("admin") })).welcome.role).toBe("admin");
      }),
    ));

  it("refuses a certificate of another CA, one that has expired, and none, each with its reason, whatever the token", () =>
    scoped(
      Effect.gen(function* () {
        const { ca, sign } = ours!;
        const server = yield* served(place({ ...sign("master"), ca }));
        const token = yield* server.token("admin");
        const why = (pair: object) => Effect.flip(server.at({ ca, token, ...pair }));
        expect(yield* why(others!.sign("ops"))).toMatchObject({ code: "HSU-RPC-005", whose: "client", why: "another CA has signed it" });
        expect(yield* why(sign("ops", { days: -1 }))).toMatchObject({ code: "HSU-RPC-005", whose: "client", why: "it has expired" });
        expect(yield* why({})).toMatchObject({ code: "HSU-RPC-005", whose: "client", why: "none was shown" });
        expect(server.refused()).toEqual({ "HSU-RPC-005": 3 });
      }),
    ));

  it("is itself refused by who does not know its CA, when it has expired, and when it is for another host", () =>
    scoped(
      Effect.gen(function* () {
        const { ca, sign } = ours!;
        for (const pair of [others!.sign("master"), sign("master", { days: -1 }), sign("elsewhere", { places: "DNS:elsewhere.example" })]) {
          const server = yield* served({ ...plain, tls: pair });
          expect(yield* Effect.flip(server.at({ ca, token: "t" }))).toMatchObject({ code: "HSU-RPC-005", whose: "master" });
        }
        const server = yield* served({ ...plain, tls: sign("master") });
        expect((yield* server.at({ ca, token: yield* server.token("viewer") })).welcome.role).toBe("viewer");
        // Who does not speak TLS is no client.
        expect(yield* told(server.port, "hello\n")).not.toContain("welcome");
        yield* until(() => server.refused()["HSU-RPC-005"] !== undefined);
      }),
    ));
});

describe("a master that cannot be reached", () => {
  it("says which port is taken, and which file is missing", () =>
    scoped(
      Effect.gen(function* () {
        const server = yield* served();
        const again = (place: NetworkPlace) =>
          Effect.flip(Effect.provideService(serveNetwork(place, { tokens: "/nowhere", version: "test" }), Control, server.control));
        expect(yield* again({ ...plain, port: server.port })).toMatchObject({
          code: "HSU-RPC-001",
          message: expect.stringContaining("EADDRINUSE"),
        });
        expect(yield* again({ ...plain, tls: { cert: "/nowhere/a.pem", key: "/nowhere/a.key" } })).toMatchObject({
          code: "HSU-RPC-001",
          message: expect.stringContaining("ENOENT"),
        });
      }),
    ));

  it("is an error that says why, at once where nobody listens, and in time where nobody answers", () =>
    scoped(
      Effect.gen(function* () {
        const at = (address: string, more: Partial<How> = {}) => Effect.flip(dial({ address, version: "test", ...more }));
        const deaf = Net.createServer((socket) => socket.on("error", () => {}).resume()).listen(0, "127.0.0.1");
        yield* until(() => deaf.listening);
        const { port } = deaf.address() as Net.AddressInfo;
        expect(yield* at(`tcp://127.0.0.1:${port}`, { timeoutMillis: 50 })).toMatchObject({
          code: "HSU-RPC-008",
          reason: "no answer within 0.05 s",
        });
        yield* Effect.promise(() => new Promise((done) => deaf.close(done)));
        expect(yield* at(`tcp://127.0.0.1:${port}`)).toMatchObject({
          code: "HSU-RPC-008",
          reason: expect.stringContaining("ECONNREFUSED"),
        });
        expect(yield* at("tcp://10.0.0.1:1")).toMatchObject({ code: "HSU-RPC-009", why: expect.stringContaining("in the open") });
        for (const wrong of ["", "http://a", "a:b:c", "tls://a:99999"]) expect(yield* at(wrong)).toMatchObject({ code: "HSU-RPC-009" });
        expect(yield* at("tls://localhost:1", { ca: "/nowhere" })).toMatchObject({
          code: "HSU-RPC-009",
          why: expect.stringContaining("ENOENT"),
        });
      }),
    ));
});
