/** Refs of actors that another master exports, over its doors: a unix socket in JSON, TCP in JSON and in binary. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Net from "node:net";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Option from "effect/Option";
import * as Schedule from "effect/Schedule";
import * as Schema from "effect/Schema";
import * as Stream from "effect/Stream";
import type * as Scope from "effect/Scope";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Actor, type ActorRef, ChildSpec, CrashReport, ExitReason, Remote, Supervisor } from "../../src/actor/index.ts";
import { serve } from "../../src/api/index.ts";
import { listen } from "../../src/api/NetworkListen.ts";
import { Control } from "../../src/master/Control.ts";
import { connect } from "../../src/peer/Connect.ts";
import { dial } from "../../src/peer/Dial.ts";
import { Tokens } from "../../src/security/index.ts";
import { make } from "../api/fakeControl.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hsu-remote-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

class SoldOut extends Schema.TaggedError<SoldOut>()("SoldOut", { item: Schema.String }) {}

const stock = RpcGroup.make(
  Rpc.make("Take", {
    payload: { item: Schema.String, at: Schema.Date, bytes: Schema.Uint8Array },
    success: Schema.Option(Schema.Number),
    error: SoldOut,
  }),
  Rpc.make("Add", { payload: { count: Schema.Number } }),
  Rpc.make("Left", { success: Schema.Number }),
  Rpc.make("Never", { success: Schema.Number }),
  Rpc.make("Crash"),
  Rpc.make("Hang"),
);
const Stock = Actor.make({
  name: "stock",
  protocol: stock,
  init: (left: number) => left,
  handlers: {
    Take: (left, { at, bytes, item }) =>
      item === "none" ? Effect.fail(new SoldOut({ item })) : Actor.reply(left - 1, Option.some(at.getTime() + bytes.length)),
    Add: (left, { count }) => left + count,
    Left: (left) => Actor.reply(left, left),
    Never: (left, _, context) => (context.deferReply(), Actor.noReply(left)),
    Hang: () => Effect.never,
    Crash: () => Effect.die(new Error("boom")),
  },
});

const doors = ["unix ndjson", "tcp ndjson", "tcp binary"] as const;

/** A master with what it exports, and how it is reached by a door. */
const served = Effect.fnUntraced(function* (door: (typeof doors)[number]) {
  const { control } = yield* make;
  const tokens = new Tokens.TokenFile(join(folder, "tokens.json"));
  const socket = join(folder, "hsu.sock");
  const open: Effect.Effect<number, unknown, Control | Scope.Scope> =
    door === "unix ndjson"
      ? Effect.as(serve(socket), 0)
      : listen({ address: "127.0.0.1", port: 0, clients: [] }, { tokens: tokens.path, version: "test" });
  const port = yield* Effect.provideService(open, Control, control);
  const token = yield* tokens.create({ name: "op", role: "operator", createdAt: 0 });
  const options =
    door === "unix ndjson"
      ? { name: "east", socket }
      : { name: "east", address: `tcp://127.0.0.1:${port}`, token, version: door === "tcp binary" ? "test" : "other" };
  return { ...control, options, tokens, port };
});

const scoped = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>): Promise<A> => Effect.runPromise(Effect.scoped(effect));

/** An actor that collects why those ended that it was told to watch. */
const watcher = Effect.gen(function* () {
  const reasons: Array<ExitReason.ExitReason> = [];
  const Watcher = Actor.make({
    name: "watcher",
    protocol: RpcGroup.make(Rpc.make("Watch", { payload: { who: Schema.Any } })),
    init: () => 0,
    handlers: { Watch: (n, { who }, context) => (context.monitor(who as ActorRef<never>), n) },
    info: (n, info) => (info._tag === "Down" ? (reasons.push(info.reason), n) : n),
  });
  const ref = yield* Actor.spawn(Watcher, undefined);
  return { reasons, watch: (who: unknown) => ref.cast("Watch", { who }) };
});

