/**
 * Each operation by each door with each right, on one master: docs/reference/operations.md says what came of it. `vitest -u` writes it anew.
 */
import { execFileSync } from "node:child_process";
import * as Fs from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import * as Effect from "effect/Effect";
import * as OpenApi from "effect/http-api/OpenApi";
import { expect, it } from "vitest";
import { verbNamed } from "../../../src/cli/Verbs.ts";
import { methodNamed } from "../../../src/api/GrpcWire.ts";
import { type Absent, doors, type Names } from "../../../src/protocol/Doors.ts";
import { MasterHttp } from "../../../src/protocol/HttpApi.ts";
import { needs, type Operation } from "../../../src/protocol/Rights.ts";
import { allowed, called, open, operations, type Right, rights } from "./calls.ts";

const isThere = (name: string | Absent): name is string => typeof name === "string";

/** What is called so, and is not there. */
const missing = (all: Readonly<Record<string, Names>>): ReadonlyArray<string> => {
  const { paths } = OpenApi.fromApi(MasterHttp);
  const hasPath = (name: string): boolean => {
    const [method = "", path = ""] = name.split(" ");
    return method.toLowerCase() in ((paths as Readonly<Record<string, object>>)[path.replaceAll(/:(\w+)/g, "{$1}")] ?? {});
  };
  const hasMethod = (name: string): boolean => {
    try {
      return methodNamed(name) !== undefined;
    } catch {
      return false;
    }
  };
  return Object.entries(all).flatMap(([operation, { cli, grpc, http }]) => [
    ...[cli, grpc, http].flatMap((each) => (isThere(each) || each.absent.length > 10 ? [] : [`${operation}: no reason`])),
    ...(isThere(grpc) && !hasMethod(grpc) ? [`${operation}: proto/hsu/v1 has no ${grpc}`] : []),
    ...(isThere(http) && !hasPath(http) ? [`${operation}: the HTTP API has no ${http}`] : []),
    ...(isThere(cli) && verbNamed(cli.split(" ")[0]!) === undefined ? [`${operation}: there is no hsu ${cli}`] : []),
  ]);
};

