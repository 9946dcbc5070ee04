/**
 * Names for starts that no other start on this machine has.
 */
import { readFileSync } from "node:fs";

/** From the kernel where it gives some: `crypto.randomUUID` loads all of OpenSSL, two megabytes that nothing else needs. */
const randomId = (): string => {
  try {
    return readFileSync("/proc/sys/kernel/random/uuid", "latin1").trim();
  } catch {
    return crypto.randomUUID();
  }
};

let base: string | undefined;
let count = 0;

/** A name for one start: the random part is this program's, the number after it is the start's. */
export const newInvocation = (): string => `${(base ??= randomId())}-${(++count).toString(36)}`;