/** A way to the master that can be cut. */
const relay = Effect.fnUntraced(function* ({ options, port }: { readonly options: object; readonly port: number }) {
  const to = "socket" in options ? { path: options.socket as string } : { port, host: "127.0.0.1" };
  const open = new Set<Net.Socket>();
  const server = Net.createServer((near) => {
    const far = Net.connect(to);
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on("error", () => {}).on("close", () => open.delete(socket));
    }
    near.pipe(far).pipe(near);
  });
  yield* Effect.acquireRelease(
    Effect.promise(
      () => new Promise<void>((done) => server.listen("socket" in options ? join(folder, "relay") : 0, "127.0.0.1" as never, done)),
    ),
    () =>
      Effect.promise(() => {
        for (const socket of open) socket.destroy();
        return new Promise((done) => server.close(done));
      }),
  );
  const at = server.address();
  const where = typeof at === "string" ? { socket: at } : { address: `tcp://127.0.0.1:${at!.port}` };
  return {
    options: where,
    cut: () => {
      for (const socket of open) socket.destroy();
    },
  };
});

const until = (condition: () => boolean): Effect.Effect<void> =>
  Effect.sleep(5).pipe(Effect.repeat({ until: () => condition() }), Effect.asVoid, Effect.timeout(5000), Effect.orDie);

describe.each(doors)("over %s", (door) => {
  it("calls, casts and sends reach it, in order; replies and errors are what the schemas say", () =>
    scoped(
      Effect.gen(function* () {
        const master = yield* served(door);
        master.exports.add("stock", yield* Actor.spawn(Stock, 10));
        const ref = Remote.ref(yield* connect(master.options), "stock", stock);
        expect(ref.path).toEqual(["east", "stock"]);
        expect(yield* ref.call("Left")).toBe(10);
        for (let n = 0; n < 3000; n++) ref.cast("Add", { count: 1 });
        yield* ref.send("Add", { count: 1 });
        expect(yield* ref.call("Left")).toBe(3011);
        const taken = yield* ref.call("Take", { item: "nut", at: new Date(1000), bytes: new Uint8Array(3) });
        expect(taken).toMatchObject({ _tag: "Some", value: 1003 });
        const error = yield* Effect.flip(ref.call("Take", { item: "none", at: new Date(0), bytes: new Uint8Array() }));
        expect(error).toBeInstanceOf(SoldOut);
        expect(yield* Effect.flip(ref.call("Never", undefined, { timeout: 50 }))).toMatchObject({ code: "HSU-ACT-001" });
      }),
    ));

  it("its crash is told to who calls and who monitors; unknown names are noproc at once, and a name may come later and go again", () =>
    scoped(
      Effect.gen(function* () {
        const master = yield* served(door);
        const spec = ChildSpec.make(Stock, 1, { id: "stock" });
        const app = yield* Supervisor.start({ id: "app", children: [spec] }).pipe(
          Effect.provideService(CrashReport.Reporter, () => Effect.void),
        );
        const withdraw = master.exports.add("stock", app.ref(spec));
        const node = yield* connect(master.options);
        const ref = Remote.ref(node, "stock", stock);
        const seen = yield* watcher;
        seen.watch(ref);
        expect(yield* Effect.flip(ref.call("Crash"))).toMatchObject({ code: "HSU-ACT-002", reason: { _tag: "Error" } });
        yield* until(() => seen.reasons.length === 1);
        expect(ExitReason.format(seen.reasons[0]!)).toBe("Error: boom");
        // It is back, under the same address.
        expect(yield* ref.call("Left")).toBe(1);
        expect(ref.incarnation).toBe(2);

        const later = Remote.ref(node, "later", stock);
        seen.watch(later);
        expect(yield* Effect.flip(later.call("Left"))).toMatchObject({ code: "HSU-ACT-002", reason: { _tag: "NoProc" } });
        yield* until(() => seen.reasons.length === 2);
        expect(seen.reasons[1]).toEqual(ExitReason.noProc);
        later.cast("Add", { count: 1 });
        expect(later.mailbox.dropped).toBe(1);
        const away = master.exports.add("later", app.ref(spec));
        yield* until(() => later.alive);
        expect(yield* later.call("Left")).toBe(1);
        seen.watch(later);
        away();
        yield* until(() => seen.reasons.length === 3);
        expect(seen.reasons[2]).toEqual(ExitReason.noProc);

        const other = RpcGroup.make(Rpc.make("Sing"));
        expect(yield* Effect.flip(Remote.ref(node, "stock", other).call("Sing"))).toMatchObject({
          message: expect.stringContaining("it does not take Sing"),
        });
        withdraw();
      }),
    ));

  it("a connection that is lost is nodedown, once, to all who wait or watch; the next one is made by itself", () =>
    scoped(
      Effect.gen(function* () {
        const master = yield* served(door);
        master.exports.add("stock", yield* Actor.spawn(Stock, 5));
        const cut = yield* relay(master);
        const node = yield* connect({ ...master.options, ...cut.options });
        const ref = Remote.ref(node, "stock", stock);
        expect(yield* ref.call("Left")).toBe(5);
        const seen = yield* watcher;
        seen.watch(ref);
        const waiting = yield* Effect.forkScoped(Effect.flip(ref.call("Never", undefined, { timeout: 60_000 })));
        yield* Effect.sleep(20);
        cut.cut();
        expect(yield* Fiber.join(waiting)).toMatchObject({ code: "HSU-ACT-002", reason: { _tag: "NodeDown", node: "east" } });
        yield* until(() => seen.reasons.length > 0);
        expect(node.state).toBe("down");
        expect(yield* Effect.flip(ref.call("Left"))).toMatchObject({ reason: { _tag: "NodeDown" } });
        for (let n = 0; n < 100; n++) ref.cast("Add", { count: 1 });
        expect(ref.mailbox).toMatchObject({ depth: 0, dropped: 100 });
        seen.watch(ref);
        yield* until(() => seen.reasons.length === 2);
        expect(seen.reasons.map(({ _tag }) => _tag)).toEqual(["NodeDown", "NodeDown"]);
        yield* until(() => ref.alive);
        expect(node.state).toBe("up");
        // What was cast in between has not come, and does not come.
        expect(yield* ref.call("Left")).toBe(5);
      }),
    ));
});

