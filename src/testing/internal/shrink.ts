/**
 * Makes a failing run simple: fewer decisions that are not those of a run in turn. It stays what it was, a run that fails.
 */
import * as Effect from "effect/Effect";
import type { Deviations } from "./policy.ts";

/** Leaves out as much as can be left out while `fails` says so, in at most `trials` trials (ddmin, by halves). */
export const shrink = <R>(
  deviations: Deviations,
  fails: (candidate: Deviations) => Effect.Effect<boolean, never, R>,
  trials: number,
): Effect.Effect<Deviations, never, R> =>
  Effect.gen(function* () {
    let kept = [...deviations];
    let left = trials;
    for (let size = kept.length; size >= 1 && left > 0;) {
      const length = kept.length;
      for (let at = 0; at < kept.length && left > 0;) {
        left--;
        const without = [...kept.slice(0, at), ...kept.slice(at + size)];
        if (yield* fails(new Map(without))) kept = without;
        else at += size;
      }
      // One by one until nothing more can go: what was needed may not be any more.
      if (size > 1) size = Math.ceil(size / 2);
      else if (kept.length === length) size = 0;
    }
    return new Map(kept);
  });
