import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { instanceName } from "../../src/platform/linux/CgroupPlace.ts";
import { leftOf, linux } from "../../src/platform/linux/Controllers.ts";
import type { ResourceReport } from "../../src/protocol/Resources.ts";
import { type Home, home, until } from "./program.ts";

let place: Home;
beforeEach(() => {
  place = home();
});
afterEach(() => place.clean());

const write = (cores: number): void => {
  const unit = (id: string, script: string, limits: object) => ({
    id,
    management: {
      control: { executable: "sh", arguments: ["-c", script], shutdown_timeout: "2s" },
      restart_policy: { strategy: "always", restart_delay: "60s" },
      limits,
    },
  });
  const config = {
    process_manager: { resources: { interval: "100ms" } },
    managed_processes: [
      unit("hog", "while :; do :; done", { priority: 5, cpu: { max_cores: cores }, process: { max_file_descriptors: 64 } }),
      // One child, and three more with HUP.
      unit("parent", "trap 'sleep 300 & sleep 300 & sleep 300 &' HUP; while :; do sleep 0.1; done", {
        process: { max_child_processes: 2, policy: "restart" },
      }),
    ],
  };
  writeFileSync(join(place.folder, "hsu.yaml"), JSON.stringify(config));
};
const top = async (): Promise<ResourceReport> =>
  JSON.parse((await place.hsu("top", "--once", "--history", "-o", "json")).out) as ResourceReport;
const of = (report: ResourceReport, id: string) => report.units.find(({ unit }) => unit === id)!;
const pids = async () => Object.fromEntries((await place.status()).units.map(({ id, pid }) => [id, pid]));

it("a unit that outlives its master is measured and limited by the next one, by what the config says then; nothing is left of its groups", async () => {
  write(0.5);
  await place.hsu("up", "-d");
  const before = await pids();
  const first = await until("all are measured", top, ({ units }) => units.every(({ usage }) => usage !== null));
  expect(of(first, "hog").limits.map(({ bound, limit }) => [limit, bound])).toEqual([
    ["cpu.max_cores", 0.5],
    ["process.max_file_descriptors", 64],
    ["priority", 5],
  ]);
  await place.killMaster();

  write(0.2);
  await place.hsu("up", "-d");
  expect(await pids()).toEqual(before);
  const again = await until("all are measured again", top, ({ units }) => units.every(({ usage }) => usage !== null));
  const hog = of(again, "hog");
  const cpu = hog.limits.find(({ limit }) => limit === "cpu.max_cores")!;
  expect(cpu.bound).toBe(0.2);
  expect(hog.limits.find(({ limit }) => limit === "process.max_file_descriptors")?.by).toBe("rlimit");
  expect(hog.limits.find(({ limit }) => limit === "priority")?.by).toBe("nice");
  const groups = leftOf(instanceName(join(place.folder, "state")), "hog", linux);
  if (cpu.by === "cgroup v1") {
    expect(readFileSync(join(groups[0]!.folder, "cpu.cfs_quota_us"), "utf8")).toBe("20000\n");
    expect(readFileSync(join(groups[0]!.folder, "cgroup.procs"), "utf8")).toBe(`${before["hog"]}\n`);
  }
  expect((await place.hsu("describe", "hog")).out).toMatch(/cpu\.max_cores +0\.2 +throttle +held by: /);

  await place.hsu("signal", "parent", "HUP");
  const ended = await until("it has been ended", place.status, ({ units }) =>
    units.some(({ id, state }) => id === "parent" && state === "backoff"),
  );
  expect(ended.units.find(({ id }) => id === "parent")?.lastExit?.because).toMatch(
    /^process\.max_child_processes: [34], over its limit of 2/,
  );

  await place.hsu("down");
  expect(groups.filter(({ folder }) => existsSync(folder))).toEqual([]);
});
