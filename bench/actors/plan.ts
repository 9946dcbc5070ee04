/**
 * What is measured of actors, and how much of it.
 */

/** What an implementation does `n` times; it fails when the work was not done. */
export type Work = (n: number) => Promise<void>;

/** One implementation of the plan. */
export interface Implementation {
  readonly cast: Work;
  readonly castPayload: Work;
  readonly call: Work;
  readonly callInfinity: Work;
  readonly spawnStop: Work;
  readonly tree: Work;
  readonly restart: Work;
  /** Leaves `n` idle actors behind; they live as long as what it returns. */
  readonly idle: (n: number) => Promise<object>;
  readonly idleSupervised: (n: number) => Promise<object>;
}

export type Name = keyof Implementation;

interface Entry {
  readonly bench: string;
  readonly unit: "M/s" | "us" | "B";
  readonly n: number;
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** Casts come in bursts of this many; a call confirms each burst. */
export const burst = 10_000;

/** Children of the supervisor that is started and stopped. */
export const treeSize = 1000;

export const plan: Readonly<Record<Name, Entry>> = {
  cast: { bench: "cast", unit: "M/s", n: 10_000_000, atLeast: 10 },
  castPayload: { bench: "cast with a payload", unit: "M/s", n: 10_000_000, atLeast: 10 },
  call: { bench: "call, 5 s deadline", unit: "M/s", n: 1_000_000, atLeast: 1 },
  callInfinity: { bench: "call, no deadline", unit: "M/s", n: 1_000_000, atLeast: 1 },
  spawnStop: { bench: "spawn + stop, scoped", unit: "us", n: 200_000 },
  tree: { bench: `start + stop a child, of ${treeSize}`, unit: "us", n: 100_000 },
  restart: { bench: "crash to answer of the next", unit: "us", n: 50_000 },
  idle: { bench: "idle actor", unit: "B", n: 100_000, atMost: 700 },
  idleSupervised: { bench: "idle supervised child", unit: "B", n: 100_000, atMost: 700 },
};

export const names = Object.keys(plan) as ReadonlyArray<Name>;
