/**
 * Clients who are gone without a word.
 */
import type { Socket } from "node:net";

/** Those to whom something is on its way that nobody takes; none where the system does not tell. Loads what asks it with the first question. */
export const silent = async (sockets: ReadonlyArray<Socket>): Promise<ReadonlyArray<Socket>> =>
  process.platform === "linux" ? (await import("./linux/Silent.ts")).silent(sockets) : [];
