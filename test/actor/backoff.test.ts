import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Random from "effect/Random";
import { type Backoff, type ChildSpec, CrashReport, Event, ExitReason, Supervisor } from "../../src/actor/index.ts";
import { events, failsAfter, pass, quiet, Script, settled, states, system, worker } from "./actors.ts";

/** Kills the child each time it is up, and notes at which virtual time it came up again. */
const comebacks = (options: Partial<ChildSpec.Options>, rests: ReadonlyArray<number>) =>
  Effect.gen(function* () {
    const spec = worker("a", options);
    const supervisor = yield* Supervisor.start({ children: [spec], intensity: "infinity" });
    const ref = supervisor.ref(spec);
    const delays: Array<number> = [];
    for (const rest of rests) {
      yield* pass(rest);
      const before = ref.incarnation;
      ref.cast("Die");
      yield* settled;
      let waited = 0;
      for (; ref.incarnation === before && waited < 10_000; waited += 10) yield* pass(10);
      delays.push(waited);
    }
    return delays;
  });

const growing: Backoff.Backoff = { initialMillis: 100, factor: 2, maxMillis: 500 };

describe("backoff", () => {
  it.effect("grows with each restart in a row, up to its cap", () =>
    Effect.gen(function* () {
      expect(yield* comebacks({ backoff: growing }, [0, 0, 0, 0, 0])).toEqual([100, 200, 400, 500, 500]);
    }).pipe(quiet),
  );

  it.effect("starts anew for a child that was up for long enough", () =>
    Effect.gen(function* () {
      const backoff = { ...growing, resetAfterMillis: 1000 };
      expect(yield* comebacks({ backoff }, [0, 0, 990, 1000, 0])).toEqual([100, 200, 400, 100, 200]);
    }).pipe(quiet),
  );

  it.effect("counts starts that fail into the same row", () =>
    Effect.gen(function* () {
      const spec = worker("a", { backoff: growing }, failsAfter(1));
      const seen = yield* events;
      const supervisor = yield* Supervisor.start({ children: [spec], intensity: "infinity" });
      supervisor.ref(spec).cast("Die");
      yield* settled;
      for (const [millis, starts] of [
        [99, 1],
        [1, 2],
        [199, 2],
        [1, 3],
        [399, 3],
        [1, 4],
      ] as const) {
        yield* pass(millis);
        expect([millis, supervisor.ref(spec).incarnation]).toEqual([millis, starts]);
      }
      expect(yield* states(supervisor)).toBe("a restarting");
      expect(seen.slice(-3)).toEqual(["StartFailed root/a", "Exited root/a", "Restarting root/a"]);
    }).pipe(quiet),
  );

  it.effect("of a time that was spent stopped does not end the row", () =>
    Effect.gen(function* () {
      const backoff = { initialMillis: 100, factor: 2, resetAfterMillis: 1000 };
      const [a, b] = [worker("a", { backoff }, failsAfter(2)), worker("b", { backoff: { initialMillis: 2000 } })];
      const supervisor = yield* Supervisor.start({ strategy: "one_for_all", children: [a, b], intensity: "infinity" });
      const restarts = Effect.map(supervisor.whichChildren, ([first]) => first!.restarts);
      supervisor.ref(a).cast("Die");
      yield* pass(100);
      // Both go down for b's two seconds; then a fails to start, for the second time in a row.
      supervisor.ref(b).cast("Die");
      yield* pass(2000);
      expect(yield* restarts).toBe(2);
      yield* pass(199);
      expect(yield* restarts).toBe(2);
      yield* pass(1);
      expect(yield* restarts).toBe(3);
    }).pipe(quiet),
  );

  it.effect("of one child of a group delays the group's start", () =>
    Effect.gen(function* () {
      const log: Array<string> = [];
      const a = worker("a", {}, new Script(log));
      const b = worker("b", { backoff: growing }, new Script(log));
      const supervisor = yield* Supervisor.start({ strategy: "one_for_all", children: [a, b], intensity: "infinity" });
      log.length = 0;
      supervisor.ref(b).cast("Die");
      yield* pass(99);
      expect(log).toEqual(["-b Error: died", "-a shutdown"]);
      expect(yield* states(supervisor)).toBe("a restarting, b restarting");
      yield* pass(1);
      expect(log.slice(2)).toEqual(["+a", "+b"]);
    }).pipe(quiet),
  );

  it.effect("keeps the messages that come meanwhile", () =>
    Effect.gen(function* () {
      const spec = worker("a", { backoff: growing });
      const supervisor = yield* Supervisor.start({ children: [spec] });
      const ref = supervisor.ref(spec);
      ref.cast("Die");
      yield* settled;
      const answer = yield* Effect.forkChild(ref.call("Incarnation"), { startImmediately: true });
      yield* pass(100);
      expect(answer.pollUnsafe()).toMatchObject({ value: 2 });
    }).pipe(quiet),
  );

  it.effect("does not keep a stop waiting, and leaves no timer", () =>
    Effect.gen(function* () {
      const specs = ["a", "b", "c"].map((id) => worker(id, { backoff: { initialMillis: 60_000 } }));
      const supervisor = yield* Supervisor.start({ children: specs, intensity: "infinity" });
      const { timers } = yield* system;
      for (const spec of specs) supervisor.ref(spec).cast("Die");
      yield* settled;
      expect(timers.size).toBe(3);
      yield* supervisor.terminateChild("a");
      expect(timers.size).toBe(2);
      yield* supervisor.stop;
      expect([supervisor.alive, timers.size]).toEqual([false, 0]);
    }).pipe(quiet),
  );
});

