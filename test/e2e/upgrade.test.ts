import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { UnitStatus } from "../../src/protocol/MasterRpc.ts";
import { type Home, home, until } from "./program.ts";

let place: Home;
const write = (ids: ReadonlyArray<string>) =>
  writeFileSync(
    join(place.folder, "hsu.yaml"),
    JSON.stringify({
      managed_processes: ids.map((id) => ({
        id,
        management: { control: { executable: "sleep", arguments: ["600"] }, restart_policy: { strategy: "always", restart_delay: "10ms" } },
      })),
    }),
  );
const units = async (): Promise<Record<string, UnitStatus>> =>
  Object.fromEntries((await place.status()).units.map((unit) => [unit.id, unit]));

beforeEach(() => {
  place = home();
});
afterEach(() => place.clean());

describe("hsu upgrade", () => {
  it("puts another program in the master's place: the same master to the system, the same units, supervised as before", async () => {
    write(["a", "b"]);
    await place.hsu("up", "-d");
    const before = await place.status();
    const { code, err, out } = await place.hsu("upgrade");
    expect({ code, err, out }).toEqual({
      code: 0,
      err: "",
      out: `master ${before.pid} is version ${before.version} now, was ${before.version}; 2 units went on\n`,
    });
    const after = await place.status();
    expect(after.pid).toBe(before.pid);
    expect(after.startedAt).toBeGreaterThan(before.startedAt);
    expect(after.units.map(({ pid }) => pid)).toEqual(before.units.map(({ pid }) => pid));
    process.kill(after.units[0]!.pid!, "SIGKILL");
    await until("a comes back", units, ({ a }) => a?.state === "running" && a.restarts === 1);
    // It can be done again.
    expect((await place.hsu("upgrade")).out).toContain("2 units went on");
    expect((await place.hsu("down")).code).toBe(0);
    expect(place.left()).toEqual([]);
  }, 60_000);

  it("the new master is still the parent: how a unit of the old one ends is known, and nothing of it is left", async () => {
    writeFileSync(
      join(place.folder, "hsu.yaml"),
      JSON.stringify({
        managed_processes: [
          {
            id: "job",
            management: {
              control: { executable: "sh", arguments: ["-c", "while [ ! -e go ]; do sleep 0.02; done; exit 7"] },
              restart_policy: "never",
            },
          },
        ],
      }),
    );
    await place.hsu("up", "-d");
    await place.hsu("upgrade");
    const { pid } = (await units())["job"]!;
    writeFileSync(join(place.folder, "go"), "");
    const { job } = await until("it has ended", units, (seen) => seen["job"]?.state === "failed");
    expect(job!.lastExit).toMatchObject({ code: 7, signal: null });
    await until(
      "it is waited for",
      () => existsSync(`/proc/${pid}`),
      (there) => !there,
    );
    await place.hsu("down");
  }, 60_000);

  it("a version that does not take the config is refused, and nothing has changed", async () => {
    write(["a"]);
    await place.hsu("up", "-d");
    const before = await place.status();
    writeFileSync(join(place.folder, "hsu.yaml"), "managed_processes: 3\n");
    const { code, err } = await place.hsu("upgrade");
    expect(code).toBe(1);
    expect(err).toContain("HSU-MST-002");
    expect(err).toContain("hsu.yaml:1:20");
    const after = await place.status();
    expect([after.pid, after.startedAt, after.units[0]!.pid]).toEqual([before.pid, before.startedAt, before.units[0]!.pid]);
    await place.hsu("down");
  }, 60_000);

  it("without a master there is nothing to upgrade", async () => {
    expect((await place.hsu("upgrade")).code).toBe(3);
  });
});
