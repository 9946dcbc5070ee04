import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Home, home, until } from "./program.ts";

let place: Home;
beforeEach(() => {
  place = home();
});
afterEach(() => place.clean());

it("hsu init && hsu up, in a folder with a Procfile, a package.json and a docker-compose.yml", async () => {
  const write = (name: string, text: string): void => writeFileSync(join(place.folder, name), text);
  write("Procfile", "web: sleep 1000\nworker: while :; do echo tick; sleep 1; done\n");
  write("package.json", '{ "name": "shop", "scripts": { "start": "sleep 1000" } }');
  write("docker-compose.yml", "services:\n  db:\n    image: postgres\n  queue:\n    command: sleep 1000\n    restart: always\n");
  const init = await place.hsu("init");
  expect(init).toMatchObject({ code: 0, out: "hsu.yaml: 3 units of Procfile and docker-compose.yml\n" });
  expect(init.err).toContain("docker-compose.yml:2:3: warning HSU-IMP-103: db is left out: it has no command");
  expect(await place.hsu("up", "-d")).toMatchObject({ code: 0 });
  const { units } = await until("they run", place.status, (status) => status.units.every(({ state }) => state === "running"));
  expect(units.map(({ id }) => id)).toEqual(["web", "worker", "queue"]);
  await until(
    "it ticks",
    () => place.hsu("logs", "worker"),
    ({ out }) => out.includes("tick"),
  );
  const before = readFileSync(join(place.folder, "hsu.yaml"), "utf8");
  expect(await place.hsu("init")).toMatchObject({ code: 1, err: expect.stringContaining("HSU-CLI-010") });
  expect(readFileSync(join(place.folder, "hsu.yaml"), "utf8")).toBe(before);
  expect(await place.hsu("down")).toMatchObject({ code: 0 });
  expect(place.left()).toEqual([]);
});
