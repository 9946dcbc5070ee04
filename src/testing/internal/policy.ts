/**
 * Who goes next: the decisions of a simulated run, each numbered, so that a run can be had again and be made simpler.
 */

/** A seeded source of numbers in [0, 1): splitmix32. */
export class Chance {
  private state: number;

  constructor(seed: number) {
    this.state = seed | 0;
  }

  next(): number {
    this.state = (this.state + 0x9e3779b9) | 0;
    let z = this.state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return ((z ^ (z >>> 16)) >>> 0) / 2 ** 32;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }
}

/** What waits for its turn: an actor, a fiber, or something that is done once. */
export interface Candidate {
  readonly entity: object;
}

export interface Policy {
  /** Which of several goes next: an index. 0 has waited longest. */
  pick(ready: ReadonlyArray<Candidate>): number;
  /** Whether what runs lets others go first, after a message or before an operation of its effect. */
  preempt(running: object): boolean;
}

/** Any that waits is as likely as any other, and how often one is preempted is drawn once for the run. */
class RandomWalk implements Policy {
  private readonly chance: Chance;
  private readonly rate: number;

  constructor(chance: Chance) {
    this.chance = chance;
    this.rate = [0, 0.02, 0.1, 0.4][chance.below(4)]!;
  }

  pick(ready: ReadonlyArray<Candidate>): number {
    return this.chance.below(ready.length);
  }

  preempt(): boolean {
    return this.rate > 0 && this.chance.next() < this.rate;
  }
}

/** Turns in a row after which another one goes first, whatever the priorities: what spins until another has done its part never ends otherwise. */
const patience = 100;

/**
 * PCT (Burckhardt et al., ASPLOS 2010): each has a random priority and the highest runs, until at one of a few points the one that runs becomes the
 * lowest. Where these points are is drawn from 1 to 10,000 on a logarithmic scale, as nobody knows how long the run will be.
 */
class Priorities implements Policy {
  private readonly chance: Chance;
  private readonly priorities = new WeakMap<object, number>();
  private readonly changes: Set<number>;
  private lowest = 0;
  private step = 0;
  private last: object | null = null;
  private inRow = 0;

  constructor(chance: Chance) {
    this.chance = chance;
    const depth = chance.below(4);
    this.changes = new Set(Array.from({ length: depth }, () => Math.floor(10 ** (4 * chance.next()))));
  }

  pick(ready: ReadonlyArray<Candidate>): number {
    let best = 0;
    for (let i = 1; i < ready.length; i++) {
      if (this.priority(ready[i]!.entity) > this.priority(ready[best]!.entity)) best = i;
    }
    const { entity } = ready[best]!;
    this.inRow = entity === this.last ? this.inRow + 1 : 0;
    this.last = entity;
    if (this.inRow >= patience) this.demote(entity);
    return best;
  }

  preempt(running: object): boolean {
    if (!this.changes.has(++this.step)) return false;
    this.demote(running);
    return true;
  }

  private demote(entity: object): void {
    this.priorities.set(entity, --this.lowest);
  }

  private priority(entity: object): number {
    let priority = this.priorities.get(entity);
    if (priority === undefined) this.priorities.set(entity, (priority = this.chance.next()));
    return priority;
  }
}

/**
 * Three seeds of four go by priorities: what a few ill-timed switches break was found three to thirty times as often as by a random walk. The others
 * walk at random, for what breaks only after many switches.
 */
export const seeded = (seed: number): Policy => {
  const chance = new Chance(seed);
  return chance.next() < 0.25 ? new RandomWalk(chance) : new Priorities(chance);
};

/** First come, first served, and nobody is preempted. */
export const inTurn: Policy = { pick: () => 0, preempt: () => false };

/** By the number of the decision: what was decided otherwise than by {@link inTurn}. */
export type Deviations = ReadonlyMap<number, number>;

/** Writes down where `policy` deviates. */
export class Noted implements Policy {
  readonly deviations = new Map<number, number>();
  private readonly policy: Policy;
  private decisions = 0;

  constructor(policy: Policy) {
    this.policy = policy;
  }

  pick(ready: ReadonlyArray<Candidate>): number {
    return this.note(this.policy.pick(ready));
  }

  preempt(running: object): boolean {
    return this.note(this.policy.preempt(running) ? 1 : 0) === 1;
  }

  private note(decision: number): number {
    this.decisions++;
    if (decision !== 0) this.deviations.set(this.decisions, decision);
    return decision;
  }
}

/** Deviates where it is told to. */
export class Replay implements Policy {
  private readonly deviations: Deviations;
  private decisions = 0;

  constructor(deviations: Deviations) {
    this.deviations = deviations;
  }

  pick(ready: ReadonlyArray<Candidate>): number {
    return Math.min(this.deviations.get(++this.decisions) ?? 0, ready.length - 1);
  }

  preempt(): boolean {
    return this.deviations.has(++this.decisions);
  }
}
