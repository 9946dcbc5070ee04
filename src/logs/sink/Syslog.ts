/**
 * Syslog over UDP, TCP, TLS and a local socket.
 *
 * Over TCP nobody says what has arrived. So a batch is a connection: it is written, ended, and there when the other side has read it to its end and closes as
 * well. One that goes on listening instead is believed after a while without a reset.
 */
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { hostname } from "node:os";
import { connect as connectTls } from "node:tls";
import { connectDatagram, type DatagramSocket } from "../../platform/index.ts";
import { tlsOptions } from "./Http.ts";
import { parseAddress } from "./Address.ts";
import { inDatagrams, overDatagrams } from "./Datagrams.ts";
import type { LogSink } from "./LogSink.ts";
import { type From, messagesOf } from "./Rfc5424.ts";
import type { Destination } from "./TargetSpec.ts";

/** rsyslog takes no longer ones as it is installed. */
const defaultMaxBytes = 8000;
/** More does not fit into a datagram of IPv4. */
const udpBytes = 65_507;
/** How long a reader that does not close is waited for, when all has been written. */
const silenceMillis = 2000;

/** With octet counting (RFC 6587). */
const framed = (messages: ReadonlyArray<Buffer>): Buffer =>
  Buffer.concat(messages.flatMap((message) => [Buffer.from(`${message.length} `), message]));

/** Writes all, and waits until the other side has read it. */
const handOver = (socket: Socket, ready: string, bytes: Buffer, timeoutMillis: number): Promise<void> =>
  new Promise((resolve, reject) => {
    let isWritten = false;
    const timer = setTimeout(() => socket.destroy(new Error(`not taken within ${timeoutMillis} ms`)), timeoutMillis);
    let silence: NodeJS.Timeout | undefined;
    const end = (error?: Error): void => {
      clearTimeout(timer);
      clearTimeout(silence);
      socket.destroy();
      if (error === undefined) resolve();
      else reject(error);
    };
    socket.on("error", end);
    socket.on(ready, () =>
      socket.end(bytes, () => {
        isWritten = true;
        silence = setTimeout(end, silenceMillis);
      }),
    );
    socket.on("end", () => {
      if (!isWritten) end(new Error("closed before all was written"));
    });
    socket.on("close", (hadError) => {
      if (!hadError) end(isWritten ? undefined : new Error("closed before all was written"));
    });
    // What it says is not for us; its end is only heard of while it is read.
    socket.resume();
  });

const overStream = (connect: () => Socket, ready: string, timeoutMillis: number) => (messages: ReadonlyArray<Buffer>) =>
  handOver(connect(), ready, framed(messages), timeoutMillis);

/** A failed datagram is told with the next one, where the other machine says so. */
const openUdp = (host: string, port: number): Promise<DatagramSocket> =>
  new Promise((resolve, reject) => {
    const socket: UdpSocket = createSocket(isIP(host) === 6 ? "udp6" : "udp4");
    let problem: Error | undefined;
    socket.on("error", (error) => (problem = error));
    socket.once("error", reject);
    socket.connect(port, host, () =>
      resolve({
        send: (bytes) =>
          new Promise((sent, failed) => {
            if (problem !== undefined) return failed(problem);
            return socket.send(bytes, (error) => (error === null ? sent() : failed(error)));
          }),
        close: () => socket.close(),
      }),
    );
    socket.unref();
  });

/** A local socket is one of datagrams nearly everywhere. */
const overUnix = (path: string, timeoutMillis: number) => {
  const datagrams = overDatagrams(() => connectDatagram(path));
  const lines = (messages: ReadonlyArray<Buffer>): Buffer => Buffer.concat(messages.flatMap((message) => [message, Buffer.from("\n")]));
  return {
    ...datagrams,
    send: async (messages: ReadonlyArray<Buffer>, done: (count: number) => void): Promise<void> => {
      try {
        await datagrams.send(messages, done);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EPROTOTYPE") throw error;
        await handOver(connectTcp({ path, allowHalfOpen: true }), "connect", lines(messages), timeoutMillis);
      }
    },
  };
};

export const open = (destination: Destination): LogSink => {
  const { address = "unix:/dev/log", appName, facility = 1, maxMessageBytes = defaultMaxBytes, timeoutMillis } = destination;
  const to = parseAddress(address)!;
  const from: From = {
    facility,
    host: hostname(),
    app: appName,
    maxBytes: to.transport === "udp" ? Math.min(udpBytes, maxMessageBytes) : maxMessageBytes,
  };
  if (to.transport === "tcp" || to.transport === "tls") {
    const { host, port, transport } = to;
    const connect = (): Socket =>
      transport === "tcp"
        ? connectTcp({ host, port, allowHalfOpen: true })
        : connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...tlsOptions(destination) });
    const send = overStream(connect, transport === "tcp" ? "connect" : "secureConnect", timeoutMillis);
    return { deliver: (records) => send(records.flatMap((record) => messagesOf(record, from))) };
  }
  const wire = to.transport === "unix" ? overUnix(to.path, timeoutMillis) : overDatagrams(() => openUdp(to.host, to.port));
  return {
    deliver: (records) =>
      inDatagrams(
        records,
        records.map((record) => messagesOf(record, from)),
        wire.send,
      ),
    close: () => wire.close(),
  };
};
