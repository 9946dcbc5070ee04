/**
 * A folder with those above it. Node's own way of it never comes back where the system says of one that it is there and of the next one that nothing is:
 * below /proc, and on some network file systems.
 */
import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

const at = (path: string) => statSync(path, { throwIfNoEntry: false });

/** `mode` is that of each folder that is made; one that is there is left as it is. Throws what `mkdir` says. */
export const makeFolder = (path: string, mode = 0o777): void => {
  // To look first is cheaper than to be refused: an error takes ten times as long.
  if (at(path)?.isDirectory() === true) return;
  const above = dirname(path);
  if (above !== path && at(above) === undefined) makeFolder(above, mode);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    // Somebody else may have made it in between.
    if (at(path)?.isDirectory() !== true) throw error;
  }
};
