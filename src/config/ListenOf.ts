/**
 * The keys of a control block that have the master hold a unit's sockets, and start it by the first connection; the same in both dialects.
 */
import { isIP } from "node:net";
import * as NodePath from "node:path";
import * as Schema from "effect/Schema";
import type { SocketAddress } from "../platform/index.ts";
import type { UnitSpec } from "../unit/UnitSpec.ts";
import { block, dispatch, Flag, isRecord, Name, number, Port, Positive, Text, Timeout, told } from "./Values.ts";

const optional = Schema.optionalKey;

/** `8080` is all addresses of the machine, over IPv6 and IPv4. */
const parseTcp = (text: string): { readonly host: string; readonly port: number } | undefined => {
  const match = /^(?:(?:\[([^\]]+)\]|([^:]+)):)?(\d{1,5})$/.exec(text);
  const [, six, four, digits = ""] = match ?? [];
  const port = Number(digits);
  const isRight = (six === undefined || isIP(six) === 6) && (four === undefined || isIP(four) === 4);
  return match !== null && isRight && port >= 1 && port <= 65_535 ? { host: six ?? four ?? "::", port } : undefined;
};

const tcpExpected = told("HSU-CFG-033", "a port, or an IP address and a port: 8080, 127.0.0.1:8080, [::1]:8080");
const TcpText = Text.check(Schema.makeFilter((text: string) => parseTcp(text) !== undefined, tcpExpected));
const Tcp = dispatch<string | number>((value) =>
  typeof value === "number" ? number({ minimum: 1, maximum: 65_535, expected: "a port: a whole number from 1 to 65535" }) : TcpText,
);

/** The digits of a mode as `chmod` takes them, however YAML has read them. */
const parseMode = (written: string): number | undefined =>
  /^0?o?[0-7]{3}$/.test(written) ? Number.parseInt(written.replace("o", ""), 8) : undefined;

const FdName = Text.check(
  Schema.isPattern(/^[\x21-\x39\x3b-\x7e]{1,255}$/, told("HSU-CFG-033", "1 to 255 characters, no space and no colon")),
);

const common = { name: optional(FdName), backlog: optional(Positive) };
const TcpSocket = Schema.Struct({ tcp: Tcp, ...common });
const UnixSocket = Schema.Struct({ unix: Name, mode: optional(Schema.Union([Text, Schema.Finite])), ...common });
type Socket = typeof TcpSocket.Type | typeof UnixSocket.Type;
const Socket = dispatch<Socket>((value) => (isRecord(value) && "unix" in value ? UnixSocket : TcpSocket));

const OnDemandBlock = block({ idle_timeout: Timeout });
type OnDemand = boolean | typeof OnDemandBlock.Type;

export const listenKeys = {
  listen: optional(Schema.Array(Socket).check(Schema.isMinLength(1, told("HSU-CFG-033", "at least one socket")))),
  proxy: optional(dispatch<boolean | number>((value) => (typeof value === "boolean" ? Flag : Port))),
  on_demand: optional(dispatch<OnDemand>((value) => (typeof value === "boolean" ? Flag : OnDemandBlock))),
};

interface ListenBlock {
  readonly listen?: ReadonlyArray<Socket>;
  readonly on_demand?: OnDemand;
  readonly proxy?: boolean | number;
}

const defaults = { backlog: 4096, mode: 0o660 };

/** What they make of a unit. `written` is the text of a value in the file, `folder` is absolute. */
export const listenOf = (
  { listen, on_demand: onDemand, proxy }: ListenBlock,
  id: string,
  folder: string,
  written: (index: number, key: string, value: string | number) => string,
): Pick<UnitSpec, "listen" | "onDemand" | "proxy"> => {
  if (listen === undefined) return {};
  const addressOf = (socket: Socket, index: number): SocketAddress => {
    if ("tcp" in socket) return { _tag: "Tcp", ...parseTcp(String(socket.tcp))! };
    const path = socket.unix.startsWith("@") ? socket.unix : NodePath.resolve(folder, socket.unix);
    const mode = socket.mode === undefined ? undefined : parseMode(written(index, "mode", socket.mode));
    return { _tag: "Unix", path, mode: mode ?? defaults.mode };
  };
  const sockets = listen.map((socket, index) => ({
    address: addressOf(socket, index),
    name: socket.name ?? id,
    backlog: socket.backlog ?? defaults.backlog,
  }));
  const held = {
    listen: sockets,
    ...(proxy === undefined || proxy === false ? {} : { proxy: proxy === true ? {} : { port: proxy } }),
  };
  if (onDemand === undefined || onDemand === false) return held;
  const idle = onDemand === true ? 0 : (onDemand.idle_timeout ?? 0);
  return { ...held, onDemand: idle === 0 ? {} : { idleMillis: idle } };
};

export const isMode = (written: string): boolean => parseMode(written) !== undefined;
