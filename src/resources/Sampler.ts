/**
 * One look at all units, in slices that leave everybody else their turn. When it looks is somebody else's matter.
 */
import type { Meter, Usage } from "../platform/index.ts";
import { Ring, type Row } from "./Ring.ts";

/** What a unit used, at one time. Rates are those since the sample before; of the first one, those since its process was started. */
export interface Sample extends Usage {
  /** Unix milliseconds. */
  readonly at: number;
  /** Of one core. */
  readonly cpuPercent: number | null;
  readonly readBps: number | null;
  readonly writeBps: number | null;
  readonly readOps: number | null;
  readonly writeOps: number | null;
}

/** A process tree that is to be sampled. */
export interface Subject {
  readonly id: string;
  readonly meter: Meter;
  /** When its process was started, Unix milliseconds. */
  readonly since: number;
  readonly intervalMillis: number;
  /** Rows of its history. */
  readonly rows: number;
  readonly onSample?: ((sample: Sample) => void) | undefined;
}

export interface Sampler {
  /** Samples those of whom a sample is due; `all`: also those of whom none is. */
  readonly pass: (subjects: ReadonlyArray<Subject>, all: boolean) => Promise<void>;
  /** A sample outside of the row, with what is dear to know. */
  readonly detail: (subject: Subject) => Promise<Sample | null>;
  readonly latest: (subject: Subject) => Sample | null;
  /** Of all processes that a unit has had. */
  readonly history: (id: string) => ReadonlyArray<Row>;
}

/** So long a slice of a pass may keep the loop. */
const sliceMillis = 4;

const nextTurn = (): Promise<void> => new Promise((resume) => setImmediate(resume));

const rate = (now: number | null, before: number | null, millis: number): number | null =>
  now === null || before === null || millis <= 0 ? null : Math.max(0, ((now - before) * 1000) / millis);

/** Rates over less time say nothing: what was done in one go is one big number. */
const leastMillis = 500;

const ratesOf = ({ cpuPercent, readBps, readOps, writeBps, writeOps }: Sample) => ({ cpuPercent, readBps, readOps, writeBps, writeOps });

/** A sample of what was read, with the rates since the one before. */
export const sampleOf = (usage: Usage, at: number, before: Sample | null, since: number): Sample => {
  const millis = at - (before?.at ?? since);
  const cpu = rate(usage.cpuMillis, before?.cpuMillis ?? 0, millis);
  return {
    ...usage,
    at,
    cpuPercent: cpu === null ? null : cpu / 10,
    readBps: rate(usage.readBytes, before === null ? 0 : before.readBytes, millis),
    writeBps: rate(usage.writeBytes, before === null ? 0 : before.writeBytes, millis),
    readOps: rate(usage.reads, before === null ? 0 : before.reads, millis),
    writeOps: rate(usage.writes, before === null ? 0 : before.writes, millis),
  };
};

const rowOf = ({ at, cpuPercent, files, readBps, rssBytes, threads, writeBps }: Sample): Row => ({
  at,
  cpuPercent,
  rss: rssBytes,
  threads,
  files,
  readBps,
  writeBps,
});

export const make = (now: () => number): Sampler => {
  const rings = new Map<string, { readonly ring: Ring; readonly rows: number }>();
  const last = new WeakMap<Subject, Sample>();
  const keep = ({ id, rows }: Subject, sample: Sample): void => {
    let known = rings.get(id);
    if (known === undefined || known.rows !== rows) {
      const ring = new Ring(rows);
      for (const row of known?.ring.rows() ?? []) ring.push(row);
      rings.set(id, (known = { ring, rows }));
    }
    known.ring.push(rowOf(sample));
  };
  const take = async (subject: Subject): Promise<void> => {
    const reading = subject.meter.read(false);
    const usage = reading instanceof Promise ? await reading : reading;
    if (usage === undefined) return;
    const sample = sampleOf(usage, now(), last.get(subject) ?? null, subject.since);
    last.set(subject, sample);
    keep(subject, sample);
    subject.onSample?.(sample);
  };
  // A timer that is a little early must not leave a unit out until its next turn.
  const isDue = (subject: Subject): boolean => {
    const before = last.get(subject);
    return before === undefined || now() - before.at >= subject.intervalMillis * 0.9;
  };
  return {
    pass: async (subjects, all) => {
      let begun = performance.now();
      for (const subject of subjects) {
        if (!all && !isDue(subject)) continue;
        await take(subject);
        if (performance.now() - begun < sliceMillis) continue;
        await nextTurn();
        begun = performance.now();
      }
    },
    detail: async (subject) => {
      const usage = await subject.meter.read(true);
      if (usage === undefined) return null;
      const before = last.get(subject) ?? null;
      const sample = sampleOf(usage, now(), before, subject.since);
      return before !== null && sample.at - before.at < leastMillis ? { ...sample, ...ratesOf(before) } : sample;
    },
    latest: (subject) => last.get(subject) ?? null,
    history: (id) => rings.get(id)?.ring.rows() ?? [],
  };
};