it("who gives orders, sends what is no message or floods is cut off, and the actor is as it was", () =>
  scoped(
    Effect.gen(function* () {
      const master = yield* served("tcp ndjson");
      const ref = yield* Actor.spawn(Stock, 5);
      master.exports.add("stock", ref);
      master.exports.add("busy", yield* Actor.spawn(Stock, 5));
      const want = (name: string) => [16, 0, 0, null, [0, name, ["Never"]]];
      const flood = Array.from({ length: 5000 }, () => [0, 0, 0, "Hang", null]).flat();
      const order = [5, 0, 1, 2, { tag: "Killed" }];
      for (const [n, frames] of [
        [...want("stock"), ...order],
        [...want("busy"), ...flood],
        [1, 2],
        ["x", 0, 0, 0, 0],
        [16, 7, 0, null, [7, "stock", []]],
      ].entries()) {
        const { call } = yield* dial({ ...(master.options as { address: string; token: string }), version: "other" });
        const session = `session ${n}`;
        const stream = yield* Effect.forkScoped(Effect.flip(Stream.runDrain(call.Actors({ session }))));
        const send = (seq: number, text: string) => call.ActorMessages({ session, seq, text });
        yield* Effect.retry(send(0, JSON.stringify(frames).slice(1, -1)), { times: 100, schedule: Schedule.spaced(5) });
        expect(yield* Fiber.join(stream)).toMatchObject({ code: "HSU-RPC-004" });
        expect(yield* Effect.flip(send(1, ""))).toMatchObject({ message: expect.stringContaining("no such session") });
      }
      expect(yield* ref.call("Left")).toBe(5);
      const viewer = yield* master.tokens.create({ name: "viewer", role: "viewer", createdAt: 0 });
      const { call } = yield* dial({ ...(master.options as { address: string }), token: viewer, version: "other" });
      expect(yield* Effect.flip(Stream.runDrain(call.Actors({ session: "mine" })))).toMatchObject({ code: "HSU-RPC-004" });
    }),
  ));
