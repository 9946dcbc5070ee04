/** Module units under the built program, in a project that has a copy of `hsu` of its own, as those of users do. */
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { type Home, home, until } from "./program.ts";

let dist: string;
let place: Home;
beforeAll(() => {
  dist = mkdtempSync(join(tmpdir(), "hsu-dist-"));
  execFileSync(process.execPath, [".config/build.mjs", "lib", "bin"], { env: { ...process.env, HSU_DIST: dist }, stdio: "pipe" });
}, 120_000);
afterAll(() => rmSync(dist, { recursive: true, force: true }));

beforeEach(() => {
  place = home("examples/module-unit", join(dist, "bin/hsu.mjs"));
  const packages = join(place.folder, "node_modules");
  mkdirSync(join(packages, "hsu/dist"), { recursive: true });
  cpSync("package.json", join(packages, "hsu/package.json"));
  cpSync(join(dist, "lib"), join(packages, "hsu/dist/lib"), { recursive: true });
  symlinkSync(realpathSync(resolve("node_modules/effect")), join(packages, "effect"));
  writeFileSync(join(place.folder, "package.json"), '{ "type": "module" }');
  edit("cleaner.ts", (text) => text.replace("../../src/actor/index.ts", "hsu"));
  edit("hsu.yaml", (text) => text.replaceAll("/tmp/hsu-module-example", place.folder));
});
afterEach(() => place.clean());

const edit = (name: string, change: (text: string) => string): void => {
  const file = join(place.folder, name);
  writeFileSync(file, change(readFileSync(file, "utf8")));
};
const unit = async (id: string) => (await place.status()).units.find((each) => each.id === id)!;
const logs = (id: string) => async () => (await place.hsu("logs", id)).out;

it("an actor of a module, made with another copy of hsu than the program's, runs in the master and on a thread", async () => {
  expect(await place.hsu("up", "-d", "hsu.yaml")).toMatchObject({ code: 0, err: "" });
  for (const id of ["inside", "thread"]) {
    expect(await unit(id)).toMatchObject({ kind: "module", state: "running", pid: null, restarts: 0, ready: true });
    const folder = join(place.folder, id);
    await until(`${id} has begun`, logs(id), (text) => text.includes(`cleaning ${folder}`));
    const old = join(folder, "old");
    writeFileSync(old, "");
    writeFileSync(join(folder, "new"), "");
    utimesSync(old, 0, 0);
    await until(`${id} has removed it`, logs(id), (text) => text.includes("removed 1"));
    expect(existsSync(old)).toBe(false);

    // A crash of it: its folder is gone.
    rmSync(folder, { recursive: true });
    await until(
      `${id} has come back`,
      () => unit(id),
      ({ restarts, state }) => restarts === 1 && state === "running",
    );
    expect(await unit(id)).toMatchObject({ lastExit: { code: 1 } });
    expect(await logs(id)()).toContain("ENOENT");

    expect(await place.hsu("restart", id)).toMatchObject({ code: 0 });
    expect(await place.hsu("stop", id)).toMatchObject({ code: 0, out: `${id} stopped\n` });
    expect(await logs(id)()).toContain("removed 1 in all");
    expect((await place.hsu("signal", id, "HUP")).err).toContain("[HSU-UNM-001]");
    expect(await place.hsu("start", id)).toMatchObject({ code: 0 });
  }
  expect((await place.hsu("down")).code).toBe(0);
  expect(place.left()).toEqual([]);
}, 60_000);

it("a module that is not what it should be is a failed unit that says why; the rest runs, and a start by hand tries again", async () => {
  const broken = (id: string, control: string) => `  - { id: ${id}, type: module, management: { control: { ${control} } } }\n`;
  writeFileSync(join(place.folder, "other.mjs"), "export const text = 'a';\nexport default null;\n");
  writeFileSync(join(place.folder, "throws.mjs"), "throw new Error('not today');\n");
  const kinds = ["false", "true"].map((worker) => ({ worker, at: (id: string) => `${id}-${worker}` }));
  const units = kinds.flatMap(({ at, worker }) => [
    broken(at("absent"), `module: ./absent.mjs, worker: ${worker}`),
    broken(at("throws"), `module: ./throws.mjs, worker: ${worker}`),
    broken(at("no-export"), `module: ./cleaner.ts, export: cleaner, worker: ${worker}`),
    broken(at("no-actor"), `module: ./other.mjs, export: text, worker: ${worker}`),
    broken(at("config"), `module: ./cleaner.ts, config: 7, worker: ${worker}`),
  ]);
  edit("hsu.yaml", (text) => `${text}\n${units.join("")}`);
  expect(await place.hsu("up", "-d", "hsu.yaml")).toMatchObject({ code: 0 });
  for (const { at } of kinds) {
    const reasons = {
      absent: "there is no such file",
      throws: "cannot be imported: not today",
      "no-export": 'has no export "cleaner"; it exports default',
      "no-actor": 'the export "text" of the module',
    };
    for (const [id, reason] of Object.entries(reasons)) {
      const seen = await unit(at(id));
      expect(seen).toMatchObject({ state: "failed", restarts: 0, reason: expect.stringContaining(reason) });
    }
    // Its own refusal to start is a failure like any other, and tried again.
    expect((await unit(at("config"))).state).toMatch(/backoff|starting/);
    expect((await place.hsu("start", at("config"))).err).toContain("Expected object");
  }
  for (const id of ["inside", "thread"]) expect((await unit(id)).state).toBe("running");

  // What Node remembers of an import that has failed does not matter.
  writeFileSync(join(place.folder, "throws.mjs"), "export default 1;\n");
  for (const { at } of kinds) expect((await place.hsu("start", at("throws"))).err).toContain('the export "default" of the module');
  expect((await place.hsu("down")).code).toBe(0);
}, 60_000);
