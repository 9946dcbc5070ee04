/**
 * What a sample means: which limits are broken, since when, how badly, and what is to be done about it. Pure; the state is plain data.
 */
import { endsIt, type Limit, type LimitName, type LimitsSpec, type Policy, valueOf } from "./Limits.ts";
import type { Sample } from "./Sampler.ts";

export type Severity = "warning" | "critical" | "emergency";

/** From so many times its bound on a broken limit is an emergency, and nobody waits for it to be sustained. */
export const emergencyFactor = 1.5;

/** What was told is over when the value is this far below where it began: one that swings around its limit is told once. */
const relief = 0.95;

/** What is known of one limit from the samples before. */
interface Standing {
  /** When it was seen over its bound first, of the samples in a row until now; Unix milliseconds. */
  readonly overSince: number | null;
  /** The worst that was told since it was well. */
  readonly told: Severity | null;
  /** Its policy has been carried out. */
  readonly acted: boolean;
}

export type Standings = { readonly [Name in LimitName]?: Standing };

export interface Finding {
  readonly limit: LimitName;
  readonly value: number;
  readonly bound: number;
  /** Null: it is well again. */
  readonly severity: Severity | null;
  /** How long it has been over its bound. */
  readonly forMillis: number;
  /** What is to be done now; `none`: it is told, and nothing else. */
  readonly action: Policy;
}

const well: Standing = { overSince: null, told: null, acted: false };

const ranks: Readonly<Record<Severity, number>> = { warning: 1, critical: 2, emergency: 3 };
const rankOf = (severity: Severity | null): number => (severity === null ? 0 : ranks[severity]);

/** Of a count, whoever has reached it can have no more: the kernel lets nobody come over it. */
const isOver = ({ bound, name }: Limit, value: number): boolean =>
  name === "process.max_processes" || name === "process.max_file_descriptors" ? value >= bound : value > bound;

const severityOf = (limit: Limit, value: number): Severity | null => {
  if (isOver(limit, value)) return value >= limit.bound * emergencyFactor ? "emergency" : "critical";
  return limit.warningPercent !== undefined && value >= (limit.bound * limit.warningPercent) / 100 ? "warning" : null;
};

export interface Judgement {
  readonly standings: Standings;
  readonly findings: ReadonlyArray<Finding>;
}

/** What one more sample of a process says that was started at `startedAt`. */
export const judge = (
  spec: LimitsSpec,
  standings: Standings,
  sample: Sample,
  startedAt: number,
  /** Limits that the kernel holds: whatever a measurement says, nobody comes over them. */
  held: ReadonlySet<LimitName> = new Set(),
): Judgement => {
  if (sample.at - startedAt < spec.graceMillis) return { standings: {}, findings: [] };
  const next: { [Name in LimitName]?: Standing } = {};
  const findings: Array<Finding> = [];
  for (const limit of spec.limits) {
    if (limit.policy === "none") continue;
    const { name } = limit;
    const before = standings[name] ?? well;
    const measured = valueOf(name, sample);
    const value = measured !== null && held.has(name) ? Math.min(limit.bound, measured) : measured;
    if (value === null) {
      next[name] = before;
      continue;
    }
    const { finding, standing } = judgeOne(spec, limit, before, value, sample.at);
    next[name] = standing;
    if (finding !== null) findings.push(finding);
  }
  return { standings: next, findings };
};

const judgeOne = (
  { spikeMillis, sustainedMillis }: LimitsSpec,
  limit: Limit,
  before: Standing,
  value: number,
  at: number,
): { readonly standing: Standing; readonly finding: Finding | null } => {
  const severity = severityOf(limit, value);
  const isBroken = severity === "critical" || severity === "emergency";
  const overSince = isBroken ? (before.overSince ?? at) : null;
  const forMillis = overSince === null ? 0 : at - overSince;
  const finding = (action: Policy, of: Severity | null): Finding => ({
    limit: limit.name,
    value,
    bound: limit.bound,
    severity: of,
    forMillis,
    action,
  });
  if (severity === null) {
    const begins = (limit.bound * Math.min(100, limit.warningPercent ?? 100)) / 100;
    if (before.told !== null && value >= begins * relief) return { standing: { ...before, overSince: null, acted: false }, finding: null };
    return { standing: well, finding: before.told === null ? null : finding("none", null) };
  }
  if (!isBroken) {
    const isNews = before.told === null;
    return { standing: { overSince, told: before.told ?? severity, acted: false }, finding: isNews ? finding("none", severity) : null };
  }
  // A spike: not told yet, and if it ends now it never will be.
  if (forMillis < spikeMillis) return { standing: { ...before, overSince }, finding: null };
  const acts = !before.acted && (severity === "emergency" || forMillis >= sustainedMillis);
  const isWorse = rankOf(severity) > rankOf(before.told);
  const standing: Standing = { overSince, told: isWorse ? severity : before.told, acted: before.acted || acts };
  return { standing, finding: acts || isWorse ? finding(acts ? limit.policy : "none", severity) : null };
};

/** The one that is carried out where several are to be: what ends the process comes before what does not. */
export const worst = (findings: ReadonlyArray<Finding>): Finding | null =>
  findings
    .filter(({ action }) => endsIt(action))
    .toSorted((one, other) => rankOf(other.severity) - rankOf(one.severity))
    .at(0) ?? null;
