/**
 * hsu.v1 over a real port, with a `Control` that has no master behind it.
 */
import { mkdtempSync, rmSync } from "node:fs";
import * as Http2 from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials, Client as RawClient, Metadata as RawMetadata, type ServiceError, status as Code } from "@grpc/grpc-js";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Scope from "effect/Scope";
import { type Channel, ClientError, createChannel, createClientFactory, Metadata } from "nice-grpc";
import { afterEach, expect, test, vi } from "vitest";
import { serveGrpc } from "../../src/api/index.ts";
import { longestMessage } from "../../src/api/Guarded.ts";
import { Control } from "../../src/master/Control.ts";
import * as Config from "../../src/protocol/gen/hsu/v1/config.ts";
import { EventServiceDefinition } from "../../src/protocol/gen/hsu/v1/event.ts";
import { LogLine_Stream, LogServiceDefinition } from "../../src/protocol/gen/hsu/v1/log.ts";
import { MasterServiceDefinition, MasterStatus_Phase } from "../../src/protocol/gen/hsu/v1/master.ts";
import { PeerServiceDefinition } from "../../src/protocol/gen/hsu/v1/peer.ts";
import { TreeNode_Kind, TreeServiceDefinition } from "../../src/protocol/gen/hsu/v1/tree.ts";
import { UnitServiceDefinition, UnitState } from "../../src/protocol/gen/hsu/v1/unit.ts";
import { commandId } from "../../src/protocol/Rights.ts";
import { Tokens } from "../../src/security/index.ts";
import { event, make, unit } from "./fakeControl.ts";

const cleanUps: Array<() => unknown> = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const clients = (channel: Channel, token?: string) => {
  const factory = createClientFactory().use((call, options) =>
    call.next(call.request, {
      ...options,
      metadata: Metadata(options.metadata).set("authorization", token === undefined ? "" : `Bearer ${token}`),
    }),
  );
  return {
    units: factory.create(UnitServiceDefinition, channel),
    tree: factory.create(TreeServiceDefinition, channel),
    events: factory.create(EventServiceDefinition, channel),
    logs: factory.create(LogServiceDefinition, channel),
    config: factory.create(Config.ConfigServiceDefinition, channel),
    master: factory.create(MasterServiceDefinition, channel),
    peers: factory.create(PeerServiceDefinition, channel),
  };
};

const served = async (more: Partial<Control["Service"]> = {}) => {
  const folder = mkdtempSync(join(tmpdir(), "hsu-grpc-"));
  cleanUps.push(() => rmSync(folder, { recursive: true }));
  const fake = await Effect.runPromise(make);
  const scope = await Effect.runPromise(Scope.make());
  const tokens = new Tokens.TokenFile(join(folder, "tokens.json"));
  const close = () => Effect.runPromise(Scope.close(scope, Exit.void));
  const serving = serveGrpc(0, { tokens: tokens.path });
  const port = await Effect.runPromise(serving.pipe(Effect.provideService(Control, { ...fake.control, ...more }), Scope.provide(scope)));
  cleanUps.push(close);
  const channel = createChannel(`127.0.0.1:${port}`);
  cleanUps.push(() => channel.close());
  const token = (role: Tokens.Role, rest: { readonly group?: string; readonly expiresAt?: number } = {}) =>
    Effect.runPromise(tokens.create({ name: `${role}-${rest.group ?? ""}-${rest.expiresAt ?? ""}`, role, createdAt: 0, ...rest }));
  const as = async (role: Tokens.Role, rest: { readonly group?: string; readonly expiresAt?: number } = {}) =>
    clients(channel, await token(role, rest));
  return { ...fake, port, channel, tokens, token, as, close, nobody: clients(channel) };
};

const failure = async (call: Promise<unknown>): Promise<ClientError> => {
  const error: unknown = await call.then(
    () => new Error("it was answered"),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ClientError)) throw error;
  return error;
};

const collect = async <A>(items: AsyncIterable<A>): Promise<ReadonlyArray<A>> => {
  const all: Array<A> = [];
  for await (const item of items) all.push(item);
  return all;
};

const until = (so: () => boolean) => vi.waitUntil(so, { timeout: 5000, interval: 5 });

