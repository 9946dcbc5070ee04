import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { endOutsiders, outsider, yamlUnmanaged } from "../master/outsider.ts";
import { type Home, home, until } from "./program.ts";

let place: Home;
beforeEach(() => (place = home()));
afterEach(() => {
  place.clean();
  endOutsiders();
});

const up = async (config: string): Promise<void> => {
  writeFileSync(join(place.folder, "hsu.yaml"), config);
  const { code, err } = await place.hsu("up", "-d", "hsu.yaml");
  expect(err).toBe("");
  expect(code).toBe(0);
};
const unit = async (id: string) => (await place.status()).units.find((each) => each.id === id);
const found = (id: string, pid: number) =>
  until(
    `${id} has pid ${pid}`,
    () => unit(id),
    (seen) => seen?.pid === pid,
  );

it("unmanaged unit survives shutdown: an ordered one, a forced one, and kill -9 of the master, which finds it again", async () => {
  const pidFile = join(place.folder, "daemon.pid");
  const discovery = `{ method: pid-file, pid_file: ${pidFile}, check_interval: 1h }`;
  const deaf = `  - id: deaf\n    management:\n      control:\n        executable: ${process.execPath}\n        arguments: [${resolve("test/programs/misbehave.mjs")}, --ignore-term]\n        shutdown_timeout: 1h`;
  const config = `process_manager: { force_shutdown_timeout: 300ms }\nmanaged_processes:\n${yamlUnmanaged("daemon", discovery, "{ can_terminate: true }")}\n`;
  const daemon = await outsider("--pid-file", pidFile);

  await up(config);
  expect(await found("daemon", daemon.pid)).toMatchObject({ kind: "unmanaged", state: "running" });
  expect((await place.hsu("down")).code).toBe(0);
  expect(daemon.runs()).toBe(true);

  await up(`${config}${deaf}\n`);
  const other = (await until(
    "deaf runs",
    () => unit("deaf"),
    (seen) => seen?.pid != null,
  ))!.pid!;
  await until(
    "deaf is ready",
    async () => (await place.hsu("logs", "deaf")).out,
    (out) => out.includes("ready"),
  );
  expect((await place.hsu("down")).code).toBe(0);
  await until("the forced shutdown has killed its own", place.left, (left) => left.length === 0);
  expect(() => process.kill(other, 0)).toThrow();
  expect(daemon.runs()).toBe(true);

  await up(config);
  await found("daemon", daemon.pid);
  await place.killMaster();
  expect(daemon.runs()).toBe(true);
  await up(config);
  expect(await found("daemon", daemon.pid)).toMatchObject({ state: "running", restarts: 0 });

  // A config without it ends what the master has started, and nobody else.
  await place.killMaster();
  await up(`managed_processes:\n${yamlUnmanaged("another", "{ port: 1, check_interval: 1h }")}\n`);
  expect(daemon.runs()).toBe(true);
  expect((await place.hsu("down")).code).toBe(0);
  expect(daemon.runs()).toBe(true);
}, 60_000);

it("PID reused by a stranger is not adopted, and cannot be stopped; refusals name the key on the command line", async () => {
  const files = join(place.folder, "pids");
  mkdirSync(files);
  const stranger = await outsider();
  const mine = await outsider();
  const hourAgo = new Date(Date.now() - 3_600_000);
  const stale = join(files, "stale.pid");
  writeFileSync(stale, `${stranger.pid}\n`);
  utimesSync(stale, hourAgo, hourAgo);
  const other = join(files, "other.pid");
  writeFileSync(other, `${stranger.pid}\n`);
  const good = join(files, "good.pid");
  writeFileSync(good, `${mine.pid}\n`);
  const all = "{ can_terminate: true, allowed_signals: [TERM, KILL] }";
  await up(
    `managed_processes:\n${[
      yamlUnmanaged("stale", `{ pid_file: ${stale} }`, all),
      yamlUnmanaged("other", `{ pid_file: ${other}, process_name: postgres }`, all),
      yamlUnmanaged("good", `{ pid_file: ${good}, process_name: node }`),
    ].join("\n")}\n`,
  );
  await found("good", mine.pid);
  expect(await unit("stale")).toMatchObject({ state: "stopped", pid: null, reason: expect.stringContaining("is stale") });
  expect(await unit("other")).toMatchObject({ state: "stopped", pid: null, reason: expect.stringContaining("another program (node)") });
  for (const id of ["stale", "other"]) {
    expect((await place.hsu("stop", id)).err).toContain("HSU-UNIT-002");
    expect((await place.hsu("signal", id, "KILL")).err).toContain("HSU-UNIT-002");
    expect((await place.hsu("start", id)).err).toContain("HSU-UNIT-003");
  }
  expect(await place.hsu("stop", "good")).toMatchObject({
    code: 1,
    err:
      'error: stop of unit "good" is not allowed: somebody else runs it [HSU-UNM-001]\n' +
      "hint: can_terminate: true in the unit's control allows it\n",
  });
  expect((await place.hsu("signal", "good", "TERM")).err).toContain("allowed_signals: [SIGTERM]");
  expect((await place.hsu("down")).code).toBe(0);
  expect([stranger.runs(), mine.runs()]).toEqual([true, true]);
}, 60_000);
