/**
 * Whether a supervisor's spec makes sense, before anything is started. Pure.
 */
import type { CircuitBreaker } from "../CircuitBreaker.ts";
import type { AutoShutdown, RestartType, Strategy } from "../Strategy.ts";
import type { ErasedSpec } from "./child.ts";
import type { ErasedSupervisor } from "./supervisorSpec.ts";

const strategies: ReadonlyArray<Strategy> = ["one_for_one", "one_for_all", "rest_for_one"];
const restarts: ReadonlyArray<RestartType> = ["permanent", "transient", "temporary"];
const autoShutdowns: ReadonlyArray<AutoShutdown> = ["never", "any_significant", "all_significant"];

const isDelay = (value: unknown): boolean => typeof value === "number" && Number.isFinite(value) && value >= 0;

/** The types rule out what is none of these, but not all who call have types. */
const notOneOf = (name: string, value: string, all: ReadonlyArray<string>): string | null =>
  all.includes(value) ? null : `${name} is ${JSON.stringify(value)}: it has to be ${all.slice(0, -1).join(", ")} or ${all.at(-1)}`;

/** The first of these that is no time to wait. */
const notDelay = (delays: Readonly<Record<string, number | string | undefined>>): string | null => {
  for (const [name, value] of Object.entries(delays)) {
    if (value === undefined || isDelay(value)) continue;
    return `${name} is ${typeof value === "string" ? JSON.stringify(value) : value}, which is no time to wait`;
  }
  return null;
};

/** Null when it says how something is stopped. */
const notShutdown = (shutdown: unknown): string | null =>
  shutdown === "infinity" || shutdown === "brutal_kill" || isDelay(shutdown)
    ? null
    : `shutdown is ${typeof shutdown === "string" ? JSON.stringify(shutdown) : String(shutdown)}: it has to be milliseconds, "brutal_kill" or "infinity"`;

/** Throws when what a task is started with makes no sense: a mistake of its caller, which the types rule out for the most part. */
export const checkTask = (shutdown: unknown, maxConcurrency = 1): void => {
  const problem = notShutdown(shutdown);
  if (problem !== null) throw new TypeError(problem);
  if (!(Number.isInteger(maxConcurrency) && maxConcurrency >= 1)) {
    throw new TypeError(`maxConcurrency is ${maxConcurrency}: it has to be a whole number from 1 on`);
  }
};

/** What a circuit breaker has to have. */
const breakerTimes = ({ cooldownMillis, stableMillis }: Partial<CircuitBreaker>) => ({
  cooldownMillis: cooldownMillis ?? "missing",
  stableMillis: stableMillis ?? "missing",
});

/** What is wrong with one child spec under a supervisor with this `autoShutdown`; null when nothing is. */
export const checkChild = (spec: ErasedSpec, autoShutdown: AutoShutdown): string | null => {
  if (typeof spec.make !== "function") return "a child is no spec that ChildSpec.make or a supervisor's child has made";
  const child = `child ${JSON.stringify(spec.id)}`;
  if (spec.id === "") return "a child's id is empty";
  const { backoff, shutdown, startTimeoutMillis } = spec;
  const stop = shutdown === "infinity" || shutdown === "brutal_kill" ? undefined : shutdown;
  const problem =
    notOneOf("restart", spec.restart, restarts) ??
    notDelay({
      shutdown: stop,
      startTimeoutMillis,
      "backoff.initialMillis": backoff?.initialMillis,
      "backoff.maxMillis": backoff?.maxMillis,
      "backoff.resetAfterMillis": backoff?.resetAfterMillis,
    });
  if (problem !== null) return `${child}: ${problem}`;
  if (spec.maxAttempts !== undefined && !(Number.isInteger(spec.maxAttempts) && spec.maxAttempts >= 0)) {
    return `${child}: maxAttempts is ${spec.maxAttempts}, which is no number of attempts`;
  }
  if (spec.significant && spec.restart === "permanent")
    return `${child}: a permanent child never ends by itself, so it cannot be significant`;
  if (spec.significant && autoShutdown === "never") return `${child}: is significant, but autoShutdown is never`;
  return null;
};

/** The first thing that is wrong with a supervisor's spec; null when nothing is. */
export const checkSupervisor = ({ autoShutdown, breaker, children, dynamic, limit, strategy }: ErasedSupervisor): string | null => {
  if (!Array.isArray(children)) return "children is no list";
  const flag = notOneOf("strategy", strategy, strategies) ?? notOneOf("autoShutdown", autoShutdown, autoShutdowns);
  if (flag !== null) return flag;
  if (limit.intensity !== "infinity" && !(Number.isInteger(limit.intensity) && limit.intensity >= 0)) {
    return `intensity is ${limit.intensity}: it has to be a whole number from 0 on, or "infinity"`;
  }
  const breaking = breaker === undefined ? null : notDelay(breakerTimes(breaker));
  if (breaking !== null) return `whenExceeded: ${breaking}`;
  if (!(Number.isFinite(limit.periodMillis) && limit.periodMillis > 0))
    return `periodMillis is ${limit.periodMillis}: it has to be above 0`;
  if (dynamic !== null) {
    const { maxChildren, spec } = dynamic;
    if (maxChildren !== undefined && !(maxChildren >= 0)) return `maxChildren is ${maxChildren}, which is no number of children`;
    return checkChild(spec, "never");
  }
  const seen = new Set<string>();
  for (const spec of children) {
    if (seen.has(spec.id)) return `two children have the id ${JSON.stringify(spec.id)}`;
    seen.add(spec.id);
    const problem = checkChild(spec, autoShutdown);
    if (problem !== null) return problem;
  }
  return null;
};
