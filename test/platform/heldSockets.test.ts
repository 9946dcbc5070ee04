/** Sockets that are held for a process: real ones, and real processes that accept from them. */
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import { describe, expect, it } from "vitest";
import { type HeldSockets, type ProcessIdentity, Processes, type SocketAddress, type SocketSpec } from "../../src/platform/index.ts";
import { isPermitted } from "../../src/platform/linux/Copies.ts";
import { layer } from "../../src/platform/linux/Processes.ts";
import { freePort } from "../e2e/program.ts";
import { options, start, temporaryFolder, until } from "./support.ts";

const spec = (address: SocketAddress, name = "web"): SocketSpec => ({ address, name, backlog: 16 });
const tcp = (port: number, host = "127.0.0.1") => spec({ _tag: "Tcp", host, port });
const unix = (path: string, mode = 0o600) => spec({ _tag: "Unix", path, mode }, "local");

const hold = (specs: ReadonlyArray<SocketSpec>, holder: ProcessIdentity | null = null) =>
  Effect.acquireRelease(
    Effect.flatMap(Processes, (processes) => processes.holdSockets(specs, holder)),
    (held) => Effect.sync(() => held.close()),
  );
const run = <A>(effect: Effect.Effect<A, unknown, Processes | Scope.Scope>): Promise<A> =>
  Effect.runPromise(Effect.scoped(Effect.provide(effect, layer)));

