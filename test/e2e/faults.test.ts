/** Clients who mean harm, or are broken, at each door of a master with a unit: each is refused with its code, and the tree does not notice. */
import { readFileSync, writeFileSync } from "node:fs";
import * as Net from "node:net";
import { join } from "node:path";
import * as Tls from "node:tls";
import { Client, credentials, Metadata, status as Code } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, it } from "vitest";
import { authority, hasOpenssl, type Pair } from "../certificates.ts";
import { freePort, type Home, home, until } from "./program.ts";

let place: Home;
beforeEach(() => {
  place = home();
});
afterEach(() => place.clean());

const web = { id: "web", management: { control: { executable: "sleep", arguments: ["600"] } } };
const write = (processManager: object): void =>
  writeFileSync(join(place.folder, "hsu.yaml"), JSON.stringify({ process_manager: processManager, managed_processes: [web] }));

/** What comes for these bytes until the connection ends, or until it is enough. */
const told = (socket: Net.Socket, bytes: string | Buffer, isEnough: (out: string) => boolean = () => false): Promise<string> =>
  new Promise((resolve) => {
    let out = "";
    const end = (): void => {
      socket.destroy();
      resolve(out);
    };
    socket.on("data", (chunk) => {
      out += chunk.toString("latin1");
      if (isEnough(out)) end();
    });
    socket.on("error", end);
    socket.on("close", end);
    socket.write(bytes);
  });

const request = (id: number, tag: string, payload: unknown = null): string =>
  `${JSON.stringify({ _tag: "Request", id, tag, payload, headers: [] })}\n`;
const garbage = Buffer.from(Array.from({ length: 4000 }, (_, index) => (index * 7919) % 256));
const kilobytes = (pid: number): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);

