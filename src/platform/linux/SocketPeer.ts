/**
 * Who is at the other end of a unix socket, as the kernel tells it.
 */
import { libc, socketLevel } from "./Libc.ts";

const peerCredentials = 17;

/** `fd` is asked for when it is needed: a descriptor that was closed meanwhile may be somebody else's. */
export const socketPeer = async (fd: () => number | undefined): Promise<{ readonly pid: number; readonly uid: number } | undefined> => {
  const { getsockopt } = await libc();
  const descriptor = fd();
  if (descriptor === undefined || descriptor < 0) return undefined;
  // `struct ucred`: pid, uid, gid.
  const found = Buffer.alloc(12);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(found.length);
  if (getsockopt(descriptor, socketLevel, peerCredentials, found, length) !== 0) return undefined;
  return { pid: found.readInt32LE(0), uid: found.readUInt32LE(4) };
};