test("looks at all that there is", async () => {
  const server = await served();
  const { config, events, logs, master, peers, tree, units } = await server.as("admin");
  const status = await master.status({});
  expect(status).toMatchObject({ pid: 99, phase: MasterStatus_Phase.PHASE_RUNNING, memory: 62_914_560n });
  expect(status.units.map(({ id, memory, pid, state }) => [id, state, pid, memory])).toEqual([
    ["web", UnitState.UNIT_STATE_RUNNING, 4242, 12_582_912n],
    ["broken", UnitState.UNIT_STATE_FAILED, undefined, 12_582_912n],
  ]);
  expect((await units.list({ state: UnitState.UNIT_STATE_FAILED })).units.map(({ id, reason }) => [id, reason])).toEqual([
    ["broken", "gave up after 3 restarts"],
  ]);
  expect(await units.list({ limit: 1 })).toMatchObject({ units: [{ id: "web" }], next: "web" });
  expect(await units.list({ limit: 1, after: "web" })).toMatchObject({ units: [{ id: "broken" }], next: undefined });
  expect((await units.describe({ unit: "web" })).history).toEqual([expect.objectContaining({ state: UnitState.UNIT_STATE_RUNNING })]);
  const root = await tree.tree({});
  expect(root).toMatchObject({ id: "master", kind: TreeNode_Kind.KIND_SUPERVISOR, strategy: "one_for_one" });
  expect(root.children[1]?.children[0]?.children[0]).toMatchObject({ id: "web", kind: TreeNode_Kind.KIND_UNIT, restarts: 2 });
  expect((await collect(events.events({ since: 2n }))).map(({ message, path, seq }) => [seq, path.at(-1), message])).toEqual([
    [2n, "web", "exited with code 1"],
  ]);
  expect((await collect(logs.logs({ unit: "web" }))).map(({ stream, text }) => [stream, text])).toEqual([
    [LogLine_Stream.STREAM_STDOUT, "listening"],
    [LogLine_Stream.STREAM_STDERR, "warning: 1"],
  ]);
  expect(await units.resources({})).toMatchObject({ cores: 2, memoryBytes: 8_589_934_592n, master: undefined, units: [] });
  expect((await units.resources({ unit: "web" })).units).toMatchObject([{ unit: "web", usage: undefined }]);
  expect(await peers.peers({})).toEqual({ peers: [] });
  expect(JSON.parse((await config.spec({})).specJson)).toMatchObject({ source: "/etc/hsu/hsu.yaml" });
  expect((await config.revisions({})).revisions).toMatchObject([{ revision: 1, how: "start" }]);
  expect(await config.revision({})).toMatchObject({ revision: 1, specJson: expect.stringContaining("one_for_one") });
  expect(await config.diff({ revision: 1 })).toEqual({ changes: [], unchanged: 0 });
});

test("commands units, and says what has become of them", async () => {
  const server = await served();
  const { units } = await server.as("operator");
  expect(await units.stop({ unit: "web" })).toMatchObject({ id: "web", state: UnitState.UNIT_STATE_STOPPED, pid: undefined });
  for (const command of ["start", "restart", "reload", "resetFailed"] as const)
    expect(await units[command]({ unit: "web" })).toMatchObject({ id: "web" });
  expect(await units.signal({ unit: "web", signal: "HUP" })).toEqual({});
  expect((await collect(units.roll({ units: ["web", "broken"] }))).map(({ id }) => id)).toEqual(["web", "broken"]);
  expect(await collect(units.call({ unit: "web", method: "a.B/C", json: '{"a":1}' }))).toEqual([
    { reply: { json: '{"a":1}' }, method: undefined },
    { reply: { json: "{}" }, method: undefined },
  ]);
  expect(await collect(units.call({ unit: "web" }))).toMatchObject([
    { reply: undefined, method: { method: "proto.EchoService/Echo", responseStream: true } },
  ]);
  const commands = ["stop web", "start web", "restart web", "reload web", "reset-failed web", "signal HUP web", "roll web", "roll broken"];
  expect(server.calls).toEqual([...commands, "call a.B/C web", "call null web"]);
});

