import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { notifier, python } from "../programs/python.ts";
import { type Home, home, until } from "./program.ts";

let place: Home;
beforeEach(() => {
  place = home();
});
afterEach(() => place.clean());

const write = (units: Readonly<Record<string, { readonly steps: ReadonlyArray<string>; readonly watchdog?: string }>>): void =>
  writeFileSync(
    join(place.folder, "hsu.yaml"),
    JSON.stringify({
      managed_processes: Object.entries(units).map(([id, { steps, watchdog }]) => ({
        id,
        management: {
          control: {
            executable: python,
            arguments: [notifier, ...steps],
            start: "notify",
            // Who is stopped by a signal hears of no other.
            shutdown_timeout: "200ms",
            ...(watchdog === undefined ? {} : { watchdog }),
          },
          restart_policy: { strategy: "on_failure", restart_delay: "10ms" },
        },
      })),
    }),
  );
const units = async () => Object.fromEntries((await place.status()).units.map((unit) => [unit.id, unit]));

/** From the state of a process on. */
const statOf = (pid: string): string | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2);
  } catch {
    return undefined;
  }
};

/** A network of its own, where sockets queue as much as systemd has them do. */
const withQueue = ["unshare", "-n", "sh", "-c", 'echo 512 > /proc/sys/net/unix/max_dgram_qlen && exec "$@"', "sh"];
const canQueue = spawnSync(withQueue[0]!, [...withQueue.slice(1), "true"]).status === 0;

