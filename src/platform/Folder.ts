/**
 * A folder with those above it. Node's own way of it never comes back where the system says of one that it is there and of the next one that nothing is:
 * below /proc, and on some network file systems.
 */
import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

const codeOf = (error: unknown): unknown => (error as NodeJS.ErrnoException).code;

/** `mode` is that of each folder that is made; one that is there is left as it is. Throws what `mkdir` says. */
export const makeFolder = (path: string, mode = 0o777): void => {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if (codeOf(error) === "ENOENT" && dirname(path) !== path) {
      makeFolder(dirname(path), mode);
      try {
        return mkdirSync(path, { mode });
      } catch (again) {
        // Somebody else has made it in between.
        if (codeOf(again) !== "EEXIST") throw again;
      }
    }
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
};
