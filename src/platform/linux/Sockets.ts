/**
 * Who listens on a port: `/proc/net` names the sockets, `/proc/PID/fd` who holds them.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** The kernel's number for a TCP socket that listens, and for a UDP socket that takes what comes from anybody. */
const listening = { tcp: "0A", udp: "07" };

/** The inodes of a table of `/proc/net` that listen on the port. */
const inodesIn = (table: string, port: number, protocol: "tcp" | "udp"): ReadonlyArray<string> =>
  table.split("\n").flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const [, local = "", , state] = fields;
    const inode = fields[9];
    const here = Number.parseInt(local.slice(local.lastIndexOf(":") + 1), 16);
    return here === port && state === listening[protocol] && inode !== undefined && inode !== "0" ? [inode] : [];
  });

const tableOf = (name: string): string => {
  try {
    return readFileSync(`/proc/net/${name}`, "latin1");
  } catch (error) {
    // A kernel without IPv6 has no such table.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
};

/** The sockets that listen on the port, over IPv4 and IPv6, in this network namespace. */
export const socketsOn = (port: number, protocol: "tcp" | "udp"): ReadonlySet<string> =>
  new Set([protocol, `${protocol}6`].flatMap((name) => inodesIn(tableOf(name), port, protocol)).map((inode) => `socket:[${inode}]`));

/** Whether a process holds one of the sockets; undefined where we may not look. */
export const holds = (pid: number, sockets: ReadonlySet<string>): boolean | undefined => {
  let names: ReadonlyArray<string>;
  try {
    names = readdirSync(`/proc/${pid}/fd`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "EACCES" || code === "EPERM" ? undefined : false;
  }
  return names.some((name) => {
    try {
      return sockets.has(readlinkSync(`/proc/${pid}/fd/${name}`));
    } catch {
      // Closed in between, or the process has ended.
      return false;
    }
  });
};
