/** Builds the program once a run: what the tests of the program start is what its users start. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** The path of `hsu.mjs`. */
    readonly builtProgram: string;
  }
}

export default (project: TestProject): (() => void) => {
  // Inside of the repository, where its native dependencies are found.
  mkdirSync(".cache", { recursive: true });
  const dist = resolve(mkdtempSync(".cache/built-"));
  execFileSync(process.execPath, [".config/build.mjs", "bin"], { env: { ...process.env, HSU_DIST: dist }, stdio: "pipe" });
  project.provide("builtProgram", join(dist, "bin/hsu.mjs"));
  return () => rmSync(dist, { recursive: true, force: true });
};
