import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer as createHttp2, type ServerHttp2Stream } from "node:http2";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTls } from "node:https";
import { type AddressInfo, connect as connectTcp, createServer as createTcp, type Server as TcpServer, type Socket } from "node:net";
import { resolve } from "node:path";
import { ServerCredentials } from "@grpc/grpc-js";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import { createServer as createGrpc, ServerError, Status } from "nice-grpc";
import { afterEach, describe, expect, it } from "vitest";
import { Check, type CheckSpec, type GrpcCheck, type HttpCheck } from "../../src/health/index.ts";
import { CoreServiceDefinition } from "../../src/protocol/gen/core.ts";
import { HealthCheckResponse_ServingStatus as Serving, HealthDefinition } from "../../src/protocol/gen/grpc/health/v1/health.ts";

const cleanUps: Array<() => unknown> = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const portOf = (server: TcpServer): number => (server.address() as AddressInfo).port;

const listening = <S extends TcpServer>(server: S): Promise<S> =>
  new Promise((done) => {
    server.listen(0, "127.0.0.1", () => done(server));
    cleanUps.push(() => {
      if ("closeAllConnections" in server) (server as unknown as Server).closeAllConnections();
      return new Promise((closed) => server.close(closed));
    });
  });

const noExec: Check.Exec = () => Effect.die("nothing to run");
const look = (spec: CheckSpec, exec = noExec, port: number | null = null): Promise<string> =>
  Effect.runPromise(
    Effect.scoped(
      Effect.map(
        Effect.flatMap(Check.make(spec, { exec, port: () => port }), ({ run }) => run),
        ({ passed, saw }) => `${passed ? "+" : "-"} ${saw}`,
      ),
    ),
  );

const until = async (what: string, isSo: () => boolean): Promise<void> => {
  const deadline = performance.now() + 10_000;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`not in time: ${what}`);
    await new Promise((done) => setTimeout(done, 5));
  }
};

const http = (url: string, more: Partial<HttpCheck> = {}): HttpCheck => ({
  kind: "http",
  url,
  method: "GET",
  headers: {},
  status: [[200, 299]],
  ...more,
});

describe("http", () => {
  const serve = async (listener: RequestListener) => {
    const server = await listening(createServer(listener));
    return { server, url: `http://127.0.0.1:${portOf(server)}` };
  };

  it.each([
    [200, "+ HTTP 200", undefined],
    [204, "+ HTTP 204", undefined],
    [301, "- HTTP 301", undefined],
    [503, "- HTTP 503", undefined],
    [301, "+ HTTP 301", [[300, 399]]],
    [200, "- HTTP 200", [[300, 399]]],
    [
      418,
      "+ HTTP 418",
      [
        [200, 200],
        [418, 418],
      ],
    ],
  ] as const)("status %i: %s", async (status, says, ranges) => {
    let asked = 0;
    const { url } = await serve((_, answer) => {
      asked++;
      answer.writeHead(status, { location: "/elsewhere" }).end();
    });
    expect(await look(http(url, ranges === undefined ? {} : { status: ranges }))).toBe(says);
    // A redirect is not followed.
    expect(asked).toBe(1);
  });

  it("sends its method and headers, and keeps no connection", async () => {
    const seen: Array<string> = [];
    const { server, url } = await serve((request, answer) => {
      seen.push(
        `${request.method} ${request.url} ${String(request.headers["x-probe"])} ${request.headers.host} ${request.headers.connection}`,
      );
      answer.end("ok");
    });
    expect(
      await look(http(`${url}/a?b=c`, { method: "POST", headers: { "x-probe": "yes", connection: "keep-alive", host: "example.org" } })),
    ).toBe("+ HTTP 200");
    expect(seen).toEqual(["POST /a?b=c yes example.org close"]);
    // Of many runs at most the last connection may not have been seen to end.
    for (let run = 0; run < 20; run++) await look(http(url));
    const open = await new Promise<number>((done) => server.getConnections((_, many) => done(many)));
    expect(open).toBeLessThan(3);
  });

  it("looks for a text in the body, in 64 kB of it", async () => {
    const { url } = await serve((request, answer) => answer.end(request.url === "/long" ? "x".repeat(70_000) + "well" : "all is well"));
    expect(await look(http(url, { body: "is well" }))).toBe("+ HTTP 200");
    expect(await look(http(url, { body: "is ill" }))).toBe('- HTTP 200, without "is ill" in its body');
    expect(await look(http(`${url}/long`, { body: "well" }))).toBe('- HTTP 200, without "well" in its body');
  });

  it("reads no more than that of an endless body", async () => {
    let isClosed = false;
    const { url } = await serve((_, answer) => {
      answer.writeHead(200);
      const more = (): void => void (answer.writable && answer.write("x".repeat(8192), () => setImmediate(more)));
      answer.on("close", () => (isClosed = true));
      more();
    });
    expect(await look(http(url))).toBe("+ HTTP 200");
    await until("the connection is closed", () => isClosed);
  });

  it("an interrupted run closes its connection", async () => {
    let open = 0;
    const { url } = await serve((_, answer) => {
      open++;
      answer.on("close", () => open--);
    });
    const fiber = Effect.runFork(
      Effect.scoped(Effect.flatMap(Check.make(http(url), { exec: noExec, port: () => null }), ({ run }) => run)),
    );
    await until("it is asked", () => open === 1);
    await Effect.runPromise(Fiber.interrupt(fiber));
    await until("it is closed", () => open === 0);
  });

  it("says why there is no answer", async () => {
    expect(await look(http("http://127.0.0.1:1/"))).toBe("- connection refused");
    const server = await listening(createTcp((socket) => socket.destroy()));
    expect(await look(http(`http://127.0.0.1:${portOf(server)}/`))).toBe("- connection reset");
    const babble = await listening(createTcp((socket) => socket.resume().end("good morning\r\n\r\n")));
    expect(await look(http(`http://127.0.0.1:${portOf(babble)}/`))).toBe("- the answer is not HTTP");
    expect(await look(http("http://no-such-host.invalid/"))).toMatch(/^- host not found/);
  });

  it("TLS: an unknown authority fails, unless it is given or nobody is to look", async () => {
    const file = (name: string) => resolve("test/health/fixtures", name);
    const tls = createTls({ key: readFileSync(file("key.pem")), cert: readFileSync(file("certificate.pem")) }, (_, answer) => answer.end());
    const url = `https://127.0.0.1:${portOf(await listening(tls))}/`;
    expect(await look(http(url))).toBe("- the certificate is self-signed");
    expect(await look(http(url, { insecureSkipVerify: true }))).toBe("+ HTTP 200");
    expect(await look(http(url, { caFile: file("certificate.pem") }))).toBe("+ HTTP 200");
    expect(await look(http(url, { caFile: file("none.pem") }))).toMatch(/^- ca_file: ENOENT/);
    expect(await look(http(url.replace("https:", "http:")))).toBe("- connection reset");
  });
});