describe.skipIf(python === null)("notifications over masters (needs python3)", () => {
  it("a unit goes on telling its state to the next master, and its watchdog goes on", async () => {
    write({
      web: {
        steps: ["READY=1", ...Array.from({ length: 300 }, (_, n) => ["0.1", `STATUS=beat ${n}\\nWATCHDOG=1`]).flat(), "hang"],
        watchdog: "20s",
      },
      plain: { steps: ["READY=1\\nSTATUS=once", "hang"] },
      reloads: { steps: ["READY=1", "RELOADING=1", "hang"] },
    });
    expect(await place.hsu("up", "-d")).toMatchObject({ code: 0, err: "" });
    await until("it reloads", units, ({ reloads }) => reloads?.ready === false);
    const before = await until("it beats", units, ({ web }) => web?.reason?.startsWith("beat") === true);
    expect((await place.hsu("status")).out).toMatch(/web .*running .*beat \d+/);
    await place.killMaster();
    expect(await place.hsu("up", "-d")).toMatchObject({ code: 0, err: "" });
    const after = await until("it beats for the next master", units, ({ web }) => web?.reason?.startsWith("beat") === true);
    expect(after["web"]).toMatchObject({ state: "running", pid: before["web"]!.pid, ready: true });
    // What was ready stays so, though it says it only once.
    expect(after["plain"]).toMatchObject({ state: "running", pid: before["plain"]!.pid, ready: true });
    expect(after["reloads"]).toMatchObject({ state: "running", pid: before["reloads"]!.pid, ready: false });
    process.kill(before["web"]!.pid!, "SIGSTOP");
    expect(await place.hsu("down")).toMatchObject({ code: 0 });
    expect(place.left()).toEqual([]);
  });

  it("how a process has ended that a unit has named as its main one is known, also over an upgrade, and nobody is left as a zombie", async () => {
    write({
      web: { steps: ["orphan", "daemon", "READY=1", "until go", "exit 7"] },
      done: { steps: ["daemon", "READY=1", "until go", "exit 0"] },
    });
    expect(await place.hsu("up", "-d")).toMatchObject({ code: 0, err: "" });
    // Each says that it is ready before its parent has said who goes on.
    const both = (text: string): boolean => text.split("goes on as pid").length === 3;
    await until(
      "both go on",
      () => place.hsu("events"),
      ({ out }) => both(out),
    );
    const before = await place.status();
    const zombies = () => readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && (statOf(pid)?.startsWith(`Z ${before.pid} `) ?? false));
    expect((await place.hsu("upgrade")).code).toBe(0);
    writeFileSync(join(place.folder, "go"), "");
    const { done, web } = await until("they have ended", units, ({ done, web }) => web?.lastExit != null && done?.lastExit != null);
    expect([web!.lastExit, done!.lastExit]).toMatchObject([{ code: 7 }, { code: 0 }]);
    expect(done).toMatchObject({ state: "stopped", restarts: 0 });
    await until("nobody is left", zombies, (all) => all.length === 0);
    expect(await place.hsu("down")).toMatchObject({ code: 0, err: expect.stringMatching(/^stopping/) as string });
    expect(place.left()).toEqual([]);
  });

  it("one that hangs after its master was killed is ended by the watchdog of the next one", async () => {
    write({ web: { steps: ["READY=1", "beat 0.1"], watchdog: "1s" } });
    expect(await place.hsu("up", "-d")).toMatchObject({ code: 0, err: "" });
    const { web } = await units();
    await place.killMaster();
    process.kill(web!.pid!, "SIGSTOP");
    expect(await place.hsu("up", "-d")).toMatchObject({ code: 0, err: "" });
    const next = await until(
      "another runs",
      units,
      ({ web: now }) => now?.state === "running" && now.pid !== null && now.pid !== web!.pid,
      30_000,
    );
    expect(next["web"]!.lastExit).toMatchObject({ because: "watchdog: no sign of life for 1000 ms" });
  });

  it("the next master goes on with the process that a unit has named as its main one", async () => {
    write({ web: { steps: ["daemon", "READY=1", ...Array.from({ length: 300 }, (_, n) => ["0.1", `STATUS=beat ${n}`]).flat(), "hang"] } });
    expect(await place.hsu("up", "-d")).toMatchObject({ code: 0, err: "" });
    const { web } = await until("it beats", units, ({ web: now }) => now?.reason?.startsWith("beat") === true);
    await place.killMaster();
    expect(await place.hsu("up", "-d")).toMatchObject({ code: 0, err: "" });
    const after = await until("it beats for the next master", units, ({ web: now }) => now?.reason?.startsWith("beat") === true);
    expect(after["web"]).toMatchObject({ state: "running", pid: web!.pid, ready: true, restarts: 0 });
    expect(await place.hsu("down")).toMatchObject({ code: 0 });
    expect(place.left()).toEqual([]);
  });

  it.skipIf(!canQueue)(
    "who has connected once is heard by the next master, with what was said while there was none (needs unshare)",
    async () => {
      const said = Array.from({ length: 100 }, (_, n) => `STATUS=beat ${n}\\nWATCHDOG=1`);
      const later = ["0.2", "STATUS=again", "hang"];
      // Each failed send would end it.
      write({
        web: { steps: ["connect", "READY=1", "until killed", ...said, "RELOADING=1\\nSTATUS=away", "touch said", "until up", ...later] },
        next: { steps: ["READY=1", "hang"] },
      });
      const queueing = place.through(...withQueue);
      expect(await queueing.hsu("up", "-d")).toMatchObject({ code: 0, err: "" });
      const before = await units();
      await place.killMaster();
      writeFileSync(join(place.folder, "killed"), "");
      await until("it has said all that", () => existsSync(join(place.folder, "said")), Boolean);
      expect(await queueing.hsu("up", "-d")).toMatchObject({ code: 0, err: "" });
      await until("what was said is heard", units, ({ web }) => web?.reason === "away" && !web.ready);
      writeFileSync(join(place.folder, "up"), "");
      const after = await until("it is heard", units, ({ web }) => web?.reason === "again");
      expect(after["web"]).toMatchObject({ state: "running", pid: before["web"]!.pid, restarts: 0 });
      // Each has its own, and no other.
      const socketsOf = (pid: number) =>
        readdirSync(`/proc/${pid}/fd`).filter((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith("socket:"));
      expect(socketsOf(after["next"]!.pid!)).toHaveLength(1);
      expect(await place.hsu("down")).toMatchObject({ code: 0 });
      expect(place.left()).toEqual([]);
    },
  );

  it("hsu upgrade keeps the sockets: who has connected once goes on, and what is said meanwhile is heard", async () => {
    write({
      // Each failed send would end it.
      web: {
        steps: ["connect", "READY=1", ...Array.from({ length: 600 }, (_, n) => ["0.02", `STATUS=beat ${n}\\nWATCHDOG=1`]).flat(), "hang"],
      },
      plain: { steps: ["connect", "READY=1\\nSTATUS=once", "hang"] },
    });
    expect(await place.hsu("up", "-d")).toMatchObject({ code: 0, err: "" });
    const beating = (round: string) => until(`it beats ${round}`, units, ({ web }) => web?.reason?.startsWith("beat") === true);
    const before = await beating("before");
    for (const round of ["after one", "after two"]) {
      expect(await place.hsu("upgrade")).toMatchObject({ code: 0, err: "" });
      const after = await beating(round);
      expect([after["web"], after["plain"]]).toMatchObject(
        ["web", "plain"].map((id) => ({ state: "running", pid: before[id]!.pid, ready: true, restarts: 0 })),
      );
    }
    // Nobody that the new master starts has them open.
    process.kill(before["plain"]!.pid!, "SIGKILL");
    const { plain } = await until("plain comes back", units, ({ plain: now }) => now?.state === "running" && now.restarts === 1);
    const open = readdirSync(`/proc/${plain!.pid}/fd`).filter((fd) => readlinkSync(`/proc/${plain!.pid}/fd/${fd}`).startsWith("socket:"));
    expect(open).toHaveLength(1);
    expect(await place.hsu("down")).toMatchObject({ code: 0 });
    expect(place.left()).toEqual([]);
  });
});
