/**
 * What a child's restarts come to, before any has happened: the most failures that a period can hold, and how a crash loop goes. Pure.
 */
import * as Backoff from "../Backoff.ts";
import { makeWindow, type RestartIntensity } from "../RestartIntensity.ts";
import type { ErasedSpec } from "./child.ts";

type Restarts = Pick<ErasedSpec, "backoff" | "maxAttempts" | "restart">;

/** Beyond this many a bound that is less tight, but cheap, stands in. */
const exactUpTo = 400;

/** The shortest wait before restart number `attempt` in a row; 0 where a strange backoff allows no better bound. */
const shortestDelay = (backoff: Backoff.Backoff | undefined, attempt: number): number => {
  if (backoff === undefined) return 0;
  const { factor = 1, jitter = 0 } = backoff;
  return factor >= 1 && jitter >= 0 && jitter <= 1 ? Math.round(Backoff.delay(backoff, attempt, 1)) : 0;
};

/** The longest wait before restart number `attempt` in a row. */
export const longestDelay = (backoff: Backoff.Backoff | undefined, attempt: number): number =>
  backoff === undefined ? 0 : Math.round(Backoff.delay(backoff, attempt, (backoff.jitter ?? 0) < 0 ? 1 : 0));

/** The longest wait of a child that fails again and again, once its waits do not change any more. */
export const finalDelay = (backoff: Backoff.Backoff | undefined): number =>
  longestDelay(backoff, backoff?.resetAfterMillis === 0 ? 1 : 2 ** 20);

/**
 * An upper bound on the failures of one child, each followed by a restart, that a period can hold: as if it failed at the worst moments, with the
 * luckiest jitter. Not more than `most`, as nobody asks for more.
 */
export const failuresWithin = ({ backoff, maxAttempts = Infinity, restart }: Restarts, periodMillis: number, most: number): number => {
  if (restart === "temporary" || maxAttempts === 0) return 0;
  const reset = backoff?.resetAfterMillis ?? Infinity;
  if (most > exactUpTo) {
    const shortest = shortestDelay(backoff, 1);
    const inTime = shortest === 0 ? most : Math.floor(periodMillis / shortest) + 1;
    return Math.min(most, inTime, reset === Infinity ? maxAttempts : Infinity);
  }
  // The waits of a row of n failures up to the start after the last of them.
  const waits = [0];
  for (let n = 1; n <= most; n++) waits.push(waits[n - 1]! + shortestDelay(backoff, n));
  // The least time from the first failure to the first of another row, n failures later.
  const anew = [0];
  for (let n = 1; n <= most; n++) {
    let least = Infinity;
    for (let row = 1; row <= n && row <= maxAttempts; row++) least = Math.min(least, anew[n - row]! + waits[row]! + reset);
    anew.push(least);
  }
  let failures = 1;
  for (let n = 1; n < most; n++) {
    let least = Infinity;
    for (let row = 0; row <= n && row < maxAttempts; row++) least = Math.min(least, anew[n - row]! + waits[row]!);
    if (!(least <= periodMillis)) break;
    failures = n + 1;
  }
  return failures;
};

/** A crash loop in which the limit is exceeded: the restarts before that, and how long it takes at the most. */
export interface CrashLoop {
  readonly restarts: number;
  readonly millis: number;
}

/** A child that fails at once at each start, with the longest waits: null when its loop never exceeds the limit. */
export const crashLoop = ({ backoff, maxAttempts = Infinity, restart }: Restarts, limit: RestartIntensity): CrashLoop | null => {
  const { intensity } = limit;
  if (restart === "temporary" || intensity === "infinity" || intensity > 10_000) return null;
  const window = makeWindow(limit);
  let millis = 0;
  let level = 0;
  for (let failures = 0; failures < maxAttempts; failures++) {
    if (!window.record(millis)) return { restarts: failures, millis };
    // An attempt is counted anew after each start where nothing at all is long enough to count as stable.
    const attempt = backoff?.resetAfterMillis === 0 ? 1 : failures + 1;
    const wait = longestDelay(backoff, attempt);
    // Once the waits have stayed the same for as long as the limit looks back, nothing new will come.
    level = failures > 0 && wait >= longestDelay(backoff, attempt + 1) ? level + 1 : 0;
    if (level > intensity || failures > 20_000) return null;
    millis += wait;
  }
  return null;
};