describe("tcp", () => {
  it("passes when somebody listens", async () => {
    let closed = 0;
    const server = await listening(createTcp((socket) => socket.on("error", () => {}).on("close", () => closed++)));
    expect(await look({ kind: "tcp", address: "127.0.0.1", port: portOf(server) })).toBe("+ connected");
    await until("the connection is closed", () => closed === 1);
    expect(await look({ kind: "tcp", address: "127.0.0.1", port: 1 })).toBe("- connection refused");
  });
});

describe("exec", () => {
  it.each([
    [{ code: 0, signal: null, said: "all is well\n" }, "+ exit code 0"],
    [{ code: 3, signal: null, said: "" }, "- exit code 3"],
    [
      { code: 3, signal: null, said: " \n\u001b[31mno route\u001b[0m\tto host\r\n\ntwo of three\n" },
      "- exit code 3: no route to host | two of three",
    ],
    [{ code: 1, signal: null, said: "y".repeat(201) }, `- exit code 1: … ${"y".repeat(200)}`],
    [{ code: null, signal: "SIGSEGV", said: "" }, "- signal SIGSEGV"],
  ] as const)("%o: %s", async (exit, says) => {
    expect(await look({ kind: "exec", command: "x", args: [] }, () => Effect.succeed(exit))).toBe(says);
  });

  it("a command that cannot be run has failed", async () => {
    const fails = () => Effect.fail({ message: "x: no such program" });
    expect(await look({ kind: "exec", command: "x", args: [] }, fails)).toBe("- x: no such program");
  });
});

const grpc = (port: number | null, more: Partial<GrpcCheck> = {}): GrpcCheck => ({
  kind: "grpc",
  address: "127.0.0.1",
  port,
  method: "check",
  service: "",
  headers: {},
  ...more,
});

