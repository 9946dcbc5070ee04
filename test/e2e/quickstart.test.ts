import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { freePort, type Home, home, until } from "./program.ts";

let place: Home;
beforeEach(async () => {
  place = home("examples/quickstart");
  const file = join(place.folder, "hsu.yaml");
  // The example's own port may be taken here; and no crash by chance may be mistaken for one of ours.
  const port = String(await freePort());
  writeFileSync(
    file,
    readFileSync(file, "utf8")
      .replaceAll("27315", port)
      .replace(/CRASH_CHANCE: "[\d.]+"/, 'CRASH_CHANCE: "0"'),
  );
});
afterEach(() => place.clean());

const ids = ["server", "client", "worker", "slow-start", "stubborn"];

it("the quickstart: each unit comes back after kill -9, status counts it, and Ctrl-C leaves nobody", async () => {
  const up = place.start("up", "hsu.yaml");
  await until("all run", place.status, ({ units }) => units.length === 5 && units.every(({ state }) => state === "running"));
  for (const id of ids) {
    const before = (await place.status()).units.find((unit) => unit.id === id)!;
    process.kill(before.pid!, "SIGKILL");
    await until(
      `${id} comes back`,
      async () => (await place.status()).units,
      (units) => {
        const after = units.find((unit) => unit.id === id)!;
        return (
          after.pid !== null &&
          after.pid !== before.pid &&
          after.restarts > before.restarts &&
          units.every(({ state }) => state === "running")
        );
      },
    );
  }
  const counted = (await place.status()).units.map(({ id, restarts }) => [id, restarts]);
  // The client stands on the server: it was restarted with it, and once for itself.
  expect(Object.fromEntries(counted)).toEqual({ server: 1, client: 2, worker: 1, "slow-start": 1, stubborn: 1 });

  expect(place.left().length).toBeGreaterThanOrEqual(6);
  up.child.kill("SIGINT");
  const { code, err, out } = await up.ended;
  expect({ code, err }).toEqual({ code: 0, err: "stopping all units; a second signal kills what is left\n" });
  expect(out).toMatch(/units\/workers\/stubborn {2}stopped: it still ran 2 s after SIGTERM \(signal SIGKILL\)/);
  expect(place.left()).toEqual([]);
  expect(existsSync(join(place.folder, "run/master.sock"))).toBe(false);
}, 60_000);

it("a second Ctrl-C does not wait for who ignores the first", async () => {
  const file = join(place.folder, "hsu.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replace('shutdown_timeout: "2s"', 'shutdown_timeout: "1h"').replace('"15s"', '"1h"'));
  const up = place.start("up", "hsu.yaml");
  await until("all run", place.status, ({ units }) => units.every(({ state }) => state === "running"));
  await until(
    "stubborn ignores SIGTERM",
    () => place.hsu("logs", "stubborn"),
    ({ out }) => out !== "",
  );
  up.child.kill("SIGINT");
  await until("it is being stopped", up.out, (text) => text.includes("units/workers/stubborn  stopping"));
  // A terminal and npm may both pass one Ctrl-C on: within 300 ms two count as one.
  await new Promise((done) => setTimeout(done, 400));
  up.child.kill("SIGINT");
  expect((await up.ended).code).toBe(130);
  expect(place.left()).toEqual([]);
}, 60_000);
