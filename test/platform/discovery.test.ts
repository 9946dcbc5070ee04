import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type DiscoveryQuery, type ForeignProcess, type ProcessIdentity, Processes, type Undiscovered } from "../../src/platform/index.ts";
import { psProbe } from "../../src/platform/darwin/Ps.ts";
import { procProbe } from "../../src/platform/linux/Proc.ts";
import { layer, layerWith } from "../../src/platform/linux/Processes.ts";
import { makeMemoryProcesses } from "../../src/platform/memory/MemoryProcesses.ts";

let folder: string;
let children: Array<ChildProcess>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hsu-discovery-"));
  children = [];
});
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

/** A process of this script that has printed its first line, and that line. */
const program = (
  script: string,
  ...args: ReadonlyArray<string>
): Promise<{ readonly pid: number; readonly said: string; readonly child: ChildProcess }> =>
  new Promise((done) => {
    const child = spawn(process.execPath, ["-e", script, ...args], { stdio: ["ignore", "pipe", "inherit"] });
    children.push(child);
    child.stdout.once("data", (chunk) => done({ pid: child.pid!, said: String(chunk).trim(), child }));
  });
const idle = 'console.log("up"); setInterval(() => {}, 1e6)';
const tcp = (host: string) => `const s = require("net").createServer().listen(0, "${host}", () => console.log(s.address().port))`;
const udp = (kind: string) => `const s = require("dgram").createSocket("${kind}").bind(0, () => console.log(s.address().port))`;

const find = (query: DiscoveryQuery, current: ProcessIdentity | null = null, over = layer): Promise<ForeignProcess> =>
  Effect.runPromise(
    Effect.provide(
      Effect.flatMap(Processes, ({ foreign }) => foreign.discover(query, current)),
      over,
    ),
  );
const miss = (query: DiscoveryQuery, over = layer): Promise<Undiscovered> =>
  Effect.runPromise(Effect.provide(Effect.flip(Effect.flatMap(Processes, ({ foreign }) => foreign.discover(query, null))), over));

describe("a process that somebody else has started is found", () => {
  it("by its PID file, and its end is noticed", async () => {
    const { child, pid } = await program(idle);
    const pidFile = join(folder, "daemon.pid");
    expect(await miss({ method: "pid-file", pidFile })).toMatchObject({ reason: "Absent", what: `there is no ${pidFile}` });
    writeFileSync(pidFile, "not yet\n");
    expect(await miss({ method: "pid-file", pidFile })).toMatchObject({ reason: "Absent", code: "HSU-UNM-002" });
    // More lines may follow, as PostgreSQL has them.
    writeFileSync(pidFile, `${pid}\n/var/lib/x\n`);
    const found = await find({ method: "pid-file", pidFile });
    expect(found.identity).toMatchObject({ pid, bootId: procProbe.bootId() });
    expect(found.running()).toBe(true);
    child.kill("SIGKILL");
    await Effect.runPromise(found.exit);
    expect(found.running()).toBe(false);
    expect(await Effect.runPromise(Effect.flip(found.signal("SIGTERM")))).toMatchObject({ reason: "Gone" });
    expect(await miss({ method: "pid-file", pidFile })).toMatchObject({ reason: "Absent" });
  });

  it("by its name and arguments: all of them, in their order; the oldest of several, and the one that was found before", async () => {
    const unique = crypto.randomUUID();
    const query: DiscoveryQuery = { method: "process-name", name: "node", args: ["--first", unique] };
    expect(await miss(query)).toMatchObject({ reason: "Absent", what: `no process "node" with --first ${unique} runs` });
    const first = await program(idle, "--", "--first", "between", unique);
    expect((await find(query)).identity.pid).toBe(first.pid);
    expect((await find({ ...query, name: process.execPath })).identity.pid).toBe(first.pid);
    await miss({ ...query, name: "nod" });
    await miss({ ...query, args: [unique, "--first"] });
    await miss({ ...query, args: [unique.slice(1)] });
    // Start times are counted in hundredths of a second.
    await new Promise((done) => setTimeout(done, 30));
    const second = await program(idle, "--", "--first", unique);
    expect((await find(query)).identity.pid).toBe(first.pid);
    const known = await Effect.runPromise(
      Effect.provide(
        Effect.flatMap(Processes, ({ identify }) => identify(second.pid)),
        layer,
      ),
    );
    expect((await find(query, known._tag === "Some" ? known.value : null)).identity.pid).toBe(second.pid);
  });

  it.each([
    { what: "tcp over IPv4", script: tcp("127.0.0.1"), protocol: "tcp" },
    { what: "tcp over IPv6", script: tcp("::1"), protocol: "tcp" },
    { what: "udp over IPv4", script: udp("udp4"), protocol: "udp" },
    { what: "udp over IPv6", script: udp("udp6"), protocol: "udp" },
  ] as const)("by the port that it listens on: $what", async ({ protocol, script }) => {
    const { child, pid, said } = await program(script);
    const query = { method: "port", port: Number(said), protocol } as const;
    expect((await find(query)).identity.pid).toBe(pid);
    expect(await miss({ ...query, name: "postgres" })).toMatchObject({ reason: "Stranger" });
    const gone = new Promise((done) => child.once("exit", done));
    child.kill("SIGKILL");
    await gone;
    expect(await miss(query)).toMatchObject({ reason: "Absent", what: `nobody listens on ${protocol} port ${said}` });
  });

  it("by its service, as systemd knows it", async () => {
    const { pid } = await program(idle);
    const systemctl = join(folder, "systemctl");
    writeFileSync(
      systemctl,
      `#!/bin/sh\ncase "$*" in *there*) echo ${pid};; *broken*) echo "no bus here" >&2; exit 1;; *) echo 0;; esac\n`,
    );
    chmodSync(systemctl, 0o755);
    const over = layerWith(procProbe, { PATH: `${folder}:/usr/bin:/bin` });
    expect((await find({ method: "service-name", service: "there" }, null, over)).identity.pid).toBe(pid);
    expect(await miss({ method: "service-name", service: "elsewhere" }, over)).toMatchObject({ reason: "Absent" });
    expect(await miss({ method: "service-name", service: "broken" }, over)).toMatchObject({
      code: "HSU-UNM-004",
      what: 'systemd cannot be asked for "broken": no bus here',
    });
    expect(await miss({ method: "service-name", service: "there" }, layerWith(procProbe, { PATH: "/nowhere" }))).toMatchObject({
      what: 'systemd cannot be asked for "there": systemctl is not installed',
    });
  });
});

