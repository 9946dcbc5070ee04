import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Home, home, until } from "./program.ts";

let place: Home;
beforeEach(() => {
  place = home();
});
afterEach(() => place.clean());

/** Each unit sleeps for its own number of seconds. */
const write = (units: Readonly<Record<string, number>>, file = "hsu.yaml") =>
  writeFileSync(
    join(place.folder, file),
    JSON.stringify({
      managed_processes: Object.entries(units).map(([id, seconds]) => ({
        id,
        management: { control: { executable: "sleep", arguments: [String(seconds)] } },
      })),
    }),
  );
const pids = async () => Object.fromEntries((await place.status()).units.map(({ id, pid }) => [id, pid]));

it("plan, apply, history, diff, rollback and SIGHUP: the units that are the same keep their process", async () => {
  write({ same: 600, other: 600 });
  await place.hsu("up", "-d");
  const before = await pids();
  expect(await place.hsu("plan")).toMatchObject({ code: 0, out: "no changes\n" });

  write({ same: 600, other: 601, new: 600 });
  const planned = await place.hsu("plan", "--detailed-exitcode", "-o", "json");
  expect(planned.code).toBe(2);
  const { changes } = JSON.parse(planned.out) as { readonly changes: ReadonlyArray<{ readonly action: string; readonly id: string }> };
  expect(changes.map(({ action, id }) => `${action} ${id}`)).toEqual(["change units", "restart other", "add new"]);
  expect(await pids()).toEqual(before);

  const applied = await place.hsu("apply");
  expect(applied.out.trimEnd().split("\n").at(-1)).toBe("applied as revision 2: 1 added, 1 restarted, 1 untouched");
  const after = await pids();
  expect(Object.keys(after)).toEqual(["same", "other", "new"]);
  expect(after["same"]).toBe(before["same"]);
  expect(after["other"]).not.toBe(before["other"]);

  expect((await place.hsu("diff", "1")).out).toContain('arguments: ["600"] → ["601"]');
  expect((await place.hsu("rollback")).out).toContain("applied as revision 3");
  expect(Object.keys(await pids())).toEqual(["same", "other"]);

  process.kill((await place.status()).pid, "SIGHUP");
  const reloaded = await until("it has read its file again", pids, (seen) => Object.keys(seen).length === 3);
  expect(reloaded["same"]).toBe(before["same"]);
  // It is kept when all of it has been done, which is after its last unit is there.
  const kept = async () => JSON.parse((await place.hsu("history", "-o", "json")).out) as ReadonlyArray<{ readonly how: string }>;
  const history = await until("the reload is kept", kept, (seen) => seen.length === 4);
  expect(history.map(({ how }) => how)).toEqual(["start", "apply", "rollback to revision 1", "reload"]);

  // What is kept outlives the master.
  await place.hsu("down");
  await place.hsu("up", "-d");
  expect((await place.hsu("history")).out.trimEnd().split("\n")).toHaveLength(5);
  expect(await place.hsu("rollback", "9")).toMatchObject({ code: 1, err: expect.stringContaining("HSU-APL-002") });
  await place.hsu("down");
  expect(place.left()).toEqual([]);
}, 60_000);

it("a config of several files is validated, planned, applied, reloaded and kept as one", async () => {
  const entry = (id: string, seconds: number) => ({ id, management: { control: { executable: "sleep", arguments: [String(seconds)] } } });
  const put = (file: string, content: object) => writeFileSync(join(place.folder, file), JSON.stringify(content));
  put("hsu.yaml", { include: ["conf.d/*.yaml"], managed_processes: [entry("own", 600)] });
  mkdirSync(join(place.folder, "conf.d"));
  put("conf.d/a.yaml", { managed_processes: [entry("a", 600)] });
  expect((await place.hsu("validate")).out).toContain("valid, 2 units");
  await place.hsu("up", "-d");
  const before = await pids();
  put("conf.d/b.yaml", { managed_processes: [entry("b", 600)] });
  process.kill((await place.status()).pid, "SIGHUP");
  await until("it has read its files again", pids, (seen) => Object.keys(seen).length === 3);
  expect(await pids()).toMatchObject(before);
  put("conf.d/a.yaml", { managed_processes: [entry("a", 601), entry("own", 1)] });
  expect(await place.hsu("apply")).toMatchObject({
    code: 2,
    err: expect.stringMatching(/conf\.d\/a\.yaml:1:\d+: error HSU-CFG-012: .*\n[^]*hsu\.yaml:1:\d+/),
  });
  put("conf.d/a.yaml", { managed_processes: [] });
  expect((await place.hsu("plan")).out).toContain("remove");
  expect((await place.hsu("apply")).out).toContain("applied as revision 3");
  // What the files say now is of no importance to a revision.
  expect((await place.hsu("rollback", "2")).code).toBe(0);
  expect(Object.keys(await pids())).toEqual(["own", "a", "b"]);
  await place.hsu("down");
}, 60_000);

it("of a large file only what has changed is read and sent, and all of it where more may depend on that", async () => {
  const file = join(place.folder, "hsu.yaml");
  const put = (seconds: number, text = (all: string): string => all) => {
    const entry = (index: number): string => `  - id: unit-${index}
    enabled: ${index < 2}
    management:
      control:
        executable: sleep
        arguments: ["${index === 1 ? seconds : 600}"]
      restart_policy: { strategy: always, restart_delay: 100ms }
`;
    writeFileSync(file, text(`managed_processes:\n${Array.from({ length: 700 }, (_, index) => entry(index)).join("")}`));
  };
  const last = ({ out }: { readonly out: string }): string | undefined => out.trimEnd().split("\n").at(-1);
  put(600);
  // How it was written is no part of what it says.
  expect((await place.hsu("validate", "-o", "json")).out).not.toContain("marks");
  await place.hsu("up", "-d");
  const before = await pids();
  put(601);
  expect(last(await place.hsu("plan"))).toBe("1 restarted, 699 untouched");
  expect(last(await place.hsu("apply"))).toBe("applied as revision 2: 1 restarted, 699 untouched");
  const after = await pids();
  expect(after["unit-0"]).toBe(before["unit-0"]);
  expect(after["unit-1"]).not.toBe(before["unit-1"]);
  expect((await place.hsu("diff", "1")).out).toContain('arguments: ["600"] → ["601"]');
  expect(last(await place.hsu("apply"))).toContain("no changes");
  put(602, (all) => all.replace("unit-699", "unit-last"));
  expect(last(await place.hsu("apply"))).toBe("applied as revision 3: 1 added, 1 removed, 1 restarted, 698 untouched");
  put(603, (all) => all.replace("unit-699", "unit-1"));
  expect(await place.hsu("apply")).toMatchObject({ code: 2, err: expect.stringContaining("HSU-CFG-012") });
  await place.hsu("down");
  expect(place.left()).toEqual([]);
}, 60_000);
