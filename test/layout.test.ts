import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";

/** What a visitor of the repository sees. Whatever a tool needs besides is a dotfile or lies inside of one of these. */
const visible = new Set([
  "CHANGELOG.md",
  "LICENSE",
  "README.md",
  "bench",
  "docs",
  "examples",
  "package-lock.json",
  "package.json",
  "proto",
  "src",
  "test",
  "tsconfig.json",
]);

const tracked = (): ReadonlyArray<string> => execFileSync("git", ["ls-files", "-z"], { encoding: "utf8" }).split("\0").filter(Boolean);

it("the top of the repository shows only what it is known for", () => {
  const top = new Set(tracked().map((file) => file.split("/")[0] ?? ""));
  expect([...top].filter((name) => !name.startsWith(".") && !visible.has(name))).toEqual([]);
});

it("nothing that a build or a test makes is tracked", () => {
  expect(tracked().filter((file) => /(^|\/)(node_modules|dist|coverage|\.cache|__snapshots__)\//.test(file))).toEqual([]);
});
