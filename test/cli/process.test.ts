/**
 * The command line as a process: real signals, real pipes, real ends.
 */
import { type ChildProcess, spawn } from "node:child_process";
import * as Fs from "node:fs";
import * as Os from "node:os";
import * as Path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

let folder: string;
const children = new Set<ChildProcess>();
beforeEach(() => {
  folder = Fs.mkdtempSync(Path.join(Os.tmpdir(), "hsu-cli-"));
  Fs.writeFileSync(
    Path.join(folder, "hsu.yaml"),
    "managed_processes:\n  - { id: web, type: standard_managed, management: { control: { executable: sleep } } }\n",
  );
});
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  children.clear();
  Fs.rmSync(folder, { recursive: true, force: true });
});

const start = (...argv: ReadonlyArray<string>) => {
  const env = { PATH: process.env["PATH"], HSU_SOCKET: Path.join(folder, "s"), HSU_STATE_DIR: folder, HOME: folder };
  const child = spawn(process.execPath, [Path.join(import.meta.dirname, "fixtures", "hsu.ts"), ...argv], { cwd: folder, env });
  children.add(child);
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk) => (out += String(chunk)));
  child.stderr.on("data", (chunk) => (err += String(chunk)));
  const ended = new Promise<number | string | null>((resolve) => child.on("close", (code, signal) => resolve(signal ?? code)));
  const says = async (text: string): Promise<void> => {
    while (!out.includes(text)) {
      if (child.exitCode !== null) throw new Error(`ended without ${JSON.stringify(text)}: ${err}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  return { child, ended, says, out: () => out, err: () => err };
};

test("up, status, events into a closed pipe, down: each ends as it should, and nothing is left", async () => {
  const up = start("up");
  await up.says("event 3");
  const status = start("status");
  expect(await status.ended).toBe(3);
  expect(status.out()).toContain("web     running");
  const events = start("events", "-f");
  await events.says("event");
  events.child.stdout.destroy();
  expect(await events.ended).toBe(0);
  expect(events.err()).toBe("");
  const down = start("down");
  expect(await down.ended).toBe(0);
  expect(down.out()).toBe(`master ${up.child.pid} has ended\n`);
  expect(await up.ended).toBe(0);
  expect(up.err()).toBe("");
  expect(Fs.existsSync(Path.join(folder, "s"))).toBe(false);
});

test("SIGINT: up stops its units and ends with 0, logs -f ends with 130", async () => {
  const up = start("up");
  await up.says("event 3");
  const logs = start("logs", "-f", "web");
  await logs.says("warning: 1");
  logs.child.kill("SIGINT");
  expect(await logs.ended).toBe(130);
  expect(logs.err()).toBe("");
  up.child.kill("SIGINT");
  expect(await up.ended).toBe(0);
  expect(up.err()).toBe("stopping all units; a second signal kills what is left\n");
});

test("up goes on when nobody reads it", async () => {
  const up = start("up");
  await up.says("event 3");
  up.child.stdout.destroy();
  await new Promise((resolve) => setTimeout(resolve, 200));
  const tree = start("tree");
  expect(await tree.ended).toBe(0);
  up.child.kill("SIGTERM");
  expect(await up.ended).toBe(0);
});

test("what does not talk to a master does not load what it takes to", async () => {
  const script = `const { registerHooks } = await import("node:module");
    const seen = [];
    registerHooks({ load: (url, context, next) => { seen.push(url); return next(url, context); } });
    const { run } = await import(${JSON.stringify(Path.join(import.meta.dirname, "../../src/cli/Main.ts"))});
    const Effect = await import("effect/Effect");
    const stream = { isTTY: false, columns: 80, rows: 24, write: () => Effect.void };
    await Effect.runPromise(run(["--help"], { stdout: stream, stderr: stream, env: {}, cwd: "/", uid: 0, version: "0", onSignal: () => () => {}, self: [] }));
    console.log(seen.filter((url) => /effect\\/dist\\/rpc|Schema|platform-node|\\/yaml\\/|src\\/(api|config\\/index)/.test(url)).join("\\n"));`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { cwd: Path.join(import.meta.dirname, "../..") });
  children.add(child);
  let out = "";
  child.stdout.on("data", (chunk) => (out += String(chunk)));
  child.stderr.on("data", (chunk) => (out += String(chunk)));
  await new Promise((resolve) => child.on("close", resolve));
  expect(out).toBe("\n");
});
