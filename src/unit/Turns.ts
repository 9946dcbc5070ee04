/**
 * Starts that come at once take turns: a spawn blocks the event loop for a millisecond, and hundreds of them in one go would leave everybody else,
 * who asks the master something, without an answer.
 */
import * as Effect from "effect/Effect";

/** So long a turn of the loop may go to starts. */
const budgetMillis = 8;

/** When the first start of this turn of the loop began; null: there was none yet. */
let begunAt: number | null = null;
const waiting = new Set<() => void>();

const nextTurn = (): void => {
  begunAt = null;
  for (const go of waiting) {
    if (!mayStart()) return;
    waiting.delete(go);
    go();
  }
};

const mayStart = (): boolean => {
  if (begunAt !== null) return performance.now() - begunAt < budgetMillis;
  begunAt = performance.now();
  // In front of it the loop looks at what has come in.
  setImmediate(nextTurn);
  return true;
};

/** At once, unless this turn's time is used up or others wait: first come, first served. Whether it is not the first in its turn. */
export const turn: Effect.Effect<boolean> = Effect.callback((resume) => {
  const isFirst = begunAt === null && waiting.size === 0;
  const go = (): void => resume(Effect.succeed(!isFirst));
  if (waiting.size === 0 && mayStart()) return go();
  waiting.add(go);
  return Effect.sync(() => void waiting.delete(go));
});
