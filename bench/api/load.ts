/**
 * A client that asks for the status again and again, on one connection, and looks at no answer: so many questions under way, and so long between an answer
 * and the next question. `node load.ts DOOR PLACE SECONDS DEPTH PAUSE TOKEN`: a line of JSON with answers per second and percentiles in milliseconds.
 */
import * as Net from "node:net";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import * as Effect from "effect/Effect";
import * as RpcSerialization from "effect/rpc/RpcSerialization";
import manifest from "../../package.json" with { type: "json" };

const [door = "", place = "", seconds = "1", depth = "1", pause = "0", token = ""] = process.argv.slice(2);
const taken: Array<number> = [];
const warmMillis = 1000;

const address = place.startsWith("/") ? { path: place } : { port: Number(place), host: "127.0.0.1" };

const give = (why: string): never => {
  process.stderr.write(`${door}: ${why}\n`);
  process.exit(1);
};

const finish = (millis: number): never => {
  taken.sort((a, b) => a - b);
  const at = (share: number): number => taken[Math.min(taken.length - 1, Math.floor(taken.length * share))] ?? Number.NaN;
  process.stdout.write(`${JSON.stringify({ perSecond: taken.length / (millis / 1000), p50: at(0.5), p99: at(0.99) })}\n`);
  process.exit(0);
};

/** `ask` sends one question; it calls back with its answer. */
const run = (ask: (answered: () => void) => void): void => {
  const warmed = performance.now() + warmMillis;
  let began = 0;
  const next = (): void => {
    const sent = performance.now();
    ask(() => {
      const now = performance.now();
      if (began === 0 && now > warmed) began = now;
      if (began > 0) taken.push(now - sent);
      if (began > 0 && now - began > Number(seconds) * 1000) finish(now - began);
      if (pause === "0") next();
      else setTimeout(next, Number(pause));
    });
  };
  for (let n = 0; n < Number(depth); n++) next();
};

/** Answers come in the order of the questions; `ends` tells how many of them end in what has come. */
const inTurn = (question: (id: number) => string | Uint8Array, greeting: string, ends: (chunk: Buffer) => number): void => {
  const socket = Net.connect(address);
  const waiting: Array<() => void> = [];
  let id = 0;
  let greeted = greeting === "";
  socket.on("error", ({ message }) => give(message));
  socket.on("close", () => give("closed"));
  const begin = (): void =>
    run((answered) => {
      waiting.push(answered);
      socket.write(question(id++));
    });
  socket.on("connect", () => {
    socket.setNoDelay(true);
    if (greeted) begin();
    else socket.write(greeting);
  });
  socket.on("data", (chunk) => {
    if (!greeted) {
      if (!chunk.includes("welcome")) give(chunk.toString());
      greeted = true;
      return begin();
    }
    for (let count = ends(chunk); count > 0; count--) waiting.shift()?.();
  });
};

const lines = (chunk: Buffer): number => {
  let count = 0;
  for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) count++;
  return count;
};

/** Those of bodies with a length. */
const bodies = (): ((chunk: Buffer) => number) => {
  let body = 0;
  let head = "";
  return (chunk) => {
    let count = 0;
    let at = 0;
    while (at < chunk.length) {
      if (body > 0) {
        const part = Math.min(body, chunk.length - at);
        body -= part;
        at += part;
        if (body === 0) count++;
        continue;
      }
      const before = head.length;
      // A head is short, and what is behind it is not read.
      head += chunk.toString("latin1", at, at + 1000);
      const end = head.indexOf("\r\n\r\n");
      if (end === -1) {
        if (head.length - before < chunk.length - at) give(head);
        break;
      }
      at += end + 4 - before;
      const [, length] = /content-length: (\d+)/i.exec(head) ?? [];
      if (length === undefined || !/^HTTP\/1\.\d 200/.test(head)) give(head.slice(0, end));
      body = Number(length);
      head = "";
    }
    return count;
  };
};

/** Each begins with its length, seven bits a byte. */
const frames = (): ((chunk: Buffer) => number) => {
  let left = 0;
  let length = 0;
  let scale = 1;
  return (chunk) => {
    let count = 0;
    let at = 0;
    while (at < chunk.length) {
      if (left > 0) {
        const part = Math.min(left, chunk.length - at);
        left -= part;
        at += part;
        if (left === 0) count++;
        continue;
      }
      const byte = chunk[at++]!;
      length += (byte & 127) * scale;
      scale *= 128;
      if (byte > 127) continue;
      left = length;
      length = 0;
      scale = 1;
    }
    return count;
  };
};

const request = (id: number) => ({ _tag: "Request", id, tag: "Status", payload: null, headers: [] });
const line = (id: number): string => `${JSON.stringify(request(id))}\n`;
const hello = (encoding: string): string => {
  const said = { version: manifest.version, oldest: 1, newest: 2, encodings: [encoding], token };
  return `${JSON.stringify({ hsu: said })}\n`;
};
const rpcBody = `<?xml version="1.0"?><methodCall><methodName>supervisor.getAllProcessInfo</methodName><params></params></methodCall>`;

switch (door) {
  case "unix":
    inTurn(line, "", lines);
    break;
  case "tcp":
    inTurn(line, hello("ndjson"), lines);
    break;
  case "binary": {
    const { serialization } = Effect.runSync(
      Effect.gen(function* () {
        return { serialization: yield* RpcSerialization.RpcSerialization };
      }).pipe(Effect.provide(RpcSerialization.layerSchemaBinary())),
    );
    const parser = serialization.makeUnsafe();
    const payload = new Uint8Array();
    inTurn((id) => parser.encode({ ...request(id), payload })!, hello("binary"), frames());
    break;
  }
  case "http": {
    const get = `GET /v1/status HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${token}\r\n\r\n`;
    inTurn(() => get, "", bodies());
    break;
  }
  case "supervisord": {
    const post = `POST /RPC2 HTTP/1.1\r\nhost: localhost\r\nconnection: keep-alive\r\ncontent-type: text/xml\r\ncontent-length: ${rpcBody.length}\r\n\r\n${rpcBody}`;
    inTurn(() => post, "", bodies());
    break;
  }
  default: {
    const client = new Client(`127.0.0.1:${place}`, credentials.createInsecure(), { "grpc.max_receive_message_length": -1 });
    const metadata = new Metadata();
    if (token !== "") metadata.set("authorization", `Bearer ${token}`);
    const same = (bytes: Buffer): Buffer => bytes;
    run((answered) => {
      client.makeUnaryRequest("/hsu.v1.MasterService/Status", same, same, Buffer.alloc(0), metadata, (error) => {
        if (error === null) answered();
        else give(error.message);
      });
    });
  }
}
