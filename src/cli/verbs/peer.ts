/**
 * `hsu peer add NAME ADDRESS`, `hsu peer list`, `hsu peer remove NAME`
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import { UsageError } from "../Errors.ts";
import { ExitCode } from "../ExitCode.ts";
import { complain, credentials, isRemote, print, withMaster } from "../Invocation.ts";
import { peersTable } from "../render/peers.ts";
import { json, yaml } from "../render/structured.ts";
import type { Verb } from "../Verbs.ts";

const usage = (message: string): UsageError =>
  new UsageError({ message, hint: "hsu peer add NAME ADDRESS, hsu peer list, hsu peer remove NAME" });

export const run: Verb = Effect.fnUntraced(function* (invocation) {
  const { flags, operands, paint } = invocation;
  const [action = "", name, address] = operands;
  if (action === "list") {
    const peers = yield* withMaster(invocation, ({ call }) => call.Peers(undefined));
    if (flags["output"] === "json") yield* print(invocation, json(peers));
    else if (flags["output"] === "yaml") yield* print(invocation, yield* Effect.promise(() => yaml(peers)));
    else yield* print(invocation, peersTable(peers, yield* Clock.currentTimeMillis, paint));
    return ExitCode.ok;
  }
  if (action !== "add" && action !== "remove") return yield* usage(`there is no \`hsu peer ${action}\``);
  if (name === undefined) return yield* usage(`\`hsu peer ${action}\` needs the name of a peer`);
  if (action === "remove") {
    yield* withMaster(invocation, ({ call }) => call.RemovePeer({ name }));
    return ExitCode.ok;
  }
  if (address === undefined) return yield* usage("`hsu peer add` needs an address");
  if (isRemote(invocation)) {
    return yield* new UsageError({
      message: "`hsu peer add` is for the master of this machine",
      hint: "its files are of its own machine: run it there, or write the peer into its config",
    });
  }
  const { ca, cert, key, token } = credentials(invocation);
  const { heartbeat } = flags;
  const peer = yield* withMaster(invocation, ({ call }) =>
    call.AddPeer({
      name,
      address,
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(token === undefined ? {} : { token }),
      ...(typeof heartbeat === "number" ? { heartbeatMillis: Math.max(heartbeat, 100) } : {}),
    }),
  );
  if (peer.state === "up") {
    yield* print(invocation, `${peer.name} up, hsu ${peer.version}, as ${peer.role}${peer.group === null ? "" : ` of ${peer.group}`}\n`);
    return ExitCode.ok;
  }
  const hint = `it is kept, and tried again by itself; \`hsu peer remove ${name}\` takes it away`;
  yield* complain(invocation, { message: peer.reason ?? "it is not connected", code: peer.code ?? "HSU-PEER-001", hint });
  return ExitCode.failed;
});