describe("gRPC", () => {
  /** Statuses by service; `tell` sets one and tells who watches. */
  const serve = async (options: { readonly watch?: boolean; readonly core?: boolean; readonly credentials?: ServerCredentials } = {}) => {
    const statuses = new Map<string, Serving>([["", Serving.SERVING]]);
    const listeners = new Set<() => void>();
    const seen: Array<string | undefined> = [];
    const server = createGrpc();
    server.add(HealthDefinition, {
      check: async ({ service }, context) => {
        seen.push(context.metadata.get("x-probe"));
        const status = statuses.get(service);
        if (status === undefined) throw new ServerError(Status.NOT_FOUND, `no service ${service}`);
        return { status };
      },
      async *watch({ service }, { signal }) {
        if (options.watch === false) throw new ServerError(Status.UNIMPLEMENTED, "no watch");
        for (;;) {
          yield { status: statuses.get(service) ?? Serving.SERVICE_UNKNOWN };
          await new Promise<void>((done) => {
            listeners.add(done);
            signal.addEventListener("abort", () => done());
          });
          if (signal.aborted) return;
        }
      },
    });
    if (options.core === true) server.add(CoreServiceDefinition, { ping: async () => ({}) });
    const port = await server.listen("127.0.0.1:0", options.credentials ?? ServerCredentials.createInsecure());
    const close = () => server.forceShutdown();
    cleanUps.push(close);
    const tell = (status: Serving, service = ""): void => {
      statuses.set(service, status);
      for (const told of listeners) told();
      listeners.clear();
    };
    return { port, tell, seen, close };
  };

  it("Check: SERVING passes, all else fails, by service", async () => {
    const { port, seen, tell } = await serve();
    expect(await look(grpc(port, { headers: { "x-probe": "yes" } }))).toBe("+ SERVING");
    expect(seen).toEqual(["yes"]);
    tell(Serving.NOT_SERVING, "db.Query");
    expect(await look(grpc(port, { service: "db.Query" }))).toBe("- NOT_SERVING");
    expect(await look(grpc(port, { service: "nobody" }))).toBe("- gRPC NOT_FOUND: no service nobody");
    tell(Serving.UNKNOWN);
    expect(await look(grpc(port))).toBe("- UNKNOWN");
    expect(await look(grpc(1))).toBe("- connection refused");
  });

  it("TLS: whom it trusts, whose certificate it has to be, and what it shows of itself", async () => {
    const file = (name: string) => resolve("test/health/fixtures", name);
    const pair = (name: string, key: string) => ({ cert_chain: readFileSync(file(name)), private_key: readFileSync(file(key)) });
    const { port } = await serve({ credentials: ServerCredentials.createSsl(null, [pair("certificate.pem", "key.pem")]) });
    const caFile = file("certificate.pem");
    expect(await look(grpc(port, { tls: {} }))).toBe("- the certificate is self-signed");
    expect(await look(grpc(port, { tls: { insecureSkipVerify: true } }))).toBe("+ SERVING");
    expect(await look(grpc(port, { tls: { caFile } }))).toBe("+ SERVING");
    expect(await look(grpc(port, { tls: { caFile }, method: "watch" }))).toBe("+ SERVING");
    expect(await look(grpc(port, { tls: { caFile, serverName: "web.internal" } }))).toBe("- the certificate is of another host");
    expect(await look(grpc(null, { tls: { caFile } }), noExec, port)).toBe("- the certificate is of another host");
    expect(await look(grpc(null, { tls: { insecureSkipVerify: true } }), noExec, port)).toBe("+ SERVING");
    expect(await look(grpc(port, { tls: { caFile: file("none.pem") } }))).toMatch(/^- ca_file: ENOENT/);
    expect(await look(grpc(port))).not.toMatch(/^\+/);
    expect(await look(grpc((await serve()).port, { tls: {} }))).toBe("- the answer is not TLS");

    // Another one, which asks for a certificate.
    const named = [pair("named.pem", "named-key.pem")];
    const strict = await serve({ credentials: ServerCredentials.createSsl(readFileSync(caFile), named, true) });
    const tls = { caFile: file("named.pem"), serverName: "web.internal" };
    expect(await look(grpc(strict.port, { tls }))).not.toMatch(/^\+/);
    expect(await look(grpc(strict.port, { tls: { ...tls, certFile: caFile, keyFile: file("key.pem") } }))).toBe("+ SERVING");
  });

  it("at the unit's own port, which is looked up at each run", async () => {
    const { port } = await serve();
    expect(await look(grpc(null), noExec, port)).toBe("+ SERVING");
    expect(await look(grpc(null))).toBe("- its port is not known");
  });

  it("Ping: an answer is alive, and so is a server that does not know it", async () => {
    expect(await look(grpc((await serve({ core: true })).port, { method: "ping" }))).toBe("+ gRPC OK");
    expect(await look(grpc((await serve()).port, { method: "ping" }))).toMatch(/^\+ gRPC UNIMPLEMENTED/);
    expect(await look(grpc(1, { method: "ping" }))).toBe("- connection refused");
  });

  const watching = async (spec: GrpcCheck) => {
    const seen: Array<string> = [];
    const watch = Effect.gen(function* () {
      const check = yield* Check.make(spec, { exec: noExec, port: () => null });
      for (;;) {
        const { passed, saw } = yield* check.run;
        seen.push(`${passed ? "+" : "-"} ${saw}`);
        yield* check.changed ?? Effect.never;
      }
    });
    const fiber = Effect.runFork(Effect.scoped(watch));
    cleanUps.push(() => Effect.runPromise(Fiber.interrupt(fiber)));
    await until("it has seen something", () => seen.length > 0);
    return { seen, stop: () => Effect.runPromise(Fiber.interrupt(fiber)) };
  };

  it("Watch: told of each change, without being asked, also of the server's end", async () => {
    const { close, port, tell } = await serve();
    const { seen } = await watching(grpc(port, { method: "watch" }));
    tell(Serving.NOT_SERVING);
    await until("it is not serving", () => seen.length === 2);
    tell(Serving.SERVING);
    await until("it is serving", () => seen.length === 3);
    expect(seen).toEqual(["+ SERVING", "- NOT_SERVING", "+ SERVING"]);
    close();
    await until("it is gone", () => seen.length > 3);
    expect(seen[3]).toMatch(/^- /);
  });

  it("Watch: who hangs tells of nothing, and is found out by the next run", async () => {
    const { port } = await serve();
    const sockets: Array<Socket> = [];
    const between = await listening(
      createTcp((socket) => {
        const onward = connectTcp(port, "127.0.0.1");
        sockets.push(socket, onward);
        for (const each of [socket, onward]) each.on("error", () => {}).on("close", () => sockets.forEach((other) => other.destroy()));
        socket.pipe(onward).pipe(socket);
      }),
    );
    const twice = Effect.gen(function* () {
      const { run } = yield* Check.make(grpc(portOf(between), { method: "watch" }), { exec: noExec, port: () => null });
      const first = [yield* run, yield* run].map(({ saw }) => saw);
      for (const socket of sockets) socket.unpipe().pause();
      const last = yield* Effect.timeoutOrElse(run, { duration: 200, orElse: () => Effect.succeed({ saw: "nothing" }) });
      return [...first, last.saw];
    });
    expect(await Effect.runPromise(Effect.scoped(twice))).toEqual(["SERVING", "SERVING", "nothing"]);
    for (const socket of sockets) socket.destroy();
  });

  it("Watch: a server that has none is asked", async () => {
    const { port } = await serve({ watch: false });
    expect((await watching(grpc(port, { method: "watch" }))).seen).toEqual(["+ SERVING"]);
  });

  it("an answer that is none of gRPC is told as what it is, and an interrupted run closes its connection", async () => {
    const plain = await listening(createServer((_, answer) => answer.end("hello")));
    expect(await look(grpc(portOf(plain)))).toMatch(/^- /);
    let open = 0;
    const answers: Array<(stream: ServerHttp2Stream) => void> = [];
    const server = createHttp2();
    server.on("session", (session) => {
      open++;
      session.on("close", () => open--);
      session.on("error", () => {});
    });
    server.on("stream", (stream) => answers.shift()?.(stream));
    server.on("sessionError", () => {});
    const port = portOf(await listening(server as unknown as TcpServer));
    answers.push((stream) => (stream.respond({ ":status": 404 }), stream.end()));
    expect(await look(grpc(port))).toBe("- HTTP 404");
    answers.push((stream) => (stream.respond({ ":status": 200, "content-type": "application/grpc" }), stream.end("x".repeat(3))));
    expect(await look(grpc(port))).toBe("- the answer has no status");
    answers.push((stream) => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" });
      stream.on("error", () => {});
      stream.write(Buffer.concat([Buffer.from([0, 0x7f, 0xff, 0xff, 0xff]), Buffer.alloc(70_000)]));
    });
    expect(await look(grpc(port))).toBe("- the answer is too long");
    await until("all are closed", () => open === 0);
    const fiber = Effect.runFork(
      Effect.scoped(Effect.flatMap(Check.make(grpc(port), { exec: noExec, port: () => null }), ({ run }) => run)),
    );
    await until("it is asked", () => open === 1);
    await Effect.runPromise(Fiber.interrupt(fiber));
    await until("it is closed", () => open === 0);
  });
});

it("what asks over HTTP/2 or TLS is loaded by the first probe that does", () => {
  const program = `
    const loaded = () => ["https", "internal/http2/core"].map((name) => process.moduleLoadList.includes("NativeModule " + name));
    await import("./src/bin/masterParts.ts");
    await import("./src/unit/Probing.ts");
    const before = loaded();
    await import("./src/health/GrpcCheck.ts");
    console.log(before, loaded());`;
  const out = execFileSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" });
  expect(out).toBe("[ false, false ] [ false, true ]\n");
});
