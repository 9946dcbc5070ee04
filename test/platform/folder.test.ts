import { existsSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { makeFolder } from "../../src/platform/Folder.ts";

const place = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "hsu-folder-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
};

it("makes those above as well, with the mode, and leaves what is there", () => {
  const folder = place();
  const deep = join(folder, "a/b/c");
  makeFolder(deep, 0o700);
  makeFolder(deep, 0o755);
  for (const each of ["a", "a/b", "a/b/c"]) expect(statSync(join(folder, each)).mode & 0o777).toBe(0o700);
  symlinkSync(deep, join(folder, "link"));
  makeFolder(join(folder, "link"));
  makeFolder(join(folder, "link/d"));
  expect(existsSync(join(deep, "d"))).toBe(true);
});

it("says what is in its way", () => {
  const folder = place();
  writeFileSync(join(folder, "file"), "");
  expect(() => makeFolder(join(folder, "file"))).toThrow("EEXIST");
  expect(() => makeFolder(join(folder, "file/below"))).toThrow("ENOTDIR");
  symlinkSync(join(folder, "nowhere"), join(folder, "dangling"));
  expect(() => makeFolder(join(folder, "dangling"))).toThrow("EEXIST");
});

it.skipIf(process.platform !== "linux")("where a folder is there and nothing can be made in it, it comes back", () => {
  expect(() => makeFolder("/proc/hsu/state")).toThrow("ENOENT");
});
