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

const write = (schedule: unknown, ...flags: ReadonlyArray<string>): void =>
  writeFileSync(
    join(place.folder, "hsu.yaml"),
    JSON.stringify({
      managed_processes: [
        {
          id: "job",
          management: { control: { executable: process.execPath, arguments: [misbehave, "--announce", "runs", ...flags], schedule } },
        },
      ],
    }),
  );
const runs = (): number =>
  existsSync(join(place.folder, "runs")) ? readFileSync(join(place.folder, "runs"), "utf8").trim().split("\n").length : 0;
const job = async () => (await place.status()).units[0];
const up = async () => expect(await place.hsu("up", "-d")).toMatchObject({ code: 0, err: "" });

it("runs again and again, says when next, and is as it should be while it waits", async () => {
  write({ every: "1s" }, "--run-ms", "1");
  await up();
  await until("three runs", runs, (count) => count >= 3);
  await until("it waits", job, (unit) => unit?.state === "waiting" && unit.nextStartAt !== null && unit.lastExit?.code === 0);
  expect(await place.hsu("down")).toMatchObject({ code: 0 });

  write("@yearly");
  await up();
  const { code, out } = await place.hsu("status");
  expect(code).toBe(0);
  expect(out).toMatch(/job .*waiting .*next start in \d+d\d\dh/);
  // A schedule suspends and goes on by hand.
  await place.hsu("stop", "job");
  expect(await job()).toMatchObject({ state: "stopped", nextStartAt: null });
  expect(await place.hsu("start", "job")).toMatchObject({ code: 0 });
  expect(await job()).toMatchObject({ state: "running" });
});

it("a schedule outlives its master: the run goes on, the next one is on time, and what was missed is made up for", async () => {
  write({ every: "2s", catch_up: true });
  await up();
  const { pid } = (await until("it runs", job, (unit) => unit?.state === "running"))!;
  const nextStartAt = (await job())!.nextStartAt!;
  await place.killMaster();
  await up();
  const later = (await job())!;
  expect(later).toMatchObject({ state: "running", pid });
  // On the same grid, whatever of it has passed in between.
  expect((later.nextStartAt! - nextStartAt) % 2000).toBe(0);
  expect(runs()).toBe(1);
  expect(await place.hsu("down")).toMatchObject({ code: 0 });

  await until(
    "a run is missed",
    () => Date.now(),
    (now) => now > later.nextStartAt! + 2000,
  );
  await up();
  const { nextStartAt: after } = (await until("it is made up for", job, (unit) => unit?.state === "running"))!;
  expect((after! - nextStartAt) % 2000).toBe(0);
  await until("it has told so", runs, (count) => count === 2);
});