const columns = Object.keys(rights) as ReadonlyArray<Right>;
const table = (...rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  [rows[0]!, rows[0]!.map(() => "---"), ...rows.slice(1)].map((row) => `| ${row.join(" | ")} |`).join("\n");

type Results = ReadonlyMap<Operation, Readonly<Record<Right, string>>>;

const page = (found: Readonly<Record<"rpc" | "grpc" | "http" | "cli", Results>>): string => {
  const absences: Array<string> = [];
  const named = (name: string | Absent, prefix = ""): string => {
    if (isThere(name)) return `\`${prefix}${name}\``;
    if (!absences.includes(name.absent)) absences.push(name.absent);
    return `no (${absences.indexOf(name.absent) + 1})`;
  };
  const names = operations.map((operation) => {
    const { cli, grpc, http } = doors[operation];
    return [`\`${operation}\``, needs[operation], named(grpc), named(http), named(cli, "hsu ")];
  });
  const results = (door: keyof typeof found) =>
    table(
      ["operation", ...columns],
      ...Array.from(found[door], ([operation, of]) => [`\`${operation}\``, ...columns.map((right) => of[right])]),
    );
  return `# Operations, doors and rights

<!-- Generated: \`npx vitest run --config test/vitest.config.ts test/api/doors -u\` -->

Each operation of a master exists once, and is called the same at each door. This page is written by a test that has called each of them by each door with each
right, on one master; it fails when the page is not what came of that, and when an operation is not to be had at a door and nobody has said why. What is to be had
over Effect RPC alone carries something that has tests of its own, and is not called here.

## Where they are

\`role\` is the least that a token, or the name in a certificate, has to be for. Over Effect RPC an operation has the name in the first column; methods of gRPC
are of the package \`hsu.v1\`.

${table(["operation", "role", "[gRPC](grpc.md)", "[HTTP](http.md)", "[command line](cli.md)"], ...names)}

${absences.map((absent, index) => `${index + 1}. Not to be had there: ${absent}.`).join("\n")}

## Who may

The unit that is asked for is in a group. \`nobody\` has no token; \`expired\` is an admin's that has run out; the last two are an admin's for that group, and for
another one. \`yes\`: it was answered, be it with what is wrong with the request; else the code of the refusal, and nothing has reached the master.

Over the unix socket all of them are allowed to the user who runs the master, and to root: nobody else can open it. It has mode 0600.

### Effect RPC over TCP

${results("rpc")}

### gRPC

${results("grpc")}

### HTTP

${results("http")}

### The command line with \`--host\`

${results("cli")}

| code | what it says |
| --- | --- |
| [\`HSU-RPC-003\`](errors/HSU-RPC-003.md), [\`HSU-API-009\`](errors/HSU-API-009.md) | the master does not know who asks |
| [\`HSU-RPC-004\`](errors/HSU-RPC-004.md), [\`HSU-API-010\`](errors/HSU-API-010.md) | he may not: a higher role is needed, or it is about the whole master |
| [\`HSU-UNIT-001\`](errors/HSU-UNIT-001.md) | what is of another group is not there for him |
| [\`HSU-SEC-005\`](errors/HSU-SEC-005.md) | the audit log is for who may see the whole master |
| [\`HSU-CLI-001\`](errors/HSU-CLI-001.md) | it is done on the master's own machine |
`;
};

it("each operation has a name at each door, or there is a reason", () => {
  expect(missing(doors)).toEqual([]);
  expect(
    missing({
      Start: { grpc: "UnitService/Begin", http: "GET /v1/begin", cli: "begin" },
      Stop: { grpc: { absent: "" }, http: { absent: "" }, cli: { absent: "" } },
    }),
  ).toEqual([
    "Start: proto/hsu/v1 has no UnitService/Begin",
    "Start: the HTTP API has no GET /v1/begin",
    "Start: there is no hsu begin",
    "Stop: no reason",
    "Stop: no reason",
    "Stop: no reason",
  ]);
});

/** Who waits for ever is to be known by name. */
const answered = (what: string, call: Effect.Effect<string>): Effect.Effect<string> =>
  Effect.timeoutOrElse(call, { duration: 15_000, orElse: () => Effect.die(new Error(`${what}: no answer`)) });

// Some eight hundred calls.
it("docs/reference/operations.md says who may do what by which door", async () => {
  const folder = Fs.mkdtempSync(join(tmpdir(), "hsu-doors-"));
  try {
    const found = await Effect.gen(function* () {
      const { reached, remote, socket, unix } = yield* open(folder);
      for (const operation of called)
        expect([operation, yield* answered(`unix ${operation}`, unix(operation))]).toEqual([operation, allowed]);
      // Over the socket there is one right, and the file has it.
      expect(Fs.statSync(socket).mode & 0o777).toBe(0o600);
      if (process.getuid?.() === 0) expect(connectedAs(socket, 65_534)).toBe("EACCES");
      const all: Record<string, Results> = {};
      for (const [door, call] of Object.entries(remote)) {
        const results = new Map<Operation, Record<Right, string>>();
        for (const operation of called) {
          if (door !== "rpc" && !isThere(doors[operation][door as "grpc" | "http" | "cli"])) continue;
          const of = {} as Record<Right, string>;
          for (const right of columns) {
            const before = reached.length;
            of[right] = yield* answered(`${door} ${operation} ${right}`, call(operation, right));
            if (of[right] !== allowed) expect([door, operation, right, ...reached.slice(before)]).toEqual([door, operation, right]);
          }
          results.set(operation, of);
        }
        all[door] = results;
      }
      return all as Readonly<Record<"rpc" | "grpc" | "http" | "cli", Results>>;
    }).pipe(Effect.scoped, Effect.runPromise);
    await expect(page(found)).toMatchFileSnapshot(resolve("docs/reference/operations.md"));
  } finally {
    Fs.rmSync(folder, { recursive: true });
  }
}, 60_000);

/** What another user is told who connects; its folder is open to him. */
const connectedAs = (socket: string, uid: number): string => {
  Fs.chmodSync(join(socket, ".."), 0o755);
  const program = `require("node:net").connect(${JSON.stringify(socket)}).on("error", (e) => (console.log(e.code), process.exit())).on("connect", () => (console.log("in"), process.exit()))`;
  return execFileSync(process.execPath, ["-e", program], { uid, gid: uid, encoding: "utf8" }).trim();
};
