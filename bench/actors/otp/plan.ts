/**
 * What is measured beside OTP, how much of it, and the ratio that is the goal.
 */
import type { Limit } from "../../report.ts";

/** Does its work `n` times; fails when it was not done. Rates are per second, times in microseconds. */
export type Bench = (n: number) => Promise<Readonly<Record<string, number>>>;

/** One number of a measurement. */
export interface Measured {
  readonly bench: string;
  readonly unit: "M/s" | "k/s" | "us" | "B" | "x";
  readonly goal?: Limit;
}

/** A measurement: one process, which may yield several numbers. */
interface Entry {
  readonly n: number;
  /** How often a tenth of it is done first. Default: 4 times. */
  readonly warm?: number;
  readonly figures: Readonly<Record<string, Measured>>;
}

const timesOtp = (atLeast: number): { readonly goal: Limit } => ({ goal: { of: "ratio", atLeast } });
const shareOfOtp = (atMost: number): { readonly goal: Limit } => ({ goal: { of: "ratio", atMost } });

const rate = (n: number, bench: string, unit: "M/s" | "k/s", atLeast: number, warm?: number): Entry => ({
  n,
  ...(warm === undefined ? {} : { warm }),
  figures: { rate: { bench, unit, ...timesOtp(atLeast) } },
});

const entries = {
  spawn: rate(100_000, "spawn, DynamicSupervisor.startChild", "k/s", 3),
  spawnRoot: rate(100_000, "spawn, Actor.spawn", "k/s", 3),
  idle: { n: 100_000, figures: { bytes: { bench: "idle dynamic child", unit: "B", ...shareOfOtp(0.25) } } },
  idleHibernated: { n: 100_000, figures: { bytes: { bench: "idle dynamic child, OTP's hibernated", unit: "B" } } },
  cast: rate(5_000_000, "cast", "M/s", 3),
  call: rate(500_000, "call, no deadline", "M/s", 2),
  callDeadline: rate(500_000, "call, 5 s deadline", "M/s", 2),
  pingPong: rate(2_000_000, "ping-pong", "M/s", 2),
  ring: rate(2_000_000, "ring of 1000", "M/s", 2),
  fanIn: rate(1_000_000, "fan-in of 100", "M/s", 2),
  restart: {
    n: 10_000,
    // V8 needs some thousands of crashes to compile what they run, and these are the first thousand.
    warm: 20,
    figures: {
      early: { bench: "restarts, first 1000 in a row", unit: "k/s", ...timesOtp(3) },
      rate: { bench: "restarts, 10,000 in a row", unit: "k/s", ...timesOtp(3) },
      // A machine that others use as well is not steadier than this.
      kept: { bench: "restarts, last 1000 / first 1000", unit: "x", goal: { of: "hsu", atLeast: 0.8 } },
      p50: { bench: "crash to up, p50", unit: "us", ...shareOfOtp(0.5) },
    },
  },
  burst: rate(20_000, "1000 crash at once", "k/s", 3, 20),
  tree: {
    n: 100_000,
    figures: {
      start: { bench: "tree of 100 x 1000, start", unit: "k/s", ...timesOtp(5) },
      stop: { bench: "tree of 100 x 1000, stop", unit: "k/s", ...timesOtp(5) },
    },
  },
  skynet: rate(1_000_000, "skynet 1e6, beside raw processes", "k/s", 2),
} as const satisfies Readonly<Record<string, Entry>>;

export type Name = keyof typeof entries;

export const plan: Readonly<Record<Name, Entry>> = entries;

export const names = Object.keys(entries) as ReadonlyArray<Name>;

export const scale = { "M/s": 1e6, "k/s": 1e3, us: 1, B: 1, x: 1 } as const;