test("takes a config as its text or as what was compiled, and tells what is wrong with it", async () => {
  const server = await served();
  const { config, master, peers } = await server.as("admin");
  expect(await config.validate({ yaml: "managed_processes: []" })).toEqual({ units: 0, groups: 1, warnings: [] });
  await config.apply({ config: { yaml: "managed_processes: []", file: "/srv/hsu.yaml" } });
  await config.apply({ config: { specJson: JSON.stringify({ source: "/by/json" }) }, how: "deploy 7" });
  expect(await config.rollback({ revision: 3 })).toEqual({ plan: { changes: [], unchanged: 1 }, revision: 3 });
  await master.upgrade({ command: ["node", "hsu"] });
  await master.shutdown({});
  expect(server.calls).toEqual(["apply apply /srv/hsu.yaml", "apply deploy 7 /by/json", "rollback 3", "upgrade 2", "shutdown"]);
  const plan = await config.plan({
    config: { specJson: JSON.stringify({ ...JSON.parse((await config.spec({})).specJson), logLevel: "debug" }) },
  });
  expect(plan.changes).toMatchObject([
    {
      kind: Config.Change_Kind.KIND_MASTER,
      action: Config.Change_Action.ACTION_LATER,
      keys: [{ path: ["logLevel"], fromJson: '"info"', toJson: '"debug"' }],
    },
  ]);
  for (const call of [config.validate({ yaml: "wrong" }), config.apply({ config: { yaml: "wrong" } })]) {
    expect(await failure(call)).toMatchObject({
      code: Code.INVALID_ARGUMENT,
      details: expect.stringContaining("/etc/hsu/hsu.yaml:1:1: a mapping is expected [HSU-CFG-007]"),
    });
  }
  expect(await failure(config.apply({}))).toMatchObject({
    code: Code.INVALID_ARGUMENT,
    details: expect.stringContaining("neither its text (yaml)"),
  });
  expect(await failure(config.apply({ config: { specJson: "{" } }))).toMatchObject({ code: Code.INVALID_ARGUMENT });
  expect(await failure(config.revision({ revision: 9 }))).toMatchObject({ code: Code.NOT_FOUND });
  expect(await failure(peers.addPeer({ name: "east", address: "tls://east:1" }))).toMatchObject({ code: Code.FAILED_PRECONDITION });
  expect(await failure(peers.removePeer({ name: "east" }))).toMatchObject({ code: Code.NOT_FOUND });
});

/** A google.rpc.Status, as far as it is ours. */
const readStatus = (bytes: Uint8Array) => {
  const fieldsOf = (of: Uint8Array): ReadonlyArray<readonly [number, Uint8Array | number]> => {
    const reader = new BinaryReader(of);
    const found: Array<readonly [number, Uint8Array | number]> = [];
    while (reader.pos < reader.len) {
      const [field, type] = reader.tag();
      found.push([field, type === WireType.Varint ? reader.int32() : reader.bytes()]);
    }
    return found;
  };
  const text = (value: Uint8Array | number | undefined) => Buffer.from(value as Uint8Array).toString();
  const [code, message, detail] = fieldsOf(bytes);
  const any = new Map(fieldsOf(detail![1] as Uint8Array));
  const info = fieldsOf(any.get(2) as Uint8Array);
  const metadata = info.flatMap(([field, value]) => {
    if (field !== 3) return [];
    const entry = new Map(fieldsOf(value as Uint8Array));
    return [[text(entry.get(1)), text(entry.get(2))] as const];
  });
  return {
    number: code![1],
    message: text(message![1]),
    type: text(any.get(1)),
    reason: text(info[0]![1]),
    domain: text(info[1]![1]),
    ...Object.fromEntries(metadata),
  };
};

/** A call without any generated code: what it failed with. */
const raw = (port: number, method: string, request: Buffer, token: string, options: object = {}): Promise<ServiceError | null> => {
  const client = new RawClient(`127.0.0.1:${port}`, credentials.createInsecure());
  cleanUps.push(() => client.close());
  const metadata = new RawMetadata();
  metadata.set("authorization", `bearer ${token}`);
  const same = (bytes: Buffer) => bytes;
  return new Promise((resolve) => client.makeUnaryRequest(`/hsu.v1.${method}`, same, same, request, metadata, options, resolve));
};

