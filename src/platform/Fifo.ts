/**
 * Named pipes, which Node makes none of.
 */
import { execFileSync } from "node:child_process";

/** Of this user alone. Throws. */
export const makeFifo = (path: string): void => void execFileSync("mkfifo", ["-m", "600", path], { stdio: "ignore" });
