/**
 * The API over a real unix socket, with a `Control` that has no master behind it.
 */
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Scope from "effect/Scope";
import * as Stream from "effect/Stream";
import * as Fs from "node:fs";
import * as Net from "node:net";
import * as Os from "node:os";
import * as Path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ListenFailed, serve, SocketInUse } from "../../src/api/index.ts";
import { connect } from "../../src/cli/Client.ts";
import { Control } from "../../src/master/Control.ts";
import { InvalidTransition, UnitNotFound } from "../../src/protocol/Errors.ts";
import { event, make } from "./fakeControl.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = Fs.mkdtempSync(Path.join(Os.tmpdir(), "hsu-api-"));
  path = Path.join(folder, "run", "master.sock");
});
afterEach(() => Fs.rmSync(folder, { recursive: true, force: true }));

/** A server with its fake, whose scope the test closes by hand. */
const startedWith = Effect.fnUntraced(function* (more: Partial<Control["Service"]>) {
  const fake = yield* make;
  const scope = yield* Scope.make();
  yield* serve(path).pipe(Effect.provideService(Control, { ...fake.control, ...more }), Scope.provide(scope));
  return { ...fake, close: Scope.close(scope, Exit.void) };
});
const started = Effect.suspend(() => startedWith({}));

const scoped = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>): Promise<A> => Effect.runPromise(Effect.scoped(effect));

/** Listens on `path` as somebody else would. */
const foreign = (at: string): Promise<Net.Server> =>
  new Promise((resolve) => {
    Fs.mkdirSync(Path.dirname(at), { recursive: true });
    const server = Net.createServer((socket) => socket.on("error", () => {}));
    server.listen(at, () => resolve(server));
  });

const until = (condition: () => boolean): Effect.Effect<void> =>
  Effect.sleep(5).pipe(Effect.repeat({ until: () => condition() }), Effect.asVoid, Effect.timeout(2000), Effect.orDie);

test("each call reaches Control and its answer comes back", () =>
  scoped(
    Effect.gen(function* () {
      const server = yield* started;
      const { call } = yield* connect(path);
      expect((yield* call.Status(undefined)).units.map((unit) => unit.id)).toEqual(["web", "broken"]);
      expect((yield* call.Tree(undefined)).children[1]?.children[0]?.strategy).toBe("rest_for_one");
      yield* call.Start({ unit: "web" });
      yield* call.Restart({ unit: "web" });
      expect((yield* call.Stop({ unit: "web" })).state).toBe("stopped");
      yield* call.Signal({ unit: "web", signal: "SIGHUP" });
      yield* call.Shutdown(undefined);
      expect(server.calls).toEqual(["start web", "restart web", "stop web", "signal SIGHUP web", "shutdown"]);
      yield* server.close;
    }),
  ));

test("typed errors cross the wire with their code, message and hint", () =>
  scoped(
    Effect.gen(function* () {
      const server = yield* started;
      const { call } = yield* connect(path);
      const unknown = yield* Effect.flip(call.Stop({ unit: "wep" }));
      expect(unknown).toBeInstanceOf(UnitNotFound);
      expect(unknown).toMatchObject({ code: "HSU-UNIT-001", message: 'no unit "wep"', hint: 'did you mean "web"?' });
      const illegal = yield* Effect.flip(call.Stop({ unit: "broken" }));
      expect(illegal).toBeInstanceOf(InvalidTransition);
      expect(illegal).toMatchObject({ legal: ["start"] });
      const failed = yield* Effect.flip(call.Start({ unit: "broken" }));
      expect(failed).toMatchObject({ _tag: "StartFailed", reason: "ENOENT" });
      const stream = yield* Effect.flip(Stream.runCollect(call.Logs({ unit: "nobody", follow: false, lines: 1 })));
      expect(stream).toMatchObject({ _tag: "UnitNotFound", unit: "nobody" });
      yield* server.close;
    }),
  ));

test("a stream without follow ends, and one with follow goes on with what happens", () =>
  scoped(
    Effect.gen(function* () {
      const server = yield* started;
      const { call } = yield* connect(path);
      const kept = yield* Stream.runCollect(call.Events({ follow: false, since: 2 }));
      expect(kept.map((e) => e.seq)).toEqual([2]);
      const three = yield* call.Events({ follow: true, since: 1 }).pipe(Stream.take(4), Stream.runCollect, Effect.forkChild);
      yield* until(() => server.following() === 1);
      yield* Effect.sleep(20);
      yield* server.happen(event(3, "restarting", "restarts in 1s"));
      yield* server.happen(event(4, "started", "started, pid 4243"));
      expect((yield* Fiber.join(three)).map((e) => e.seq)).toEqual([1, 2, 3, 4]);
      yield* until(() => server.following() === 0);
      yield* server.close;
    }),
  ));

