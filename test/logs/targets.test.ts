/** What goes over the wire to each kind of target, to servers of the test's own. */
import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, type IncomingMessage } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { Encrypter, generateIdentity, identityToRecipient } from "age-encryption";
import { expect, it, onTestFinished } from "vitest";
import { lazySink } from "../../src/logs/sink/Open.ts";
import type { LogRecord, LogSink } from "../../src/logs/sink/LogSink.ts";
import type { Destination } from "../../src/logs/sink/TargetSpec.ts";
import { reveal } from "../../src/unit/index.ts";
import { until } from "../e2e/program.ts";
import { openReceiver } from "./datagrams.ts";

const record = (number: number, text = `line ${number}`, over: Partial<LogRecord> = {}): LogRecord => ({
  unit: "web",
  stream: "stdout",
  id: `e-1-${number}`,
  time: 1_750_000_000_000 + number,
  nanos: BigInt(1_750_000_000_000 + number) * 1_000_000n,
  text,
  body: text,
  ...over,
});

const sinkOf = (destination: Partial<Destination> & Pick<Destination, "type">): LogSink => {
  const sink = lazySink({ timeoutMillis: 2000, ...destination });
  onTestFinished(() => sink.close?.());
  return sink;
};

const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), "hsu-targets-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
};

interface Asked {
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  readonly port: number;
}

