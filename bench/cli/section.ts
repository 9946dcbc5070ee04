/**
 * What a verb of the command line costs, beside a Node that does nothing: CPU and wall clock of `hsu --version`, `hsu status` of 100 units, and the
 * same status by the full client. Needs bash, whose `time` tells both.
 */
import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { environmentIn } from "../master/processes.ts";
import { install } from "../master/section.ts";
import type { Figure, Section } from "../report.ts";

const run = promisify(execFile);
/** In a row, for one sample: the system counts CPU in milliseconds. */
const times = 10;
const units = 100;

/** Milliseconds of one run: of the clock, and of the processor. */
const measure = async (env: NodeJS.ProcessEnv, command: string): Promise<readonly [wall: number, cpu: number]> => {
  const script = `TIMEFORMAT='%3R %3U %3S'; time for ((i = 0; i < ${times}; i++)); do ${command} > /dev/null; done`;
  const { stderr } = await run("bash", ["-c", script], { env });
  const [wall = 0, user = 0, system = 0] = stderr.trim().split("\n").at(-1)!.split(" ").map(Number);
  return [(wall * 1000) / times, ((user + system) * 1000) / times];
};

export const cliSection = async (): Promise<Section> => {
  const folder = mkdtempSync(join(tmpdir(), "hsu-bench-"));
  mkdirSync(join(folder, "cache"));
  const program = await install(folder);
  const env = environmentIn(folder, join(folder, "place"));
  const hsu = (...args: ReadonlyArray<string>) => execFileSync(program, args, { env, stdio: "pipe" });
  hsu("up", "-d", join(folder, `${units}.yaml`));
  // Not measured: it fills the compile cache.
  hsu("--no-color", "status");
  const of = (what: string, command: string, isGoal: boolean) => {
    const figure = (bench: string): Figure => ({
      bench: `${what}, ${bench}`,
      unit: "ms",
      peerName: "node -e 0",
      ...(isGoal ? { goal: { of: "ratio", atMost: 2 } } : {}),
    });
    return { command, wall: figure("wall"), cpu: figure("CPU") };
  };
  const rows = [
    of("hsu --version", `${program} --version`, true),
    of(`hsu status, ${units} units`, `${program} status`, true),
    of("hsu describe", `${program} describe unit-1`, true),
    of(`the full client's status, ${units} units`, `${program} --no-color status`, false),
  ];
  return {
    figures: rows.flatMap(({ cpu, wall }) => [wall, cpu]),
    round: async (_, record) => {
      for (const { command, cpu, wall } of rows) {
        const [peerWall, peerCpu] = await measure(env, `${process.execPath} -e 0`);
        const [ownWall, ownCpu] = await measure(env, command);
        record(wall, ownWall, peerWall);
        record(cpu, ownCpu, peerCpu);
      }
    },
    end: async () => {
      hsu("down");
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
