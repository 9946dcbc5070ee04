/**
 * Whether a supervisor's spec makes sense, before anything is started. Pure.
 */
import type { Backoff } from "../Backoff.ts";
import type { CircuitBreaker } from "../CircuitBreaker.ts";
import type { AutoShutdown, RestartType, Strategy } from "../Strategy.ts";
import type { ErasedSpec } from "./child.ts";
import type { ErasedSupervisor } from "./supervisorSpec.ts";

const strategies: ReadonlyArray<Strategy> = ["one_for_one", "one_for_all", "rest_for_one"];
const restarts: ReadonlyArray<RestartType> = ["permanent", "transient", "temporary"];
const autoShutdowns: ReadonlyArray<AutoShutdown> = ["never", "any_significant", "all_significant"];

const orders = ["sequential", "parallel"];

const isDelay = (value: unknown): boolean => typeof value === "number" && Number.isFinite(value) && value >= 0;

/** The types rule out what is none of these, but not all who call have types. */
const notOneOf = (name: string, value: string, all: ReadonlyArray<string>): string | null =>
  all.includes(value) ? null : `${name} is ${JSON.stringify(value)}: it has to be ${all.slice(0, -1).join(", ")} or ${all.at(-1)}`;

const notDelay = (name: string, value: number | string | undefined): string | null =>
  value === undefined || isDelay(value)
    ? null
    : `${name} is ${typeof value === "string" ? JSON.stringify(value) : value}, which is no time to wait`;

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

/** What is wrong with a spec, without its id: nothing is made for the thousands with which nothing is. */
const problemOf = (
  { backoff, maxAttempts, restart, shutdown, significant, startTimeoutMillis }: ErasedSpec,
  autoShutdown: AutoShutdown,
) => {
  const problem =
    (restart === "permanent" ? null : notOneOf("restart", restart, restarts)) ??
    (shutdown === "infinity" || shutdown === "brutal_kill" ? null : notDelay("shutdown", shutdown)) ??
    notDelay("startTimeoutMillis", startTimeoutMillis) ??
    (backoff === undefined ? null : notBackoff(backoff));
  if (problem !== null) return problem;
  if (maxAttempts !== undefined && !(Number.isInteger(maxAttempts) && maxAttempts >= 0)) {
    return `maxAttempts is ${maxAttempts}, which is no number of attempts`;
  }
  if (typeof significant !== "boolean") return `significant is ${JSON.stringify(significant)}: it has to be true or false`;
  if (significant && restart === "permanent") return "a permanent child never ends by itself, so it cannot be significant";
  return significant && autoShutdown === "never" ? "is significant, but autoShutdown is never" : null;
};

const notBackoff = ({ factor, initialMillis, jitter, maxMillis, resetAfterMillis }: Backoff): string | null =>
  notDelay("backoff.initialMillis", initialMillis) ??
  notDelay("backoff.maxMillis", maxMillis) ??
  notDelay("backoff.resetAfterMillis", resetAfterMillis) ??
  (factor === undefined || (Number.isFinite(factor) && factor >= 1) ? null : `backoff.factor is ${factor}: it has to be 1 or more`) ??
  (jitter === undefined || (jitter >= 0 && jitter <= 1) ? null : `backoff.jitter is ${jitter}: it has to be between 0 and 1`);

/** What is wrong with one child spec under a supervisor with this `autoShutdown`; null when nothing is. */
export const checkChild = (spec: ErasedSpec, autoShutdown: AutoShutdown): string | null => {
  if (typeof spec.make !== "function") return "a child is no spec that ChildSpec.make or a supervisor's child has made";
  if (spec.id === "") return "a child's id is empty";
  if (typeof spec.id !== "string") return "a child has no id";
  const problem = problemOf(spec, autoShutdown);
  return problem === null ? null : `child ${JSON.stringify(spec.id)}: ${problem}`;
};

/** The first id that two children have. */
export const duplicateId = (children: ReadonlyArray<ErasedSpec>): string | null => {
  const seen = new Set<string>();
  for (const { id } of children) {
    if (seen.has(id)) return `two children have the id ${JSON.stringify(id)}`;
    seen.add(id);
  }
  return null;
};

/** The first thing that is wrong with a supervisor's spec; null when nothing is. */
export const checkSupervisor = (spec: ErasedSupervisor): string | null => checkAllButIds(spec) ?? duplicateId(spec.children);

/** A breaker has to have both. */
const notBreaker = ({ cooldownMillis, stableMillis }: Partial<CircuitBreaker>): string | null =>
  notDelay("cooldownMillis", cooldownMillis ?? "missing") ?? notDelay("stableMillis", stableMillis ?? "missing");

/** The same for who finds two children with one id himself. */
export const checkAllButIds = (supervisor: ErasedSupervisor): string | null => {
  const { autoShutdown, breaker, children, dynamic, limit, startOrder, stopOrder, strategy } = supervisor;
  if (!Array.isArray(children)) return "children is no list";
  const flag = notOneOf("strategy", strategy, strategies) ?? notOneOf("autoShutdown", autoShutdown, autoShutdowns);
  if (flag !== null) return flag;
  for (const [name, order] of Object.entries({ startOrder, stopOrder })) {
    if (order === "sequential") continue;
    const odd = notOneOf(name, order, orders);
    if (odd !== null) return odd;
    if (strategy !== "one_for_one") return `${name} is parallel, but with ${strategy} children start and stop in order`;
  }
  if (limit.intensity !== "infinity" && !(Number.isInteger(limit.intensity) && limit.intensity >= 0)) {
    return `intensity is ${limit.intensity}: it has to be a whole number from 0 on, or "infinity"`;
  }
  const breaking = breaker === undefined ? null : notBreaker(breaker);
  if (breaking !== null) return `whenExceeded: ${breaking}`;
  if (!(Number.isFinite(limit.periodMillis) && limit.periodMillis > 0))
    return `periodMillis is ${limit.periodMillis}: it has to be above 0`;
  if (dynamic !== null) {
    const { maxChildren, spec } = dynamic;
    if (maxChildren !== undefined && !(maxChildren >= 0)) return `maxChildren is ${maxChildren}, which is no number of children`;
    return checkChild(spec, "never");
  }
  for (const spec of children) {
    const problem = checkChild(spec, autoShutdown);
    if (problem !== null) return problem;
  }
  return supervisor.problem;
};
