/**
 * The processes that carry a mark in their environment: all that were started with it and still run, whoever their parent is now.
 */
import { readdirSync, readFileSync } from "node:fs";

export const marked = (mark: string): ReadonlyArray<number> =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(mark);
      } catch {
        // It ended while we looked.
        return false;
      }
    })
    .map(Number);
