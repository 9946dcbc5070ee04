/**
 * A process that nobody under the master has started, for units that find it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { resolve } from "node:path";

export interface Outsider {
  readonly pid: number;
  readonly child: ChildProcess;
  readonly ended: Promise<string | number | null>;
  readonly runs: () => boolean;
  /** All that it has printed. */
  readonly said: () => string;
}

const all: Array<ChildProcess> = [];

/** The program that misbehaves, once it has printed `ready`; it leads a group of its own. */
export const outsider = (...flags: ReadonlyArray<string>): Promise<Outsider> =>
  new Promise((done) => {
    const child = spawn(process.execPath, [resolve("test/programs/misbehave.mjs"), ...flags], {
      stdio: ["ignore", "pipe", "inherit"],
      detached: true,
    });
    all.push(child);
    let out = "";
    const ended = new Promise<string | number | null>((end) => child.once("exit", (code, signal) => end(signal ?? code)));
    child.stdout.on("data", (chunk) => {
      out += String(chunk);
      if (out.includes("ready"))
        done({ pid: child.pid!, child, ended, runs: () => child.exitCode === null && child.signalCode === null, said: () => out });
    });
  });

/** For the end of each test. */
export const endOutsiders = (): void => {
  for (const child of all.splice(0)) {
    try {
      process.kill(-child.pid!, "SIGKILL");
    } catch {
      // All of its group have ended.
    }
  }
};

/** A unit of a config that somebody else runs. */
export const yamlUnmanaged = (id: string, discovery: string, control = "{}", indent = 2): string =>
  [`- id: ${id}`, `  type: unmanaged`, `  management:`, `    unmanaged:`, `      discovery: ${discovery}`, `      control: ${control}`]
    .map((line) => " ".repeat(indent) + line)
    .join("\n");
