/** The other end of a local datagram socket, as journald has one: Node has none. */
import { closeSync } from "node:fs";
import { libc, quiet, unixAddress, unixDomain } from "../../src/platform/linux/Libc.ts";

export interface Receiver {
  /** What is there. */
  readonly read: () => ReadonlyArray<Buffer>;
  readonly close: () => void;
}

export const openReceiver = async (path: string): Promise<Receiver> => {
  const system = await libc();
  const receive = system.koffi.load(null).func("long recv(int, _Out_ void *, unsigned long, int)") as unknown as (
    fd: number,
    into: Uint8Array,
    length: number,
    flags: number,
  ) => number;
  const fd = system.socket(unixDomain, 2 | quiet, 0);
  const address = unixAddress(path)!;
  if (system.bind(fd, address, address.length) < 0) throw new Error(`bind: ${system.errno()}`);
  let isClosed = false;
  const into = Buffer.alloc(262_144);
  return {
    read: () => {
      const found: Array<Buffer> = [];
      for (let length = receive(fd, into, into.length, 0); length >= 0; length = receive(fd, into, into.length, 0))
        found.push(Buffer.from(into.subarray(0, length)));
      return found;
    },
    close: () => {
      if (isClosed) return;
      isClosed = true;
      closeSync(fd);
    },
  };
};
