/**
 * Local datagram sockets of Linux, sent to through the C library; Node's own loop says when there is room again.
 */
import { closeSync } from "node:fs";
import type { DatagramSocket } from "../Datagram.ts";
import { libc, quiet, unixAddress, unixDomain } from "./Libc.ts";

const datagram = 2;
/** `MSG_NOSIGNAL`. */
const noSignal = 0x4000;

const failed = (call: string, path: string, code: string): Error => Object.assign(new Error(`${call} ${code} ${path}`), { code });

export const connectDatagram = async (path: string): Promise<DatagramSocket> => {
  const system = await libc();
  const address = unixAddress(path);
  if (address === undefined) throw failed("connect", path, "ENAMETOOLONG");
  const fd = system.socket(unixDomain, datagram | quiet, 0);
  if (fd < 0) throw failed("socket", path, system.errno());
  if (system.connect(fd, address, address.length) < 0) {
    const code = system.errno();
    closeSync(fd);
    throw failed("connect", path, code);
  }
  let isClosed = false;
  /** Of all who wait for room. */
  let giveUp = (): void => {};
  let waiting: Promise<void> | undefined;
  /** One handle for all of them: koffi ends the whole program where a descriptor gets a second one. */
  const room = (): Promise<void> =>
    (waiting ??= new Promise((resolve) => {
      const handle = system.koffi.node.poll(fd, { writable: true, disconnect: true }, () => giveUp());
      giveUp = () => {
        giveUp = () => {};
        waiting = undefined;
        handle.close();
        resolve();
      };
    }));
  return {
    send: async (bytes) => {
      for (;;) {
        if (isClosed) throw failed("send", path, "EBADF");
        if (system.send(fd, bytes, bytes.length, noSignal) >= 0) return;
        const code = system.errno();
        if (code !== "EAGAIN" && code !== "EWOULDBLOCK" && code !== "EINTR") throw failed("send", path, code);
        await room();
      }
    },
    close: () => {
      if (isClosed) return;
      isClosed = true;
      giveUp();
      closeSync(fd);
    },
  };
};
