/**
 * What a bench reports: figures, each beside its peer's from the same rounds.
 */
import { cpus, loadavg } from "node:os";

/** One figure of the report. */
export interface Figure {
  readonly bench: string;
  readonly unit: string;
  readonly peerName: string;
  /** What must hold for the bench to succeed. */
  readonly limit?: Limit;
  /** What is to be reached; the bench succeeds without it. */
  readonly goal?: Limit;
}

/** A bound for the median of `hsu`, or of the ratio to the peer. */
export interface Limit {
  readonly of: "hsu" | "ratio";
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** Takes the samples of one round. */
export type Record = (figure: Figure, hsu: number, peer: number) => void;

/** Measurements that make their rounds together. */
export interface Section {
  readonly figures: ReadonlyArray<Figure>;
  /** Measures each figure once, its peer next to it. `number` counts from 0. */
  readonly round: (number: number, record: Record) => Promise<void>;
  readonly end: () => Promise<void>;
  /** What to know when its figures are read. */
  readonly notes?: ReadonlyArray<string>;
}

/** A line of the report; `min` and `max` are of `hsu`, `load` is the highest one-minute average seen. */
export interface Line {
  readonly bench: string;
  readonly unit: string;
  readonly hsu: number;
  readonly peer: number;
  readonly peerName: string;
  readonly ratio: number;
  readonly rounds: number;
  readonly min: number;
  readonly max: number;
  readonly load: number;
  readonly limit?: string;
  readonly holds?: boolean;
  readonly goal?: string;
  readonly reached?: boolean;
}

interface Samples {
  readonly hsu: Array<number>;
  readonly peer: Array<number>;
  readonly ratio: Array<number>;
  readonly load: Array<number>;
}

/** Keeps the samples of all rounds. */
export const collector = (): { readonly record: Record; readonly line: (figure: Figure) => Line } => {
  const all = new Map<Figure, Samples>();
  return {
    record: (figure, hsu, peer) => {
      const samples = all.get(figure) ?? { hsu: [], peer: [], ratio: [], load: [] };
      all.set(figure, samples);
      samples.hsu.push(hsu);
      samples.peer.push(peer);
      samples.ratio.push(hsu / peer);
      samples.load.push(loadavg()[0] ?? 0);
    },
    line: (figure) => lineOf(figure, all.get(figure) ?? { hsu: [], peer: [], ratio: [], load: [] }),
  };
};

const lineOf = (figure: Figure, samples: Samples): Line => {
  const { bench, goal, limit, peerName, unit } = figure;
  const measured = { hsu: median(samples.hsu), ratio: median(samples.ratio) };
  return {
    bench,
    unit,
    hsu: round(measured.hsu),
    peer: round(median(samples.peer)),
    peerName,
    // Of the rounds' ratios, not of the medians: what slows a round slows both of its sides.
    ratio: round(measured.ratio),
    rounds: samples.hsu.length,
    min: round(Math.min(...samples.hsu)),
    max: round(Math.max(...samples.hsu)),
    load: round(Math.max(...samples.load)),
    ...(limit === undefined ? {} : { limit: limitText(limit, unit), holds: holds(limit, measured[limit.of]) }),
    ...(goal === undefined ? {} : { goal: limitText(goal, unit), reached: holds(goal, measured[goal.of]) }),
  };
};

const holds = (limit: Limit, value: number): boolean => value >= (limit.atLeast ?? -Infinity) && value <= (limit.atMost ?? Infinity);

const limitText = (limit: Limit, unit: string): string => {
  const bound = limit.atLeast === undefined ? `<= ${limit.atMost}` : `>= ${limit.atLeast}`;
  return limit.of === "ratio" ? `${bound} x peer` : `${bound} ${unit}`;
};

const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? NaN) : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
};

/** Three digits that mean something. */
const round = (value: number): number => Number(value.toPrecision(value >= 1000 ? 4 : 3));

const columns: ReadonlyArray<readonly [string, (line: Line) => string]> = [
  ["bench", (line) => line.bench],
  ["unit", (line) => line.unit],
  ["hsu", (line) => String(line.hsu)],
  ["min..max", (line) => `${line.min}..${line.max}`],
  ["peer", (line) => `${line.peer} (${line.peerName})`],
  ["hsu / peer", (line) => String(line.ratio)],
  ["must be", (line) => verdict(line)],
];

const verdict = (line: Line): string => {
  if (line.limit !== undefined) return `${line.limit}: ${line.holds === true ? "holds" : "DOES NOT HOLD"}`;
  return line.goal === undefined ? "" : `goal ${line.goal}: ${line.reached === true ? "reached" : "NOT REACHED"}`;
};

/** The report for people. */
export const table = (lines: ReadonlyArray<Line>): string => {
  const rows = [columns.map(([title]) => title), ...lines.map((line) => columns.map(([, cell]) => cell(line)))];
  const widths = columns.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const text = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  const load = Math.max(...lines.map((line) => line.load));
  return [...text, `${lines[0]?.rounds} rounds, ${cpus().length} cores, load up to ${load}, Node ${process.version}`].join("\n");
};
