/**
 * HSU beside OTP's gen_server and supervisor on one scheduler, each measurement in a fresh process.
 */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Figure, Section } from "../../report.ts";
import { type Measured, names, plan, scale } from "./plan.ts";

const run = promisify(execFile);
const here = fileURLToPath(new URL(".", import.meta.url));

type Numbers = Readonly<Record<string, number>>;

/** Compiles the programs of this folder; null where OTP is not installed. */
const compile = async (): Promise<{ readonly folder: string; readonly release: string } | null> => {
  const folder = await mkdtemp(join(tmpdir(), "hsu-bench-otp-"));
  try {
    const sources = (await readdir(here)).filter((file) => file.endsWith(".erl")).map((file) => join(here, file));
    await run("erlc", ["-o", folder, ...sources]);
    const print = "io:put_chars(erlang:system_info(otp_release)), halt().";
    return { folder, release: (await run("erl", ["-noshell", "-eval", print])).stdout };
  } catch (error) {
    await rm(folder, { recursive: true });
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
};

const hsu = async (...what: ReadonlyArray<string>): Promise<Numbers> => {
  const { stdout } = await run(process.execPath, ["--expose-gc", join(here, "measure.ts"), ...what]);
  return JSON.parse(stdout) as Numbers;
};

const otp = async (folder: string, ...what: ReadonlyArray<string>): Promise<Numbers> => {
  const flags = ["-noshell", "+S", "1", "+P", "4000000", "-pa", folder];
  const { stdout } = await run("erl", [...flags, "-run", "otp_bench", "main", ...what]);
  return JSON.parse(stdout) as Numbers;
};

const notInstalled =
  "OTP is not installed, so HSU was not measured beside it: apt-get install -y --no-install-recommends erlang-base erlang-dev";

const differences = (release: string): ReadonlyArray<string> => [
  `OTP ${release}: gen_server and supervisor on one scheduler (+S 1), logger off; one measurement each in a fresh emulator.`,
  "What differs: OTP copies each message into the receiver's heap and preempts whoever runs too long, collects each process apart, and links each",
  "child to its supervisor. HSU hands over references, its handlers run to their end, and V8 collects garbage and compiles on threads of its own.",
];

export const otpSection = async (): Promise<Section> => {
  const compiled = await compile();
  if (compiled === null) return { figures: [], round: async () => {}, end: async () => {}, notes: [notInstalled] };
  const { folder, release } = compiled;
  const figureOf = ({ bench, goal, unit }: Measured): Figure => ({
    bench,
    unit,
    peerName: `OTP ${release}`,
    ...(goal === undefined ? {} : { goal }),
  });
  const entries = names.map((name) => {
    const { figures, n, warm = 4 } = plan[name];
    return {
      what: [name, String(n), String(warm)],
      keys: Object.entries(figures).map(([key, measured]) => ({ key, figure: figureOf(measured), by: scale[measured.unit] })),
    };
  });
  return {
    figures: entries.flatMap(({ keys }) => keys.map(({ figure }) => figure)),
    round: async (number, record) => {
      for (const { keys, what } of entries) {
        // Who goes first changes from round to round.
        const first = number % 2 === 0 ? await hsu(...what) : undefined;
        const peer = await otp(folder, ...what);
        const own = first ?? (await hsu(...what));
        for (const { by, figure, key } of keys) record(figure, (own[key] ?? NaN) / by, (peer[key] ?? NaN) / by);
      }
    },
    end: () => rm(folder, { recursive: true }),
    notes: differences(release),
  };
};