describe("a stranger is not taken", () => {
  it("who has got the pid of a stale PID file: it started after the file was written", async () => {
    const { pid } = await program(idle);
    const pidFile = join(folder, "stale.pid");
    writeFileSync(pidFile, `${pid}\n`);
    const before = new Date(Date.now() - 3_600_000);
    utimesSync(pidFile, before, before);
    expect(await miss({ method: "pid-file", pidFile })).toMatchObject({
      reason: "Stranger",
      code: "HSU-UNM-003",
      what: `${pidFile} is stale: pid ${pid} started after it was written, so it is another process`,
    });
  });

  it("who is another program than the one that is named beside the PID file, or this process itself", async () => {
    const { pid } = await program(idle, "--", "--mine");
    const pidFile = join(folder, "daemon.pid");
    writeFileSync(pidFile, `${pid}\n`);
    const query: DiscoveryQuery = { method: "pid-file", pidFile };
    expect((await find({ ...query, name: "node", args: ["--mine"] })).identity.pid).toBe(pid);
    expect(await miss({ ...query, name: "postgres" })).toMatchObject({ reason: "Stranger" });
    expect(await miss({ ...query, args: ["--yours"] })).toMatchObject({ reason: "Stranger" });
    writeFileSync(pidFile, `${process.pid}\n`);
    expect(await miss(query)).toMatchObject({ reason: "Stranger", what: `${pidFile} names this master` });
  });

  it("who has the pid of one that was found and has ended", async () => {
    const { child, pid } = await program(idle);
    let startTime = 1;
    const probe = { ...procProbe, look: () => ({ startTime, group: 1, running: true }) };
    const pidFile = join(folder, "daemon.pid");
    writeFileSync(pidFile, `${pid}\n`);
    const found = await find({ method: "pid-file", pidFile }, null, layerWith(probe));
    expect(found.running()).toBe(true);
    startTime = 2;
    expect(await Effect.runPromise(Effect.flip(found.signal("SIGKILL")))).toMatchObject({ reason: "Gone" });
    await Effect.runPromise(found.exit);
    expect(child.signalCode).toBe(null);
    expect(procProbe.look(pid)?.running).toBe(true);
  });

  it("where the system does not show processes, which is said", async () => {
    expect(await miss({ method: "port", port: 1 }, layerWith(psProbe))).toMatchObject({ reason: "Unavailable", code: "HSU-UNM-004" });
  });
});

it("the simulation knows processes of others: found by all that is asked for, signalled, and gone", async () => {
  const memory = makeMemoryProcesses();
  const daemon = memory.appear({ name: "daemon", args: ["-x"], port: 80 });
  await miss({ method: "process-name", name: "daemon", args: ["-y"] }, memory.layer);
  const found = await find({ method: "port", port: 80, name: "daemon" }, null, memory.layer);
  await Effect.runPromise(found.signal("SIGTERM"));
  await Effect.runPromise(found.exit);
  expect([daemon.signals, daemon.running]).toEqual([["SIGTERM"], false]);
  await miss({ method: "port", port: 80 }, memory.layer);
});
