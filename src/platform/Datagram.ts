/**
 * Datagrams to a local socket (`AF_UNIX`), for which Node has no call.
 */

/** Connected; whole datagrams, in order, each in the receiver's queue when its promise is done. */
export interface DatagramSocket {
  /** Waits while the receiver's queue is full. Rejects with a `code` where it is gone (`ECONNREFUSED`, `ENOTCONN`), or the datagram too long (`EMSGSIZE`). */
  readonly send: (bytes: Uint8Array) => Promise<void>;
  readonly close: () => void;
}

/** Rejects with a `code` where nobody is, or where it is no socket for datagrams (`EPROTOTYPE`). */
export const connectDatagram = async (path: string): Promise<DatagramSocket> => {
  if (process.platform !== "linux") throw new Error(`no datagrams to ${path} on ${process.platform}`);
  return (await import("./linux/UnixDatagram.ts")).connectDatagram(path);
};
