/**
 * The master benches: the bundled program on real processes, beside a bare Node. Linux only.
 */
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Figure, Limit, Section } from "../report.ts";
import { answered, childrenOf, environmentIn, exists, residentBytes, start, terminate, until, type Started } from "./processes.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));
const sizes = [0, 10, 100] as const;
const settleMillis = 2000;

/** Times in milliseconds. */
interface Sample {
  /** The socket takes connections. */
  readonly listening: number;
  /** Somebody answers at the socket. */
  readonly ready: number;
  readonly running: number;
  readonly stopped: number;
  readonly rss: number;
}

const peerName = "bare node";
const limits: { readonly [K in keyof Sample]?: Limit } = { ready: { of: "ratio", atMost: 4 }, rss: { of: "hsu", atMost: 65 } };

const figuresOf = (units: number) => {
  const figure = (key: keyof Sample, bench: string, unit: string, limit = limits[key]): Figure => ({
    bench: `${bench}, ${units} units`,
    unit,
    peerName,
    ...(units === 10 && limit !== undefined ? { limit } : {}),
  });
  return {
    units,
    listening: figure("listening", "spawn to listening", "ms"),
    ready: figure("ready", "spawn to answering", "ms"),
    running: figure("running", "spawn to all units running", "ms"),
    stopped: figure("stopped", "SIGTERM to all stopped", "ms"),
    rss: figure("rss", "resident", "MB"),
    rssMib: { bench: `resident, ${units} units`, unit: "MiB", peerName },
  };
};

export const config = (units: number): string => {
  const control = `{ executable: sleep, arguments: ["1000"] }`;
  const entries = Array.from(
    { length: units },
    (_, index) => `  - { id: unit-${index}, type: standard_managed, management: { control: ${control} } }`,
  );
  return units === 0 ? "managed_processes: []\n" : `managed_processes:\n${entries.join("\n")}\n`;
};

/** The bundle as it is now, where nobody builds it again meanwhile, with a compile cache of its own. */
export const install = async (folder: string): Promise<string> => {
  await run(process.execPath, [join(root, ".config/build.mjs"), "bin"]);
  cpSync(join(root, "dist/bin"), join(folder, "bin"), { recursive: true });
  // As an installed package finds those that it depends on.
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  for (const units of sizes) writeFileSync(join(folder, `${units}.yaml`), config(units));
  return join(folder, "bin/hsu.mjs");
};

/** A master in folders of its own; only the compile cache is shared. */
const master = async (program: string, folder: string, units: number): Promise<Sample> => {
  const place = mkdtempSync(join(folder, "run-"));
  const socket = join(place, "run/master.sock");
  const started = start(program, ["up", join(folder, `${units}.yaml`)], environmentIn(folder, place), join(place, "log"));
  try {
    const [{ at, connectedAt }, allRun] = await Promise.all([
      until("an answer", started, () => answered(socket)),
      until("all units running", started, () => (childrenOf(started.pid).length === units ? performance.now() : undefined)),
    ]);
    const [listening, ready] = [connectedAt - started.at, at - started.at];
    // Without units it is running when it listens.
    const running = Math.max(listening, allRun - started.at);
    await sleep(settleMillis);
    const rss = residentBytes(started.pid);
    const { stdout } = await run(program, ["status", "-o", "json"], { env: environmentIn(folder, place) });
    const states = (JSON.parse(stdout) as { readonly units: ReadonlyArray<{ readonly state: string }> }).units.map(({ state }) => state);
    const processes = childrenOf(started.pid);
    if (states.length !== units || states.some((state) => state !== "running")) throw new Error(`not all units run: ${states.join(" ")}`);
    const stopped = await terminate(started);
    if (started.child.exitCode !== 0 || processes.some(exists)) throw new Error("not stopped in good order");
    return { listening, ready, running, stopped, rss };
  } catch (error) {
    throw new Error(`${units} units: ${readFileSync(join(place, "log"), "utf8")}`, { cause: error });
  } finally {
    kill(started);
    rmSync(place, { recursive: true, force: true });
  }
};

const kill = ({ child }: Started): void => {
  if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
};

/** A Node that says one line and waits: what every program in JavaScript pays. */
const bare = async (folder: string): Promise<Sample> => {
  const said = join(mkdtempSync(join(folder, "bare-")), "said");
  const started = start(process.execPath, ["-e", "console.log('ready'); setInterval(() => {}, 60_000)"], process.env, said);
  try {
    const ready = await until("a line", started, () =>
      readFileSync(said, "latin1").includes("ready") ? performance.now() - started.at : undefined,
    );
    await sleep(settleMillis);
    const rss = residentBytes(started.pid);
    return { listening: ready, ready, running: ready, stopped: await terminate(started), rss };
  } finally {
    kill(started);
  }
};

export const masterSection = async (): Promise<Section> => {
  const folder = mkdtempSync(join(tmpdir(), "hsu-bench-"));
  mkdirSync(join(folder, "cache"));
  const program = await install(folder);
  // Not measured: it fills the compile cache.
  await master(program, folder, 10);
  const figures = sizes.map(figuresOf);
  return {
    figures: figures.flatMap(({ listening, ready, rss, rssMib, running, stopped }) => [listening, ready, running, stopped, rss, rssMib]),
    round: async (_, record) => {
      for (const each of figures) {
        const peer = await bare(folder);
        const sample = await master(program, folder, each.units);
        for (const key of ["listening", "ready", "running", "stopped"] as const) record(each[key], sample[key], peer[key]);
        record(each.rss, sample.rss / 1e6, peer.rss / 1e6);
        record(each.rssMib, sample.rss / 2 ** 20, peer.rss / 2 ** 20);
      }
    },
    end: async () => rmSync(folder, { recursive: true, force: true }),
  };
};
