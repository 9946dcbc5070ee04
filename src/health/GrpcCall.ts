/**
 * Just as much of gRPC as a probe needs, on Node's HTTP/2: one call with one request, its answers and its status. A client library would cost each
 * master with a gRPC probe its memory, and would keep connections.
 */
import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from "node:http2";
import { connect as connectTcp, type LookupFunction } from "node:net";
import { connect as connectTls } from "node:tls";
import type { TlsOptions } from "./Tls.ts";
import { explain } from "./NetworkErrors.ts";

/** More than this of an answer is not read. */
const maxAnswerBytes = 64 * 1024;

/** How a call ended: a gRPC status, or what is wrong with the connection or the server. */
export type CallEnd =
  | { readonly _tag: "Status"; readonly status: number; readonly message: string }
  | { readonly _tag: "Broken"; readonly why: string };

export interface CallOptions {
  readonly address: string;
  readonly port: number;
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Null: plaintext. */
  readonly tls: TlsOptions | null;
  readonly request: Uint8Array;
  readonly onAnswer: (answer: Uint8Array) => void;
  /** Called once; never after the call was closed. */
  readonly onEnd: (end: CallEnd) => void;
}

/** One uncompressed message: a flag, a length, the bytes. */
const framed = (message: Uint8Array): Buffer => {
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  return frame;
};

const statusOf = (headers: IncomingHttpHeaders): CallEnd | null => {
  const status = headers["grpc-status"];
  if (typeof status !== "string") return null;
  const said = headers["grpc-message"];
  return { _tag: "Status", status: Number(status), message: typeof said === "string" ? decode(said) : "" };
};

/** A server may send anything: what is not well encoded is shown as it is. */
const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** 127.0.0.1 first, whatever the system's own list of hosts says. */
const localhost: LookupFunction = (_, __, found) =>
  found(null, [
    { address: "127.0.0.1", family: 4 },
    { address: "::1", family: 6 },
  ]);

const host = (address: string): string => (address.includes(":") ? `[${address}]` : address);

/** A call that was made. */
export interface Call {
  /** Ends it and its connection, whatever has come of it. */
  readonly close: () => void;
  /** Calls back when the other side has answered on the connection; never when that does not come. The result takes it back. */
  readonly ping: (answered: () => void) => () => void;
}

const openSession = ({ address, port, tls }: CallOptions): ClientHttp2Session => {
  const authority = `${tls === null ? "http" : "https"}://${host(address)}:${port}`;
  if (address !== "localhost") return connect(authority, tls ?? {});
  const place = { host: address, port, lookup: localhost, autoSelectFamily: true };
  return connect(authority, {
    createConnection: () =>
      tls === null ? connectTcp(place) : connectTls({ ...place, servername: address, ...tls, ALPNProtocols: ["h2"] }),
  });
};

/** Makes the call on a connection of its own. */
export const open = (options: CallOptions): Call => {
  const { headers, onAnswer, onEnd, path, request } = options;
  const session = openSession(options);
  let isOpen = true;
  const close = (): void => {
    isOpen = false;
    session.destroy();
  };
  const end = (how: CallEnd): void => {
    if (!isOpen) return;
    close();
    onEnd(how);
  };
  session.on("error", (error) => end({ _tag: "Broken", why: explain(error) }));
  session.on("close", () => end({ _tag: "Broken", why: "connection closed" }));
  const stream = session.request({
    ...headers,
    [constants.HTTP2_HEADER_METHOD]: "POST",
    [constants.HTTP2_HEADER_PATH]: path,
    [constants.HTTP2_HEADER_CONTENT_TYPE]: "application/grpc",
    [constants.HTTP2_HEADER_TE]: "trailers",
    "user-agent": "hsu-probe",
  });
  stream.on("error", (error) => end({ _tag: "Broken", why: explain(error) }));
  let status: CallEnd | null = null;
  stream.on("response", (answered) => {
    status = statusOf(answered);
    const http = Number(answered[constants.HTTP2_HEADER_STATUS]);
    if (status === null && http !== 200) end({ _tag: "Broken", why: `HTTP ${http}` });
  });
  stream.on("trailers", (trailers) => void (status = statusOf(trailers)));
  let rest: Buffer = Buffer.alloc(0);
  stream.on("data", (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (!session.destroyed && rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
      const frame = rest.subarray(5, 5 + rest.readUInt32BE(1));
      rest = rest.subarray(5 + frame.length);
      onAnswer(frame);
    }
    if (rest.length > maxAnswerBytes) end({ _tag: "Broken", why: "the answer is too long" });
  });
  stream.on("end", () => end(status ?? { _tag: "Broken", why: "the answer has no status" }));
  stream.end(framed(request));
  return {
    close,
    ping: (answered) => {
      let isWanted = true;
      // One that fails has ended the call as well, which is told.
      if (isOpen) session.ping((error) => (error === null && isWanted ? answered() : undefined));
      return () => void (isWanted = false);
    },
  };
};

/** The same, of which no more is wanted than its end. The result closes it. */
export const call = (options: CallOptions): (() => void) => open(options).close;
