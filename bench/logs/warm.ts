/**
 * Memory that a virtual machine has given back to its host is slow when it is first written again: 2 s of system time a GiB where it was measured,
 * for whichever program comes first, and four times what the writing itself takes.
 */
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

const bytes = 2560 * 1024 * 1024;
const block = Buffer.alloc(1024 * 1024, "x");

/** Has the next files of this folder written to memory that was in use just before. */
export const warm = (folder: string): void => {
  const path = join(folder, "warm");
  const file = openSync(path, "w");
  for (let done = 0; done < bytes; done += block.length) writeSync(file, block);
  closeSync(file);
  rmSync(path);
};
