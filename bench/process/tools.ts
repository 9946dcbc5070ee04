/**
 * The process managers, each run in the foreground with a folder of its own, so that nothing of this machine is touched.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What a manager is to run. */
export interface Unit {
  readonly id: string;
  readonly command: ReadonlyArray<string>;
}

/** How units come back: as fast as the manager can be told to, or as it does by itself. */
export type Restarts = "fastest" | "default";

export interface Manager {
  readonly root: number;
  /** Asks it to end, and all its units with it. */
  readonly stop: () => void;
  /** When it has ended. */
  readonly ended: Promise<void>;
}

export interface Tool {
  readonly name: string;
  /** Null when it can be used; else why not. */
  readonly missing: string | null;
  /** Writes what the manager reads. */
  readonly prepare: (folder: string, units: ReadonlyArray<Unit>, restarts: Restarts) => void;
  /** Starts it, all units with it; a second time after it was killed. */
  readonly start: (folder: string) => Promise<Manager>;
}

/** The first of these programs that cannot be run is why a tool is missing. */
const needs = (...programs: ReadonlyArray<string>): string | null => {
  for (const program of programs) {
    try {
      execFileSync("sh", ["-c", `command -v ${program}`], { stdio: "ignore" });
    } catch {
      return `${program} is not installed`;
    }
  }
  return null;
};

const quiet = { ...process.env, NODE_OPTIONS: "" };

const foreground = (
  folder: string,
  command: ReadonlyArray<string>,
  environment: NodeJS.ProcessEnv,
  stopSignal: NodeJS.Signals,
): Manager => {
  const [program = "", ...args] = command;
  const output = openSync(join(folder, "manager.log"), "a");
  const child: ChildProcess = spawn(program, args, { cwd: folder, env: environment, stdio: ["ignore", output, output], detached: true });
  closeSync(output);
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  return { root: child.pid ?? 0, stop: () => void child.kill(stopSignal), ended };
};

/** The bundled command, as it is installed. */
export const hsu = (program: string, cache: string): Tool => {
  const environment = (folder: string): NodeJS.ProcessEnv => ({
    ...quiet,
    // The shebang finds the Node that this runs on.
    PATH: `${dirname(process.execPath)}:${process.env["PATH"]}`,
    XDG_CACHE_HOME: cache,
    HSU_RUNTIME_DIR: join(folder, "run"),
    HSU_STATE_DIR: join(folder, "state"),
  });
  return {
    name: "hsu",
    missing: null,
    prepare: (folder, units, restarts) => {
      const restart_policy = { strategy: "always", restart_delay: "0s" };
      const entries = units.map(({ command: [executable, ...args], id }) => ({
        id,
        type: "standard_managed",
        management: { control: { executable, arguments: args }, ...(restarts === "fastest" ? { restart_policy } : {}) },
      }));
      writeFileSync(join(folder, "hsu.yaml"), JSON.stringify({ managed_processes: entries }));
    },
    start: async (folder) => foreground(folder, [program, "up", join(folder, "hsu.yaml")], environment(folder), "SIGTERM"),
  };
};

/** A folder for each service, with a `run` script. */
const scripts = (folder: string, units: ReadonlyArray<Unit>): void => {
  for (const { command, id } of units) {
    const place = join(folder, "service", id);
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, "run"), `#!/bin/sh\nexec ${command.map((word) => `'${word}'`).join(" ")}\n`);
    chmodSync(join(place, "run"), 0o755);
  }
};

export const runit: Tool = {
  name: "runit",
  missing: needs("runsvdir"),
  prepare: scripts,
  start: async (folder) => foreground(folder, ["runsvdir", "-P", join(folder, "service")], quiet, "SIGHUP"),
};

export const s6: Tool = {
  name: "s6",
  missing: needs("s6-svscan"),
  prepare: scripts,
  start: async (folder) => foreground(folder, ["s6-svscan", "-c", "2000", join(folder, "service")], quiet, "SIGTERM"),
};

export const supervisord: Tool = {
  name: "supervisord",
  missing: needs("supervisord"),
  prepare: (folder, units, restarts) => {
    const fast = restarts === "fastest" ? "autorestart=true\nstartsecs=0\nstartretries=100000000\n" : "";
    const head = `[supervisord]\nnodaemon=true\nlogfile=${folder}/sd.log\npidfile=${folder}/sd.pid\nchildlogdir=${folder}\nminfds=8192\n`;
    const programs = units.map(
      ({ command, id }) => `[program:${id}]\ncommand=${command.join(" ")}\nstdout_logfile=NONE\nstderr_logfile=NONE\n${fast}`,
    );
    writeFileSync(join(folder, "c.conf"), head + programs.join(""));
  },
  start: async (folder) => foreground(folder, ["supervisord", "-c", join(folder, "c.conf")], quiet, "SIGTERM"),
};

/** Found by `$HSU_BENCH_PM2`, the path of its command: it is no part of the project. */
export const pm2: Tool = {
  name: "pm2",
  missing: process.env["HSU_BENCH_PM2"] === undefined ? "$HSU_BENCH_PM2 does not name it" : null,
  prepare: (folder, units, restarts) => {
    const fast = restarts === "fastest" ? { max_restarts: 100_000_000, min_uptime: 0 } : {};
    const common = { interpreter: "none", exec_mode: "fork", vizion: false, pmx: false, merge_logs: true };
    const silent = { out_file: "/dev/null", error_file: "/dev/null" };
    const apps = units.map(({ command: [script, ...args], id }) => ({ name: id, script, args, ...common, ...silent, ...fast }));
    writeFileSync(join(folder, "apps.json"), JSON.stringify({ apps }));
  },
  start: async (folder) => {
    // Without a folder of its own even its help starts a daemon in the user's.
    const environment = { ...quiet, HOME: folder, PM2_HOME: join(folder, ".pm2") };
    const program = process.env["HSU_BENCH_PM2"] ?? "pm2";
    await run(process.execPath, [program, "start", join(folder, "apps.json")], { env: environment, maxBuffer: 1 << 26 });
    const root = Number(readFileSync(join(folder, ".pm2/pm2.pid"), "latin1"));
    const killed = Promise.withResolvers<void>();
    const stop = (): void =>
      void run(process.execPath, [program, "kill"], { env: environment }).then(() => killed.resolve(), killed.reject);
    return { root, stop, ended: killed.promise };
  },
};
