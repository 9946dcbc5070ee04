/**
 * Programs that keep what a unit writes in rotated files, each run once on one unit with a folder of its own.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { warm } from "./warm.ts";

export interface Job {
  readonly folder: string;
  readonly writer: string;
  readonly mode: "bulk" | "line";
  readonly lines: number;
  /** Of one file. */
  readonly fileBytes: number;
  /** With a time in front of each line. */
  readonly enhanced: boolean;
}

export interface Outcome {
  /** From the start of the unit until all its lines are in the files. */
  readonly seconds: number;
  /** Of the manager. */
  readonly cpuSeconds: number;
  /** Where the files are, oldest first by name or by time. */
  readonly files: ReadonlyArray<string>;
}

export interface Collecting {
  readonly name: string;
  readonly missing: string | null;
  /** Whether it can put a time in front of each line. */
  readonly enhances: boolean;
  readonly run: (job: Job) => Promise<Outcome>;
}

const needs = (program: string): string | null => {
  try {
    execFileSync("sh", ["-c", `command -v ${program}`], { stdio: "ignore" });
    return null;
  } catch {
    return `${program} is not installed`;
  }
};

const sleep = (millis: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, millis));
const ticks = 100;

/** Seconds that a process, its threads and its helpers that have ended have used; the unit is not among these, it stays. */
const cpuOf = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)!.split(" ");
  return (Number(fields[11]) + Number(fields[12]) + Number(fields[13]) + Number(fields[14])) / ticks;
};

/** `out.log.7` is older than `out.log.6`, and `out.log` the newest. */
const numberOf = (name: string): number => Number(/\.log\.(\d+)$/.exec(name)?.[1] ?? 0);

export const filesIn = (folder: string, isLog: (name: string) => boolean): ReadonlyArray<string> =>
  readdirSync(folder)
    .filter(isLog)
    .sort((one, other) => numberOf(other) - numberOf(one) || (one < other ? -1 : 1))
    .map((name) => join(folder, name));

const sizeOf = (files: ReadonlyArray<string>): number =>
  files.reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0);

/** Until so many bytes are in the files. */
const filled = async (files: () => ReadonlyArray<string>, bytes: number): Promise<void> => {
  const deadline = performance.now() + 600_000;
  while (sizeOf(files()) < bytes) {
    if (performance.now() > deadline) throw new Error(`only ${sizeOf(files())} of ${bytes} bytes are there`);
    await sleep(10);
  }
};

const rotated = (name: string, missing: string, script: (job: Job, logs: string) => string): Collecting => ({
  name,
  missing: needs(missing),
  enhances: true,
  run: async (job) => {
    const logs = join(job.folder, "logs");
    mkdirSync(logs);
    const command = `TIMEFORMAT='%U %S'; ${job.writer} ${job.mode} ${job.lines} | { time ${script(job, logs)}; }`;
    warm(job.folder);
    const begun = performance.now();
    // The shell's `time` is of this one program.
    const child = spawn("bash", ["-c", command], { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.on("data", (chunk) => (said += String(chunk)));
    await new Promise((resolve) => child.on("close", resolve));
    const seconds = (performance.now() - begun) / 1000;
    const [user = Number.NaN, system = Number.NaN] = said.trim().split("\n").at(-1)!.split(" ").map(Number);
    return { seconds, cpuSeconds: user + system, files: filesIn(logs, (file) => file.startsWith("@") || file === "current") };
  },
});

export const svlogd = rotated("svlogd", "svlogd", ({ enhanced, fileBytes }, logs) => {
  writeFileSync(join(logs, "config"), `s${fileBytes}\nn1000\n`);
  return `svlogd ${enhanced ? "-ttt" : ""} -b 65536 ${logs}`;
});

export const s6log = rotated(
  "s6-log",
  "s6-log",
  ({ enhanced, fileBytes }, logs) => `s6-log -b n1000 s${fileBytes} ${enhanced ? "T" : ""} ${logs}`,
);

export const supervisord: Collecting = {
  name: "supervisord",
  missing: needs("supervisord"),
  enhances: false,
  run: async ({ fileBytes, folder, lines, mode, writer }) => {
    const config = join(folder, "supervisord.conf");
    const log = join(folder, "out.log");
    const program = `command=${writer} ${mode} ${lines} stay\nautorestart=false\nstartsecs=0\nstdout_logfile=${log}`;
    writeFileSync(
      config,
      `[supervisord]\nnodaemon=true\npidfile=${folder}/pid\nlogfile=${folder}/master.log\n[program:unit]\n${program}\nstdout_logfile_maxbytes=${fileBytes}\nstdout_logfile_backups=1000\n`,
    );
    warm(folder);
    const child = spawn("supervisord", ["-c", config], { cwd: folder, stdio: "ignore" });
    const files = (): ReadonlyArray<string> => filesIn(folder, (name) => name.startsWith("out.log"));
    while (files().length === 0) await sleep(2);
    const begun = performance.now();
    try {
      await filled(files, lines * 100);
      return { seconds: (performance.now() - begun) / 1000, cpuSeconds: cpuOf(child.pid!), files: files() };
    } finally {
      child.kill("SIGTERM");
      await new Promise((resolve) => child.on("close", resolve));
    }
  },
};

const headBytes = "[2026-01-31T12:00:00.000Z][unit][stdout] ".length;

export const hsu = (program: string, cache: string): Collecting => ({
  name: "hsu",
  missing: null,
  enhances: true,
  run: async ({ enhanced, fileBytes, folder, lines, mode, writer }) => {
    const config = join(folder, "hsu.json");
    const unit = {
      id: "unit",
      enabled: false,
      management: {
        control: { executable: writer, arguments: [mode, String(lines), "stay"] },
        restart_policy: { strategy: "never" },
        log_collection: { format: enhanced ? "enhanced_plain" : "raw", rotation: { max_size: fileBytes, max_files: 1000 } },
      },
    };
    writeFileSync(config, JSON.stringify({ managed_processes: [unit] }));
    const env = {
      ...process.env,
      NODE_OPTIONS: "",
      PATH: `${dirname(process.execPath)}:${process.env["PATH"]}`,
      XDG_CACHE_HOME: cache,
      HSU_RUNTIME_DIR: join(folder, "run"),
      HSU_STATE_DIR: join(folder, "state"),
    };
    const child = spawn(program, ["up", config], { cwd: folder, env, stdio: "ignore" });
    const call = (...words: ReadonlyArray<string>): boolean => {
      try {
        execFileSync(program, [...words], { env, stdio: "ignore" });
        return true;
      } catch {
        return false;
      }
    };
    while (!call("status")) await sleep(20);
    const logs = join(folder, "state/logs/unit");
    mkdirSync(logs, { recursive: true });
    warm(folder);
    const before = cpuOf(child.pid!);
    const files = (): ReadonlyArray<string> => filesIn(logs, (name) => name.startsWith("stdout"));
    const begun = performance.now();
    const started = spawn(program, ["start", "unit"], { env, stdio: "ignore" });
    // The clock starts with the unit, not with who asks for it.
    while (!readdirSync(logs).includes(".collect")) await sleep(1);
    const asked = performance.now() - begun;
    try {
      await filled(files, lines * (100 + (enhanced ? headBytes : 0)));
      return { seconds: (performance.now() - begun - asked) / 1000, cpuSeconds: cpuOf(child.pid!) - before, files: files() };
    } finally {
      started.kill();
      child.kill("SIGTERM");
      await new Promise((resolve) => child.on("close", resolve));
    }
  },
});
