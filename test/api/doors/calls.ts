/**
 * One master behind every door, and what each operation is answered with at each of them.
 */
import * as Fs from "node:fs";
import * as Http from "node:http";
import { join } from "node:path";
import { Client as GrpcClient, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Schema from "effect/Schema";
import type * as Scope from "effect/Scope";
import * as Stream from "effect/Stream";
import type * as Rpc from "effect/rpc/Rpc";
import { serve, serveGrpc, serveHttp, serveNetwork } from "../../../src/api/index.ts";
import { make as makeThrottle } from "../../../src/api/Throttle.ts";
import { encode, methodNamed } from "../../../src/api/GrpcWire.ts";
import { run as hsu } from "../../../src/cli/index.ts";
import { Control } from "../../../src/master/Control.ts";
import { type Client } from "../../../src/peer/Client.ts";
import { dial } from "../../../src/peer/Dial.ts";
import { connect } from "../../../src/cli/Client.ts";
import { doors, type Names } from "../../../src/protocol/Doors.ts";
import { MasterRpc } from "../../../src/protocol/MasterRpc.ts";
import type { Operation } from "../../../src/protocol/Rights.ts";
import { Tokens, type Trail } from "../../../src/security/index.ts";
import { testIo } from "../../cli/testIo.ts";
import { make, unit } from "../fakeControl.ts";

export const operations = [...MasterRpc.requests.keys()] as ReadonlyArray<Operation>;

/** Those that are to be had over Effect RPC alone are a part of how it carries things: they are tested with what they carry. */
export const called = operations.filter((operation) => Object.values(doors[operation]).some((name) => typeof name === "string"));

/** Who asks: what his token is for. The unit that is asked for is `web`, in the group `front`. */
export const rights = {
  nobody: null,
  expired: { role: "admin", expiresAt: 1 },
  viewer: { role: "viewer" },
  operator: { role: "operator" },
  admin: { role: "admin" },
  "admin of its group": { role: "admin", group: "front" },
  "admin of another": { role: "admin", group: "back" },
} as const;
export type Right = keyof typeof rights;

const spec = {
  source: "/etc/hsu/hsu.yaml",
  logLevel: "info",
  forceShutdownTimeoutMillis: 1,
  root: { _tag: "Group", id: "units", strategy: "one_for_one", children: [] },
};

/** What is asked for; of an operation without a line here, the unit. */
const payloads: Partial<Record<Operation, Readonly<Record<string, unknown>>>> = {
  Events: { follow: false, since: 0 },
  Logs: { unit: "web", follow: false, lines: 1 },
  Resources: { unit: null, history: false, detail: false },
  Roll: { units: ["web"] },
  Signal: { unit: "web", signal: "HUP" },
  Call: { unit: "web", method: null, json: "{}", timeoutMillis: 1000 },
  Validate: { yaml: "managed_processes: []", file: null },
  Plan: { spec },
  Apply: { spec, how: "apply" },
  Revision: { revision: 1 },
  Diff: { revision: 1 },
  Rollback: { revision: 1 },
  Upgrade: { command: ["node"] },
  AddPeer: { name: "east", address: "tcp://127.0.0.1:1" },
  RemovePeer: { name: "east" },
  Audit: {},
  Exec: { unit: "web", command: ["true"], tty: null, standalone: false },
  Input: { unit: "web", data: Buffer.from("x") },
  ExecInput: { session: "none", input: { _tag: "End" } },
};
const payloadOf = (operation: Operation): Readonly<Record<string, unknown>> => payloads[operation] ?? { unit: "web" };

/** What is typed behind the verb. */
const operands: Partial<Record<Operation, ReadonlyArray<string>>> = {
  Status: [],
  Tree: [],
  Events: [],
  Resources: ["--once"],
  Peers: [],
  Signal: ["web", "HUP"],
  Plan: ["hsu.yaml"],
  Apply: ["hsu.yaml"],
  Diff: ["1"],
  Rollback: ["1"],
  Revisions: [],
  Upgrade: ["--timeout", "1ms"],
  AddPeer: ["east", "tcp://127.0.0.1:1"],
  RemovePeer: ["east"],
  Audit: [],
  AuditVerify: [],
  Exec: ["--no-stdin", "web", "--", "true"],
  ExecInput: ["--no-stdin", "web", "--", "true"],
  Shutdown: ["--timeout", "1ms"],
};

/** These say that somebody may not: any other answer is that of somebody who may. */
const refusals: ReadonlySet<string> = new Set([
  "HSU-RPC-003",
  "HSU-RPC-004",
  "HSU-API-009",
  "HSU-API-010",
  // What is not his is not there.
  "HSU-UNIT-001",
  "HSU-SEC-005",
  // It is for this machine alone.
  "HSU-CLI-001",
]);
export const allowed = "yes";
const verdict = (code: string | undefined): string => (code !== undefined && refusals.has(code) ? code : allowed);

/** Calls an operation: with `allowed`, or the code that refuses it. */
type Door = (operation: Operation, right: Right) => Effect.Effect<string>;

const nameOf = (operation: Operation, door: keyof Names): string => {
  const name = doors[operation][door];
  if (typeof name !== "string") throw new Error(`${operation} is not there: ${name.absent}`);
  return name;
};

const codeOf = (exit: Exit.Exit<unknown, unknown>): string | undefined => {
  if (Exit.isSuccess(exit)) return undefined;
  const error = Cause.findErrorOption(exit.cause);
  if (error._tag === "None") throw new Error(Cause.pretty(exit.cause));
  return (error.value as { readonly code?: string }).code ?? "no code";
};

const rpc = (call: Client["call"], operation: Operation): Effect.Effect<string> => {
  const { payloadSchema } = MasterRpc.requests.get(operation) as unknown as Rpc.AnyWithProps;
  if (
    payloads[operation] === undefined &&
    payloadSchema !== (Schema.Void as unknown) &&
    !Schema.is(payloadSchema as Schema.Codec<unknown>)(payloadOf(operation))
  ) {
    throw new Error(`${operation}: test/api/doors/calls.ts has to say with what it is called`);
  }
  const answer = (call[operation] as (payload: unknown) => Effect.Effect<unknown, unknown> | Stream.Stream<unknown, unknown>)(
    payloadOf(operation),
  );
  const done = Effect.isEffect(answer) ? answer : Stream.runDrain(answer);
  return Effect.map(Effect.exit(done), (exit) => verdict(codeOf(exit)));
};

const http = (port: number, operation: Operation, token: string): Effect.Effect<string> => {
  const [method = "", template = ""] = nameOf(operation, "http").split(" ");
  const { spec: sent, ...said } = Object.fromEntries(Object.entries(payloadOf(operation)).filter(([, value]) => value !== null));
  const rest = new Map(Object.entries(said));
  let path = template.replaceAll(/:(\w+)/g, (_, name: string) => {
    const value = String(rest.get(name));
    rest.delete(name);
    return value;
  });
  const isBody = method === "POST";
  // What is said of no unit is not about one.
  if (payloads[operation] === undefined) rest.delete("unit");
  if (!isBody && rest.size > 0)
    path += `?${new URLSearchParams([...rest].map(([key, value]): [string, string] => [key, String(value)])).toString()}`;
  const body = isBody ? JSON.stringify({ ...Object.fromEntries(rest), ...(sent === undefined ? {} : { spec: sent }) }) : undefined;
  return Effect.promise(
    () =>
      new Promise((done, failed) => {
        const headers = { "content-type": "application/json", ...(token === "" ? {} : { authorization: `Bearer ${token}` }) };
        Http.request({ host: "127.0.0.1", port, path, method, headers }, (response) => {
          let text = "";
          response.setEncoding("utf8").on("data", (chunk) => (text += chunk));
          response.on("end", () => {
            if ((response.statusCode ?? 500) < 300) return done(allowed);
            const { code } = JSON.parse(text) as { readonly code?: string };
            // A path that is not there, or takes something else, is a mistake of this test's.
            if (code === undefined || ["HSU-API-007", "HSU-API-008"].includes(code)) failed(new Error(`${method} ${path}: ${text}`));
            else done(verdict(code));
          });
        })
          .on("error", failed)
          .end(body);
      }),
  );
};

const grpc = (client: GrpcClient, operation: Operation, token: string): Effect.Effect<string> => {
  const name = nameOf(operation, "grpc");
  const { input, name: method, parent } = methodNamed(name);
  const payload = payloadOf(operation);
  const sent = "spec" in payload ? { ...payload, config: { spec: payload["spec"] } } : payload;
  const metadata = new Metadata();
  if (token !== "") metadata.set("authorization", `Bearer ${token}`);
  return Effect.promise(
    () =>
      new Promise((done, failed) => {
        client
          .makeServerStreamRequest(
            `/${parent.typeName}/${method}`,
            (bytes: Buffer) => bytes,
            (bytes: Buffer) => bytes,
            Buffer.from(encode(input, sent)),
            metadata,
          )
          .on("error", (error: ServiceError) => {
            const [code] = error.metadata.get("hsu-code");
            if (code === undefined || code === "HSU-API-007") failed(error);
            else done(verdict(String(code)));
          })
          .on("end", () => done(allowed))
          .resume();
      }),
  );
};

const cli = (folder: string, operation: Operation, where: ReadonlyArray<string>): Effect.Effect<string> => {
  const io = testIo(folder);
  const argv = [...where, ...nameOf(operation, "cli").split(" "), ...(operands[operation] ?? ["web"])];
  return Effect.map(hsu(argv, io), (exitCode) => {
    const codes = io.err().match(/\bHSU-[A-Z]+-\d{3}\b/g) ?? [];
    const code = codes.find((each) => refusals.has(each));
    if (code === undefined && exitCode === 2) throw new Error(`hsu ${argv.join(" ")}: ${io.err()}`);
    return code ?? allowed;
  });
};

/** A log that nothing is written to. */
const audit: Trail = {
  around: (_, effect) => effect,
  aroundStream: (_, stream) => stream,
  refused: () => Effect.void,
  records: () => Stream.empty,
  verify: Effect.succeed({ ok: true, records: 0, first: null, last: null, torn: 0, headKnown: true, broken: null }),
};

export interface Doors {
  readonly unix: (operation: Operation) => Effect.Effect<string>;
  readonly socket: string;
  readonly remote: Readonly<Record<"rpc" | "grpc" | "http" | "cli", Door>>;
  /** Commands that have reached the master. */
  readonly reached: ReadonlyArray<string>;
}

/** All of them open on one master, until the scope ends. */
export const open = Effect.fnUntraced(function* (folder: string): Effect.fn.Return<Doors, unknown, Scope.Scope> {
  const fake = yield* make;
  fake.units.push(unit("elsewhere", { groups: ["units", "back"] }));
  const file = new Tokens.TokenFile(join(folder, "tokens.json"));
  const tokens = new Map<Right, string>([["nobody", ""]]);
  for (const [name, right] of Object.entries(rights)) {
    if (right !== null) tokens.set(name as Right, yield* file.create({ name, createdAt: 0, ...right }));
  }
  Fs.writeFileSync(join(folder, "hsu.yaml"), "managed_processes: []\n");
  const socket = join(folder, "master.sock");
  const control = { ...fake.control, audit };
  // They all come from one address, and some of them often without a good token.
  const throttle = makeThrottle({ rate: 0, failures: 0 });
  const at = <A, E>(effect: Effect.Effect<A, E, Control | Scope.Scope>) => Effect.provideService(effect, Control, control);
  const loopback = { address: "127.0.0.1", port: 0, clients: [] };
  yield* at(serve(socket));
  const ports = {
    rpc: yield* at(serveNetwork(loopback, { tokens: file.path, version: "test", throttle })),
    grpc: yield* at(serveGrpc(0, { tokens: file.path, throttle })),
    http: yield* at(serveHttp(loopback, file.path, throttle)),
  };
  const local = yield* connect(socket);
  const address = `tcp://127.0.0.1:${ports.rpc}`;
  const tokenOf = (right: Right): string => tokens.get(right)!;
  const said = (right: Right) => (right === "nobody" ? {} : { token: tokenOf(right) });
  const dialed = new Map<Right, Exit.Exit<Client, unknown>>();
  for (const right of Object.keys(rights) as ReadonlyArray<Right>) {
    dialed.set(right, yield* Effect.exit(dial({ address, version: "test", ...said(right) })));
  }
  const channel = yield* Effect.acquireRelease(
    Effect.sync(() => new GrpcClient(`127.0.0.1:${ports.grpc}`, credentials.createInsecure())),
    (client) => Effect.sync(() => client.close()),
  );
  return {
    socket,
    unix: (operation) => rpc(local.call, operation),
    remote: {
      rpc: (operation, right) => {
        const connection = dialed.get(right)!;
        return Exit.isSuccess(connection) ? rpc(connection.value.call, operation) : Effect.sync(() => verdict(codeOf(connection)));
      },
      grpc: (operation, right) => grpc(channel, operation, tokenOf(right)),
      http: (operation, right) => http(ports.http, operation, tokenOf(right)),
      cli: (operation, right) => cli(folder, operation, ["--host", address, ...(right === "nobody" ? [] : ["--token", tokenOf(right)])]),
    },
    reached: fake.calls,
  };
});