test("a client that goes away ends its streams in the master", () =>
  scoped(
    Effect.gen(function* () {
      const server = yield* started;
      const scope = yield* Scope.make();
      const { call } = yield* Scope.provide(connect(path), scope);
      yield* Effect.forkChild(Stream.runDrain(call.Events({ follow: true, since: 1 })));
      yield* until(() => server.following() === 1);
      yield* Scope.close(scope, Exit.void);
      yield* until(() => server.following() === 0);
      yield* server.close;
    }),
  ));

test("the folder is 0700, the socket 0600, and both names are clean after the end", () =>
  scoped(
    Effect.gen(function* () {
      const server = yield* started;
      expect(Fs.statSync(Path.dirname(path)).mode & 0o777).toBe(0o700);
      expect(Fs.statSync(path).mode & 0o777).toBe(0o600);
      expect(Fs.readdirSync(Path.dirname(path))).toEqual(["master.sock"]);
      yield* server.close;
      expect(Fs.readdirSync(Path.dirname(path))).toEqual([]);
    }),
  ));

test("the name never shows a socket that others could open", async () => {
  const modes: Array<number> = [];
  Fs.mkdirSync(Path.dirname(path));
  const watcher = Fs.watch(Path.dirname(path), (_, name) => {
    const seen = name === "master.sock" ? Fs.statSync(path, { throwIfNoEntry: false }) : undefined;
    if (seen !== undefined) modes.push(seen.mode & 0o777);
  });
  const old = process.umask(0);
  try {
    await scoped(
      Effect.gen(function* () {
        const server = yield* started;
        yield* until(() => modes.length > 0);
        yield* server.close;
      }),
    );
  } finally {
    process.umask(old);
    watcher.close();
  }
  expect(new Set(modes)).toEqual(new Set([0o600]));
});

test("a socket that nobody answers at is replaced", async () => {
  Fs.mkdirSync(Path.dirname(path));
  const dead = await foreign(Path.join(folder, "dead"));
  Fs.linkSync(Path.join(folder, "dead"), path);
  await new Promise((resolve) => dead.close(resolve));
  expect(Fs.lstatSync(path).isSocket()).toBe(true);
  await scoped(
    Effect.gen(function* () {
      const server = yield* started;
      const { call } = yield* connect(path);
      expect((yield* call.Status(undefined)).pid).toBe(99);
      yield* server.close;
    }),
  );
});

test("a socket that somebody answers at is SocketInUse, and stays his", async () => {
  const other = await foreign(path);
  const error = await scoped(Effect.flip(started));
  expect(error).toBeInstanceOf(SocketInUse);
  expect(error).toMatchObject({ code: "HSU-API-001", message: `another master answers at ${path}` });
  expect(error.hint).toContain("hsu down");
  expect(Fs.existsSync(path)).toBe(true);
  await new Promise((resolve) => other.close(resolve));
});

test("two masters at once: one serves, the other is told", () =>
  scoped(
    Effect.gen(function* () {
      const both = yield* Effect.all([Effect.result(started), Effect.result(started)], { concurrency: 2 });
      const tags = both.map((result) => result._tag).sort();
      expect(tags).toEqual(["Failure", "Success"]);
      for (const result of both) if (result._tag === "Success") yield* result.success.close;
    }),
  ));

test("a file that is no socket is not touched, and a path that is too long is refused", async () => {
  Fs.mkdirSync(Path.dirname(path));
  Fs.writeFileSync(path, "precious");
  const error = await scoped(Effect.flip(started));
  expect(error).toBeInstanceOf(ListenFailed);
  expect(error).toMatchObject({ code: "HSU-API-002" });
  expect(Fs.readFileSync(path, "utf8")).toBe("precious");
  path = Path.join(folder, "x".repeat(100), "master.sock");
  expect((await scoped(Effect.flip(started))).message).toContain("longer than");
});

test("a socket that somebody else has put in its place survives the end", () =>
  scoped(
    Effect.gen(function* () {
      const server = yield* started;
      Fs.rmSync(path);
      const other = yield* Effect.promise(() => foreign(path));
      yield* server.close;
      expect(Fs.existsSync(path)).toBe(true);
      yield* Effect.promise(() => new Promise((resolve) => other.close(resolve)));
    }),
  ));

