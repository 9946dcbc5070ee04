/**
 * What becomes of a unit that writes a GiB of numbered lines: how fast it is in rotated files, what that costs the manager, and whether each line is
 * there once. HSU beside svlogd, s6-log, supervisord and pm2, which are left out where they are not installed. `$HSU_BENCH_LOGS_MIB`: another amount.
 */
import { execFile, execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Figure, Limit, Record as Take, Section } from "../report.ts";
import { type Collecting, hsu, type Job, type Outcome, pm2, s6log, supervisord, svlogd } from "./collectors.ts";
import { type Floor, floor, throughCat } from "./floor.ts";
import { hsuMany, measureMany, s6logMany, supervisordMany, svlogdMany } from "./many.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));
const mib = Number(process.env["HSU_BENCH_LOGS_MIB"] ?? 1024);
const lines = Math.floor((mib * 1024 * 1024) / 100);
/** Of one file: so that there are more than 20 rotations. */
const fileBytes = Math.floor((lines * 100) / 25);
const gib = (lines * 100) / 1024 ** 3;

const goals: Readonly<Record<string, number>> = { "raw bulk": 470, "raw line": 300, "enhanced bulk": 162, "enhanced line": 160 };

/** Throws unless each line is there once, and at least 20 files are complete. */
const check = ({ name, rotates }: Collecting, { files }: Outcome): number => {
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
  if (rotates !== false && files.length <= 20) throw new Error(`${name}: only ${files.length} files`);
  return count;
};

const measured = async (
  folder: string,
  collecting: Collecting,
  job: Omit<Job, "folder">,
): Promise<Outcome & { readonly lines: number }> => {
  const own = mkdtempSync(join(folder, "run-"));
  try {
    const outcome = await collecting.run({ ...job, folder: own });
    return { ...outcome, lines: check(collecting, outcome) };
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
};

/** `$HSU_BENCH_LOGS`: some of them. */
const parts = (process.env["HSU_BENCH_LOGS"] ?? "fast,killed,many").split(",");
const cases = (["raw", "enhanced"] as const).flatMap((form) => (["bulk", "line"] as const).map((mode) => ({ form, mode })));
const peers = [svlogd, s6log, supervisord, pm2];
const manyPeers = [svlogdMany, s6logMany, supervisordMany];

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
  // As it is installed: what it loads when it needs it is there.
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  mkdirSync(join(folder, "cache"));
  const command = [join(folder, "bin/hsu.mjs"), join(folder, "cache")] as const;
  const own = hsu(...command);
  const figures = new Map<string, Figure>();
  const record = (to: Take, bench: string, unit: string, peerName: string, ours: number, theirs: number, goal?: Limit): void => {
    const key = `${bench} ${peerName}`;
    const figure = figures.get(key) ?? { bench, unit, peerName, ...(goal === undefined ? {} : { goal }) };
    figures.set(key, figure);
    to(figure, ours, theirs);
  };

  const speedOf = ({ seconds }: Floor): number => (lines * 100) / 1e6 / seconds;
  /** What this machine can do at all, of the last round. */
  const floors = new Map<string, string>();

  const fast = async (to: Take): Promise<void> => {
    for (const { form, mode } of cases) {
      const job = { writer, mode, lines, fileBytes, enhanced: form === "enhanced" };
      const ours = await measured(folder, own, job);
      const compare = (name: string, theirs: Floor, isGoal = false): void => {
        const [speed, cost]: ReadonlyArray<Limit> = [
          { of: "hsu", atLeast: goals[`${form} ${mode}`]! },
          { of: "hsu", atMost: 2.6 },
        ];
        record(to, `logs ${form} ${mode}`, "MB/s", name, speedOf(ours), speedOf(theirs), isGoal ? speed : undefined);
        record(to, `logs ${form} ${mode} CPU`, "s/GiB", name, ours.cpuSeconds / gib, theirs.cpuSeconds / gib, isGoal ? cost : undefined);
      };
      const alone = await floor(folder, writer, mode, lines);
      const piped = await throughCat(folder, writer, mode, lines);
      compare("floor", alone, true);
      compare("cat", piped);
      floors.set(`${form} ${mode}`, `${speedOf(alone).toFixed(0)} MB/s into a file, ${speedOf(piped).toFixed(0)} through \`cat > file\``);
      for (const peer of peers) {
        if (peer.missing === null && (peer.enhances || form === "raw")) compare(peer.name, await measured(folder, peer, job));
      }
    }
  };
  /** It is right, or it throws. */
  const killed = async (to: Take): Promise<void> => {
    for (const { form, mode } of cases) {
      const job: Omit<Job, "folder"> = { writer, mode, lines, fileBytes, enhanced: form === "enhanced", isKilled: true };
      const { lines: found } = await measured(folder, own, job);
      record(to, `logs ${form} ${mode} killed`, "lines, each once", "written", found, lines, { of: "ratio", atLeast: 1, atMost: 1 });
    }
  };
  const many = async (to: Take): Promise<void> => {
    const ours = await measureMany(folder, hsuMany(...command), writer);
    for (const peer of manyPeers.filter(({ missing }) => missing === null)) {
      const theirs = await measureMany(folder, peer, writer);
      record(to, "logs 100 units CPU", "%", peer.name, ours.cpuPercent, theirs.cpuPercent);
      if (theirs.delay !== null) record(to, "logs 100 units p99 delay", "ms", peer.name, ours.delay!, theirs.delay);
    }
  };
  const notes = [
    `logs: ${mib} MiB of lines of 100 bytes, each there once over more than 20 rotations, also when the manager is killed in the middle, or the bench fails`,
    "logs: floor is the unit alone, into a file that nobody reads, and the CPU of who only copies that file; cat is the unit through `cat > file`, and the CPU of cat",
    ...peers.flatMap(({ missing, name }) => (missing === null ? [] : [`logs: ${name} left out, ${missing}`])),
  ];
  return {
    // Known after the first round: those of whom is there.
    get figures() {
      return [...figures.values()];
    },
    round: async (_, to) => {
      if (parts.includes("fast")) await fast(to);
      if (parts.includes("many")) await many(to);
      if (parts.includes("killed")) await killed(to);
    },
    end,
    get notes() {
      return [
        ...notes,
        ...Array.from(floors, ([bench, text]) => `logs: the floor of this machine, ${bench}: the unit alone writes ${text}`),
      ];
    },
  };
};
