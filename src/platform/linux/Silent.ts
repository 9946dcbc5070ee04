/**
 * Clients who are gone without a word, and to whom something is on its way: the system asks after those alone who are sent nothing.
 */
import { readFile } from "node:fs/promises";
import { isIPv4, type Socket } from "node:net";
import { silentIn, tableAddress } from "./SocketTable.ts";

/** The other end as each of the tables has it; one of IPv4 may be in both. */
const endsOf = ({ remoteAddress = "", remotePort = 0 }: Socket): ReadonlyArray<string> => {
  const port = remotePort.toString(16).toUpperCase().padStart(4, "0");
  const four = remoteAddress.replace(/^::ffff:/, "");
  const addresses = isIPv4(four) ? [fourBytes(four), Uint8Array.from([...mapped, ...fourBytes(four)])] : [sixBytes(remoteAddress)];
  return addresses.map((bytes) => `${tableAddress(bytes)}:${port}`);
};

const mapped: ReadonlyArray<number> = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255];

const fourBytes = (address: string): Uint8Array => Uint8Array.from(address.split("."), Number);

const sixBytes = (address: string): Uint8Array => {
  const [head = "", tail] = address.replace(/%.*$/, "").split("::");
  const words = (text: string | undefined): ReadonlyArray<number> =>
    text === undefined || text === "" ? [] : text.split(":").map((word) => Number.parseInt(word, 16));
  const [first, last] = [words(head), words(tail)];
  const all = [...first, ...Array.from({ length: 8 - first.length - last.length }, () => 0), ...last];
  return Uint8Array.from(all.flatMap((word) => [word >> 8, word & 255]));
};

export const silent = async (sockets: ReadonlyArray<Socket>): Promise<ReadonlyArray<Socket>> => {
  const tables = await Promise.all(["/proc/net/tcp", "/proc/net/tcp6"].map((file) => readFile(file, "latin1").catch(() => "")));
  const ports = new Set(sockets.map(({ localPort = 0 }) => localPort));
  const gone = new Map(Array.from(ports, (port) => [port, new Set(tables.flatMap((table) => [...silentIn(table, port)]))]));
  return sockets.filter((socket) => endsOf(socket).some((end) => gone.get(socket.localPort ?? 0)!.has(end)));
};