test("an error has a code, a line, and for programs the whole of it", async () => {
  const server = await served();
  const error = (await raw(server.port, "UnitService/Stop", Buffer.from("\x0a\x03wep"), await server.token("operator")))!;
  expect(error).toMatchObject({ code: Code.NOT_FOUND, details: 'no unit "wep"' });
  expect(error.metadata.get("hsu-code")).toEqual(["HSU-UNIT-001"]);
  expect(readStatus(error.metadata.get("grpc-status-details-bin")[0] as Buffer)).toEqual({
    number: Code.NOT_FOUND,
    message: 'no unit "wep"',
    type: "type.googleapis.com/google.rpc.ErrorInfo",
    reason: "UNIT_NOT_FOUND",
    domain: "hsu",
    hint: 'did you mean "web"?',
    code: "HSU-UNIT-001",
  });
});

test("knows nobody without a token that is good, and lets each do what his role is for", async () => {
  const server = await served();
  const expired = await server.as("admin", { expiresAt: 1 });
  for (const { units } of [server.nobody, expired, clients(server.channel, "hsu_wrong")]) {
    expect(await failure(units.list({}))).toMatchObject({ code: Code.UNAUTHENTICATED });
  }
  expect(await failure(collect(server.nobody.events.events({})))).toMatchObject({ code: Code.UNAUTHENTICATED });
  const viewer = await server.as("viewer");
  await viewer.units.list({});
  expect(await failure(viewer.units.stop({ unit: "web" }))).toMatchObject({
    code: Code.PERMISSION_DENIED,
    details: expect.stringContaining("operator"),
  });
  expect(await failure(collect(viewer.units.roll({ units: ["web"] })))).toMatchObject({ code: Code.PERMISSION_DENIED });
  expect(await failure((await server.as("operator")).master.shutdown({}))).toMatchObject({ code: Code.PERMISSION_DENIED });
  expect(server.calls).toEqual([]);
  await Effect.runPromise(server.tokens.revoke("viewer--"));
  expect(await failure(viewer.units.list({}))).toMatchObject({ code: Code.UNAUTHENTICATED });
});

test("who has a token for a group sees that group and nothing else", async () => {
  const server = await served();
  server.units.push(unit("other", { groups: ["units", "back"] }));
  const { config, units } = await server.as("admin", { group: "back" });
  expect((await units.list({})).units.map(({ id }) => id)).toEqual(["other"]);
  await units.stop({ unit: "other" });
  expect(await failure(units.stop({ unit: "web" }))).toMatchObject({ code: Code.NOT_FOUND });
  expect(await failure(config.spec({}))).toMatchObject({ code: Code.PERMISSION_DENIED });
  expect(await failure(config.apply({ config: { yaml: "managed_processes: []" } }))).toMatchObject({ code: Code.PERMISSION_DENIED });
  expect(server.calls).toEqual(["stop other"]);
});

/** Follows events as a client without any library. */
const rawStream = (port: number, token: string, headers: object): Http2.ClientHttp2Session => {
  const session = Http2.connect(`http://127.0.0.1:${port}`).on("error", () => {});
  cleanUps.push(() => session.destroy());
  const call = session.request({
    ":method": "POST",
    ":path": "/hsu.v1.EventService/Events",
    "content-type": "application/grpc",
    te: "trailers",
    authorization: `Bearer ${token}`,
    ...headers,
  });
  call.on("error", () => {}).resume();
  call.end(Buffer.of(0, 0, 0, 0, 2, 8, 1));
  return session;
};

test("a stream that nobody follows any more holds nothing: cancelled, past its deadline, or with a client that has died", async () => {
  const server = await served();
  const { events, logs } = await server.as("viewer");
  const seen: Array<string> = [];
  const cancelling = new AbortController();
  const followed = collect(events.events({ follow: true }, { signal: cancelling.signal })).catch((error: Error) => error.name);
  const reading = (async () => {
    for await (const { text } of logs.logs({ unit: "web", follow: true })) {
      seen.push(text);
      if (text === "enough") break;
    }
  })();
  await until(() => server.following() === 2);
  await Effect.runPromise(server.happen(event(3, "started", "started")));
  await Effect.runPromise(server.write({ unit: "web", stream: "stdout", text: "enough" }));
  await reading;
  expect(seen).toEqual(["listening", "warning: 1", "enough"]);
  await until(() => server.following() === 1);
  cancelling.abort();
  expect(await followed).toBe("AbortError");
  await until(() => server.following() === 0);
  const token = await server.token("operator");
  const dying = rawStream(server.port, token, {});
  rawStream(server.port, token, { "grpc-timeout": "200m" });
  await until(() => server.following() === 2);
  await until(() => server.following() === 1);
  dying.destroy();
  await until(() => server.following() === 0);
});

