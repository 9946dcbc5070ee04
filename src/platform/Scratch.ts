/**
 * A file without a name, for what a command prints: in memory where the system has such a place, so that a full disk makes no command fail.
 */
import { closeSync, fstatSync, openSync, readSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { newInvocation } from "./Invocation.ts";

export interface Scratch {
  readonly descriptor: number;
  /** The last of what is in it, at most so many bytes. */
  readonly tail: (bytes: number) => string;
  readonly close: () => void;
}

const memory = "/dev/shm";

const openIn = (folder: string): number | null => {
  const path = join(folder, `hsu-${newInvocation()}`);
  try {
    const fd = openSync(path, "ax+", 0o600);
    unlinkSync(path);
    return fd;
  } catch {
    // No room, or no such place: the next one, or none, will do.
    return null;
  }
};

/** Null where there is no room for one. */
export const openScratch = (folder: string): Scratch | null => {
  const descriptor = openIn(memory) ?? openIn(folder);
  if (descriptor === null) return null;
  return {
    descriptor,
    tail: (bytes) => {
      const { size } = fstatSync(descriptor);
      const buffer = Buffer.alloc(Math.min(bytes, size));
      return buffer.subarray(0, readSync(descriptor, buffer, 0, buffer.length, size - buffer.length)).toString();
    },
    close: () => closeSync(descriptor),
  };
};
