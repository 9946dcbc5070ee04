/**
 * The other answer to too many restarts: instead of ending itself, a supervisor stops restarting for a while, then tries again.
 */

/**
 * What a circuit breaker is made from. All times are milliseconds.
 *
 * @since 0.1.0
 */
export interface CircuitBreaker {
  /** How long nothing is restarted once the limit was exceeded. */
  readonly cooldownMillis: number;
  /** How long the trial after it has to go without a failure before all counts as healthy again. */
  readonly stableMillis: number;
}

/**
 * Its state. `Closed`: restarts as usual. `Open`: none until `until`. `HalfOpen`: on trial until `until`; one more failure opens it again.
 *
 * @since 0.1.0
 */
export type CircuitState =
  | { readonly _tag: "Closed" }
  | { readonly _tag: "Open"; readonly until: number }
  | { readonly _tag: "HalfOpen"; readonly until: number };

/**
 * The state at the start.
 *
 * @example
 * ```ts run
 * import { CircuitBreaker } from "hsu"
 *
 * CircuitBreaker.closed // => { _tag: "Closed" }
 * ```
 * @since 0.1.0
 */
export const closed: CircuitState = { _tag: "Closed" };

/**
 * The state after a failure at `now`; `exceeded` tells whether it was one more than the restart limit allows.
 *
 * @example
 * ```ts run
 * import { CircuitBreaker } from "hsu"
 *
 * const breaker = { cooldownMillis: 1000, stableMillis: 500 }
 * const open = CircuitBreaker.onFailure(breaker, CircuitBreaker.closed, true, 0)
 * open // => { _tag: "Open", until: 1000 }
 * const trial = CircuitBreaker.onTime(breaker, open, 1000)
 * trial // => { _tag: "HalfOpen", until: 1500 }
 * CircuitBreaker.onTime(breaker, trial, 1500) // => { _tag: "Closed" }
 * CircuitBreaker.onFailure(breaker, trial, false, 1200) // => { _tag: "Open", until: 2200 }
 * ```
 * @since 0.1.0
 */
export const onFailure = (breaker: CircuitBreaker, state: CircuitState, exceeded: boolean, now: number): CircuitState => {
  switch (state._tag) {
    case "Closed":
      return exceeded ? { _tag: "Open", until: now + breaker.cooldownMillis } : state;
    case "Open":
      return state;
    case "HalfOpen":
      return { _tag: "Open", until: now + breaker.cooldownMillis };
  }
};

/**
 * The state when `now` has come without a failure.
 *
 * @example
 * ```ts run
 * import { CircuitBreaker } from "hsu"
 *
 * const breaker = { cooldownMillis: 1000, stableMillis: 500 }
 * const open = { _tag: "Open", until: 1000 } as const
 * CircuitBreaker.onTime(breaker, open, 999) // => { _tag: "Open", until: 1000 }
 * CircuitBreaker.onTime(breaker, open, 1000) // => { _tag: "HalfOpen", until: 1500 }
 * ```
 * @since 0.1.0
 */
export const onTime = (breaker: CircuitBreaker, state: CircuitState, now: number): CircuitState => {
  if (state._tag === "Closed" || now < state.until) return state;
  return state._tag === "Open" ? { _tag: "HalfOpen", until: now + breaker.stableMillis } : closed;
};
