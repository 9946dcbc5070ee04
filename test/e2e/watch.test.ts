/** A master that applies its files as they are saved. */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Home, home, until } from "./program.ts";

let place: Home;
beforeEach(() => {
  place = home();
});
afterEach(() => place.clean());

const entry = (id: string, seconds: number, more = {}) => ({
  id,
  management: { control: { executable: "sleep", arguments: [String(seconds)], ...more } },
});
/** As editors do it: another file takes its place. */
const save = (file: string, text: string): void => {
  writeFileSync(join(place.folder, `${file}.tmp~`), text);
  renameSync(join(place.folder, `${file}.tmp~`), join(place.folder, file));
};
const units = async () => Object.fromEntries((await place.status()).units.map(({ id, pid }) => [id, pid]));
const revisions = async () =>
  JSON.parse((await place.hsu("history", "-o", "json")).out) as ReadonlyArray<{ readonly how: string; readonly summary: string }>;

it("a saved file, what it includes and its variables are applied as SIGHUP does; one that is broken is an event, and all runs on", async () => {
  const config = (...own: ReadonlyArray<object>) =>
    JSON.stringify({ process_manager: { watch: true }, include: ["conf.d/*.yaml"], managed_processes: own });
  mkdirSync(join(place.folder, "conf.d"));
  writeFileSync(join(place.folder, "web.env"), "A=1\n");
  save("hsu.yaml", config(entry("web", 600, { env_file: "web.env" }), entry("same", 600)));
  await place.hsu("up", "-d");
  const { same, web } = await units();

  save("hsu.yaml", config(entry("web", 600, { env_file: "web.env" }), entry("same", 600), entry("new", 600)));
  await until("the file is applied", units, (seen) => "new" in seen);
  save("conf.d/a.yaml", JSON.stringify({ managed_processes: [entry("a", 600)] }));
  await until("a new file is taken in", units, (seen) => "a" in seen);
  expect(await units()).toMatchObject({ same, web });
  writeFileSync(join(place.folder, "web.env"), "A=2\n");
  const changed = await until("its variables are", units, (seen) => seen["web"] !== web && seen["web"] !== null);
  expect(changed["same"]).toBe(same);

  save("conf.d/a.yaml", "managed_processes: [{id: a, managment: {}}]\n");
  const events = async () => (await place.hsu("events")).out;
  await until("it is told", events, (out) => /watch: not applied: .*conf\.d\/a\.yaml:1:29: unknown key/.test(out));
  expect(await units()).toEqual(changed);
  // What is right again, and is as it was, changes nothing.
  save("conf.d/a.yaml", JSON.stringify({ managed_processes: [entry("a", 600), entry("b", 600)] }));
  await until("it is right again", units, (seen) => "b" in seen);
  expect(await units()).toMatchObject(changed);
  expect((await revisions()).map(({ how, summary }) => `${how} ${summary}`)).toEqual([
    "start ",
    "watch 1 added, 2 untouched",
    "watch 1 added, 3 untouched",
    "watch 1 restarted, 3 untouched",
    "watch 1 added, 4 untouched",
  ]);
  await place.hsu("down");
  expect(place.left()).toEqual([]);
}, 60_000);
