/**
 * Files that are open, whatever has become of their names.
 */
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";

/** A path that leads to an open file of this process, also when it has been removed; where there is no such path, `name`. */
export const pathOfDescriptor = (descriptor: number, name: string): string =>
  process.platform === "linux" ? `/proc/${process.pid}/fd/${descriptor}` : name;

/** util-linux: Node has no call for it, and a library that has costs each master 10 MB, and was no faster. */
const tool = "fallocate";

const byProgram = (fd: number, length: number): Promise<void> =>
  new Promise((resolve) => {
    const words = ["--punch-hole", "--offset", "0", "--length", String(length), "/proc/self/fd/3"];
    const child = spawn(tool, words, { stdio: ["ignore", "ignore", "ignore", fd] });
    child.on("error", () => resolve());
    child.on("exit", () => resolve());
  });

/**
 * Gives the first `length` bytes of a file back to the file system, while others append to it: they read as zeros from now on. Where system or file
 * system cannot do that, the file stays as it is.
 */
export const punchHole = async (path: string, length: number): Promise<void> => {
  if (process.platform !== "linux") return;
  let fd: number | undefined;
  try {
    // One of its own, at once: the caller's number may be another file's by the time that somebody is at it.
    fd = openSync(path, "r+");
    await byProgram(fd, length);
  } catch {
    // The file is gone.
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
};
