/**
 * Files that are open, whatever has become of their names.
 */
import { spawn } from "node:child_process";

/** A path that leads to an open file of this process, also when it has been removed; where there is no such path, `name`. */
export const pathOfDescriptor = (descriptor: number, name: string): string =>
  process.platform === "linux" ? `/proc/${process.pid}/fd/${descriptor}` : name;

/** util-linux: Node has no call for it, and a library that has costs each master 10 MB. */
const tool = "fallocate";

/**
 * Gives the first `length` bytes of a file back to the file system, while others append to it: they read as zeros from now on. Where system or file
 * system cannot do that, the file stays as it is.
 */
export const punchHole = (path: string, length: number): Promise<void> =>
  new Promise((resolve) => {
    const child = spawn(tool, ["--punch-hole", "--offset", "0", "--length", String(length), path], { stdio: "ignore" });
    child.on("error", () => resolve());
    child.on("exit", () => resolve());
  });
