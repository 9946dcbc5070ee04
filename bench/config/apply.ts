/**
 * A running master of `units` units, of which five have a process: `hsu apply` of a file in which one of them is another. Prints what that took by the clock,
 * what of CPU in the master and in the command, and what of memory both had at most.
 */
import { execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { validated } from "./validate.ts";

const run = promisify(execFile);
const [units = "100", hsu = fileURLToPath(new URL("../../dist/bin/hsu.mjs", import.meta.url))] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "hsu-bench-"));
const env = { ...process.env, HSU_SOCKET: join(folder, "s"), XDG_STATE_HOME: join(folder, "state"), XDG_RUNTIME_DIR: folder };

const running = 5;
const config = (name: string, changed: string): string => {
  const file = join(folder, name);
  const unit = (_: unknown, index: number): string => `  - id: unit-${index}
    type: standard_managed
${index < running ? "" : "    enabled: false\n"}    management:
      control:
        executable: sleep
        arguments: ["${1000 + index}"]
        environment: { A: "1", B: ${index === 2 ? changed : "two"} }
      restart_policy: { strategy: always, restart_delay: 100ms }
`;
  writeFileSync(file, `managed_processes:\n${Array.from({ length: Number(units) }, unit).join("")}`);
  return file;
};
const [one, other] = [config("one.yaml", "two"), config("other.yaml", "three")];

/** Milliseconds, as the kernel counts them: to 10 ms. */
const cpuOf = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
};
const peakOf = (pid: number): number =>
  (Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? 0) * 1024) / 1e6;

const ask = (...argv: ReadonlyArray<string>) => run(hsu, [...argv], { env, maxBuffer: 1e9 });
const median = (numbers: ReadonlyArray<number>): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;

const master = spawn(hsu, ["up", one], { env, stdio: "ignore" });
try {
  for (let up = false; !up; await pause(100)) {
    up = await ask("status", "-o", "name").then(
      () => true,
      () => false,
    );
  }
  const rounds: Array<{ readonly wall: number; readonly master: number; readonly command: number }> = [];
  for (const file of [other, one, other, one, other]) {
    const [began, cpu] = [performance.now(), cpuOf(master.pid!)];
    const { stderr, stdout } = await run("bash", ["-c", 'TIMEFORMAT="%U %S"; time "$0" apply "$1"', hsu, file], { env, maxBuffer: 1e9 });
    if (!stdout.includes("1 restarted")) throw new Error(stdout);
    const [user = 0, system = 0] = stderr.trim().split("\n").at(-1)!.split(" ").map(Number);
    rounds.push({ wall: performance.now() - began, master: cpuOf(master.pid!) - cpu, command: (user + system) * 1000 });
  }
  const of = (key: "wall" | "master" | "command"): number => median(rounds.map((each) => each[key]));
  const { peak, wall } = await validated(["", readFileSync(one)]);
  const own = { apply: of("wall"), master: of("master"), command: of("command"), peak: peakOf(master.pid!) };
  console.log(JSON.stringify({ ...own, validate: { wall, peak } }));
} finally {
  const ended = new Promise((resolve) => master.once("exit", resolve));
  master.kill("SIGTERM");
  await ended;
  rmSync(folder, { recursive: true, force: true });
}
