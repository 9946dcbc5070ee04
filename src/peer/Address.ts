/**
 * Where a master listens, as people write it. Pure.
 */
import * as Result from "effect/Result";
import { isLoopback } from "../config/HttpOf.ts";
import { AddressNotUsable } from "../protocol/RemoteErrors.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
  /** In the open otherwise, which is for this machine alone. */
  readonly tls: boolean;
}

const usualPort = 50_057;

export const parseAddress = (text: string): Result.Result<Address, AddressNotUsable> => {
  const found = /^(?:(tls|tcp):\/\/)?(\[[0-9A-Fa-f:.%\w]+\]|[^\s/:@[\]]+)(?::(\d{1,5}))?$/.exec(text);
  const refuse = (why: string) => Result.fail(new AddressNotUsable({ address: text, why }));
  if (found === null) return refuse("it is no address");
  const [, scheme = "tls", name = "", digits] = found;
  const host = name.replace(/^\[|\]$/g, "");
  const port = digits === undefined ? usualPort : Number(digits);
  if (port < 1 || port > 65_535) return refuse("a port is a number from 1 to 65535");
  if (scheme === "tcp" && !isLoopback(host)) return refuse("without TLS it would go over a network in the open");
  return Result.succeed({ host, port, tls: scheme === "tls" });
};
