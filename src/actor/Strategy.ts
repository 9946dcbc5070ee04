/**
 * What a supervisor decides, as pure functions: whom a failure concerns, and whether a child comes back.
 */
import { isAbnormal, type ExitReason } from "./ExitReason.ts";

/**
 * Which siblings a failing child takes with it.
 *
 * - `one_for_one`: none.
 * - `one_for_all`: all.
 * - `rest_for_one`: those started after it.
 *
 * @since 0.1.0
 */
export type Strategy = "one_for_one" | "one_for_all" | "rest_for_one";

/**
 * When an ended child is started again: always (`permanent`), after an abnormal end (`transient`), or never (`temporary`).
 *
 * @since 0.1.0
 */
export type RestartType = "permanent" | "transient" | "temporary";

/**
 * Whether a supervisor ends, with `Shutdown`, when one of its significant children ended by itself and is not restarted, or when the last of them did.
 *
 * @since 0.1.0
 */
export type AutoShutdown = "never" | "any_significant" | "all_significant";

/**
 * Whether a child that ended for `reason` comes back.
 *
 * @example
 * ```ts run
 * import { ExitReason, Strategy } from "hsu"
 *
 * Strategy.shouldRestart("permanent", ExitReason.normal) // => true
 * Strategy.shouldRestart("transient", ExitReason.normal) // => false
 * Strategy.shouldRestart("transient", ExitReason.killed) // => true
 * Strategy.shouldRestart("temporary", ExitReason.killed) // => false
 * ```
 * @since 0.1.0
 */
export const shouldRestart = (restart: RestartType, reason: ExitReason): boolean =>
  restart === "permanent" || (restart === "transient" && isAbnormal(reason));

/**
 * The half-open range of positions, in start order, that a failure of the child at `position` concerns: stopped in reverse order, then
 * started in order.
 *
 * @example
 * ```ts run
 * import { Strategy } from "hsu"
 *
 * Strategy.affected("one_for_one", 1, 4) // => [1, 2]
 * Strategy.affected("one_for_all", 1, 4) // => [0, 4]
 * Strategy.affected("rest_for_one", 1, 4) // => [1, 4]
 * ```
 * @since 0.1.0
 */
export const affected = (strategy: Strategy, position: number, count: number): readonly [from: number, to: number] => {
  switch (strategy) {
    case "one_for_one":
      return [position, position + 1];
    case "one_for_all":
      return [0, count];
    case "rest_for_one":
      return [position, count];
  }
};
