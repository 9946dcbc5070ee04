import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { UnitStatus } from "../../src/protocol/MasterRpc.ts";
import { type Home, home, until } from "./program.ts";

const misbehave = resolve("test/programs/misbehave.mjs");

interface Described {
  readonly id: string;
  readonly run: ReadonlyArray<string>;
  readonly restart?: "always" | "on_failure" | "never" | "unless_stopped";
  readonly policy?: object;
}

let place: Home;
const write = (...units: ReadonlyArray<Described>) =>
  writeFileSync(
    join(place.folder, "hsu.yaml"),
    JSON.stringify({
      managed_processes: units.map(({ id, policy, restart = "always", run: [executable, ...args] }) => ({
        id,
        type: "standard_managed",
        management: {
          control: { executable, arguments: args, shutdown_timeout: "2s" },
          restart_policy: { strategy: restart, restart_delay: "10ms", ...policy },
        },
      })),
    }),
  );
const sleeper = (id: string, restart: Described["restart"] = "always"): Described => ({ id, restart, run: ["sleep", "600"] });

const up = async (): Promise<void> => {
  const { code, err } = await place.hsu("up", "-d");
  expect({ code, err }).toEqual({ code: 0, err: "" });
};
const units = async (): Promise<Record<string, UnitStatus>> =>
  Object.fromEntries((await place.status()).units.map((unit) => [unit.id, unit]));
const pids = async () => Object.fromEntries(Object.values(await units()).map(({ id, pid }) => [id, pid]));
/** Processes that run here, without the masters. */
const running = async () => sorted(place.left().filter((pid) => !readFileSync(`/proc/${pid}/cmdline`, "latin1").includes("hsu.mjs")));
const sorted = (all: ReadonlyArray<number | null | undefined>) => all.map(Number).sort((one, other) => one - other);

beforeEach(() => {
  place = home();
});
afterEach(() => place.clean());

