/**
 * `process_manager.rpc` and `grpc`: where the master is reached by `hsu --host` and by other masters, and by clients of gRPC, and that it is not reached in the open from elsewhere.
 */
import * as NodePath from "node:path";
import { isIP } from "node:net";
import * as Schema from "effect/Schema";
import type { DoorSpec, MasterSpec } from "../unit/UnitSpec.ts";
import { isLoopback } from "./HttpOf.ts";
import { get, locate, type Located, type Problem } from "./Source.ts";
import { block, Id, Name, OneOf, Text, Timeout, told } from "./Values.ts";

const optional = Schema.optionalKey;
const LISTEN = /^(\[[^\]]+\]|[^:]+):(\d{1,5})$/;

const placeOf = (text: string): { readonly address: string; readonly port: number } | undefined => {
  const [, host = "", digits = ""] = LISTEN.exec(text) ?? [];
  const address = host.replace(/^\[|\]$/g, "");
  const port = Number(digits);
  return (address === "localhost" || isIP(address) !== 0) && port >= 1 && port <= 65_535 ? { address, port } : undefined;
};

const Listen = Text.check(
  Schema.makeFilter(
    (text: string) => placeOf(text) !== undefined,
    told("HSU-CFG-035", "an IP address of this machine and a port, as in 127.0.0.1:50057 or [::]:50057"),
  ),
);

const Client = Schema.Struct({ name: Name, role: OneOf("viewer", "operator", "admin"), group: optional(Name) });

export const RpcBlock = block({
  listen: Listen,
  tls: Schema.Struct({ cert: Name, key: Name, ca: optional(Name) }),
  clients: Schema.Array(Client),
});

export const rpcOf = (folder: string, { clients, listen, tls }: typeof RpcBlock.Type, usualPort: number): DoorSpec => ({
  ...((listen === undefined ? undefined : placeOf(listen)) ?? { address: "127.0.0.1", port: usualPort }),
  ...(tls === undefined
    ? {}
    : {
        tls: {
          cert: NodePath.resolve(folder, tls.cert),
          key: NodePath.resolve(folder, tls.key),
          ...(tls.ca === undefined ? {} : { ca: NodePath.resolve(folder, tls.ca) }),
        },
      }),
  clients: clients ?? [],
});

const Peer = Schema.Struct({
  name: Id,
  address: Text.check(
    Schema.makeFilter(
      (text: string) => /^tls:\/\/\S+$/.test(text) || /^tcp:\/\/(127\.|localhost\b|\[::1\])/.test(text),
      told("HSU-CFG-035", "tls://HOST:PORT, or tcp://127.0.0.1:PORT on this machine"),
    ),
  ),
  ca: optional(Name),
  cert: optional(Name),
  key: optional(Name),
  token_file: optional(Name),
  heartbeat: optional(Timeout),
});

export const PeersBlock = Schema.Array(Peer);

export const peersOf = (folder: string, peers: typeof PeersBlock.Type): NonNullable<MasterSpec["peers"]> =>
  peers.map(({ address, ca, cert, heartbeat, key, name, token_file: tokenFile }) => {
    const files = Object.entries({ ca, cert, key, tokenFile }).flatMap(([which, file]) =>
      file === undefined ? [] : [[which, NodePath.resolve(folder, file)] as const],
    );
    return {
      name,
      address,
      ...Object.fromEntries(files),
      ...(heartbeat === undefined ? {} : { heartbeatMillis: Math.max(heartbeat, 100) }),
    };
  });

const sameNames = (root: Located): ReadonlyArray<Problem> => {
  const seen = new Set<unknown>();
  return (locate(root, ["process_manager", "peers"])?.items ?? []).flatMap((item): ReadonlyArray<Problem> => {
    const name = get(item, "name")?.node;
    if (name === undefined || !seen.has(name.value)) {
      seen.add(name?.value);
      return [];
    }
    const message = `process_manager.peers: the name ${JSON.stringify(name.value)} is given twice`;
    return [{ code: "HSU-CFG-035", start: name.start, end: name.end, message, hint: "units are called by it: give each its own" }];
  });
};

/** What goes over a network in the open is anybody's; and a name in a certificate is worth what the CA that has signed it is worth. */
export const rpcProblems = (root: Located): ReadonlyArray<Problem> => [
  ...sameNames(root),
  ...(["rpc", "grpc"] as const).flatMap((door) => openProblems(root, door)),
];

const openProblems = (root: Located, door: "rpc" | "grpc"): ReadonlyArray<Problem> => {
  const at = (...path: ReadonlyArray<string>): Located | undefined => locate(root, ["process_manager", door, ...path]);
  const problem = (node: Located, message: string, hint: string): Problem => ({
    code: "HSU-CFG-035",
    start: node.start,
    end: node.end,
    message: `process_manager.${door}: ${message}`,
    hint,
  });
  const [listen, clients] = [at("listen"), at("clients")];
  const address = listen === undefined ? undefined : placeOf(listen.text)?.address;
  return [
    ...(listen === undefined || address === undefined || isLoopback(address) || at("tls") !== undefined
      ? []
      : [
          problem(
            listen,
            `${address} is reached from other machines, in the open`,
            "add tls with cert, key and ca, or listen at 127.0.0.1",
          ),
        ]),
    ...(clients === undefined || at("tls", "ca") !== undefined
      ? []
      : [
          problem(
            clients,
            "clients are known by their certificates, and nobody says which are to be trusted",
            "add tls with cert, key and ca",
          ),
        ]),
  ];
};
