/**
 * Who is at the other end of a unix socket.
 */
import type { Socket } from "node:net";

export interface SocketPeer {
  readonly uid?: number;
  readonly pid?: number;
}

/** Node does not tell the descriptor of a socket, and has it. */
const descriptorOf = (socket: Socket): number | undefined => {
  const { _handle: handle } = socket as unknown as { readonly _handle?: { readonly fd?: number } | null };
  return socket.destroyed ? undefined : handle?.fd;
};

/** Nothing where the system does not tell, or he has gone. Loads what asks the system with the first question. */
export const socketPeer = async (socket: Socket): Promise<SocketPeer> => {
  if (process.platform !== "linux") return {};
  try {
    const found = await (await import("./linux/SocketPeer.ts")).socketPeer(() => descriptorOf(socket));
    return found ?? {};
  } catch {
    // There is nothing for this machine that could ask.
    return {};
  }
};