/** What the other end says until it closes; the code of the error when it cannot be reached. */
const talk = (to: { readonly port: number; readonly host?: string } | { readonly path: string }): Promise<string> =>
  new Promise((done) => {
    let said = "";
    const client = connect({ host: "127.0.0.1", ...to });
    client.on("data", (chunk) => (said += String(chunk)));
    client.on("error", (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
    client.on("close", () => done(said));
  });
const noticed = (held: HeldSockets): Promise<void> => new Promise((done) => void held.onConnection(done));
const listening = (server: Server, at: { port: number; host: string } | { path: string }): Promise<void> =>
  new Promise((done) => server.listen(at, done));
const closed = (server: Server): Promise<void> => new Promise((done) => void server.close(() => done()));

/** Says what it was told to each who connects to any of its sockets. */
const greeter = `
const { LISTEN_FDS, LISTEN_FDNAMES, LISTEN_PID } = process.env;
const isMine = LISTEN_PID === String(process.pid);
for (let n = 0; n < Number(LISTEN_FDS); n++)
  require("node:net").createServer((c) => c.end([n, LISTEN_FDNAMES, isMine, process.env["a.b"], process.argv[1]].join(" "))).listen({ fd: 3 + n });
`;
const environment = { PATH: process.env["PATH"] ?? "/usr/bin:/bin", "a.b": "c=d", LISTEN_PID: "1", LISTEN_FDS: "7" };
const greet = (folder: string, sockets: HeldSockets) =>
  start(
    options(folder, { executable: "node", args: ["-e", greeter, "one arg"], sockets: { held: sockets, told: true }, env: environment }),
  );

it("who is no child may be asked where Yama does not forbid it, or with the capability to trace", () => {
  const [none, trace] = ["0000000000000000", "0000000000080000"];
  const cases = [null, 0, 1, 2, 3].map((ptraceScope) => [
    isPermitted({ ptraceScope, capabilities: none }),
    isPermitted({ ptraceScope, capabilities: trace }),
  ]);
  expect(cases).toEqual([
    [true, true],
    [true, true],
    [false, true],
    [false, true],
    [false, false],
  ]);
});

describe.skipIf(process.platform !== "linux")("sockets that are held", () => {
  it("a connection is noticed and left waiting; the process that is started for it answers it, and knows which sockets are its own", () =>
    run(
      Effect.gen(function* () {
        const folder = yield* temporaryFolder;
        const port = yield* Effect.promise(freePort);
        const path = join(folder, "deep", "web.sock");
        const held = yield* hold([tcp(port), unix(path, 0o660)]);
        expect(statSync(path).mode & 0o777).toBe(0o660);
        expect([held.isAwaited(), held.connections()]).toEqual([false, 0]);
        const first = noticed(held);
        const answer = talk({ path });
        yield* Effect.promise(() => first);
        expect([held.isAwaited(), held.connections()]).toEqual([true, 1]);
        const other = talk({ port });
        yield* until("both wait", () => held.connections() === 2);
        yield* greet(folder, held);
        expect(yield* Effect.promise(() => answer)).toBe("1 web:local true c=d one arg");
        expect(yield* Effect.promise(() => other)).toBe("0 web:local true c=d one arg");
        yield* until("nobody is there", () => held.connections() === 0);
        expect(held.isAwaited()).toBe(false);
      }),
    ));

  it("are handed over blocking, as a program expects what it has not made itself, whatever was done to them before", () =>
    run(
      Effect.gen(function* () {
        const folder = yield* temporaryFolder;
        const held = yield* hold([unix(join(folder, "web.sock"))]);
        const isBlocking = Effect.gen(function* () {
          const { killGroup, pid } = yield* start(options(folder, { executable: "sleep", args: ["60"], sockets: { held, told: true } }));
          const flags = /flags:\s+0(\d+)/.exec(readFileSync(`/proc/${pid}/fdinfo/3`, "utf8"))![1]!;
          yield* killGroup;
          return (Number.parseInt(flags, 8) & 0o4000) === 0;
        });
        const before = noticed(held);
        expect(yield* isBlocking).toBe(true);
        // Node has its own way with them.
        const { killGroup } = yield* greet(folder, held);
        expect(yield* Effect.promise(() => talk({ path: join(folder, "web.sock") }))).toContain("true");
        yield* killGroup;
        expect(yield* isBlocking).toBe(true);
        void before;
      }),
    ));

  it("nobody is refused over the ends and starts of its processes; when it is closed everybody is, and the path is gone", () =>
    run(
      Effect.gen(function* () {
        const folder = yield* temporaryFolder;
        const path = join(folder, "web.sock");
        const port = yield* Effect.promise(freePort);
        const { handle, held } = yield* Effect.gen(function* () {
          const held = yield* hold([tcp(port), unix(path)]);
          const answers: Array<Promise<string>> = [];
          for (let round = 0; round < 3; round++) {
            const handle = yield* greet(folder, held);
            answers.push(talk({ port }));
            expect(yield* Effect.promise(() => talk({ path }))).toContain("web:local");
            yield* handle.killGroup;
            answers.push(talk({ port }), talk({ path }));
          }
          const handle = yield* greet(folder, held);
          for (const answer of answers) expect(yield* Effect.promise(() => answer)).toContain("web:local");
          return { handle, held };
        }).pipe(Effect.scoped);
        void handle;
        void held;
        expect(existsSync(path)).toBe(false);
        expect(yield* Effect.promise(() => talk({ port }))).toBe("ECONNREFUSED");
      }),
    ));

  it("one that is shared is open until the last of those has closed it that have it, and each process takes who comes", () =>
    run(
      Effect.gen(function* () {
        const folder = yield* temporaryFolder;
        const path = join(folder, "web.sock");
        const port = yield* Effect.promise(freePort);
        const both = [tcp(port), unix(path)].map((one): SocketSpec => ({ ...one, shared: true }));
        const first = yield* hold(both);
        const second = yield* hold(both);
        expect(yield* Effect.flip(hold([tcp(port)]))).toMatchObject({ reason: "InUse" });
        const one = yield* greet(folder, first);
        const waits = talk({ port });
        expect(yield* Effect.promise(() => waits)).toContain("true");
        first.close();
        yield* one.killGroup;
        const answer = talk({ path });
        const other = yield* greet(folder, second);
        expect(yield* Effect.promise(() => answer)).toContain("true");
        second.close();
        expect(existsSync(path)).toBe(false);
        yield* other.killGroup;
        // Nothing is left that would keep another from it.
        const third = yield* hold(both);
        expect(existsSync(path)).toBe(true);
        third.close();
      }),
    ));

  it("those of a process that goes on are had from it, and outlive it", () =>
    run(
      Effect.gen(function* () {
        const folder = yield* temporaryFolder;
        const port = yield* Effect.promise(freePort);
        const first = yield* hold([tcp(port)]);
        const handle = yield* greet(folder, first);
        expect(yield* Effect.promise(() => talk({ port }))).toContain("true");
        // As the death of a master does.
        first.close();
        const second = yield* hold([tcp(port)], handle.identity);
        expect(yield* Effect.promise(() => talk({ port }))).toContain("true");
        yield* handle.killGroup;
        const waits = noticed(second);
        const answer = talk({ port });
        yield* Effect.promise(() => waits);
        yield* greet(folder, second);
        expect(yield* Effect.promise(() => answer)).toContain("true");
        // Where it has closed what it was given there is a new one, and where somebody else listens that is said.
        const elsewhere = yield* Effect.promise(freePort);
        const { identity } = yield* greet(folder, second);
        const other = yield* hold([tcp(elsewhere)], identity);
        expect(other.isAwaited()).toBe(false);
        expect(yield* Effect.flip(hold([tcp(elsewhere)], identity))).toMatchObject({ reason: "StillHeld" });
        // One that has ended has nothing that could be in the way.
        other.close();
        yield* hold([tcp(elsewhere)], handle.identity);
      }),
    ));

  it("an address that somebody else has, that is not this machine's, or that may not be had is an error that says so; none of the others stays open", () =>
    run(
      Effect.gen(function* () {
        const folder = yield* temporaryFolder;
        const server = createServer();
        const stranger = createServer();
        const path = join(folder, "taken.sock");
        const port = yield* Effect.promise(freePort);
        yield* Effect.promise(() => listening(server, { port, host: "127.0.0.1" }));
        yield* Effect.promise(() => listening(stranger, { path }));
        const free = yield* Effect.promise(freePort);
        const refusal = (specs: ReadonlyArray<SocketSpec>) => Effect.flip(hold(specs));
        expect(yield* refusal([tcp(free), tcp(port)])).toMatchObject({
          code: "HSU-UNIT-024",
          reason: "InUse",
          address: `127.0.0.1:${port}`,
        });
        yield* hold([tcp(free)]);
        expect(yield* refusal([unix(path)])).toMatchObject({ reason: "InUse" });
        writeFileSync(join(folder, "file"), "mine");
        expect(yield* refusal([unix(join(folder, "file"))])).toMatchObject({ reason: "InUse" });
        expect(yield* refusal([unix(join(folder, "file", "below"))])).toMatchObject({ reason: "Other" });
        expect(yield* refusal([unix("/x".repeat(60))])).toMatchObject({ reason: "Other" });
        expect(yield* refusal([tcp(free, "203.0.113.7")])).toMatchObject({ reason: "NotHere" });
        expect(yield* refusal([tcp(free, "no address")])).toMatchObject({ reason: "Other" });
        yield* Effect.promise(() => Promise.all([closed(server), closed(stranger)]));
      }),
    ));

  it("are passed on to a port once somebody listens there; who was taken for nothing waits for the next one; nobody is told of them", () =>
    run(
      Effect.gen(function* () {
        const [port, behind] = [yield* Effect.promise(freePort), yield* Effect.promise(freePort)];
        const held = yield* hold([tcp(port)]);
        const said: Array<string> = [];
        const echo = (name: string) =>
          createServer({ allowHalfOpen: true }, (client) => {
            let heard = "";
            client.on("data", (chunk) => (heard += String(chunk))).on("end", () => client.end(`${name} ${heard.length}`));
          });
        const tell = (text: string): Promise<string> =>
          new Promise((done) => {
            let answer = "";
            const client = connect({ host: "127.0.0.1", port }, () => client.end(text));
            client.on("data", (chunk) => (answer += String(chunk)));
            client.on("error", (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
            client.on("close", () => done(answer));
          });
        const first = echo("first");
        const passing = held.forward(behind, (message) => said.push(message));
        const early = tell("x".repeat(1_000_000));
        yield* until("it waits", () => held.isAwaited());
        yield* Effect.promise(() => listening(first, { port: behind, host: "127.0.0.1" }));
        expect(yield* Effect.promise(() => early)).toBe("first 1000000");
        expect(yield* Effect.promise(() => tell("two"))).toBe("first 3");
        // It ends, and nobody has been told yet.
        yield* Effect.promise(() => closed(first));
        const late = tell("late");
        yield* until("it was taken", () => held.connections() === 1 && held.isAwaited());
        passing.stop();
        expect(held.isAwaited()).toBe(true);
        yield* Effect.promise(() => noticed(held));
        const second = echo("second");
        yield* Effect.promise(() => listening(second, { port: behind, host: "127.0.0.1" }));
        const again = held.forward(behind, (message) => said.push(message));
        expect(yield* Effect.promise(() => late)).toBe("second 4");
        expect(again.isSettled()).toBe(true);
        again.stop();
        const never = tell("never");
        yield* until("it waits", () => held.isAwaited());
        held.close();
        expect(yield* Effect.promise(() => never)).toBe("ECONNRESET");
        yield* Effect.promise(() => closed(second));
        expect(said).toEqual([]);
      }),
    ));

  it("a path that a killed master has left is taken; one where another has put its own is left to that one", () =>
    run(
      Effect.gen(function* () {
        const folder = yield* temporaryFolder;
        const path = join(folder, "web.sock");
        const first = yield* hold([unix(path)]);
        const handle = yield* greet(folder, first);
        expect(yield* Effect.promise(() => talk({ path }))).toContain("true");
        const kept = statSync(path).ino;
        const second = yield* hold([unix(path)], handle.identity);
        yield* handle.killGroup;
        expect(statSync(path).ino).toBe(kept);
        first.close();
        expect(existsSync(path)).toBe(false);
        const third = yield* hold([unix(path)]);
        second.close();
        expect(existsSync(path)).toBe(true);
        expect(third.isAwaited()).toBe(false);
      }),
    ));

  it("a program that cannot be executed is told apart, as without sockets", () =>
    run(
      Effect.gen(function* () {
        const folder = yield* temporaryFolder;
        const held = yield* hold([unix(join(folder, "web.sock"))]);
        writeFileSync(join(folder, "text"), "no program");
        const refused = (more: Parameters<typeof options>[1]) =>
          Effect.flip(start(options(folder, { sockets: { held, told: true }, ...more })));
        expect(yield* refused({ executable: "/nonexistent" })).toMatchObject({ reason: "ExecutableNotFound" });
        expect(yield* refused({ executable: "nonexistent" })).toMatchObject({ reason: "ExecutableNotFound" });
        expect(yield* refused({ executable: "./text" })).toMatchObject({ reason: "NotExecutable" });
        expect(yield* refused({ cwd: "/nonexistent" })).toMatchObject({ reason: "WorkingDirectoryNotFound" });
      }),
    ));
});