test("closing is prompt with an open stream, and the client sees the end", () =>
  scoped(
    Effect.gen(function* () {
      const server = yield* started;
      const { call, closed } = yield* connect(path);
      const following = yield* Effect.forkChild(Stream.runDrain(call.Events({ follow: true, since: 1 })));
      yield* until(() => server.following() === 1);
      const began = Date.now();
      yield* server.close;
      // A deadline, not a measure: the machine may be busy.
      expect(Date.now() - began).toBeLessThan(5000);
      yield* Effect.timeout(closed, 1000);
      expect((yield* Fiber.await(following))._tag).toBe("Failure");
    }),
  ));

test("closing is prompt although a client has stopped reading", () =>
  scoped(
    Effect.gen(function* () {
      const server = yield* started;
      // More than the kernel's buffers hold, so that the server waits for the client.
      server.history.push(event(3, "noise", "x".repeat(4_000_000)));
      const deaf = Net.createConnection(path);
      deaf.on("error", () => {});
      deaf.pause();
      deaf.write('{"_tag":"Request","id":1,"tag":"Events","payload":{"follow":true,"since":1},"headers":[]}\n');
      yield* until(() => server.following() === 1);
      yield* Effect.sleep(50);
      const began = Date.now();
      yield* server.close;
      expect(Date.now() - began).toBeLessThan(5000);
      deaf.destroy();
    }),
  ));

test("a defect of one call ends neither the stream nor the next call on its connection", () =>
  scoped(
    Effect.gen(function* () {
      const server = yield* startedWith({ tree: Effect.die(new Error("boom")) });
      const { call } = yield* connect(path);
      const three = yield* call.Events({ follow: true, since: 1 }).pipe(Stream.take(3), Stream.runCollect, Effect.forkChild);
      yield* until(() => server.following() === 1);
      const exit = yield* Effect.exit(call.Tree(undefined));
      expect(String(exit)).toContain("boom");
      expect((yield* call.Status(undefined)).pid).toBe(99);
      yield* Effect.sleep(20);
      yield* server.happen(event(3, "started", "started"));
      expect(yield* Fiber.join(three)).toHaveLength(3);
      yield* server.close;
    }),
  ));

test("nonsense from one client does not disturb another", () =>
  scoped(
    Effect.gen(function* () {
      const server = yield* started;
      const rude = Net.createConnection(path);
      rude.on("error", () => {});
      rude.end("this is not json\n{}\n");
      yield* Effect.sleep(20);
      const { call } = yield* connect(path);
      expect((yield* call.Status(undefined)).pid).toBe(99);
      rude.destroy();
      yield* server.close;
    }),
  ));

test("one stream more than are followed at a time is refused with its code; when one has ended there is room, and calls are answered all the while", () =>
  scoped(
    Effect.gen(function* () {
      const fake = yield* make;
      const scope = yield* Scope.make();
      yield* serve(path, undefined, 3).pipe(Effect.provideService(Control, fake.control), Scope.provide(scope));
      const { call } = yield* connect(path);
      const follow = Effect.forkChild(Stream.runDrain(call.Events({ follow: true, since: 1 })));
      const [first] = yield* Effect.all([follow, follow, follow]);
      yield* until(() => fake.following() === 3);
      const refused = yield* Effect.flip(Stream.runDrain(call.Events({ follow: true, since: 1 })));
      expect(refused).toMatchObject({ code: "HSU-RPC-007", message: "the master serves 3 streams at a time, and has them" });
      expect((yield* call.Status(undefined)).pid).toBe(99);
      yield* Fiber.interrupt(first);
      yield* until(() => fake.following() === 2);
      yield* follow;
      yield* until(() => fake.following() === 3);
      yield* Scope.close(scope, Exit.void);
    }),
  ));

test("clients that have gone before they could be answered hold up nothing", () =>
  scoped(
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>();
      const server = yield* startedWith({ status: Effect.andThen(Deferred.await(gate), (yield* make).control.status) });
      const request = `{"_tag":"Request","id":"0","tag":"Status","payload":null,"headers":[]}\n{"_tag":"Ping"}\n{"_tag":"Ping"}\n`;
      for (let client = 0; client < 5; client++) {
        // As one does that a master finds which has been suspended: all is there at once, the questions and the end.
        const connection = Net.createConnection(path);
        yield* Effect.promise(() => new Promise((resolve) => connection.write(request, resolve)));
        connection.destroy();
      }
      yield* Deferred.succeed(gate, undefined);
      yield* Effect.sleep(50);
      yield* server.close.pipe(Effect.timeout(20_000));
    }),
  ));
