/**
 * What an import sees beside the files that it reads.
 */
import { readdirSync } from "node:fs";
import { hostname } from "node:os";
import type { World } from "../config/import/index.ts";
import { textOf } from "../config/ReadText.ts";

const orNull = <A>(read: () => A): A | null => {
  try {
    return read();
  } catch {
    // Whoever asks wants to know only whether it is there.
    return null;
  }
};

/** For a config in this folder. */
export const worldOf = (folder: string): World => ({
  folder,
  readFile: (path) => orNull(() => textOf(path)),
  list: (path) => orNull(() => readdirSync(path).sort()) ?? [],
  hostname: hostname(),
});