describe("units survive their master", () => {
  it("kill -9, then up again: the same processes, counters and manual stops; they can be restarted and stopped, and come back", async () => {
    write(sleeper("a"), sleeper("b"), sleeper("held"));
    await up();
    process.kill((await pids())["a"]!, "SIGKILL");
    await until("a is back", units, ({ a }) => a?.state === "running" && a.restarts === 1);
    await place.hsu("stop", "held");
    const before = await pids();

    await place.killMaster();
    expect(await running()).toEqual(sorted([before["a"], before["b"]]));
    await up();
    expect(await pids()).toEqual(before);
    expect(await units()).toMatchObject({
      a: { state: "running", restarts: 1, lastExit: { signal: "SIGKILL" } },
      b: { state: "running", restarts: 0 },
      held: { state: "stopped", reason: "stopped by hand" },
    });
    expect(readFileSync(join(place.folder, "state/pids/a.pid"), "utf8")).toBe(`${before["a"]}\n`);
    expect((await place.hsu("events")).out).toContain(`reattached, pid ${before["a"]}`);

    // Supervised as before: its end is seen, a restart and a stop reach it.
    process.kill(before["a"]!, "SIGKILL");
    await until("a is back again", units, ({ a }) => a?.state === "running" && a.restarts === 2 && a.pid !== null && a.pid !== before["a"]);
    expect((await place.hsu("restart", "b")).code).toBe(0);
    expect((await pids())["b"]).not.toBe(before["b"]);
    expect((await place.hsu("stop", "a")).code).toBe(0);
    expect(await running()).toEqual([(await pids())["b"]]);
    expect(readdirSync(join(place.folder, "state/pids"))).toEqual(["b.pid"]);

    await place.hsu("down");
    expect(place.left()).toEqual([]);
    // After an orderly end nothing is held back.
    await up();
    expect((await units())["held"]).toMatchObject({ state: "running", restarts: 0 });
    await place.hsu("down");
  }, 60_000);

  it("what ends while nobody watches is noticed: it comes back, or stays down where it is a job", async () => {
    write(sleeper("service"), sleeper("job", "never"));
    await up();
    const before = await pids();
    await place.killMaster();
    for (const pid of Object.values(before)) process.kill(pid!, "SIGTERM");
    await until("both are gone", running, (left) => left.length === 0);
    await up();
    const after = await units();
    expect(after["service"]).toMatchObject({ state: "running", lastExit: { code: null, signal: null } });
    expect(after["job"]).toMatchObject({ state: "stopped", reason: "ended while no master ran" });
    await place.hsu("down");
  }, 60_000);

  it("what the config does not name any more, or names otherwise, is ended, and nothing runs twice", async () => {
    write(sleeper("kept"), sleeper("dropped"), sleeper("changed"));
    await up();
    const before = await pids();
    await place.killMaster();
    write(sleeper("kept"), { id: "changed", run: ["sleep", "601"] });
    await up();
    const after = await pids();
    expect(after["kept"]).toBe(before["kept"]);
    expect(after["changed"]).not.toBe(before["changed"]);
    expect(await running()).toEqual(sorted([after["kept"], after["changed"]]));
    await place.hsu("down");
  }, 60_000);

  it("no line of output is lost or doubled, and a group that outlived its leader is not left behind", async () => {
    const count = join(place.folder, "count.sh");
    writeFileSync(count, "i=0; while true; do i=$((i+1)); echo line $i; sleep 0.01; done\n");
    const leader = join(place.folder, "leader.sh");
    writeFileSync(leader, "sleep 600 & wait\n");
    write({ id: "counter", run: ["sh", count] }, { id: "leader", run: ["sh", leader] });
    await up();
    const before = await pids();
    await place.killMaster();
    process.kill(before["leader"]!, "SIGKILL");
    await up();
    expect((await pids())["counter"]).toBe(before["counter"]);
    await until("it is started again", units, ({ leader: again }) => again?.state === "running");
    await place.hsu("stop", "counter");
    const lines = readFileSync(join(place.folder, "state/logs/counter/stdout.log"), "utf8").trim().split("\n");
    expect(lines).toEqual(lines.map((_, n) => `line ${n + 1}`));
    await until("one shell and its child", running, (left) => left.length === 2);
    await place.hsu("down");
    expect(place.left()).toEqual([]);
  }, 60_000);

  it("a pid that a stranger has is not adopted", async () => {
    write(sleeper("a"));
    await up();
    const before = (await pids())["a"]!;
    await place.killMaster();
    process.kill(before, "SIGKILL");
    const file = join(place.folder, "state/state.db");
    // The record names this test's own process, as if it had been given the pid.
    const { DatabaseSync } = await import("node:sqlite");
    const db = new DatabaseSync(file);
    const { record } = db.prepare("SELECT record FROM processes").get() as { record: string };
    const parsed = JSON.parse(record) as { identity: { pid: number } };
    db.prepare("UPDATE processes SET record = ?").run(JSON.stringify({ ...parsed, identity: { ...parsed.identity, pid: process.pid } }));
    db.close();
    await up();
    const { a } = await units();
    expect(a).toMatchObject({ state: "running" });
    expect(a!.pid).not.toBe(process.pid);
    await place.hsu("down");
  }, 60_000);

  it("a start of which only the intent was written down is found by its mark", async () => {
    write(sleeper("a"));
    await up();
    const before = await pids();
    await place.killMaster();
    const { DatabaseSync } = await import("node:sqlite");
    const db = new DatabaseSync(join(place.folder, "state/state.db"));
    const { record } = db.prepare("SELECT record FROM processes").get() as { record: string };
    db.prepare("UPDATE processes SET record = ?").run(JSON.stringify({ ...(JSON.parse(record) as object), identity: null }));
    db.close();
    await up();
    expect(await pids()).toEqual(before);
    await place.hsu("down");
    expect(place.left()).toEqual([]);
  }, 60_000);

  it("a stop that the master did not live to finish is finished by the next one", async () => {
    write({ id: "stubborn", run: [process.execPath, misbehave, "--ignore-term"] });
    await up();
    await until(
      "its handlers are set",
      () => place.hsu("logs", "stubborn"),
      ({ out }) => out.includes("ready"),
    );
    const stopping = place.start("stop", "stubborn");
    await until("it is stopping", units, ({ stubborn }) => stubborn?.state === "stopping");
    await place.killMaster();
    await stopping.ended;
    await up();
    expect((await units())["stubborn"]).toMatchObject({ state: "stopped", reason: "stopped by hand" });
    expect(await running()).toEqual([]);
    await place.hsu("down");
  }, 60_000);

  it("a wait for the next start, the row of failures, an open breaker and the history go on", async () => {
    const fails = (id: string, policy: object): Described => ({ id, run: ["sh", "-c", "exit 7"], policy });
    write(
      fails("patient", { restart_delay: "1ms", backoff_multiplier: 1000, max_delay: "1h" }),
      fails("fused", { circuit_breaker: { failures: 2, window: "1h", cooldown: "1h" } }),
    );
    await up();
    const waits = (seen: Record<string, UnitStatus>) => Object.values(seen).every(({ nextStartAt }) => nextStartAt! > Date.now() + 900_000);
    const before = await until("both wait for long", units, (seen) => seen["patient"]?.restarts === 3 && waits(seen));
    const described = (await place.hsu("describe", "patient", "-o", "json")).out;
    await place.killMaster();
    await up();
    const after = await until("they wait again", units, waits);
    for (const id of ["patient", "fused"]) {
      const { nextStartAt, ...rest } = after[id]!;
      expect(rest).toMatchObject({ state: "backoff", restarts: before[id]!.restarts, lastExit: { code: 7 } });
      expect(Math.abs(nextStartAt! - before[id]!.nextStartAt!)).toBeLessThan(100);
    }
    expect(after["fused"]).toMatchObject({ breaker: "open", reason: "circuit breaker open" });
    const { history } = JSON.parse((await place.hsu("describe", "patient", "-o", "json")).out) as { history: ReadonlyArray<unknown> };
    expect(history).toEqual((JSON.parse(described) as { history: ReadonlyArray<unknown> }).history);
    expect((await place.hsu("reset-failed")).code).toBe(0);
    await until("both have been tried", units, (seen) =>
      Object.values(seen).every(({ restarts }, n) => restarts > Object.values(before)[n]!.restarts),
    );
    await place.hsu("down");
  }, 60_000);

  it("unless_stopped: what was stopped by hand stays so after an orderly end, until it is started by hand", async () => {
    write(sleeper("web", "unless_stopped"), sleeper("other", "always"));
    await up();
    await place.hsu("stop", "web", "other");
    await place.hsu("down");
    await up();
    expect(await units()).toMatchObject({ web: { state: "stopped", reason: "stopped by hand" }, other: { state: "running" } });
    await place.hsu("start", "web");
    await place.hsu("down");
    await up();
    expect((await units())["web"]).toMatchObject({ state: "running" });
    await place.hsu("down");
  }, 60_000);

  it("two masters that start at once: one runs, the other is refused, and no unit runs twice", async () => {
    write(sleeper("a"), sleeper("b"));
    await up();
    await place.killMaster();
    const both = [place.start("up"), place.start("up")];
    const refused = await Promise.race(both.map(({ ended }) => ended));
    expect(refused).toMatchObject({ code: 1, err: expect.stringMatching(/HSU-STO-001|HSU-API-001/) });
    await until("the other one is up", place.status, ({ phase }) => phase === "running");
    expect(await running()).toHaveLength(2);
    await place.hsu("down");
    await Promise.all(both.map(({ ended }) => ended));
    expect(place.left()).toEqual([]);
  }, 60_000);
});
