/**
 * The gRPC surface over a real port, with a `Control` that has no master behind it.
 */
import { credentials, Client as RawClient, type ServiceError, status as Code } from "@grpc/grpc-js";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Scope from "effect/Scope";
import { createChannel, createClient } from "nice-grpc";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import * as Net from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import { PortInUse, PortNotOpened, serveGrpc } from "../../src/api/index.ts";
import { Control } from "../../src/master/Control.ts";
import { CoreServiceDefinition } from "../../src/protocol/gen/core.ts";
import { HealthCheckResponse_ServingStatus as Serving, HealthDefinition } from "../../src/protocol/gen/grpc/health/v1/health.ts";
import { MasterServiceDefinition } from "../../src/protocol/gen/master.ts";
import { make } from "./fakeControl.ts";

const cleanUps: Array<() => unknown> = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** Listens on a port (0: a free one) until `close`, or until the test is over. */
const listen = async (port = 0, more: Partial<Control["Service"]> = {}) => {
  const fake = await Effect.runPromise(make);
  const scope = await Effect.runPromise(Scope.make());
  const close = () => Effect.runPromise(Scope.close(scope, Exit.void));
  const serving = serveGrpc(port, { tokens: "/nowhere" }).pipe(
    Effect.provideService(Control, { ...fake.control, ...more }),
    Scope.provide(scope),
  );
  cleanUps.push(close);
  return { ...fake, port: await Effect.runPromise(serving), close };
};

const connect = (port: number) => {
  const channel = createChannel(`127.0.0.1:${port}`);
  cleanUps.push(() => channel.close());
  return {
    core: createClient(CoreServiceDefinition, channel),
    master: createClient(MasterServiceDefinition, channel),
    health: createClient(HealthDefinition, channel),
  };
};

/** A call without any generated code: bytes to a path. */
const raw = (port: number, path: string, options: { readonly deadline?: number } = {}): Promise<Buffer> => {
  const client = new RawClient(`127.0.0.1:${port}`, credentials.createInsecure());
  cleanUps.push(() => client.close());
  const same = (bytes: Buffer) => bytes;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, same, same, Buffer.of(), options, (error, answer) =>
      error === null ? resolve(answer ?? Buffer.of()) : reject(error),
    );
  });
};

const codeOf = (call: Promise<unknown>): Promise<number | undefined> =>
  call.then(
    () => Code.OK,
    (error: ServiceError) => error.code,
  );

/** A status that never comes, and how often somebody waits for it. */
const never = () => {
  const seen = { waiting: 0, interrupted: 0 };
  const status = Effect.suspend(() => {
    seen.waiting++;
    return Effect.onInterrupt(Effect.never, () => Effect.sync(() => void seen.interrupted++));
  });
  return { seen, status };
};

const until = (so: () => boolean) => vi.waitUntil(so, { timeout: 5000, interval: 5 });

test("Ping, Status and Check are answered, under upstream's names and in its words", async () => {
  const { port } = await listen();
  const { core, health, master } = connect(port);
  expect(await core.ping({})).toEqual({});
  expect(await master.status({})).toEqual({ status: "hsu-master: OK" });
  for (const service of ["", "proto.CoreService", "proto.MasterService"]) {
    expect(await health.check({ service })).toEqual({ status: Serving.SERVING });
  }
  expect(await raw(port, "/proto.CoreService/Ping")).toEqual(Buffer.of());
  expect(await raw(port, "/proto.MasterService/Status")).toEqual(Buffer.from("\x0a\x0ehsu-master: OK"));
  expect(await raw(port, "/grpc.health.v1.Health/Check")).toEqual(Buffer.of(8, 1));
});

test("a service that is not there: NOT_FOUND from Check, a method that is not there: UNIMPLEMENTED", async () => {
  const { port } = await listen();
  expect(await codeOf(connect(port).health.check({ service: "proto.EchoService" }))).toBe(Code.NOT_FOUND);
  expect(await codeOf(raw(port, "/proto.MasterService/Shutdown"))).toBe(Code.UNIMPLEMENTED);
});

test("a master that cannot tell its status answers INTERNAL, and nothing appears on its terminal", async () => {
  const said = vi.spyOn(process, "emitWarning").mockReturnValue();
  cleanUps.push(() => said.mockRestore());
  const server = await listen();
  server.break();
  expect(await codeOf(connect(server.port).master.status({}))).toBe(Code.INTERNAL);
  expect(said).not.toHaveBeenCalled();
});

