/** Python 3, for the tests that need a program which can write a datagram; without it they are skipped. */
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";

const found = spawnSync("python3", ["-c", "import sys; print(sys.executable)"], { encoding: "utf8" });

/** The interpreter itself: a version manager's wrapper would be another process. */
export const python = found.status === 0 ? found.stdout.trim() : null;

/** A unit that tells its state, step by step; see there. */
export const notifier = resolve("test/programs/notifier.py");
