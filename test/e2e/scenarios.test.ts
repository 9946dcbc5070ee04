/** Scenarios that a process manager has to get right, each as its user sees it: docs/reference/upstream.md has the list. One master runs most of them. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { UnitStatus } from "../../src/protocol/MasterRpc.ts";
import { type Home, home, until } from "./program.ts";

let place: Home;

const misbehave = (flags: string, management: object = {}, control: object = {}) => ({
  management: {
    control: {
      executable: process.execPath,
      arguments: [resolve("test/programs/misbehave.mjs"), ...flags.split(" ").filter((flag) => flag !== "")],
      ...control,
    },
    ...management,
  },
});
const policy = { strategy: "on_failure", restart_delay: "10ms", max_attempts: 2 };
const managed_processes = Object.entries({
  graceful: misbehave("--stop-delay-ms 50"),
  stubborn: misbehave("--ignore-term", {}, { shutdown_timeout: "300ms" }),
  loop: misbehave("--run-ms 1 --exit-code 1", { restart_policy: policy }),
  job: misbehave("--run-ms 1", { restart_policy: policy }),
  chatty: misbehave("--spew-lines 11000 --line-bytes 100 --run-ms 1", {
    restart_policy: policy,
    logging: { capture_stdout: false, capture_stderr: false },
  }),
  family: misbehave(
    "--grandchild --ignore-term --pid-file family",
    { restart_policy: { strategy: "always", restart_delay: "10ms" } },
    { shutdown_timeout: "300ms" },
  ),
  // Nothing but what has to be said.
  minimal: { management: { control: { executable: "sleep", arguments: [600] } } },
  disabled: { enabled: false, ...misbehave("") },
}).map(([id, unit]) => ({ id, ...unit }));

const units = async (): Promise<Record<string, UnitStatus>> =>
  Object.fromEntries((await place.status()).units.map((unit) => [unit.id, unit]));
const when = async (id: string, isSo: (unit: UnitStatus) => boolean): Promise<UnitStatus> =>
  (await until(id, units, (seen) => seen[id] !== undefined && isSo(seen[id])))[id]!;
const pidFile = (id: string): string => join(place.folder, "state/pids", `${id}.pid`);
const isThere = (pid: number): boolean => {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
};

describe("scenarios under one master", () => {
  beforeAll(async () => {
    place = home();
    writeFileSync(join(place.folder, "hsu.yaml"), JSON.stringify({ managed_processes }));
    expect(await place.hsu("up", "-d")).toMatchObject({ code: 0, err: "" });
  });
  afterAll(async () => {
    expect(await place.hsu("down")).toMatchObject({ code: 0 });
    expect(place.left()).toEqual([]);
    place.clean();
  });

  it("graceful stop in time and PID file gone; a second start and a second stop are refused", async () => {
    const { pid } = await when("graceful", ({ state }) => state === "running");
    await until(
      "its handlers are set",
      () => place.hsu("logs", "graceful"),
      ({ out }) => out.includes("ready"),
    );
    expect(readFileSync(pidFile("graceful"), "utf8")).toBe(`${pid}\n`);
    const again = await place.hsu("start", "graceful");
    expect([again.code, again.err.split("\n")[0]]).toEqual([1, 'error: cannot start unit "graceful": it is running [HSU-UNIT-002]']);
    expect(await place.hsu("stop", "graceful")).toMatchObject({ code: 0, out: "graceful stopped\n" });
    expect(isThere(pid!)).toBe(false);
    expect(existsSync(pidFile("graceful"))).toBe(false);
    expect((await units())["graceful"]).toMatchObject({ state: "stopped", lastExit: { code: 0, signal: null }, restarts: 0 });
    const twice = await place.hsu("stop", "graceful");
    expect([twice.code, twice.err.split("\n")[0]]).toEqual([1, 'error: cannot stop unit "graceful": it is stopped [HSU-UNIT-002]']);
  });

  it("TERM-ignorer killed after its timeout", async () => {
    await until(
      "its handlers are set",
      () => place.hsu("logs", "stubborn"),
      ({ out }) => out.includes("ready"),
    );
    expect(await place.hsu("stop", "stubborn")).toMatchObject({ code: 0 });
    expect((await units())["stubborn"]).toMatchObject({ state: "stopped", lastExit: { signal: "SIGKILL" } });
    expect((await place.hsu("logs", "stubborn")).out).toContain("term ignored");
  });

  it("exit-1 loop stops at its limit; exit 0 under on-failure stays down", async () => {
    expect(await when("loop", ({ state }) => state === "failed")).toMatchObject({ restarts: 2, lastExit: { code: 1 } });
    expect(await when("job", ({ state }) => state === "stopped")).toMatchObject({ restarts: 0, lastExit: { code: 0 } });
    expect((await place.hsu("status")).code).toBe(3);
  });

  it("1 MB of stdout with logging off", async () => {
    // It writes synchronously: had it been held up, it would not have come to its end.
    expect(await when("chatty", ({ state }) => state === "stopped")).toMatchObject({ restarts: 0, lastExit: { code: 0 } });
    expect((await place.hsu("logs", "chatty")).out).toBe("");
  });

  it("grandchild dies with its group", async () => {
    const file = join(place.folder, "family.grandchild");
    await until(
      "the grandchild is there",
      () => existsSync(file) && readFileSync(file, "utf8").trim() !== "",
      (there) => there,
    );
    const { pid } = await when("family", ({ state }) => state === "running");
    const grandchild = Number(readFileSync(file, "utf8"));
    expect(isThere(grandchild)).toBe(true);
    process.kill(pid!, "SIGKILL");
    await when("family", ({ restarts, state }) => state === "running" && restarts === 1);
    expect(isThere(grandchild)).toBe(false);
  });

  it("minimal config takes defaults; disabled unit skipped", async () => {
    const { disabled, minimal } = await units();
    expect(minimal).toMatchObject({ state: "running", restarts: 0, health: null, ready: true, groups: ["units"] });
    expect(disabled).toMatchObject({ state: "stopped", reason: "disabled", pid: null });
    const spec = JSON.parse((await place.hsu("validate", "-o", "json")).out) as {
      root: { children: ReadonlyArray<Record<string, unknown>> };
    };
    expect(spec.root.children.find(({ id }) => id === "minimal")).toMatchObject({
      stopSignal: "SIGTERM",
      stopTimeoutMillis: 10_000,
      startTimeoutMillis: 60_000,
      restart: { when: "always", delayMillis: 1000, multiplier: 2, maxDelayMillis: 60_000, resetAfterMillis: 60_000 },
    });
    expect(await place.hsu("start", "disabled")).toMatchObject({ code: 0 });
  });
});

describe("configs that are refused", () => {
  it.each([
    { what: "invalid YAML", text: 'managed_processes:\n  - id: "a\n', code: "HSU-CFG-003", at: "2:9" },
    { what: "bad port", text: "process_manager: { port: 70000 }\nmanaged_processes: []\n", code: "HSU-CFG-010", at: "1:26" },
    {
      what: "duplicate id",
      text: `managed_processes:\n${"  - { id: a, management: { control: { executable: cat } } }\n".repeat(2)}`,
      code: "HSU-CFG-012",
      at: "3:11",
    },
    {
      what: "id > 64",
      text: `managed_processes:\n  - { id: ${"a".repeat(65)}, management: { control: { executable: cat } } }\n`,
      code: "HSU-CFG-011",
      at: "2:11",
    },
  ])("$what: exit code 2, with the place, and nothing is started", async ({ at, code, text }) => {
    const other = home();
    try {
      writeFileSync(join(other.folder, "hsu.yaml"), text);
      for (const verb of ["validate", "up"]) {
        const ended = await other.hsu(verb);
        expect(ended.code).toBe(2);
        expect(ended.err).toContain(`hsu.yaml:${at}: error ${code}: `);
      }
      expect(existsSync(join(other.folder, "state"))).toBe(false);
    } finally {
      other.clean();
    }
  });
});
