/**
 * Restart limits of groups that cannot hold: that nothing can exceed, or that the first failure exceeds. Only of groups that give one themselves. Pure, and
 * says only what holds for every run: `Supervisor.check` says the same of a tree in code.
 */
import type { GroupSpec, RestartPolicy, UnitSpec } from "../unit/UnitSpec.ts";
import { formatDuration } from "./Duration.ts";
import { get, type Located, type Problem } from "./Source.ts";

/** Beyond that nobody exceeds by chance what nobody can. */
const MOST = 200;

/** The least time from the first of `n` failures to the last one, for `n` from 1 on, as long as it is within the period. */
const failuresWithin = (policy: RestartPolicy, periodMillis: number, most: number): number => {
  const { delayMillis, jitter, maxAttempts = Infinity, maxDelayMillis, multiplier, resetAfterMillis } = policy;
  const wait = (attempt: number): number => Math.min(maxDelayMillis, delayMillis * multiplier ** (attempt - 1)) * (1 - jitter);
  // By the attempt of the failure: when it may come at the earliest.
  let earliest = new Map([[1, 0]]);
  let failures = 0;
  while (earliest.size > 0 && failures < most) {
    failures++;
    const next = new Map<number, number>();
    const put = (attempt: number, millis: number): void => {
      if (millis <= periodMillis && millis < (next.get(attempt) ?? Infinity)) next.set(attempt, millis);
    };
    for (const [attempt, millis] of earliest) {
      const again = millis + wait(attempt);
      if (attempt < maxAttempts) put(attempt + 1, again);
      put(1, again + resetAfterMillis);
    }
    earliest = next;
  }
  return failures;
};

/** The restarts of one child that a period can hold, at the most; Infinity where that is not known. */
const restartsOf = (child: UnitSpec | GroupSpec, periodMillis: number, most: number): number => {
  if (child._tag === "Group") return child.limit === undefined ? 0 : Infinity;
  const { kind, restart } = child;
  if (kind === "unmanaged" || restart.contexts !== undefined || restart.factors !== undefined) return Infinity;
  return restart.when === "never" ? 0 : failuresWithin(restart, periodMillis, most);
};

const isEndless = (child: UnitSpec | GroupSpec): boolean =>
  child._tag === "Unit" && child.restart.when !== "never" && child.restart.maxAttempts === undefined;

const wrongWith = ({ children, id, limit }: GroupSpec): Pick<Problem, "message" | "hint"> | undefined => {
  if (limit === undefined) return undefined;
  const { breaker, intensity, periodMillis } = limit;
  const name = `group ${JSON.stringify(id)}`;
  const restarted = children.filter((child) => child._tag === "Unit" && child.restart.when !== "never");
  if (intensity === 0) {
    if (restarted.length === 0) return undefined;
    const answer = breaker === undefined ? "ends the group, and nothing in it is ever restarted" : "opens its circuit";
    const message = `${name}: with an intensity of 0 the first failure of ${JSON.stringify(restarted[0]!.id)} ${answer}`;
    return { message, hint: "allow one restart at least, or give the units `restart_policy: never`" };
  }
  if (intensity > MOST || !(children.some(isEndless) || breaker !== undefined)) return undefined;
  let total = 0;
  for (const child of children) {
    total += restartsOf(child, periodMillis, intensity + 1 - total);
    if (total > intensity) return undefined;
  }
  if (total === 0) return undefined;
  const effect = breaker === undefined ? "and a unit that always fails is restarted for ever" : "and the circuit never opens";
  return {
    message:
      `${name}: no ${formatDuration(periodMillis)} can hold more than ${total} restart${total === 1 ? "" : "s"}, as long as its units wait before each: ` +
      `the intensity of ${intensity} is never exceeded, ${effect}`,
    hint: "lower intensity, lengthen period, shorten the units' restart_delay, or give them max_attempts",
  };
};

/** `root` is the file's, `group` what has been made of it. */
export const intensityProblems = (root: Located, group: GroupSpec): ReadonlyArray<Problem> => {
  const look = (block: Located | undefined, spec: GroupSpec, list: Located | undefined): ReadonlyArray<Problem> => {
    const at = get(block, "intensity")?.node;
    const wrong = at === undefined ? undefined : wrongWith(spec);
    const own: ReadonlyArray<Problem> =
      at === undefined || wrong === undefined ? [] : [{ code: "HSU-CFG-111", start: at.start, end: at.end, ...wrong }];
    const below = spec.children.flatMap((child, index) => {
      const node = list?.items[index];
      return child._tag === "Unit" || node === undefined ? [] : look(node, child, get(node, "children")?.node);
    });
    return [...own, ...below];
  };
  return look(get(root, "process_manager")?.node, group, get(root, "managed_processes")?.node);
};
