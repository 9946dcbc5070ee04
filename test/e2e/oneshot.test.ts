import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Home, home, until } from "./program.ts";

const misbehave = resolve("test/programs/misbehave.mjs");

let place: Home;
beforeEach(() => {
  place = home();
});
afterEach(() => place.clean());

const write = (...flags: ReadonlyArray<string>): void =>
  writeFileSync(
    join(place.folder, "hsu.yaml"),
    JSON.stringify({
      managed_processes: [
        {
          id: "migrate",
          management: {
            control: { executable: process.execPath, arguments: [misbehave, "--announce", "runs", ...flags], start: "oneshot" },
            restart_policy: { strategy: "on_failure", restart_delay: "10ms" },
          },
        },
      ],
    }),
  );
const runs = (): number =>
  existsSync(join(place.folder, "runs")) ? readFileSync(join(place.folder, "runs"), "utf8").trim().split("\n").length : 0;
const migrate = async () => (await place.status()).units[0];

it("what is completed is not run again by the next master, unless the config says otherwise; after an orderly end it is", async () => {
  write("--run-ms", "1");
  expect(await place.hsu("up", "-d")).toMatchObject({ code: 0 });
  expect(await migrate()).toMatchObject({ state: "completed" });
  await place.killMaster();

  expect(await place.hsu("up", "-d")).toMatchObject({ code: 0 });
  expect(await migrate()).toMatchObject({ state: "completed", lastExit: { code: 0 } });
  expect(runs()).toBe(1);
  expect(await place.hsu("status")).toMatchObject({ code: 0 });
  await place.killMaster();

  write("--run-ms", "2");
  expect(await place.hsu("up", "-d")).toMatchObject({ code: 0 });
  expect(await migrate()).toMatchObject({ state: "completed" });
  expect(runs()).toBe(2);

  expect(await place.hsu("down")).toMatchObject({ code: 0 });
  expect(await place.hsu("up", "-d")).toMatchObject({ code: 0 });
  expect(runs()).toBe(3);
});

it("one that ran while its master was killed is waited for by the next one; an end that nobody saw is no success, and it is run again", async () => {
  write();
  const master = place.start("up");
  const { pid } = (await until("it runs", migrate, (unit) => unit?.state === "starting" && unit.pid !== null))!;
  await place.killMaster();
  await master.ended;

  const next = place.start("up");
  await until("it goes on", migrate, (unit) => unit?.state === "starting" && unit.pid === pid);
  expect(runs()).toBe(1);
  process.kill(pid!, "SIGTERM");
  await until("it is run again", migrate, (unit) => unit?.state === "starting" && unit.pid !== null && unit.pid !== pid);
  await until("it has told so", runs, (count) => count === 2);
  next.child.kill("SIGTERM");
  expect(await next.ended).toMatchObject({ code: 0 });
  expect(place.left()).toEqual([]);
});
