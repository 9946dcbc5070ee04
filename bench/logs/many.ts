/**
 * 100 units that write 1,000 lines a second each: what that costs their manager, and how long after its line was written each has its time.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { cpuOf, filesIn, needs, s6logScript, sleep, svlogdScript } from "./collectors.ts";

const units = 100;
const linesPerSecond = 1000;
/** After the last of them has begun to write. */
const settleSeconds = 3;
const measuredSeconds = 10;
/** More than a machine that is busy needs to start them all. */
const lines = 120 * linesPerSecond;
/** Of so many lines the delay of one is looked at. */
const every = 7;
/** As by default: a rotation each 5 s, in all. */
const fileBytes = 50_000_000;

interface Running {
  readonly child: ChildProcess;
  /** All that belong to the manager. */
  readonly pids: () => ReadonlyArray<number>;
  readonly files: () => ReadonlyArray<string>;
}

export interface Many {
  readonly name: string;
  readonly missing: string | null;
  /** Each line gets a time. */
  readonly stamps: boolean;
  /** Who is started is only the leader of a group. */
  readonly isGroup?: true;
  readonly start: (folder: string, writer: string) => Running;
}

export interface ManyOutcome {
  /** Of one core. */
  readonly cpuPercent: number;
  /** Milliseconds; none where lines get no time. */
  readonly delay: number | null;
}

const names = Array.from({ length: units }, (_, at) => `u${at}`);

/** A collector for each unit. */
const throughPipes = (name: string, script: typeof svlogdScript): Many => ({
  name,
  missing: needs(name),
  stamps: true,
  isGroup: true,
  start: (folder, writer) => {
    const logs = names.map((unit) => join(folder, unit));
    for (const each of logs) mkdirSync(each);
    const text = logs.map((each) => `${writer} paced ${lines} | ${script({ enhanced: true, fileBytes }, each)} &\n`).join("");
    const child = spawn("bash", ["-c", `${text}wait`], { detached: true, stdio: "ignore", env: { ...process.env, TZ: "UTC" } });
    const isOurs = (pid: string): boolean => {
      try {
        const [, comm, parent] = /\((.*)\) \S (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, "latin1"))!;
        return comm === name && Number(parent) === child.pid;
      } catch {
        // It has ended.
        return false;
      }
    };
    return {
      child,
      pids: () =>
        readdirSync("/proc")
          .filter((entry) => /^\d+$/.test(entry) && isOurs(entry))
          .map(Number),
      files: () => logs.flatMap((each) => filesIn(each, (file) => file.startsWith("@") || file === "current")),
    };
  },
});

export const svlogdMany = throughPipes("svlogd", svlogdScript);
export const s6logMany = throughPipes("s6-log", s6logScript);

export const supervisordMany: Many = {
  name: "supervisord",
  missing: needs("supervisord"),
  stamps: false,
  start: (folder, writer) => {
    const programs = names.map(
      (unit) =>
        `[program:${unit}]\ncommand=${writer} paced ${lines} stay\nstdout_logfile=${folder}/${unit}.log\nstdout_logfile_maxbytes=${fileBytes}\nstdout_logfile_backups=1000\n`,
    );
    const head = `[supervisord]\nnodaemon=true\npidfile=${folder}/pid\nlogfile=${folder}/master.log\n`;
    writeFileSync(join(folder, "c.conf"), head + programs.join(""));
    const child = spawn("supervisord", ["-c", join(folder, "c.conf")], { cwd: folder, stdio: "ignore" });
    return { child, pids: () => [child.pid!], files: () => filesIn(folder, (name) => name.startsWith("u")) };
  },
};

export const hsuMany = (program: string, cache: string): Many => ({
  name: "hsu",
  missing: null,
  stamps: true,
  start: (folder, writer) => {
    const managed = names.map((id) => ({
      id,
      management: {
        control: { executable: writer, arguments: ["paced", String(lines), "stay"] },
        restart_policy: { strategy: "never" },
        log_collection: { format: "enhanced_plain", rotation: { max_size: fileBytes, max_files: 1000 } },
      },
    }));
    writeFileSync(join(folder, "hsu.json"), JSON.stringify({ managed_processes: managed }));
    const own = { HSU_RUNTIME_DIR: join(folder, "run"), HSU_STATE_DIR: join(folder, "state"), XDG_CACHE_HOME: cache };
    const env = { ...process.env, NODE_OPTIONS: "", PATH: `${dirname(process.execPath)}:${process.env["PATH"]}`, ...own };
    const child = spawn(program, ["up", join(folder, "hsu.json")], { cwd: folder, env, stdio: "ignore" });
    const logs = names.map((unit) => join(folder, "state/logs", unit));
    return {
      child,
      pids: () => [child.pid!],
      files: () => logs.filter((each) => existsSync(each)).flatMap((each) => filesIn(each, (file) => file.startsWith("stdout"))),
    };
  },
});

const time = /(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d\.\d{3})/;

/** Of lines written in that time, how long after it the last of a hundred had its time. */
const delayOf = (files: ReadonlyArray<string>, from: number, to: number): number => {
  const delays: Array<number> = [];
  for (const file of files) {
    readFileSync(file, "latin1")
      .split("\n")
      .forEach((line, at) => {
        if (at % every !== 0) return;
        const stamp = time.exec(line);
        const written = / (\d{16}) /.exec(line);
        if (stamp === null || written === null) return;
        const begun = Number(written[1]) / 1000;
        if (begun >= from && begun <= to) delays.push(Date.parse(`${stamp[1]}T${stamp[2]}Z`) - begun);
      });
  }
  if (delays.length < (units * measuredSeconds * linesPerSecond) / every / 2) throw new Error(`only ${delays.length} lines have a time`);
  return Math.max(0, delays.sort((one, other) => one - other)[Math.floor(delays.length * 0.99)]!);
};

export const measureMany = async (folder: string, { isGroup, name, stamps, start }: Many, writer: string): Promise<ManyOutcome> => {
  const own = mkdtempSync(join(folder, `${name}-many-`));
  const { child, files, pids } = start(own, writer);
  const ended = new Promise((resolve) => child.on("close", resolve));
  try {
    const isThere = (file: string): boolean => (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 0;
    while (files().filter(isThere).length < units) await sleep(100);
    await sleep(settleSeconds * 1000);
    const [begun, at] = [Date.now(), performance.now()];
    const all = pids();
    const used = (): number => all.reduce((sum, pid) => sum + cpuOf(pid), 0);
    const before = used();
    await sleep(measuredSeconds * 1000);
    const cpuPercent = ((used() - before) / ((performance.now() - at) / 1000)) * 100;
    const to = Date.now();
    await sleep(500);
    return { cpuPercent, delay: stamps ? delayOf(files(), begun, to) : null };
  } finally {
    if (isGroup) process.kill(-child.pid!, "SIGTERM");
    else child.kill("SIGTERM");
    await ended;
    rmSync(own, { recursive: true, force: true });
  }
};
