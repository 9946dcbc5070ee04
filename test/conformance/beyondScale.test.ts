/** A million children, and clocks that jump. */
import { execFileSync } from "node:child_process";
import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import { TestClock } from "effect/testing";
import { vi } from "vitest";
import { Actor, Supervisor } from "../../src/actor/index.ts";
import { pass, quiet, settled, worker } from "../actor/actors.ts";

interface Phase {
  readonly is?: number | boolean;
  readonly looks: number;
  readonly lookups: number;
  readonly timers: number;
}
interface Seen {
  readonly phases: Readonly<Record<string, Phase>>;
  readonly left: number;
}

const seen = (kind: "dynamic" | "list", many: number): Seen => {
  const printed = execFileSync(process.execPath, ["test/programs/million.ts", kind, `${many}`], { encoding: "utf8" });
  return JSON.parse(printed) as Seen;
};

describe("a million children", () => {
  for (const kind of ["dynamic", "list"] as const) {
    it(`${kind}: each costs as many steps as one of ten thousand, and no timer`, () => {
      const [few, many] = [10_000, 1_000_000];
      const [small, large] = [seen(kind, few), seen(kind, many)];
      expect(large.phases).toMatchObject({
        start: { is: many },
        "terminate 1000": { is: 1000 },
        count: { is: many - 1000 },
        stop: { is: false },
      });
      for (const [name, gone] of [
        ["start", 0],
        ["stop", 1000],
      ] as const) {
        const each = ({ phases }: Seen, count: number): number => (phases[name]!.looks + phases[name]!.lookups) / (count - gone);
        expect(each(large, many)).toBeLessThan(10);
        expect(each(large, many)).toBeLessThanOrEqual(each(small, few) + 0.01);
      }
      // One among many is one among few: to die and come back, and to be terminated.
      for (const name of ["a death", "terminate 1000"]) expect(large.phases[name]).toEqual(small.phases[name]);
      expect(Object.values(large.phases).map(({ timers }) => timers)).toEqual([0, 0, 0, 0, 0]);
      expect(large.left).toBe(0);
    }, 60_000);
  }
});

describe("a clock that jumps in the intensity window", () => {
  const supervised = (periodMillis: number) =>
    Effect.gen(function* () {
      const spec = worker("c1");
      const supervisor = yield* Supervisor.start({ children: [spec], intensity: 2, periodMillis });
      return { supervisor, die: Effect.andThen(Actor.kill(supervisor.ref(spec)), settled) };
    });

  it.effect(
    "back: it stands still until it has caught up, so that nothing is forgiven and nothing is held against anybody for longer",
    () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(1_000_000);
        for (const [later, alive] of [
          [0, false],
          [1_000_999, false],
          [1_001_001, true],
        ] as const) {
          yield* TestClock.setTime(1_000_000);
          const { die, supervisor } = yield* supervised(1000);
          yield* die;
          yield* die;
          yield* TestClock.setTime(0);
          yield* pass(later);
          yield* die;
          expect([later, supervisor.alive]).toEqual([later, alive]);
        }
      }).pipe(quiet),
  );

  it.effect("forward: what was within the period by that clock is not any more", () =>
    Effect.gen(function* () {
      const { die, supervisor } = yield* supervised(1000);
      for (let n = 0; n < 3; n++) {
        yield* die;
        yield* die;
        yield* TestClock.setTime((n + 1) * 1_000_000_000);
      }
      expect(supervisor.alive).toBe(true);
    }).pipe(quiet),
  );

  it.live("the wall clock of a machine: the window does not look at it", () =>
    Effect.gen(function* () {
      const { die, supervisor } = yield* supervised(600_000);
      const now = vi.spyOn(Date, "now");
      try {
        for (const [jump, alive] of [
          [0, true],
          [3_600_000, true],
          [7_200_000, false],
        ] as const) {
          now.mockReturnValue(performance.timeOrigin + jump);
          yield* die;
          expect([jump, supervisor.alive]).toEqual([jump, alive]);
        }
      } finally {
        now.mockRestore();
      }
    }).pipe(quiet),
  );
});
