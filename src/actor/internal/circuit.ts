/**
 * A supervisor's circuit breaker at work: CircuitBreaker.ts decides, this keeps the state and the one timer that moves it.
 */
import { type CircuitBreaker, type CircuitState, closed, onFailure, onTime } from "../CircuitBreaker.ts";
import { ActTimer } from "./timers.ts";
import type { System } from "./system.ts";

export class Circuit {
  state: CircuitState = closed;
  private readonly breaker: CircuitBreaker;
  private readonly system: System;
  /** Hears of each change, in the supervisor's turn. */
  private readonly changed: (state: CircuitState) => void;
  /** Runs something in the supervisor's turn. */
  private readonly inTurn: (run: () => void) => void;
  private timer: ActTimer | null = null;

  constructor(breaker: CircuitBreaker, system: System, inTurn: (run: () => void) => void, changed: (state: CircuitState) => void) {
    this.breaker = breaker;
    this.system = system;
    this.inTurn = inTurn;
    this.changed = changed;
  }

  /** Takes a failure; the milliseconds that no restart may begin before. */
  failed(exceeded: boolean, now: number): number {
    this.move(onFailure(this.breaker, this.state, exceeded, now));
    return this.state._tag === "Open" ? this.state.until - now : 0;
  }

  cancel(): void {
    if (this.timer !== null) this.system.timers.cancel(this.timer);
    this.timer = null;
  }

  private move(next: CircuitState): void {
    if (next === this.state) return;
    this.cancel();
    this.state = next;
    if (next._tag !== "Closed") {
      const timer = new ActTimer(() =>
        this.inTurn(() => {
          if (this.timer !== timer) return;
          this.timer = null;
          this.move(onTime(this.breaker, this.state, this.system.now()));
        }),
      );
      this.timer = timer;
      this.system.timers.add(timer, next.until - this.system.now());
    }
    this.changed(next);
  }
}