/** A server that answers as it is told. */
const httpServer = async (answer: (asked: Asked) => { readonly status: number; readonly body?: string }) => {
  const asked: Array<Asked> = [];
  const server = createHttpServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += String(chunk)));
    request.on("end", () => {
      const one = { url: request.url ?? "", headers: request.headers, body, port: request.socket.remotePort ?? 0 };
      asked.push(one);
      const { body: text = "", status } = answer(one);
      response.writeHead(status).end(text);
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
};

/** A server that keeps what comes, and lets each test say what becomes of a connection. */
const tcpServer = async (connected: (socket: Socket) => void = () => {}) => {
  const got: Array<string> = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const at = got.push("") - 1;
    socket.on("error", () => {});
    socket.on("data", (chunk) => (got[at] += String(chunk)));
    socket.on("end", () => socket.end());
    onTestFinished(() => void socket.destroy());
    connected(socket);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  onTestFinished(() => void server.close());
  return { address: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`, got };
};

it("loki: one stream with its labels, times to the nanosecond, over one connection, with the secrets as they are now", async () => {
  const { asked, url } = await httpServer(() => ({ status: 204 }));
  const password = join(folder(), "pw");
  writeFileSync(password, "first\n");
  const sink = sinkOf({
    type: "loki",
    url,
    username: "me",
    password: { file: password },
    labels: { app: "{process_id}!" },
    headers: { "X-Scope-OrgID": "a" },
  });
  await sink.deliver([record(1), record(2, 'with "quotes" and ü')]);
  writeFileSync(password, "second\n");
  await sink.deliver([record(3)]);
  const [first, second] = asked;
  expect(first!.url).toBe("/loki/api/v1/push");
  expect(JSON.parse(first!.body)).toMatchObject({
    streams: [
      {
        stream: { job: "hsu", unit: "web", stream: "stdout", app: "web!" },
        values: [
          ["1750000000001000000", "line 1"],
          ["1750000000002000000", 'with "quotes" and ü'],
        ],
      },
    ],
  });
  expect(first!.headers).toMatchObject({ "x-scope-orgid": "a", authorization: `Basic ${Buffer.from("me:first").toString("base64")}` });
  expect(second!.headers.authorization).toBe(`Basic ${Buffer.from("me:second").toString("base64")}`);
  expect(second!.port).toBe(first!.port);
});

it.each([
  [429, "again"],
  [503, "again"],
  [401, "again"],
  [404, "again"],
  [400, "never"],
])("an answer %s over HTTP: %s", async (status, verdict) => {
  const { url } = await httpServer(() => ({ status, body: "no\nthanks" }));
  const outcome = await Promise.resolve(sinkOf({ type: "loki", url }).deliver([record(1), record(2)])).catch((error: Error) => error);
  if (verdict === "again") expect(outcome).toMatchObject({ message: `${status} no thanks` });
  else expect(outcome).toMatchObject({ rejected: 2, why: `${status} no thanks` });
});

it("a batch that is too large goes in halves, down to the line that is", async () => {
  const taken: Array<string> = [];
  const { url } = await httpServer(({ body }) => {
    const { values } = (JSON.parse(body) as { streams: [{ values: ReadonlyArray<[string, string]> }] }).streams[0];
    if (values.length > 2 || values.some(([, text]) => text === "line 3")) return { status: 413 };
    taken.push(...values.map(([, text]) => text));
    return { status: 204 };
  });
  const outcome = await sinkOf({ type: "loki", url }).deliver([1, 2, 3, 4, 5].map((number) => record(number)));
  expect(taken).toEqual(["line 1", "line 2", "line 4", "line 5"]);
  expect(outcome).toMatchObject({ rejected: 1 });
});

it("elasticsearch: each line is created under its own name; single lines are there, come again, or are rejected", async () => {
  const { asked, url } = await httpServer(({ body }) => {
    const count = body.trim().split("\n").length / 2;
    const statuses = count === 5 ? [201, 409, 429, 400, 503] : Array.from({ length: count }, () => 201);
    const items = statuses.map((status) => ({
      create: { status, ...(status > 201 ? { error: { type: "t", reason: `r${status}` } } : {}) },
    }));
    return { status: 200, body: JSON.stringify({ errors: true, items }) };
  });
  const sink = sinkOf({ type: "elasticsearch", url: `${url}/es/`, index: "logs-{process_id}-{date}" });
  const json = record(5, "five", { body: '{"time":"2025-06-15T15:06:40.005Z","unit":"web","message":"five"}' });
  const all = [record(1), record(2), record(3), record(4), json];
  expect(await sink.deliver(all)).toEqual({ again: [all[2], all[4]], rejected: 1, why: "429 t r429" });
  expect(await sink.deliver([all[2]!, all[4]!])).toMatchObject({ again: [], rejected: 0 });
  expect(asked[0]!.url).toBe("/es/_bulk");
  const lines = asked[1]!.body
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
  expect(lines).toEqual([
    { create: { _index: "logs-web-2025.06.15", _id: "e-1-3" } },
    { "@timestamp": "2025-06-15T15:06:40.003Z", unit: "web", stream: "stdout", message: "line 3" },
    { create: { _index: "logs-web-2025.06.15", _id: "e-1-5" } },
    { "@timestamp": "2025-06-15T15:06:40.005Z", time: "2025-06-15T15:06:40.005Z", unit: "web", message: "five" },
  ]);
});

it("otlp: resource, severity and a name for each line; what it rejects is counted", async () => {
  let rejected = 0;
  const { asked, url } = await httpServer(() => ({
    status: 200,
    body: rejected === 0 ? "{}" : JSON.stringify({ partialSuccess: { rejectedLogRecords: String(rejected), errorMessage: "too old" } }),
  }));
  const sink = sinkOf({ type: "otlp", url, token: { env: "HSU_TEST_TOKEN" } });
  process.env["HSU_TEST_TOKEN"] = "secret";
  onTestFinished(() => void delete process.env["HSU_TEST_TOKEN"]);
  expect(await sink.deliver([record(1, "ERROR it broke")])).toBeUndefined();
  rejected = 1;
  expect(await sink.deliver([record(2), record(3)])).toEqual({ rejected: 1, why: "too old" });
  const { resourceLogs } = JSON.parse(asked[0]!.body) as { resourceLogs: ReadonlyArray<Record<string, unknown>> };
  expect(asked[0]).toMatchObject({ url: "/v1/logs", headers: { authorization: "Bearer secret" } });
  expect(resourceLogs[0]).toMatchObject({
    resource: { attributes: expect.arrayContaining([{ key: "service.name", value: { stringValue: "web" } }]) as unknown },
    scopeLogs: [
      {
        logRecords: [
          {
            timeUnixNano: "1750000000001000000",
            severityNumber: 17,
            severityText: "ERROR",
            body: { stringValue: "ERROR it broke" },
            attributes: [
              { key: "log.iostream", value: { stringValue: "stdout" } },
              { key: "log.record.uid", value: { stringValue: "e-1-1" } },
            ],
          },
        ],
      },
    ],
  });
});

it("a secret that cannot be had keeps the lines waiting, and its name is told and not what it might be", async () => {
  const { asked, url } = await httpServer(() => ({ status: 204 }));
  await expect(sinkOf({ type: "loki", url, token: { env: "HSU_TEST_NONE" } }).deliver([record(1)])).rejects.toThrow(
    "the master has no variable HSU_TEST_NONE",
  );
  expect(asked).toEqual([]);
});

it("an encrypted secret is opened when it is needed; where it cannot be, the lines wait", async () => {
  const { asked, url } = await httpServer(() => ({ status: 204 }));
  const place = folder();
  const identity = join(place, "age.key");
  const key = await generateIdentity();
  const encrypter = new Encrypter();
  encrypter.addRecipient(await identityToRecipient(key));
  writeFileSync(join(place, "token.age"), await encrypter.encrypt("from-age\n"));
  const sink = lazySink({ type: "loki", url, timeoutMillis: 2000, token: { ageFile: join(place, "token.age"), identity } }, reveal);
  onTestFinished(() => sink.close?.());
  await expect(sink.deliver([record(1)])).rejects.toThrow(/token\.age cannot be had: .*age\.key/);
  expect(asked).toEqual([]);
  writeFileSync(identity, key);
  await sink.deliver([record(1)]);
  await sink.deliver([record(2)]);
  expect(asked.map(({ headers }) => headers.authorization)).toEqual(["Bearer from-age", "Bearer from-age"]);
});

it("a server that does not answer is away after the timeout", async () => {
  const { address } = await tcpServer();
  const sink = sinkOf({ type: "loki", url: address.replace("tcp:", "http:"), timeoutMillis: 50 });
  await expect(sink.deliver([record(1)])).rejects.toThrow("no answer within 50 ms");
});

it("syslog over TCP: RFC 5424 with octet counting, facility and severity, and a long line in parts", async () => {
  const { address, got } = await tcpServer();
  const sink = sinkOf({ type: "syslog", address, facility: 16, maxMessageBytes: 480 });
  await sink.deliver([record(1), record(2, "WARN careful", { stream: "stderr" }), record(3, "ü".repeat(600))]);
  const messages: Array<string> = [];
  for (let rest = Buffer.from(got[0]!); rest.length > 0;) {
    const space = rest.indexOf(" ");
    const length = Number(rest.toString("latin1", 0, space));
    messages.push(rest.toString("utf8", space + 1, space + 1 + length));
    rest = rest.subarray(space + 1 + length);
  }
  const head = (priority: number, stream: string, number: number): RegExp =>
    new RegExp(
      String.raw`^<${priority}>1 2025-06-15T15:06:40\.00${number}Z \S+ web - ${stream} \[hsu@32473 unit="web" stream="${stream}" id="e-1-${number}"\] `,
    );
  expect(messages[0]).toMatch(head(134, "stdout", 1));
  expect(messages[0]!.endsWith("] line 1")).toBe(true);
  expect(messages[1]).toMatch(head(132, "stderr", 2));
  const parts = messages.slice(2);
  expect(parts.every((part) => head(134, "stdout", 3).test(part) && Buffer.byteLength(part) <= 480)).toBe(true);
  const texts = parts.map((part) => /\[part (\d+)(, the last)?\] (.*)$/.exec(part)!);
  expect(texts.map(([, number]) => Number(number))).toEqual(texts.map((_, at) => at + 1));
  expect(texts.map(([, , last]) => last !== undefined).indexOf(true)).toBe(texts.length - 1);
  expect(texts.map(([, , , text]) => text).join("")).toBe("ü".repeat(600));
});

it("syslog over TCP: a connection that breaks before all was read is a failure, and nobody there is one too", async () => {
  const { address } = await tcpServer((socket) => socket.once("data", () => socket.resetAndDestroy()));
  const sink = sinkOf({ type: "syslog", address });
  await expect(sink.deliver(Array.from({ length: 2000 }, (_, at) => record(at, "x".repeat(1000))))).rejects.toThrow(
    /ECONNRESET|EPIPE|closed before/,
  );
  await expect(sinkOf({ type: "syslog", address: "tcp://127.0.0.1:1" }).deliver([record(1)])).rejects.toThrow("ECONNREFUSED");
});

it("syslog over UDP: a datagram a message", async () => {
  const socket = createSocket("udp4");
  const got: Array<string> = [];
  socket.on("message", (message) => got.push(String(message)));
  await new Promise<void>((done) => socket.bind(0, "127.0.0.1", done));
  onTestFinished(() => void socket.close());
  await sinkOf({ type: "syslog", address: `udp://127.0.0.1:${socket.address().port}` }).deliver([record(1), record(2)]);
  await until(
    "both",
    () => got.length,
    (count) => count === 2,
  );
  expect(got[0]).toMatch(/^<14>1 .* line 1$/);
});

it("journald: an entry a datagram, to a local socket that may be full, gone and back", async () => {
  const path = join(folder(), "socket");
  const sink = sinkOf({ type: "journald", path });
  await expect(sink.deliver([record(1)])).rejects.toMatchObject({ code: "ENOENT" });
  const receiver = await openReceiver(path);
  onTestFinished(() => receiver.close());
  const count = 300;
  const records = Array.from({ length: count }, (_, at) => record(at, at === 7 ? "two\nlines" : `line ${at}`));
  const delivered = sink.deliver(records);
  // More than its queue holds: the rest waits until somebody reads.
  const got: Array<Buffer> = [];
  await until(
    "all",
    () => (got.push(...receiver.read()), got.length),
    (length) => length === count,
  );
  expect(await delivered).toBeUndefined();
  expect(String(got[3])).toMatch(
    /^MESSAGE=line 3\nPRIORITY=6\nSYSLOG_IDENTIFIER=web\nHSU_UNIT=web\nHSU_STREAM=stdout\nHSU_ID=e-1-3\nHSU_TIME=/,
  );
  expect(got[7]!.subarray(0, 25).toString("latin1")).toBe("MESSAGE\n\t\0\0\0\0\0\0\0two\nlines".slice(0, 25));
  receiver.close();
  await expect(sink.deliver([record(1)])).rejects.toMatchObject({ code: "ECONNREFUSED" });
});

it("several outputs that wait for one local socket wait together, and each is there whole and in order", async () => {
  const path = join(folder(), "socket");
  const receiver = await openReceiver(path);
  onTestFinished(() => receiver.close());
  const sink = sinkOf({ type: "journald", path });
  const of = (unit: string) => Array.from({ length: 100 }, (_, at) => record(at, `${unit} ${at}`));
  const units = ["a", "b", "c"];
  const delivered = Promise.all(units.map((unit) => sink.deliver(of(unit))));
  const got: Array<string> = [];
  await until(
    "all",
    () => (got.push(...receiver.read().map(String)), got.length),
    (length) => length === 300,
  );
  expect(await delivered).toEqual([undefined, undefined, undefined]);
  for (const unit of units) {
    const own = got.map((text) => text.slice(8, text.indexOf("\n"))).filter((text) => text.startsWith(unit));
    expect(own).toEqual(of(unit).map(({ text }) => text));
  }
});

it("syslog over a local socket of datagrams and over one of streams", async () => {
  const path = join(folder(), "log");
  const receiver = await openReceiver(path);
  onTestFinished(() => receiver.close());
  await sinkOf({ type: "syslog", address: `unix:${path}` }).deliver([record(1)]);
  expect(receiver.read().map(String)).toEqual([expect.stringMatching(/^<14>1 .* line 1$/)]);
  const streamPath = join(folder(), "stream");
  let got = "";
  const server = createServer({ allowHalfOpen: true }, (socket) =>
    socket.on("data", (chunk) => (got += String(chunk))).on("end", () => socket.end()),
  );
  await new Promise<void>((done) => server.listen(streamPath, done));
  onTestFinished(() => void server.close());
  await sinkOf({ type: "syslog", address: `unix:${streamPath}` }).deliver([record(1), record(2)]);
  expect(got).toMatch(/^<14>1 .* line 1\n<14>1 .* line 2\n$/);
});

it("a file that several units share has whole lines, rotates by rename, and is made again where somebody removes it", async () => {
  const path = join(folder(), "deep/all.log");
  const sink = sinkOf({ type: "file", path, rotation: { maxBytes: 2000, maxFiles: 2, compress: false } });
  await Promise.all(Array.from({ length: 50 }, (_, at) => sink.deliver([record(at, "x".repeat(98)), record(at, "y".repeat(98))])));
  const files = [`${path.slice(0, -4)}.000003.log`, `${path.slice(0, -4)}.000004.log`, path].map((name) => readFileSync(name, "utf8"));
  expect(files.every((text) => text.length <= 2000 && /^(x{98}\ny{98}\n)*$/.test(text))).toBe(true);
  rmSync(path);
  await sink.deliver([record(1)]);
  expect(readFileSync(path, "utf8")).toBe("line 1\n");
});

it("TLS: syslog and HTTPS with the CA that is named, and neither without it", async () => {
  const path = folder();
  const [key, cert] = [join(path, "key.pem"), join(path, "cert.pem")];
  const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"];
  execFileSync("openssl", [...request, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert], {
    stdio: "ignore",
  });
  const identity = { key: readFileSync(key), cert: readFileSync(cert) };
  let got = "";
  const server = createTlsServer(identity, (socket) => void socket.on("error", () => {}).on("data", (chunk) => (got += String(chunk))));
  const web = createHttpsServer(identity, (asked, response) => void asked.resume().on("end", () => response.writeHead(204).end()));
  for (const each of [server, web]) {
    await new Promise<void>((done) => each.listen(0, "localhost", done));
    onTestFinished(() => void each.close());
  }
  onTestFinished(() => web.closeAllConnections());
  const portOf = (each: typeof server | typeof web): number => (each.address() as AddressInfo).port;
  const syslog = { type: "syslog", address: `tls://localhost:${portOf(server)}` } as const;
  const loki = { type: "loki", url: `https://localhost:${portOf(web)}` } as const;
  const tls = { caFile: cert };
  expect(await sinkOf({ ...syslog, tls }).deliver([record(1), record(2)])).toBeUndefined();
  expect(got).toMatch(/line 1\d+ <14>1 .* line 2$/);
  expect(await sinkOf({ ...loki, tls }).deliver([record(1)])).toBeUndefined();
  for (const destination of [syslog, loki])
    await expect(sinkOf(destination).deliver([record(1)])).rejects.toThrow(/self-signed certificate/);
});