describe("maxAttempts", () => {
  it.effect("gives up the one child, and its siblings go on", () =>
    Effect.gen(function* () {
      const [a, b] = [worker("a", { maxAttempts: 2 }), worker("b")];
      const seen = yield* events;
      const supervisor = yield* Supervisor.start({ strategy: "one_for_all", children: [a, b], intensity: "infinity" });
      const ref = supervisor.ref(a);
      for (let n = 0; n < 3; n++) {
        ref.cast("Die");
        yield* settled;
      }
      expect(yield* states(supervisor)).toBe("a down, b up");
      expect((yield* supervisor.whichChildren)[0]).toMatchObject({ gaveUp: true, restarts: 2 });
      expect(seen.slice(-2)).toEqual(["Exited root/a", "GaveUp root/a"]);
      supervisor.ref(b).cast("Die");
      yield* settled;
      expect(yield* states(supervisor)).toBe("a down, b up");
      expect(yield* Effect.flip(ref.call("Incarnation"))).toMatchObject({ reason: { _tag: "NoProc" } });
      yield* supervisor.restartChild("a");
      expect((yield* supervisor.whichChildren)[0]).toMatchObject({ gaveUp: false, state: "up" });
    }).pipe(quiet),
  );

  it.effect("counts anew after the child was up for long enough", () =>
    Effect.gen(function* () {
      const backoff = { initialMillis: 0, resetAfterMillis: 1000 };
      const spec = worker("a", { maxAttempts: 2, backoff });
      const supervisor = yield* Supervisor.start({ children: [spec], intensity: "infinity" });
      for (let n = 0; n < 10; n++) {
        supervisor.ref(spec).cast("Die");
        yield* pass(n % 2 === 0 ? 0 : 1000);
      }
      expect(yield* states(supervisor)).toBe("a up");
    }).pipe(quiet),
  );
});

it.effect("jitter is drawn from Effect's Random: a test that provides it knows each delay", () =>
  Effect.gen(function* () {
    const delays: Array<number> = [];
    yield* Event.subscribe((event) => void (event._tag === "Restarting" && delays.push(event.delayMillis)));
    const spec = worker("a", { backoff: { initialMillis: 100, factor: 2, jitter: 0.5 } }, failsAfter(1));
    const supervisor = yield* Supervisor.start({ children: [spec], intensity: "infinity" });
    supervisor.ref(spec).cast("Die");
    for (let n = 0; n < 3; n++) yield* pass(1000);
    expect(delays.slice(0, 3)).toEqual([88, 175, 350]);
  }).pipe(quiet, Effect.provideService(Random.Random, { nextIntUnsafe: () => 0, nextDoubleUnsafe: () => 0.25 })),
);

describe("a failure policy", () => {
  it.effect("hears why and after how long, and says how long to wait or that the child is given up", () =>
    Effect.gen(function* () {
      const heard: Array<string> = [];
      const failurePolicy: ChildSpec.FailurePolicy = {
        failed: ({ reason, upMillis }) => {
          heard.push(`${reason._tag} after ${upMillis}`);
          return heard.length === 3 ? null : { attempt: heard.length * 10, delayMillis: heard.length * 100 };
        },
      };
      const spec = worker("a", { failurePolicy, backoff: growing, maxAttempts: 1 });
      const seen: Array<Event.TreeEvent> = [];
      yield* Event.subscribe((event) => void seen.push(event));
      const supervisor = yield* Supervisor.start({ children: [spec], intensity: "infinity" });
      for (const [rest, wait] of [
        [50, 100],
        [7, 200],
        [0, 0],
      ] as const) {
        yield* pass(rest);
        supervisor.ref(spec).cast("Die");
        yield* settled;
        yield* pass(wait);
      }
      expect(heard).toEqual(["Error after 50", "Error after 7", "Error after 0"]);
      const restarts = seen.flatMap((event) => (event._tag === "Restarting" ? [[event.attempt, event.delayMillis]] : []));
      expect(restarts).toEqual([
        [10, 100],
        [20, 200],
      ]);
      expect(seen.flatMap((event) => (event._tag === "GaveUp" ? [event.attempts] : []))).toEqual([20]);
    }).pipe(quiet),
  );

  it.effect("that throws is reported, and gives the child up", () =>
    Effect.gen(function* () {
      const reports: Array<string> = [];
      const failurePolicy: ChildSpec.FailurePolicy = {
        failed: () => {
          throw new Error("no idea");
        },
      };
      const spec = worker("a", { failurePolicy });
      const supervisor = yield* Effect.provideService(Supervisor.start({ children: [spec] }), CrashReport.Reporter, ({ reason }) =>
        Effect.sync(() => void reports.push(ExitReason.format(reason))),
      );
      supervisor.ref(spec).cast("Die");
      yield* settled;
      expect(yield* states(supervisor)).toBe("a down");
      expect(reports.at(-1)).toContain("no idea");
    }),
  );
});