it.skipIf(!hasOpenssl)(
  "garbage, frames without an end, tokens and certificates that are no good, and more streams than are followed",
  async () => {
    const own = authority(place.folder);
    const other = authority(place.folder, "other");
    const server = own.sign("master");
    const [grpc, grpcTls, http, rpc] = [await freePort(), await freePort(), await freePort(), await freePort()];
    const tls = { cert: server.cert, key: server.key, ca: own.ca };
    const clients = [{ name: "ops", role: "viewer" }];
    write({
      port: grpc,
      http: { port: http },
      rpc: { listen: `127.0.0.1:${rpc}`, tls, clients },
      grpc: { listen: `127.0.0.1:${grpcTls}`, tls, clients },
    });
    expect(await place.hsu("up", "-d")).toMatchObject({ code: 0, err: "" });
    const before = await place.status();
    const socket = () => Net.connect(join(place.folder, "run/master.sock"));
    const at = (port: number) => Net.connect(port, "127.0.0.1");
    const withCertificate = (pair?: { readonly cert: string; readonly key: string }) =>
      Tls.connect({
        host: "127.0.0.1",
        port: rpc,
        ca: readFileSync(own.ca),
        ...(pair === undefined ? {} : { cert: readFileSync(pair.cert), key: readFileSync(pair.key) }),
      });

    // Garbage.
    expect(await told(socket(), `${garbage.toString("latin1")}\n`, (out) => out.includes("\n"))).toContain("Defect");
    expect(await told(at(http), garbage)).toContain("HSU-API-007");
    await told(at(grpc), garbage);
    await told(at(grpcTls), garbage);
    await told(at(rpc), garbage);
    const hello = `${JSON.stringify({ hsu: { version: "x", oldest: 1, newest: 2, encodings: ["ndjson"] } })}\n`;
    const ops = own.sign("ops");
    expect(await told(withCertificate(ops), `${hello}${garbage.toString("latin1")}\n`)).toContain("FrameRefused");

    // Frames without an end, of more than each door takes.
    expect(await told(withCertificate(ops), `${hello}"${"x".repeat(4 * 1024 * 1024)}`)).toContain("FrameRefused");
    const body = `POST /v1/config/validate HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000\r\n\r\n`;
    expect(await told(at(http), body, (out) => out.includes("HSU-"))).toContain("HSU-API-009");

    // Certificates.
    const refusals = [
      [withCertificate(), "none was shown"],
      [withCertificate(other.sign("ops")), "another CA has signed it"],
      [withCertificate(own.sign("ops", { days: -1 })), "it has expired"],
    ] as const;
    for (const [client, why] of refusals) {
      const out = await told(client, hello);
      expect(out).toContain("CertificateRefused");
      expect(out).toContain(why);
    }
    expect(await told(withCertificate(own.sign("stranger")), hello)).toContain("Unauthorized");

    // The same over gRPC.
    const called = (pair: Pair): Promise<string> => {
      const [ca, key, cert] = [own.ca, pair.key, pair.cert].map((file) => readFileSync(file)) as [Buffer, Buffer, Buffer];
      const client = new Client(`127.0.0.1:${grpcTls}`, credentials.createSsl(ca, key, cert));
      const same = (bytes: Buffer): Buffer => bytes;
      return new Promise((resolve) => {
        const deadline = { deadline: Date.now() + 5000 };
        client.makeUnaryRequest("/hsu.v1.MasterService/Status", same, same, Buffer.alloc(0), new Metadata(), deadline, (error, bytes) => {
          client.close();
          resolve(error === null ? bytes!.toString("latin1") : `${Code[error.code]} ${String(error.metadata.get("hsu-code")[0] ?? "")}`);
        });
      });
    };
    expect(await called(ops)).toContain("web");
    expect(await called(own.sign("stranger"))).toBe("UNAUTHENTICATED HSU-RPC-003");
    expect(await called(other.sign("ops"))).toBe("UNAVAILABLE ");
    expect(await called(own.sign("ops", { days: -1 }))).toBe("UNAVAILABLE ");

    // A token that was good.
    const token = (await place.hsu("token", "create", "me")).out.trim();
    const ask = () => fetch(`http://127.0.0.1:${http}/v1/status`, { headers: { authorization: `Bearer ${token}` } });
    expect((await ask()).status).toBe(200);
    await place.hsu("token", "revoke", "me");
    const replayed = await ask();
    expect([replayed.status, await replayed.json()]).toMatchObject([401, { code: "HSU-API-009" }]);
    expect(await told(withCertificate(), hello.replace(`"encodings"`, `"token":"${token}","encodings"`))).toContain("CertificateRefused");

    // Streams.
    const following = withCertificate(ops);
    const requests = Array.from({ length: 60 }, (_, id) => request(id, "Events", { follow: true, since: 1e9 })).join("");
    const refused = await told(following, hello + requests, (out) => out.split("TooMany").length > 10);
    expect(refused.split("TooMany").length - 1).toBe(10);
    expect(refused).toContain(`"what":"streams of certificate ops","most":50`);

    const after = await until("it answers", place.status, ({ pid }) => pid === before.pid);
    expect(after.units).toMatchObject([{ id: "web", state: "running", pid: before.units[0]!.pid, restarts: 0 }]);
    if (process.platform === "linux") expect(kilobytes(after.pid)).toBeLessThan(256 * 1024);
    expect(await place.hsu("down")).toMatchObject({ code: 0 });
  },
  40_000,
);

it("a port that is taken, and a folder that cannot be written: said plainly, and nothing is started", async () => {
  const taken = Net.createServer();
  await new Promise<void>((done) => taken.listen(0, "127.0.0.1", done));
  const { port } = taken.address() as Net.AddressInfo;
  const refused = async (code: string, env: ReadonlyArray<string> = []): Promise<void> => {
    const { code: exit, err } = await place.through("env", ...env).hsu("up", "hsu.yaml");
    expect(err).toMatch(new RegExp(`^error: .*(in use|EADDRINUSE|not a folder).* \\[${code}\\]\nhint: .+\n$`));
    expect(exit).toBe(1);
    expect(place.left()).toEqual([]);
  };
  for (const [manager, code] of [
    [{ port }, "HSU-API-003"],
    [{ http: { port } }, "HSU-API-006"],
    [{ rpc: { listen: `127.0.0.1:${port}` } }, "HSU-RPC-001"],
    [{ registry: { port } }, "HSU-API-005"],
  ] as const) {
    write(manager);
    await refused(code);
  }
  taken.close();
  write({});
  writeFileSync(join(place.folder, "file"), "");
  await refused("HSU-PATH-002", [`HSU_STATE_DIR=${join(place.folder, "file/state")}`]);
}, 60_000);
