/**
 * The config benches: from the text to the tree and to a plan, for a hundred, a thousand and ten thousand units, beside the YAML package alone; one change
 * applied to as many that run; and what is no config.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Figure, Limit, Section } from "../report.ts";
import { badInputs } from "./bad.ts";
import { started, validated } from "./validate.ts";

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

/** Units that wait for each other: what reading them takes, and who waits for whom, beside what reading takes where nobody waits. */
const shapes = ["chain", "fan in", "fan out", "groups"] as const;
const waitFigures = sizes.flatMap((units) =>
  shapes.map((shape) => {
    const figure = (bench: string): Figure => ({ bench: `${bench}, ${units} units, ${shape}`, unit: "ms", peerName: "nobody waits" });
    return { units, shape, check: figure("validate"), order: figure("who waits for whom") };
  }),
);

const sampleOrder = async (shape: string, units: number): Promise<{ readonly validate: number; readonly order: number }> => {
  const { stdout } = await run(process.execPath, [...flags, fileURLToPath(new URL("order.ts", import.meta.url)), shape, String(units)]);
  return JSON.parse(stdout) as { readonly validate: number; readonly order: number };
};

/** Of `hsu apply` of a file in which one unit is another, to a master that runs the others: its peer is `hsu validate` of that file, which reads all of it. */
const applyFigures = sizes.map((units) => {
  const figure = (bench: string, unit: string, peerName: string, atMost?: number): Figure => ({
    bench: `${bench}, ${units} units`,
    unit,
    peerName,
    ...(units === 10_000 && atMost !== undefined ? { goal: { of: "hsu" as const, atMost } } : {}),
  });
  return {
    units,
    wall: figure("apply of one change, command and master", "ms", "hsu validate of the file", 1000),
    cpu: figure("apply of one change, CPU of the master", "ms", "CPU of the command", 1000),
    peak: figure("memory of the master that it is applied to, at most", "MB", "hsu validate of the file"),
  };
});

interface Applied {
  readonly apply: number;
  readonly master: number;
  readonly command: number;
  readonly peak: number;
  readonly validate: { readonly wall: number; readonly peak: number };
}

const sampleApply = async (units: number): Promise<Applied> => {
  const { stdout } = await run(process.execPath, [fileURLToPath(new URL("apply.ts", import.meta.url)), String(units)]);
  return JSON.parse(stdout) as Applied;
};

const ofBad = badInputs();
/** Codes and places are known when they have been seen. */
const said = new Map<string, string>();
const badFigures = ofBad.map(([name]) => {
  const figure = (what: string, unit: string, atMost: number): Figure => ({
    get bench() {
      return `bad input, ${what}: ${name}: ${said.get(name) ?? ""}`;
    },
    unit,
    peerName: "node -e 0",
    goal: { of: "hsu", atMost },
  });
  return { wall: figure("time", "ms", 2000), peak: figure("memory", "MB", 200) };
});

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
    figures: [
      ...all.flatMap(({ peak, plan, validate }) => [validate, plan, peak]),
      ...waitFigures.flatMap(({ check, order }) => [check, order]),
      ...applyFigures.flatMap(({ cpu, peak, wall }) => [wall, cpu, peak]),
      ...badFigures.flatMap(({ peak, wall }) => [wall, peak]),
    ],
    round: async (_number, record) => {
      for (const { peak, plan, units, validate } of all) {
        const [hsu, yaml] = [await sample("hsu", units), await sample("yaml", units)];
        record(validate, hsu.validate, yaml.validate);
        record(plan, hsu.plan, yaml.plan);
        record(peak, hsu.peak / 1e6, yaml.peak / 1e6);
      }
      for (const units of sizes) {
        const alone = await sampleOrder("none", units);
        for (const { check, order, shape } of waitFigures.filter((each) => each.units === units)) {
          const found = await sampleOrder(shape, units);
          record(check, found.validate, alone.validate);
          record(order, found.order, alone.validate);
        }
      }
      for (const { cpu, peak, units, wall } of applyFigures) {
        const { apply, command, master, validate, ...taken } = await sampleApply(units);
        record(wall, apply, validate.wall);
        record(cpu, master, command);
        record(peak, taken.peak, validate.peak);
      }
      for (const [index, { peak, wall }] of badFigures.entries()) {
        const [bad, node] = [await validated(ofBad[index]!), await started()];
        said.set(ofBad[index]![0], bad.said);
        record(wall, bad.wall, node.wall);
        record(peak, bad.peak, node.peak);
      }
    },
    end: () => Promise.resolve(),
    notes: [
      "config: linear where a line for ten thousand units is ten times that for a thousand; the first file of a process pays for compiling the code",
    ],
  });
