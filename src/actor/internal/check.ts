/**
 * Whether a supervisor's spec makes sense, before anything is started. Pure.
 */
import type { RestartIntensity } from "../RestartIntensity.ts";
import type { AutoShutdown } from "../Strategy.ts";
import type { ErasedSpec } from "./child.ts";

export interface Checked {
  readonly limit: RestartIntensity;
  readonly autoShutdown: AutoShutdown;
  readonly children: ReadonlyArray<ErasedSpec>;
}

const isDelay = (value: number): boolean => Number.isFinite(value) && value >= 0;

/** What is wrong with one child spec under a supervisor with this `autoShutdown`; null when nothing is. */
export const checkChild = (spec: ErasedSpec, autoShutdown: AutoShutdown): string | null => {
  const child = `child ${JSON.stringify(spec.id)}`;
  if (spec.id === "") return "a child's id is empty";
  if (typeof spec.shutdown === "number" && !isDelay(spec.shutdown))
    return `${child}: shutdown is ${spec.shutdown}, which is no time to wait`;
  if (spec.maxAttempts !== undefined && !(Number.isInteger(spec.maxAttempts) && spec.maxAttempts >= 0)) {
    return `${child}: maxAttempts is ${spec.maxAttempts}, which is no number of attempts`;
  }
  if (spec.significant && spec.restart === "permanent")
    return `${child}: a permanent child never ends by itself, so it cannot be significant`;
  if (spec.significant && autoShutdown === "never") return `${child}: is significant, but autoShutdown is never`;
  return null;
};

/** The first thing that is wrong with a supervisor's spec; null when nothing is. */
export const checkSupervisor = ({ autoShutdown, children, limit }: Checked): string | null => {
  if (limit.intensity !== "infinity" && !(Number.isInteger(limit.intensity) && limit.intensity >= 0)) {
    return `intensity is ${limit.intensity}: it has to be a whole number from 0 on, or "infinity"`;
  }
  if (!(Number.isFinite(limit.periodMillis) && limit.periodMillis > 0))
    return `periodMillis is ${limit.periodMillis}: it has to be above 0`;
  const seen = new Set<string>();
  for (const spec of children) {
    if (seen.has(spec.id)) return `two children have the id ${JSON.stringify(spec.id)}`;
    seen.add(spec.id);
    const problem = checkChild(spec, autoShutdown);
    if (problem !== null) return problem;
  }
  return null;
};
