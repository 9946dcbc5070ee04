/** A full disk: on a small file system of its own, which only root can mount. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { until } from "../e2e/program.ts";
import { collectedUnit, logsSpec, newFolder, numberedLines, numbersOf } from "./collecting.ts";

/** Why not, where it cannot be mounted. */
const mounted = (folder: string, size: string): string | undefined => {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder], { stdio: "pipe" });
    onTestFinished(() => void execFileSync("umount", [folder]));
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
};

it("a disk that is full: the unit writes on, it is told once, and no line is missing when there is room again", async ({ skip }) => {
  const folder = newFolder();
  const small = join(folder, "small");
  mkdirSync(small);
  const problem = mounted(small, "1m");
  if (problem !== undefined) skip(`no small file system can be mounted: ${problem.split("\n")[0]}`);
  const ballast = join(small, "ballast");
  writeFileSync(ballast, Buffer.alloc(600_000));
  const log = join(small, "out.log");
  const unit = collectedUnit(logsSpec({ path: log, rotation: { maxBytes: 10_000_000 } }), folder);
  for (let from = 1; from <= 40_000; from += 4000) {
    unit.write(numberedLines(from, from + 3999));
    await unit.settled();
  }
  await until(
    "it is told",
    () => unit.notices,
    (notices) => notices.length > 0,
  );
  expect(unit.notices[0]).toContain("its stdout cannot be taken over (ENOSPC)");
  unit.write(numberedLines(40_001, 40_010));
  expect(statSync(unit.path()).size).toBe(40_010 * 20);
  rmSync(ballast);
  await until(
    "it goes on",
    () => unit.notices.length,
    (count) => count === 2,
  );
  await unit.settled();
  expect(numbersOf(readFileSync(log, "utf8"))).toEqual(Array.from({ length: 40_010 }, (_, at) => at + 1));
  await unit.collector.close();
});