test("a client that does not read is waited for, and no more is kept for it than a little", async () => {
  let asked = 0;
  const line = { unit: "web", stream: "stdout" as const, text: "x".repeat(10_000) };
  const { Stream } = { Stream: await import("effect/Stream") };
  const server = await served({ logs: () => Stream.map(Stream.range(1, 100_000), () => (asked++, line)) });
  const { logs } = await server.as("viewer");
  const iterator = logs.logs({ unit: "web", follow: true })[Symbol.asyncIterator]();
  await iterator.next();
  let before = -1;
  await until(() => {
    const isStill = asked === before;
    before = asked;
    return isStill;
  });
  expect(asked).toBeLessThan(20_000);
  await iterator.return?.(undefined);
});

test("a deadline ends the wait and not the command; a command that comes twice under one id is carried out once", async () => {
  const gate = await Effect.runPromise(Deferred.make<void>());
  let [begun, done, interrupted] = [0, 0, 0];
  const slow = Effect.suspend(() => {
    begun++;
    return Effect.onInterrupt(
      Effect.andThen(
        Deferred.await(gate),
        Effect.sync(() => (done++, unit("web"))),
      ),
      () => Effect.sync(() => void interrupted++),
    );
  });
  const server = await served({ stop: () => slow, describe: () => Effect.map(slow, (status) => ({ status, history: [] })) });
  const { units } = await server.as("operator");
  const first = new AbortController();
  const metadata = Metadata().set(commandId, "7");
  const given = units.stop({ unit: "web" }, { metadata, signal: first.signal }).catch((error: Error) => error.name);
  await until(() => begun === 1);
  first.abort();
  expect(await given).toBe("AbortError");
  const late = raw(server.port, "UnitService/Stop", Buffer.from("\x0a\x03web"), await server.token("admin"), {
    deadline: Date.now() + 100,
  });
  await until(() => begun === 2);
  expect(await late).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
  const again = units.stop({ unit: "web" }, { metadata });
  const query = new AbortController();
  const asked = units.describe({ unit: "web" }, { signal: query.signal }).catch((error: Error) => error.name);
  await until(() => begun === 3);
  query.abort();
  expect(await asked).toBe("AbortError");
  await until(() => interrupted === 1);
  await Effect.runPromise(Deferred.succeed(gate, undefined));
  expect(await again).toMatchObject({ id: "web" });
  await until(() => done === 2);
  expect([begun, done, interrupted]).toEqual([3, 2, 1]);
});

test("what is too long, or no message, is refused, and the others are served on", async () => {
  const server = await served();
  const { config, units } = await server.as("admin");
  expect(await failure(config.validate({ yaml: " ".repeat(longestMessage + 1) }))).toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
  const garbage = Buffer.from([10, 255, 255]);
  expect(await raw(server.port, "UnitService/Describe", garbage, await server.token("viewer"))).toMatchObject({
    code: Code.INVALID_ARGUMENT,
  });
  expect((await units.list({})).units).toHaveLength(2);
});

test("a defect is INTERNAL, and says nothing of the inside", async () => {
  const server = await served({ tree: Effect.die(new Error("at line 7")) });
  const { tree } = await server.as("viewer");
  expect(await failure(tree.tree({}))).toMatchObject({ code: Code.INTERNAL, details: "the master cannot answer" });
});

test("streams end with UNAVAILABLE when the master does not serve any more", async () => {
  const server = await served();
  const { events } = await server.as("viewer");
  const followed = failure(collect(events.events({ follow: true })));
  await until(() => server.following() === 1);
  await server.close();
  expect(await followed).toMatchObject({ code: Code.UNAVAILABLE });
  expect(server.following()).toBe(0);
});
