/**
 * Connections in the kernel's tables, and who listens there. The text of a table in, numbers out.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { SocketAddress } from "../Listening.ts";
import { holds, socketsOn } from "./Sockets.ts";

/** ESTABLISHED, SYN_RECV and CLOSE_WAIT: somebody is there, or waits to be accepted, or for an answer. */
const open = new Set(["01", "03", "08"]);

/** An address as the tables write it: in words of four bytes, each in the order of this machine. */
export const tableAddress = (bytes: Uint8Array): string =>
  Array.from({ length: bytes.length / 4 }, (_, word) => Buffer.from(bytes.subarray(word * 4, word * 4 + 4)).reverse())
    .map((word) => word.toString("hex").toUpperCase())
    .join("");

const anywhere = (address: string): boolean => /^0+$/.test(address);

/** Open connections to a port in a table of `/proc/net/tcp` or `tcp6`; `address` is as the tables write it. */
export const tcpConnections = (table: string, address: string, port: number): number =>
  table.split("\n").filter((line) => {
    const [, local = "", , state = ""] = line.trim().split(/\s+/);
    const [host, at = ""] = local.split(":");
    return Number.parseInt(at, 16) === port && open.has(state) && (anywhere(address) || host === address);
  }).length;

/** Open connections to a path in `/proc/net/unix`, and those (02) that wait to be accepted. */
export const unixConnections = (table: string, path: string): number =>
  table.split("\n").filter((line) => {
    const match = /^\S+ \S+ \S+ \S+ \S+ (\S+) +\d+ (.*)$/.exec(line);
    return match !== null && (match[1] === "03" || match[1] === "02") && match[2] === path;
  }).length;

/** How many there are to this address just now. */
export const connectionsTo = (address: SocketAddress, bytes: Uint8Array): number => {
  if (address._tag === "Unix") return unixConnections(readFileSync("/proc/net/unix", "latin1"), latin(address.path));
  const table = readFileSync(address.host.includes(":") ? "/proc/net/tcp6" : "/proc/net/tcp", "latin1");
  return tcpConnections(table, tableAddress(bytes), address.port);
};

/** Connections to a port that wait to be accepted, in a table of `/proc/net/tcp` or `tcp6`. */
export const backlogIn = (table: string, port: number): number =>
  table
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local = "", , state]) => state === "0A" && Number.parseInt(local.slice(local.lastIndexOf(":") + 1), 16) === port)
    .reduce((sum, [, , , , queues = ""]) => sum + Number.parseInt(queues.slice(queues.indexOf(":") + 1), 16), 0);

/** How many those are just now. */
export const backlogOn = (port: number): number =>
  ["/proc/net/tcp", "/proc/net/tcp6"]
    .filter((file) => existsSync(file))
    .reduce((sum, file) => sum + backlogIn(readFileSync(file, "latin1"), port), 0);

/** So often in a row, at longer and longer times, something was sent and nobody said that he has it: half a minute or so. */
const unanswered = 7;

/**
 * The other ends of connections from a port that do not answer any more, as the table writes them. What was sent is sent again (timer 1), or it is asked
 * whether there is room again (timer 4); the kernel itself gives up after a quarter of an hour. Who does not read, and says so, is there.
 */
export const silentIn = (table: string, port: number): ReadonlySet<string> =>
  new Set(
    table.split("\n").flatMap((line) => {
      const [, local = "", remote = "", state, , timer = "", again = "", , asked = ""] = line.trim().split(/\s+/);
      if (state !== "01" || Number.parseInt(local.slice(local.lastIndexOf(":") + 1), 16) !== port) return [];
      const times = timer.startsWith("01:") ? Number.parseInt(again, 16) : timer.startsWith("04:") ? Number(asked) : 0;
      return times >= unanswered ? [remote] : [];
    }),
  );

const latin = (text: string): string => Buffer.from(text).toString("latin1");

/** Who listens on a port, for people; it is found where we may look. */
export const listenerOn = (port: number): string => {
  const sockets = socketsOn(port, "tcp");
  const pid = readdirSync("/proc")
    .map(Number)
    .find((one) => Number.isInteger(one) && one !== process.pid && holds(one, sockets) === true);
  if (pid === undefined) return "EADDRINUSE";
  try {
    return `by pid ${pid}, ${readFileSync(`/proc/${pid}/comm`, "utf8").trim()}`;
  } catch {
    return "EADDRINUSE";
  }
};
