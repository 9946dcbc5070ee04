/**
 * Files that are open, whatever has become of their names.
 */
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";

/** A path that leads to an open file of this process, also when it has been removed; where there is no such path, `name`. */
export const pathOfDescriptor = (descriptor: number, name: string): string =>
  process.platform === "linux" ? `/proc/${process.pid}/fd/${descriptor}` : name;

/** util-linux: Node has no call for it, and a library that has costs each master 10 MB. */
const tool = "fallocate";
/** Keep its size, and punch a hole. */
const flags = 3;
/** So much is worth starting a program for; and a call. */
const programBytes = 64 * 1024 * 1024;
const callBytes = 4 * 1024 * 1024;

const byProgram = (fd: number, length: number): Promise<void> =>
  new Promise((resolve) => {
    const words = ["--punch-hole", "--offset", "0", "--length", String(length), "/proc/self/fd/3"];
    const child = spawn(tool, words, { stdio: ["ignore", "ignore", "ignore", fd] });
    child.on("error", () => resolve());
    child.on("exit", () => resolve());
  });

const byCall = async (fd: number, length: number): Promise<void> => {
  const { libc } = await import("./linux/Libc.ts");
  const { fallocateLater } = await libc();
  await new Promise<void>((resolve) => fallocateLater(fd, flags, 0, length, () => resolve()));
};

/**
 * Gives the first `length` bytes of a file back to the file system, while others append to it: they read as zeros from now on. Where system or file
 * system cannot do that, the file stays as it is. `often`: it is done again and again, and the library is worth its memory. How many further bytes are
 * worth the next time then.
 */
export const punchHole = async (path: string, length: number, often: boolean): Promise<number> => {
  if (process.platform !== "linux") return Number.POSITIVE_INFINITY;
  let fd: number | undefined;
  try {
    // One of its own, at once: the caller's number may be another file's by the time that somebody is at it.
    fd = openSync(path, "r+");
    if (!often) return await byProgram(fd, length).then(() => callBytes);
    return await byCall(fd, length).then(() => callBytes);
  } catch {
    // The file is gone, or there is no library for this machine.
    if (fd !== undefined) await byProgram(fd, length);
    return programBytes;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
};
