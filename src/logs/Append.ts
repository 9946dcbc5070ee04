/**
 * Lines of what runs in this process, appended to a unit's output as a process of its own would do it.
 */
import { appendFileSync } from "node:fs";

/** Appends text; by name each time, so that a rotated file is left behind. What cannot be written is told once, and lost. */
export const appender = (path: string, unwritable: (reason: string) => void): ((text: string) => void) => {
  let told = false;
  return (text) => {
    try {
      appendFileSync(path, text, { mode: 0o600 });
      told = false;
    } catch (error) {
      if (!told) unwritable(`${path}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
      told = true;
    }
  };
};
