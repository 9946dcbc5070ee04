/**
 * The config benches: from the text to the tree and to a plan, for a hundred, a thousand and ten thousand units, beside the YAML package alone.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Figure, Limit, Section } from "../report.ts";

const run = promisify(execFile);
const program = fileURLToPath(new URL("measure.ts", import.meta.url));
const sizes = [100, 1000, 10_000] as const;

interface Sample {
  readonly validate: number;
  readonly plan: number;
  readonly peak: number;
}

const goals: { readonly [K in keyof Sample]: Limit } = {
  validate: { of: "hsu", atMost: 2000 },
  plan: { of: "hsu", atMost: 1000 },
  peak: { of: "hsu", atMost: 250 },
};

const figuresOf = (units: number) => {
  const figure = (key: keyof Sample, bench: string, unit: string, peerName: string): Figure => ({
    bench: `${bench}, ${units} units`,
    unit,
    peerName,
    ...(units === 10_000 ? { goal: goals[key] } : {}),
  });
  return {
    units,
    validate: figure("validate", "validate", "ms", "yaml, the document alone"),
    plan: figure("plan", "plan of one change", "ms", "yaml, to values and cloned"),
    peak: figure("peak", "peak resident", "MB", "yaml, the document alone"),
  };
};

const all = sizes.map(figuresOf);

/** As the program itself runs. */
const flags = [
  "--max-semi-space-size=1",
  "--v8-pool-size=1",
  "--optimize-for-size",
  "--no-turbofan",
  "--no-maglev",
  "--no-sparkplug",
  "--no-concurrent-sparkplug",
  "--no-parallel-scavenge",
];

const sample = async (what: "hsu" | "yaml", units: number): Promise<Sample> => {
  const { stdout } = await run(process.execPath, [...flags, program, what, String(units)]);
  return JSON.parse(stdout) as Sample;
};

export const configSection = (): Promise<Section> =>
  Promise.resolve({
    figures: all.flatMap(({ peak, plan, validate }) => [validate, plan, peak]),
    round: async (_number, record) => {
      for (const { peak, plan, units, validate } of all) {
        const [hsu, yaml] = [await sample("hsu", units), await sample("yaml", units)];
        record(validate, hsu.validate, yaml.validate);
        record(plan, hsu.plan, yaml.plan);
        record(peak, hsu.peak / 1e6, yaml.peak / 1e6);
      }
    },
    end: () => Promise.resolve(),
    notes: [
      "config: linear where a line for ten thousand units is ten times that for a thousand; the first file of a process pays for compiling the code",
    ],
  });
