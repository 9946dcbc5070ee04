/**
 * What a unit's probes say together: thresholds, the startup probe that holds the others back, and what has changed. Pure.
 */
import { type ProbeKind, probeKinds, type ProbeSpec, type ProbesSpec } from "./ProbeSpec.ts";

export type Verdict = "unknown" | "healthy" | "unhealthy";

/** What one probe has said so far. */
export interface Count {
  readonly verdict: Verdict;
  /** In a row, up to now; one of the two is 0. */
  readonly passes: number;
  readonly failures: number;
}

/** What the probes of one process have said so far; null: there is no such probe. */
export interface Judgement {
  readonly startup: Count | null;
  readonly readiness: Count | null;
  readonly liveness: Count | null;
  readonly livenessIsReadiness: boolean;
}

/** What a run of a probe has found. */
export interface Finding {
  readonly probe: ProbeKind;
  readonly passed: boolean;
  /** For people: `HTTP 503`. */
  readonly saw: string;
}

/** What a finding has changed. `startFailed` and `failed` are the last that is heard of a process. */
export type News = "started" | "startFailed" | "healthy" | "failed" | "ready" | "notReady";

const nothing: Count = { verdict: "unknown", passes: 0, failures: 0 };

/** A process that is probed is there: nobody asks, and its end is not a finding. */
const firstCount = (spec: ProbeSpec | undefined): Count | null =>
  spec === undefined ? null : spec.check.kind === "process" ? { ...nothing, verdict: "healthy" } : nothing;

/** Of a process that has just been started. */
export const initial = (probes: ProbesSpec): Judgement => ({
  startup: firstCount(probes.startup),
  readiness: firstCount(probes.readiness),
  liveness: firstCount(probes.liveness),
  livenessIsReadiness: probes.livenessIsReadiness ?? false,
});

/** A result more: the verdict is another one after as many results in a row as its threshold says. */
export const count = (thresholds: Pick<ProbeSpec, "failureThreshold" | "successThreshold">, before: Count, passed: boolean): Count => {
  const passes = passed ? before.passes + 1 : 0;
  const failures = passed ? 0 : before.failures + 1;
  if (passes >= thresholds.successThreshold) return { verdict: "healthy", passes, failures };
  if (failures >= thresholds.failureThreshold) return { verdict: "unhealthy", passes, failures };
  return { verdict: before.verdict, passes, failures };
};

/** The start is over: nothing holds the other probes back. */
export const isStarted = ({ startup }: Judgement): boolean => startup === null || startup.verdict === "healthy";

/** The process is to be ended: what is found from now on is of no interest. */
export const isOver = ({ liveness, startup }: Judgement): boolean => startup?.verdict === "unhealthy" || liveness?.verdict === "unhealthy";

export const isReady = (judgement: Judgement): boolean => {
  const { liveness, livenessIsReadiness, readiness } = judgement;
  const says = readiness ?? (livenessIsReadiness ? liveness : null);
  return isStarted(judgement) && !isOver(judgement) && (says === null || says.verdict === "healthy");
};

/** In one word, for people: the liveness probe's, or that of the probe there is. */
export const verdict = ({ liveness, readiness, startup }: Judgement): Verdict =>
  startup?.verdict === "unhealthy" ? "unhealthy" : (liveness ?? readiness ?? startup ?? nothing).verdict;

/** The probes that are to be run now. */
export const due = (probes: ProbesSpec, judgement: Judgement): ReadonlyArray<ProbeKind> =>
  isOver(judgement)
    ? []
    : probeKinds.filter((kind) => {
        const spec = probes[kind];
        return spec !== undefined && spec.check.kind !== "process" && (kind === "startup") !== isStarted(judgement);
      });

/** What a finding makes of what was known, and what is news in it. A finding of a probe that is not due changes nothing. */
export const step = (
  probes: ProbesSpec,
  before: Judgement,
  { passed, probe }: Finding,
): { readonly judgement: Judgement; readonly news: ReadonlyArray<News> } => {
  const spec = probes[probe];
  const counted = before[probe];
  if (spec === undefined || counted === null || !due(probes, before).includes(probe)) return { judgement: before, news: [] };
  const judgement = { ...before, [probe]: count(spec, counted, passed) };
  const news: Array<News> = [];
  if (probe === "startup" && judgement.startup?.verdict !== counted.verdict) news.push(passed ? "started" : "startFailed");
  if (probe === "liveness" && judgement.liveness?.verdict !== counted.verdict) news.push(passed ? "healthy" : "failed");
  // Ready it becomes or ceases to be; that it is not from the first is news as well.
  const saysReady = probe === "readiness" || (probe === "liveness" && before.livenessIsReadiness && before.readiness === null);
  if (saysReady && judgement[probe]?.verdict !== counted.verdict) news.push(isReady(judgement) ? "ready" : "notReady");
  return { judgement, news };
};
