/**
 * What no manager can be faster than, on this machine at this moment: the unit by itself, writing into a file that nobody reads, and somebody who
 * only copies that file; and the least that a reader of a pipe can be, `cat` into a file.
 */
import { spawn, spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { warm } from "./warm.ts";

export interface Floor {
  /** Of the unit alone. */
  readonly seconds: number;
  /** Of the copying. */
  readonly cpuSeconds: number;
}

const piece = Buffer.alloc(64 * 1024);

export const floor = async (folder: string, writer: string, mode: string, lines: number): Promise<Floor> => {
  const own = mkdtempSync(join(folder, "floor-"));
  try {
    warm(own);
    const from = openSync(join(own, "alone"), "a+");
    const begun = performance.now();
    const unit = spawn(writer, [mode, String(lines)], { stdio: ["ignore", from, "ignore"] });
    await new Promise((resolve) => unit.on("exit", resolve));
    const seconds = (performance.now() - begun) / 1000;
    warm(own);
    const to = openSync(join(own, "copied"), "w");
    const before = process.cpuUsage();
    for (let at = 0, count = 1; count > 0; at += count) {
      count = readSync(from, piece, 0, piece.length, at);
      writeSync(to, piece, 0, count);
    }
    const { system, user } = process.cpuUsage(before);
    closeSync(from);
    closeSync(to);
    return { seconds, cpuSeconds: (system + user) / 1e6 };
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
};

/** `cat > file` behind the unit: all of the time, and the CPU of `cat`. */
export const throughCat = async (folder: string, writer: string, mode: string, lines: number): Promise<Floor> => {
  const own = mkdtempSync(join(folder, "cat-"));
  try {
    warm(own);
    const begun = performance.now();
    const command = `TIMEFORMAT='%U %S'; ${writer} ${mode} ${lines} | { time cat > ${join(own, "file")}; }`;
    const { stderr } = spawnSync("bash", ["-c", command], { encoding: "utf8", env: { ...process.env, LC_ALL: "C" } });
    const seconds = (performance.now() - begun) / 1000;
    const [user = 0, system = 0] = stderr.trim().split(" ").map(Number);
    return { seconds, cpuSeconds: user + system };
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
};
