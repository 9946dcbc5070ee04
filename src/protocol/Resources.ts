/**
 * What units use of the machine and what they may, as the master tells it. Bytes, milliseconds, Unix times in milliseconds; null: not known.
 */
import * as Schema from "effect/Schema";

const Known = Schema.NullOr(Schema.Number);

/** A process tree at one time. Rates are a second's, since the sample before. */
export const UsageSample = Schema.Struct({
  at: Schema.Number,
  /** Of one core. */
  cpuPercent: Known,
  cpuMillis: Schema.Number,
  rssBytes: Schema.Number,
  pssBytes: Known,
  virtualBytes: Known,
  swapBytes: Known,
  processes: Schema.Number,
  threads: Known,
  files: Known,
  /** Of the process that has most open. */
  filesMost: Known,
  sockets: Known,
  readBytes: Known,
  writeBytes: Known,
  reads: Known,
  writes: Known,
  readBps: Known,
  writeBps: Known,
  readOps: Known,
  writeOps: Known,
  contextSwitches: Known,
  oomKills: Known,
  /** Percent of the last ten seconds in which somebody waited for it. */
  pressure: Schema.NullOr(Schema.Struct({ cpu: Schema.Number, memory: Schema.Number, io: Schema.Number })),
});
export type UsageSample = typeof UsageSample.Type;

/** One row of a history. */
const UsageRow = Schema.Struct({
  at: Schema.Number,
  cpuPercent: Known,
  rss: Known,
  threads: Known,
  files: Known,
  readBps: Known,
  writeBps: Known,
});

/** A limit, and who holds it. */
export const HeldLimit = Schema.Struct({
  /** As the config calls it: `memory.max_rss`. */
  limit: Schema.String,
  bound: Schema.Number,
  policy: Schema.String,
  /** `cgroup v2`, `cgroup v1`, `rlimit`, `nice`, `affinity`, `monitor` or `nobody`. */
  by: Schema.String,
  /** Why it is not held better. */
  why: Schema.optionalKey(Schema.String),
});
export type HeldLimit = typeof HeldLimit.Type;

export const UnitResources = Schema.Struct({
  unit: Schema.String,
  state: Schema.String,
  pid: Schema.NullOr(Schema.Int),
  usage: Schema.NullOr(UsageSample),
  limits: Schema.Array(HeldLimit),
  history: Schema.optionalKey(Schema.Array(UsageRow)),
});
export type UnitResources = typeof UnitResources.Type;

/** All units, or the one that was asked for, and the master itself. */
export const ResourceReport = Schema.Struct({
  at: Schema.Number,
  cores: Schema.Int,
  memoryBytes: Schema.Number,
  master: Schema.NullOr(UsageSample),
  units: Schema.Array(UnitResources),
});
export type ResourceReport = typeof ResourceReport.Type;
