import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { until } from "../e2e/program.ts";
import { type FileWatch, watchFiles } from "../../src/platform/FileWatch.ts";

let folder = "";
let watch: FileWatch;
let told = 0;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hsu-files-"));
  told = 0;
  watch = watchFiles(() => void told++);
});
afterEach(() => {
  watch.close();
  rmSync(folder, { recursive: true, force: true });
});
const at = (name: string): string => join(folder, name);
const tells = async (times: number) =>
  expect(
    await until(
      "it is told",
      () => told,
      (seen) => seen >= times,
    ),
  ).toBe(times);

it("tells of what is written, put in its place, removed, made, and of a name in a folder; once each", async () => {
  mkdirSync(at("d"));
  writeFileSync(at("a"), "1");
  watch.follow([at("a"), at("d"), at("none/x")]);
  writeFileSync(at("a"), "12");
  // What has changed before it begins counts as well.
  watch.start();
  await tells(1);
  writeFileSync(at("a.new"), "3");
  renameSync(at("a.new"), at("a"));
  await tells(2);
  writeFileSync(at("d/b"), "");
  await tells(3);
  rmSync(at("a"));
  await tells(4);
  mkdirSync(at("none"));
  writeFileSync(at("none/x"), "");
  await tells(5);
  rmSync(at("none"), { recursive: true });
  await tells(6);
  mkdirSync(at("none"));
  writeFileSync(at("none/x"), "again");
  await tells(7);
});

it("tells of a link that leads elsewhere, as of mounted volumes, and not of another file beside it", async () => {
  for (const version of ["v1", "v2"]) {
    mkdirSync(at(version));
    writeFileSync(at(`${version}/a`), version);
  }
  symlinkSync("v1", at("data"));
  symlinkSync("data/a", at("a"));
  watch.follow([at("a")]);
  watch.start();
  for (let index = 0; index < 20; index++) writeFileSync(at("log"), String(index));
  symlinkSync("v2", at("data.new"));
  renameSync(at("data.new"), at("data"));
  await tells(1);
  writeFileSync(at("v2/a"), "changed");
  await tells(2);
});
