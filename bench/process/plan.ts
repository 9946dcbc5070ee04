/**
 * What is measured of each process manager, and what HSU is to reach.
 */
import type { Figure, Limit } from "../report.ts";

interface Plan {
  readonly bench: string;
  readonly unit: string;
  readonly goal?: Limit;
  /** As systemd 252 (`--user`) did on a machine like this, 2026-11-20: it does not run in a container. */
  readonly systemd?: number;
  /** The goal as a ratio to a peer that ran beside it, on the machine that the goal is from: this one may be slower. */
  readonly beside?: { readonly peer: string; readonly atMost: number };
}

const atMost = (bound: number): Limit => ({ of: "hsu", atMost: bound });

export const plan = {
  restart: {
    bench: "kill -9 to main() of the next, p50",
    unit: "ms",
    goal: atMost(2),
    systemd: 19.4,
    beside: { peer: "floor in bare Node", atMost: 1.9 },
  },
  start: { bench: "cold start to 500 running", unit: "ms", goal: atMost(665), systemd: 665, beside: { peer: "s6", atMost: 0.975 } },
  stop: { bench: "stop of 500", unit: "ms", goal: atMost(191), systemd: 371 },
  crash: { bench: "crash loop of 100, defaults, its first minute", unit: "% of a core", goal: atMost(2) },
  crashSoon: { bench: "the same, its first ten seconds", unit: "% of a core" },
  idle: { bench: "idle with 100", unit: "% of a core", goal: atMost(0.05) },
  wakeups: { bench: "idle with 100", unit: "wakeups/min", goal: atMost(10) },
  rss10: { bench: "resident, 10 units", unit: "MB" },
  rss100: { bench: "resident, 100 units", unit: "MB", systemd: 10.9 * 1.048576 },
  rss500: { bench: "resident, 500 units", unit: "MB", systemd: 13.1 * 1.048576 },
  pss500: { bench: "resident by share, 500 units", unit: "MB", systemd: 10.5 * 1.048576 },
  twice: { bench: "units that run twice after kill -9 of the manager and a new one, of 10", unit: "units", goal: atMost(0), systemd: 9 },
  lost: { bench: "units that do not run then, of 10", unit: "units", goal: atMost(0) },
} as const satisfies Record<string, Plan>;

export type Key = keyof typeof plan;

/** What one manager has shown in one round; absent: not measured. */
export type Sample = { [K in Key]?: number };

export const keys = Object.keys(plan) as ReadonlyArray<Key>;

/** A figure of one measure beside one peer; the goal stands with the first peer only. */
export const figureOf = (key: Key, peerName: string, first: boolean): Figure => {
  const { beside, bench, goal, unit }: Plan = plan[key];
  if (beside?.peer === peerName) return { bench, unit, peerName, goal: { of: "ratio", atMost: beside.atMost } };
  return { bench, unit, peerName, ...(first && goal !== undefined ? { goal } : {}) };
};

export const quoted = (key: Key): number | undefined => (plan[key] as Plan).systemd;
