/**
 * The least that a restart can cost, in C and in bare Node: whoever learns of an end starts the same again, and does nothing else.
 */
import { execFileSync, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Tool } from "./tools.ts";

const inNode = `
const { spawn } = require("node:child_process");
const run = ([program, ...args]) => spawn(program, args, { stdio: "ignore" }).on("exit", () => run([program, ...args]));
require("node:fs").readFileSync(process.argv[1], "utf8").trim().split("\\n").forEach((line) => run(line.split(" ")));
`;

const floor = (name: string, command: (list: string) => ReadonlyArray<string>): Tool => ({
  name,
  missing: null,
  prepare: (folder, units) => writeFileSync(join(folder, "list"), units.map((unit) => `${unit.command.join(" ")}\n`).join("")),
  start: async (folder) => {
    const [program = "", ...args] = command(join(folder, "list"));
    const child = spawn(program, args, { stdio: "ignore", detached: true });
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    return { root: child.pid ?? 0, stop: () => void child.kill("SIGKILL"), ended };
  },
});

/** Compiles the one in C into the folder. */
export const floors = (folder: string): ReadonlyArray<Tool> => {
  const program = join(folder, "floor");
  execFileSync("cc", ["-O2", "-o", program, fileURLToPath(new URL("floor.c", import.meta.url))]);
  return [floor("floor in C", (list) => [program, list]), floor("floor in bare Node", (list) => [process.execPath, "-e", inNode, list])];
};
