/**
 * `process_manager.http`: where the master is reached over HTTP, and that it is not reached in the open from elsewhere.
 */
import * as NodePath from "node:path";
import * as Schema from "effect/Schema";
import type { MasterSpec } from "../unit/UnitSpec.ts";
import { locate, type Located, type Problem } from "./Source.ts";
import { block, Name, Port, Text, told } from "./Values.ts";
import { isIP } from "node:net";

const optional = Schema.optionalKey;

const Address = Text.check(
  Schema.makeFilter(
    (text: string) => text === "localhost" || isIP(text) !== 0,
    told("HSU-CFG-034", "an IP address of this machine, as in 127.0.0.1 or 0.0.0.0"),
  ),
);

export const HttpBlock = block({
  address: Address,
  port: Port,
  tls: Schema.Struct({ certificate: Name, key: Name, client_ca: optional(Name) }),
});

const usual = { address: "127.0.0.1", port: 50_056 };

export const httpOf = (folder: string, { address, port, tls }: typeof HttpBlock.Type): NonNullable<MasterSpec["http"]> => ({
  address: address ?? usual.address,
  port: port ?? usual.port,
  ...(tls === undefined
    ? {}
    : {
        tls: {
          certificate: NodePath.resolve(folder, tls.certificate),
          key: NodePath.resolve(folder, tls.key),
          ...(tls.client_ca === undefined ? {} : { clientCa: NodePath.resolve(folder, tls.client_ca) }),
        },
      }),
});

/** Whether only this machine reaches it. */
export const isLoopback = (address: string): boolean => /^(127\.|::1$|localhost$)/.test(address);

/** A token that goes over a network in the open is anybody's. */
export const httpProblems = (root: Located): ReadonlyArray<Problem> => {
  const address = locate(root, ["process_manager", "http", "address"]);
  if (address === undefined || isLoopback(address.text)) return [];
  if (locate(root, ["process_manager", "http", "tls"]) !== undefined) return [];
  const message = `process_manager.http: ${address.text} is reached from other machines, and tokens would go there in the open`;
  return [
    {
      code: "HSU-CFG-034",
      start: address.start,
      end: address.end,
      message,
      hint: "add tls with certificate and key, or listen at 127.0.0.1",
    },
  ];
};
