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
  /** The manager is killed when half of it is in the files, and another one goes on. */
  readonly isKilled?: true;
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
  /** Absent: it begins new files. */
  readonly rotates?: false;
  readonly run: (job: Job) => Promise<Outcome>;
}

export const needs = (program: string): string | null => {
  try {
    execFileSync("sh", ["-c", `command -v ${program}`], { stdio: "ignore" });
    return null;
  } catch {
    return `${program} is not installed`;
  }
};

export const sleep = (millis: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, millis));
const ticks = 100;

/** Seconds that a process, its threads and its helpers that have ended have used; the unit is not among these, it stays. */
export const cpuOf = (pid: number): number => {
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

type Script = (job: Pick<Job, "enhanced" | "fileBytes">, logs: string) => string;

const rotated = (name: string, missing: string, script: Script): Collecting => ({
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

export const svlogdScript: Script = ({ enhanced, fileBytes }, logs) => {
  writeFileSync(join(logs, "config"), `s${fileBytes}\nn1000\n`);
  return `svlogd ${enhanced ? "-ttt" : ""} -b 65536 ${logs}`;
};

export const s6logScript: Script = ({ enhanced, fileBytes }, logs) => `s6-log -b n1000 s${fileBytes} ${enhanced ? "T" : ""} ${logs}`;

export const svlogd = rotated("svlogd", "svlogd", svlogdScript);

export const s6log = rotated("s6-log", "s6-log", s6logScript);

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

/** Without a word about it, it does not rotate. */
export const pm2: Collecting = {
  name: "pm2",
  missing: process.env["HSU_BENCH_PM2"] === undefined ? "$HSU_BENCH_PM2 does not name it" : null,
  enhances: false,
  rotates: false,
  run: async ({ folder, lines, mode, writer }) => {
    const log = join(folder, "out.log");
    const common = { interpreter: "none", exec_mode: "fork", vizion: false, pmx: false, merge_logs: true, autorestart: false };
    const app = { name: "unit", script: writer, args: [mode, String(lines), "stay"], ...common, out_file: log, error_file: "/dev/null" };
    writeFileSync(join(folder, "apps.json"), JSON.stringify({ apps: [app] }));
    const env = { ...process.env, NODE_OPTIONS: "", HOME: folder, PM2_HOME: join(folder, ".pm2") };
    const call = (...words: ReadonlyArray<string>): unknown =>
      execFileSync(process.execPath, [process.env["HSU_BENCH_PM2"]!, ...words], { env, stdio: "ignore" });
    call("ping");
    const root = Number(readFileSync(join(folder, ".pm2/pm2.pid"), "latin1"));
    const files = (): ReadonlyArray<string> => filesIn(folder, (name) => name === "out.log");
    warm(folder);
    const before = cpuOf(root);
    const started = spawn(process.execPath, [process.env["HSU_BENCH_PM2"]!, "start", join(folder, "apps.json")], { env, stdio: "ignore" });
    while (files().length === 0) await sleep(1);
    const begun = performance.now();
    try {
      await filled(files, lines * 100);
      return { seconds: (performance.now() - begun) / 1000, cpuSeconds: cpuOf(root) - before, files: files() };
    } finally {
      started.kill();
      call("kill");
    }
  },
};

const headBytes = "[2026-01-31T12:00:00.000Z][unit][stdout] ".length;

export const hsu = (program: string, cache: string): Collecting => ({
  name: "hsu",
  missing: null,
  enhances: true,
  run: async ({ enhanced, fileBytes, folder, isKilled, lines, mode, writer }) => {
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
    const up = (): ReturnType<typeof spawn> => spawn(program, ["up", config], { cwd: folder, env, stdio: "ignore" });
    let child = up();
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
      const bytes = lines * (100 + (enhanced ? headBytes : 0));
      if (isKilled === true) {
        await filled(files, bytes / 2);
        child.kill("SIGKILL");
        await new Promise((resolve) => child.on("close", resolve));
        child = up();
      }
      await filled(files, bytes);
      return { seconds: (performance.now() - begun - asked) / 1000, cpuSeconds: cpuOf(child.pid!) - before, files: files() };
    } finally {
      started.kill();
      child.kill("SIGTERM");
      await new Promise((resolve) => child.on("close", resolve));
    }
  },
});
