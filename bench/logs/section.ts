/**
 * What becomes of a unit that writes a GiB of numbered lines: how fast it is in rotated files, what that costs the manager, and whether each line is
 * there once. HSU beside svlogd, s6-log and supervisord, which are left out where they are not installed. `$HSU_BENCH_LOGS_MIB`: another amount.
 */
import { execFile, execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Figure, Limit, Section } from "../report.ts";
import { type Collecting, hsu, type Job, type Outcome, s6log, supervisord, svlogd } from "./collectors.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));
const mib = Number(process.env["HSU_BENCH_LOGS_MIB"] ?? 1024);
const lines = Math.floor((mib * 1024 * 1024) / 100);
/** Of one file: so that there are more than 20 rotations. */
const fileBytes = Math.floor((lines * 100) / 25);
const gib = (lines * 100) / 1024 ** 3;

const goals: Readonly<Record<string, number>> = { "raw bulk": 470, "raw line": 300, "enhanced bulk": 162, "enhanced line": 160 };

/** Throws unless each line is there once, and at least 20 files are complete. */
const check = (name: string, { files }: Outcome): void => {
  const seen = new Uint8Array(lines + 1);
  let count = 0;
  // Who rotates within a line has its rest in the next file.
  let rest: Buffer = Buffer.alloc(0);
  for (const file of files) {
    const text = Buffer.concat([rest, readFileSync(file)]);
    let from = 0;
    for (let end = text.indexOf(0x0a); end !== -1; end = text.indexOf(0x0a, from)) {
      const number = Number(text.toString("latin1", end - 99, end - 87));
      if (!(number >= 1 && number <= lines) || seen[number] === 1) {
        throw new Error(`${name}: line ${number} is there twice, or was not written`);
      }
      seen[number] = 1;
      count++;
      from = end + 1;
    }
    rest = text.subarray(from);
  }
  if (count !== lines) throw new Error(`${name}: ${count} of ${lines} lines are there`);
  if (files.length <= 20) throw new Error(`${name}: only ${files.length} files`);
};

const measured = async (folder: string, collecting: Collecting, job: Omit<Job, "folder">): Promise<Outcome> => {
  const own = mkdtempSync(join(folder, "run-"));
  try {
    const outcome = await collecting.run({ ...job, folder: own });
    check(collecting.name, outcome);
    return outcome;
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
};

export const logsSection = async (): Promise<Section> => {
  const folder = mkdtempSync(join(tmpdir(), "hsu-logs-"));
  const end = async (): Promise<void> => rmSync(folder, { recursive: true, force: true });
  const writer = join(folder, "writer");
  try {
    execFileSync("cc", ["-O2", "-o", writer, join(root, "bench/logs/writer.c")], { stdio: "ignore" });
  } catch {
    return { figures: [], round: async () => {}, end, notes: ["logs: left out, there is no C compiler (cc) for its unit"] };
  }
  await run(process.execPath, [join(root, ".config/build.mjs"), "bin"]);
  cpSync(join(root, "dist/bin"), join(folder, "bin"), { recursive: true });
  mkdirSync(join(folder, "cache"));
  const own = hsu(join(folder, "bin/hsu.mjs"), join(folder, "cache"));
  const peers = [svlogd, s6log, supervisord];
  const figures = new Map<string, Figure>();
  const figure = (bench: string, unit: string, peerName: string, goal: Limit): Figure => {
    const key = `${bench} ${peerName}`;
    const known = figures.get(key) ?? { bench, unit, peerName, goal };
    figures.set(key, known);
    return known;
  };
  const cases = (["raw", "enhanced"] as const).flatMap((form) => (["bulk", "line"] as const).map((mode) => ({ form, mode })));
  const present = peers.filter(({ missing }) => missing === null);
  for (const { form, mode } of cases) {
    const goal = goals[`${form} ${mode}`]!;
    for (const peer of present.filter(({ enhances }) => form === "raw" || enhances)) {
      figure(`logs ${form} ${mode}`, "MB/s", peer.name, { of: "hsu", atLeast: goal });
      figure(`logs ${form} ${mode} CPU`, "s/GiB", peer.name, { of: "hsu", atMost: 2.6 });
    }
  }
  return {
    figures: [...figures.values()],
    round: async (_, record) => {
      for (const { form, mode } of cases) {
        const job = { writer, mode, lines, fileBytes, enhanced: form === "enhanced" };
        const ours = await measured(folder, own, job);
        const rate = ({ seconds }: Outcome): number => (lines * 100) / 1e6 / seconds;
        for (const peer of present) {
          if (job.enhanced && !peer.enhances) continue;
          const theirs = await measured(folder, peer, job);
          record(figures.get(`logs ${form} ${mode} ${peer.name}`)!, rate(ours), rate(theirs));
          record(figures.get(`logs ${form} ${mode} CPU ${peer.name}`)!, ours.cpuSeconds / gib, theirs.cpuSeconds / gib);
        }
      }
    },
    end,
    notes: [
      `logs: ${mib} MiB of lines of 100 bytes, each there once over more than 20 rotations, or the bench fails`,
      ...peers.flatMap(({ missing, name }) => (missing === null ? [] : [`logs: ${name} left out, ${missing}`])),
    ],
  };
};