test("a call whose deadline passes or whose client cancels it is interrupted", async () => {
  const { seen, status } = never();
  const { port } = await listen(0, { status });
  expect(await codeOf(raw(port, "/proto.MasterService/Status", { deadline: Date.now() + 100 }))).toBe(Code.DEADLINE_EXCEEDED);
  await until(() => seen.interrupted === 1);
  const cancelling = new AbortController();
  const cancelled = connect(port).master.status({}, { signal: cancelling.signal });
  cancelled.catch(() => {});
  await until(() => seen.waiting === 2);
  cancelling.abort();
  await expect(cancelled).rejects.toThrow("aborted");
  await until(() => seen.interrupted === 2);
});

test("Watch tells how it is, and NOT_SERVING when the server closes", async () => {
  const server = await listen();
  const { health } = connect(server.port);
  const seen: Record<string, Array<number>> = { "": [], "proto.EchoService": [] };
  const watching = Object.keys(seen).map(async (service) => {
    for await (const { status } of health.watch({ service })) seen[service]?.push(status);
  });
  await until(() => Object.values(seen).every((statuses) => statuses.length === 1));
  const start = performance.now();
  await server.close();
  // Its watches do not hold it up for the time of grace.
  // A deadline, not a measure: the machine may be busy.
  expect(performance.now() - start).toBeLessThan(5000);
  await Promise.all(watching);
  expect(seen).toEqual({ "": [Serving.SERVING, Serving.NOT_SERVING], "proto.EchoService": [Serving.SERVICE_UNKNOWN] });
});

test("the port is for this machine only", async () => {
  const { port } = await listen();
  const socket = Net.createConnection(port, "127.0.0.2");
  cleanUps.push(() => socket.destroy());
  const [error] = (await once(socket, "error")) as [NodeJS.ErrnoException];
  expect(error.code).toBe("ECONNREFUSED");
});

test("a port that somebody has is PortInUse, one that there is not PortNotOpened, and gRPC says nothing of its own", async () => {
  const said = vi.spyOn(console, "error").mockReturnValue();
  cleanUps.push(() => said.mockRestore());
  const { port } = await listen();
  const inUse = await listen(port).catch((error: unknown) => error);
  expect(inUse).toBeInstanceOf(PortInUse);
  expect(inUse).toMatchObject({ port, code: "HSU-API-003", message: `port ${port} of 127.0.0.1 is in use` });
  expect((inUse as PortInUse).hint).toContain("`process_manager.port`");
  const impossible = await listen(99_999).catch((error: unknown) => error);
  expect(impossible).toBeInstanceOf(PortNotOpened);
  expect(impossible).toMatchObject({
    code: "HSU-API-004",
    message: expect.stringMatching(/^cannot listen on port 99999 of 127\.0\.0\.1: .*65536/),
  });
  expect(said).not.toHaveBeenCalled();
});

test("closing lets a call end that can, and leaves the port free", async () => {
  let answer = (): void => {};
  const later = new Promise<void>((resolve) => (answer = resolve));
  const { control } = await Effect.runPromise(make);
  const status = Effect.andThen(
    Effect.promise(() => later),
    control.status,
  );
  const server = await listen(0, { status });
  const call = connect(server.port).master.status({});
  await new Promise((done) => setTimeout(done, 100));
  const closed = server.close();
  await new Promise((done) => setTimeout(done, 100));
  answer();
  expect(await call).toEqual({ status: "hsu-master: OK" });
  await closed;
  expect((await listen(server.port)).port).toBe(server.port);
});

test("closing cuts connections that ask for nothing at once", async () => {
  const server = await listen();
  const silent = Net.createConnection(server.port, "127.0.0.1").resume();
  cleanUps.push(() => silent.destroy());
  const ended = once(silent, "end");
  await once(silent, "data");
  await connect(server.port).core.ping({});
  const start = performance.now();
  await server.close();
  // A deadline, not a measure: the machine may be busy.
  expect(performance.now() - start).toBeLessThan(5000);
  await ended;
});

test("closing cancels a call that does not end after half a second", async () => {
  const { seen, status } = never();
  const server = await listen(0, { status });
  const call = codeOf(connect(server.port).master.status({}));
  await until(() => seen.waiting === 1);
  const start = performance.now();
  await server.close();
  const took = performance.now() - start;
  expect(took).toBeGreaterThan(450);
  expect(took).toBeLessThan(10_000);
  expect([Code.CANCELLED, Code.UNAVAILABLE]).toContain(await call);
  await until(() => seen.interrupted === 1);
});

test("a master that serves no port loads nothing of gRPC", () => {
  const program = `
    import Module from "node:module";
    const { api } = await import("./src/bin/masterParts.ts");
    const loaded = () => Object.keys(Module._cache).some((file) => /node_modules.@grpc/.test(file));
    const before = loaded();
    await import("./src/api/GrpcServices.ts");
    console.log(typeof api.serveGrpc, before, loaded());`;
  const out = execFileSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" });
  expect(out).toBe("function false true\n");
});
