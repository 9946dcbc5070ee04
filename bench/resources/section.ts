/**
 * What sampling costs: a master of the bundled program with a thousand units, sampled every ten seconds, beside the same one that samples nobody. Linux only.
 */
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { childrenOf, environmentIn, start, terminate, until } from "../master/processes.ts";
import type { Figure, Section } from "../report.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));
const units = 1000;
const intervalMillis = 10_000;
/** The first samples are dearer: they open what is kept open. */
const warmMillis = 2.5 * intervalMillis;
const measuredMillis = 3 * intervalMillis;

const figure: Figure = {
  bench: `${units} units sampled every ${intervalMillis / 1000} s`,
  unit: "% of a core",
  peerName: "without",
  limit: { of: "hsu", atMost: 3 },
};

const config = (interval: string): string => {
  const entries = Array.from(
    { length: units },
    (_, index) => `  - { id: unit-${index}, management: { control: { executable: sleep, arguments: ["1000"] } } }`,
  );
  return `process_manager: { resources: { interval: ${interval} } }\nmanaged_processes:\n${entries.join("\n")}\n`;
};

/** Milliseconds of CPU time. */
const cpuOf = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
};

const measure = async (program: string, folder: string, interval: string): Promise<number> => {
  const place = mkdtempSync(join(folder, "run-"));
  const file = join(place, "hsu.yaml");
  writeFileSync(file, config(interval));
  const started = start(program, ["up", file], environmentIn(folder, place), join(place, "log"));
  try {
    await until("all units running", started, () => (childrenOf(started.pid).length === units ? true : undefined));
    await sleep(warmMillis);
    const before = cpuOf(started.pid);
    await sleep(measuredMillis);
    const percent = ((cpuOf(started.pid) - before) / measuredMillis) * 100;
    await terminate(started);
    return percent;
  } finally {
    if (started.child.exitCode === null && started.child.signalCode === null) started.child.kill("SIGKILL");
    rmSync(place, { recursive: true, force: true });
  }
};

export const resourcesSection = async (): Promise<Section> => {
  const folder = mkdtempSync(join(tmpdir(), "hsu-resources-"));
  mkdirSync(join(folder, "cache"));
  await run(process.execPath, [join(root, ".config/build.mjs"), "bin"]);
  // Where nobody builds it again meanwhile.
  cpSync(join(root, "dist/bin"), join(folder, "bin"), { recursive: true });
  const program = join(folder, "bin/hsu.mjs");
  return {
    figures: [figure],
    round: async (_, record) => record(figure, await measure(program, folder, "10s"), await measure(program, folder, "20d")),
    end: async () => rmSync(folder, { recursive: true, force: true }),
  };
};
