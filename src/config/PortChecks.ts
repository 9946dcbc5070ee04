/**
 * That no two who listen want one port: the master's own doors, the sockets that it holds, and the ports that it passes connections on to.
 */
import { isIP } from "node:net";
import { CONTROLS } from "./StartChecks.ts";
import { get, type Located, type Problem } from "./Source.ts";

interface Wanted {
  readonly who: string;
  readonly port: number;
  readonly host: string;
  /** A socket that is held: two of the same words are told elsewhere. */
  readonly held?: string;
  readonly node: Located;
}

const isAll = (host: string): boolean => host === "::" || host === "0.0.0.0";

/** Whether one keeps the other from listening there. `::` takes IPv4 as well. */
const meet = (one: string, other: string): boolean => {
  if (one === other || one === "::" || other === "::") return true;
  return (isAll(one) || isAll(other)) && one.includes(":") === other.includes(":");
};

/** The end of an address as it is written; a port alone is all addresses of the machine. */
const addressIn = (node: Located): { readonly host: string; readonly port: number } | undefined => {
  const [, six, four, digits] = /^(?:(?:\[([^\]]+)\]|([^:]+)):)?(\d{1,5})$/.exec(String(node.value)) ?? [];
  const [host, port] = [six ?? (four === "localhost" ? "127.0.0.1" : four) ?? "::", Number(digits)];
  // What is no address has been told already.
  return digits === undefined || port < 1 || port > 65_535 || isIP(host) === 0 ? undefined : { host, port };
};

const own = (root: Located): ReadonlyArray<Wanted> => {
  const doors: Array<Wanted> = [];
  for (const [who, keys] of [
    ["process_manager.port", ["port"]],
    ["process_manager.registry.port", ["registry", "port"]],
    ["process_manager.http.port", ["http", "port"]],
    ["process_manager.rpc.listen", ["rpc", "listen"]],
    ["process_manager.grpc.listen", ["grpc", "listen"]],
  ] as const) {
    const node = get(root, "process_manager", ...keys)?.node;
    const found = node === undefined ? undefined : addressIn(node);
    if (node === undefined || found === undefined) continue;
    const said = get(root, "process_manager", "http", "address")?.node.text;
    const address = keys[0] === "http" && said !== undefined && said !== "localhost" ? said : "127.0.0.1";
    doors.push({ who, node, port: found.port, host: keys[1] === "listen" ? found.host : address });
  }
  return doors;
};

const ofUnit = (unit: Located, who: string): ReadonlyArray<Wanted> =>
  CONTROLS.flatMap(({ control: place }) => {
    const control = get(unit, ...place)?.node;
    const sockets = (get(control, "listen")?.node.items ?? []).flatMap((socket): ReadonlyArray<Wanted> => {
      const node = get(socket, "tcp")?.node;
      const found = node === undefined ? undefined : addressIn(node);
      return node === undefined || found === undefined || node.text.includes("localhost") ? [] : [{ who, node, ...found, held: node.text }];
    });
    const behind = get(control, "proxy")?.node;
    return [
      ...sockets,
      ...(typeof behind?.value === "number"
        ? [{ who: `${who} behind its proxy`, node: behind, port: behind.value, host: "127.0.0.1" }]
        : []),
    ];
  });

/** `units` in the order of the file. Who is disabled may be there instead of another one. */
export const portProblems = (root: Located, units: ReadonlyArray<Located>, nameOf: (unit: Located) => string): ReadonlyArray<Problem> => {
  const taken = new Map<number, Array<Wanted>>();
  const on = units.filter((unit) => get(unit, "enabled")?.node.value !== false);
  return [...own(root), ...on.flatMap((unit) => ofUnit(unit, nameOf(unit)))].flatMap((wanted): ReadonlyArray<Problem> => {
    const others = taken.get(wanted.port) ?? [];
    taken.set(wanted.port, others);
    const first = others.find(({ held, host }) => meet(host, wanted.host) && (held === undefined || held !== wanted.held));
    others.push(wanted);
    if (first === undefined) return [];
    const { end, start } = wanted.node;
    const message = `${wanted.who}: port ${wanted.port} is that of ${first.who} already`;
    return [{ code: "HSU-CFG-062", start, end, message, expected: "a port that nobody else of this file listens on" }];
  });
};
