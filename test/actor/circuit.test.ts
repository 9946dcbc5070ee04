import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import fc from "fast-check";
import { CircuitBreaker, Event, Supervisor } from "../../src/actor/index.ts";
import { pass, quiet, settled, worker } from "./actors.ts";

const breaker = { cooldownMillis: 1000, stableMillis: 500 };

describe("a supervisor with a circuit breaker", () => {
  it.effect("restarts nothing while it is open, tries when it is half open, and is closed when that was stable", () =>
    Effect.gen(function* () {
      const seen: Array<string> = [];
      yield* Event.subscribe((event) => void (event._tag.startsWith("Circuit") && seen.push(event._tag)));
      const spec = worker("a");
      const other = worker("b");
      const supervisor = yield* Supervisor.start({ children: [spec, other], intensity: 1, periodMillis: 5000, whenExceeded: breaker });
      const ref = supervisor.ref(spec);
      ref.cast("Die");
      yield* settled;
      expect([ref.incarnation, supervisor.circuit._tag]).toEqual([2, "Closed"]);
      ref.cast("Die");
      yield* settled;
      expect([ref.incarnation, ref.alive, supervisor.ref(other).alive, supervisor.circuit._tag]).toEqual([2, false, true, "Open"]);
      yield* pass(999);
      expect(ref.alive).toBe(false);
      yield* pass(1);
      expect([ref.incarnation, ref.alive, supervisor.circuit._tag]).toEqual([3, true, "HalfOpen"]);
      // One failure on trial is enough, whatever the window says.
      ref.cast("Die");
      yield* settled;
      expect([ref.alive, supervisor.circuit._tag]).toEqual([false, "Open"]);
      yield* pass(1000);
      yield* pass(500);
      expect([ref.incarnation, ref.alive, supervisor.circuit._tag]).toEqual([4, true, "Closed"]);
      // The window begins anew.
      ref.cast("Die");
      yield* settled;
      expect([ref.incarnation, ref.alive, supervisor.circuit._tag, supervisor.alive]).toEqual([5, true, "Closed", true]);
      expect(seen).toEqual(["CircuitOpen", "CircuitHalfOpen", "CircuitOpen", "CircuitHalfOpen", "CircuitClosed"]);
    }).pipe(quiet),
  );

  it.effect("keeps the messages that come while it is open", () =>
    Effect.gen(function* () {
      const spec = worker("a");
      const supervisor = yield* Supervisor.start({ children: [spec], intensity: 0, whenExceeded: breaker });
      const ref = supervisor.ref(spec);
      ref.cast("Die");
      yield* settled;
      expect(supervisor.circuit._tag).toBe("Open");
      const asked = yield* Effect.forkChild(ref.call("Incarnation"), { startImmediately: true });
      yield* pass(1000);
      expect(yield* Fiber.join(asked)).toBe(2);
    }).pipe(quiet),
  );

  it.effect("stops at once while it is open, and leaves no timer", () =>
    Effect.gen(function* () {
      const spec = worker("a");
      const supervisor = yield* Supervisor.start({ children: [spec], intensity: 0, whenExceeded: breaker });
      supervisor.ref(spec).cast("Die");
      yield* settled;
      yield* supervisor.stop;
      expect([supervisor.alive, supervisor.circuit._tag]).toEqual([false, "Open"]);
      yield* pass(10_000);
      expect(supervisor.alive).toBe(false);
    }).pipe(quiet),
  );
});

describe("the decisions", () => {
  const steps = fc.array(fc.record({ after: fc.integer({ min: 0, max: 800 }), exceeded: fc.boolean(), fails: fc.boolean() }), {
    maxLength: 40,
  });

  it("never restart before the cooldown, never close before the trial was stable", () => {
    fc.assert(
      fc.property(steps, (script) => {
        let state: CircuitBreaker.CircuitState = CircuitBreaker.closed;
        let now = 0;
        let lastFailure = -Infinity;
        for (const { after, exceeded, fails } of script) {
          now += after;
          const before = state;
          state = CircuitBreaker.onTime(breaker, state, now);
          if (before._tag === "Open" && state._tag !== "Open") expect(now).toBeGreaterThanOrEqual(before.until);
          if (before._tag === "HalfOpen" && state._tag === "Closed") expect(now - lastFailure).toBeGreaterThanOrEqual(breaker.stableMillis);
          if (!fails) continue;
          const trial = state._tag === "HalfOpen";
          state = CircuitBreaker.onFailure(breaker, state, exceeded, now);
          if (exceeded || trial) expect(state._tag).toBe("Open");
          lastFailure = now;
        }
      }),
    );
  });
});
