/**
 * What is said to who does not speak HTTP, does not come to the end of what he asks, or is one too many; Node alone would say it without a code, or not at all.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { isLoopback } from "../config/HttpOf.ts";
import type { Control } from "../master/Control.ts";
import { silent } from "../platform/index.ts";
import { TooMany } from "../protocol/RemoteErrors.ts";
import { malformed, tooMany } from "./Problems.ts";
import * as Refusals from "./Refusals.ts";

/** For a server of Node's. */
export const limits = {
  /** Who does not come to the end of what he asks is cut off. */
  requestTimeout: 30_000,
  headersTimeout: 10_000,
  /** How late that is noticed at most. */
  connectionsCheckingInterval: 2000,
  maxHeaderSize: 16 * 1024,
  // The system asks whether a client that says nothing is still there.
  keepAlive: true,
  keepAliveInitialDelay: 30_000,
};
const usualConnections = 1000;
/** How often it is looked whether those still take what they get who are answered for longer. */
const lookMillis = 10_000;
/** How long somebody gets to take the answer. */
const graceMillis = 500;

const words = ({ code, message }: NodeJS.ErrnoException): readonly [line: string, detail: string] => {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return ["408 Request Timeout", "the request did not come to its end in time"];
  if (code === "HPE_HEADER_OVERFLOW") return ["431 Request Header Fields Too Large", `headers of more than ${limits.maxHeaderSize} bytes`];
  return ["400 Bad Request", `this is no HTTP: ${message}`];
};

const end = (socket: Socket, line: string, body: object): void => {
  const text = JSON.stringify(body);
  const head = `content-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(text)}\r\nconnection: close`;
  socket.end(`HTTP/1.1 ${line}\r\n${head}\r\n\r\n${text}`);
  setTimeout(() => socket.destroy(), graceMillis).unref();
};

/**
 * Cuts off who has gone without a word while something is on its way to him. The kernel would try for a quarter of an hour, and asks after those alone who
 * are sent nothing. Nobody of this machine goes so.
 */
const lookingAfter = (): ((socket: Socket, response: ServerResponse) => void) => {
  const answered = new Set<Socket>();
  let looking = false;
  const look = async (): Promise<void> => {
    for (const gone of await silent([...answered])) gone.destroy();
    looking = answered.size > 0;
    if (looking) soon();
  };
  const soon = (): void => void setTimeout(() => void look(), lookMillis).unref();
  return (socket, response) => {
    if (isLoopback((socket.remoteAddress ?? "127.0.0.1").replace(/^::ffff:/, ""))) return;
    answered.add(socket);
    response.once("close", () => answered.delete(socket));
    if (looking) return;
    looking = true;
    soon();
  };
};

export const guard = (server: Server, control: Control["Service"], isTls: boolean, mostConnections = usualConnections): void => {
  const answers = new WeakMap<Socket, ServerResponse>();
  const look = lookingAfter();
  server.prependListener("request", ({ socket }: IncomingMessage, response: ServerResponse) => {
    answers.set(socket, response);
    look(socket, response);
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => {
    const isAnswered = answers.get(socket)?.writableEnded === false;
    // He has gone, or is being told something else.
    if (error.code === "ECONNRESET" || !socket.writable || isAnswered) return void socket.destroy();
    const [line, detail] = words(error);
    const problem = malformed(detail);
    Refusals.count(control, problem.code);
    end(socket, line, { ...problem, title: line.slice(4), status: Number(line.slice(0, 3)) });
  });
  server.on("tlsClientError", () => Refusals.count(control, "HSU-RPC-005"));
  let open = 0;
  const accept = (socket: Socket): void => {
    open++;
    socket.once("close", () => open--);
    if (open <= mostConnections) return;
    const error = new TooMany({ what: "connections", most: mostConnections });
    Refusals.count(control, error.code);
    const problem = tooMany(error);
    end(socket, `${problem.status} ${problem.title}`, problem);
  };
  server.on(isTls ? "secureConnection" : "connection", accept);
  // Those as well who are being told.
  server.maxConnections = mostConnections * 2;
};
