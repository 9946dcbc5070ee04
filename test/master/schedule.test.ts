import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "@effect/vitest";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import type * as Scope from "effect/Scope";
import { TestClock } from "effect/testing";
import { describe, expect } from "vitest";
import { parse } from "../../src/config/index.ts";
import { ProcessDriver } from "../../src/driver/index.ts";
import { type Control, start } from "../../src/master/index.ts";
import { makeMemoryProcesses, type Program } from "../../src/platform/memory/MemoryProcesses.ts";
import { MemoryStore, type Store } from "../../src/store/index.ts";
import { advance, settle } from "../../src/testing/index.ts";
import { eventsOf, unit } from "./support.ts";

const begin = Date.parse("2026-05-01T00:00:00Z");

interface Simulated {
  readonly control: Control["Service"];
  /** Minutes after the begin at which a process was started. */
  readonly startedAt: () => ReadonlyArray<number>;
}

/** A master on simulated processes and a clock that the test moves. */
const simulated = <A, E>(
  options: {
    readonly control: string;
    readonly policy?: string;
    readonly program?: Program;
    readonly store?: Store;
    readonly enabled?: boolean;
  },
  use: (running: Simulated) => Effect.Effect<A, E, Scope.Scope>,
): Effect.Effect<A, unknown> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock;
    const directory = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "hsu-schedule-"))),
      (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true })),
    );
    const starts: Array<number> = [];
    const memory = makeMemoryProcesses({
      job: (spawned, run) => {
        starts.push((clock.currentTimeMillisUnsafe() - begin) / 60_000);
        const { program = { runMillis: 1000 } } = options;
        return typeof program === "function" ? program(spawned, run) : program;
      },
    });
    const yaml = [
      "managed_processes:",
      "  - id: job",
      `    enabled: ${options.enabled ?? true}`,
      "    management:",
      `      control: { executable: job, ${options.control} }`,
      ...(options.policy === undefined ? [] : [`      restart_policy: ${options.policy}`]),
    ].join("\n");
    const { spec } = Result.getOrThrow(parse(yaml, join(directory, "hsu.yaml")));
    const driver = yield* Effect.provide(ProcessDriver.make({ stateDirectory: directory, environment: {} }), memory.layer);
    const control = yield* start({
      spec,
      driver,
      stateDirectory: directory,
      store: options.store ?? MemoryStore.make(),
      version: "test",
      pid: 1,
      memory: Effect.succeed(null),
      services: [],
    });
    yield* settle;
    return yield* use({ control, startedAt: () => starts });
  }).pipe(Effect.scoped);

/** Minute by minute: a start takes turns of the loop, in which a clock that is moved at once would be far ahead. */
const pass = (minutes: number): Effect.Effect<void> => Effect.repeat(advance("1 minutes"), { times: minutes - 1 }).pipe(Effect.asVoid);

const types = (control: Control["Service"]) => Effect.map(eventsOf(control), (events) => events.map(({ type }) => type));
const job = (control: Control["Service"]) => unit(control, "job");

describe("units with a schedule", () => {
  it.effect("waits, runs at its times and waits again, and says when the next run is", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(begin);
      yield* simulated({ control: 'schedule: { cron: "30 * * * *", timezone: UTC }' }, ({ control, startedAt }) =>
        Effect.gen(function* () {
          expect(yield* job(control)).toMatchObject({ state: "waiting", reason: null, nextStartAt: begin + 30 * 60_000, lastExit: null });
          yield* pass(30);
          expect(yield* job(control)).toMatchObject({ state: "running" });
          yield* pass(1);
          expect(yield* job(control)).toMatchObject({
            state: "waiting",
            nextStartAt: begin + 90 * 60_000,
            lastExit: { code: 0 },
            restarts: 0,
          });
          yield* pass(180);
          expect(startedAt()).toEqual([30, 90, 150, 210]);
        }),
      );
    }),
  );

  it.effect("a failed run is no end of the schedule; it is tried again only where the policy says so", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(begin);
      const program: Program = { runMillis: 1000, exit: { code: 3, signal: null } };
      yield* simulated({ control: "schedule: { every: 1h }", program }, ({ control, startedAt }) =>
        Effect.gen(function* () {
          yield* pass(61);
          expect(yield* job(control)).toMatchObject({ state: "failed", nextStartAt: begin + 120 * 60_000, lastExit: { code: 3 } });
          yield* pass(60);
          expect(startedAt()).toEqual([60, 120]);
        }),
      );
      const policy = "{ strategy: on_failure, restart_delay: 5m, backoff_multiplier: 1, max_attempts: 2 }";
      const from = (yield* Clock.currentTimeMillis) - begin;
      yield* simulated({ control: "schedule: { every: 1h }", policy, program }, ({ control, startedAt }) =>
        Effect.gen(function* () {
          yield* pass(120);
          expect(startedAt().map((at) => Math.floor(at - from / 60_000))).toEqual([60, 65, 70, 120]);
          expect((yield* types(control)).filter((type) => type === "gave_up")).toHaveLength(1);
        }),
      );
    }),
  );

  it.effect("overlap: a run that is due while the one before runs is skipped, queued, or takes its place", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(begin);
      const long: Program = (_, run) => (run === 1 ? { runMillis: 25 * 60_000 } : { runMillis: 1000 });
      const observe = (overlap: string) =>
        Effect.gen(function* () {
          const from = (yield* Clock.currentTimeMillis) - begin;
          return yield* simulated({ control: `schedule: { every: 10m, overlap: ${overlap} }`, program: long }, ({ control, startedAt }) =>
            Effect.gen(function* () {
              yield* pass(45);
              const told = (yield* types(control)).filter((type) => type === "skipped" || type === "queued");
              return { starts: startedAt().map((at) => Math.round(at - from / 60_000)), told };
            }),
          );
        });
      expect(yield* observe("skip")).toEqual({ starts: [10, 40], told: ["skipped", "skipped"] });
      // One is queued, however many were due.
      expect(yield* observe("queue")).toEqual({ starts: [10, 35, 40], told: ["queued", "queued"] });
      expect(yield* observe("replace")).toEqual({ starts: [10, 20, 30, 40], told: [] });
    }),
  );

  it.effect("a stop by hand suspends it, a start runs it now and resumes it", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(begin);
      yield* simulated({ control: "schedule: { every: 1h }" }, ({ control, startedAt }) =>
        Effect.gen(function* () {
          yield* control.stop("job");
          expect(yield* job(control)).toMatchObject({ state: "stopped", reason: "stopped by hand", nextStartAt: null });
          yield* pass(300);
          expect(startedAt()).toEqual([]);
          yield* control.start("job");
          expect(yield* job(control)).toMatchObject({ state: "running" });
          yield* pass(1);
          expect(yield* job(control)).toMatchObject({ state: "waiting", nextStartAt: begin + 360 * 60_000 });
          yield* pass(60);
          expect(startedAt()).toEqual([300, 360]);
          yield* control.start("job");
          yield* control.stop("job");
          yield* pass(300);
          expect(startedAt()).toEqual([300, 360, 361]);
        }),
      );
    }),
  );

  it.effect("a disabled one has no runs until it is started by hand", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(begin);
      yield* simulated({ control: "schedule: { every: 1h }", enabled: false }, ({ control, startedAt }) =>
        Effect.gen(function* () {
          yield* pass(120);
          expect(yield* job(control)).toMatchObject({ state: "stopped", reason: "disabled", nextStartAt: null });
          yield* control.start("job");
          yield* pass(60);
          expect(startedAt()).toEqual([120, 180]);
        }),
      );
    }),
  );

  it.effect("a run that was missed while no master ran is made up for once where the config says so, and only there", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(begin);
      for (const [catchUp, expected] of [
        [true, [60, 300, 360]],
        [false, [60, 360]],
      ] as const) {
        const from = ((yield* Clock.currentTimeMillis) - begin) / 60_000;
        const store = MemoryStore.make();
        const control = `schedule: { every: 1h, catch_up: ${catchUp} }`;
        const starts: Array<number> = [];
        const collect = (hours: number, minutes: number) =>
          simulated({ control, store }, ({ startedAt }) =>
            Effect.map(pass(hours * 60 + minutes), () => starts.push(...startedAt().map((at) => Math.round(at - from)))),
          );
        yield* collect(1, 1);
        store.clear();
        yield* TestClock.adjust("239 minutes");
        yield* collect(1, 1);
        expect(starts).toEqual(expected);
      }
    }),
  );

  it.effect("it is not started because its siblings restart together", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(begin);
      const directory = mkdtempSync(join(tmpdir(), "hsu-schedule-"));
      const memory = makeMemoryProcesses({ job: { runMillis: 1 }, web: {} });
      const yaml = [
        "managed_processes:",
        "  - id: both",
        "    strategy: one_for_all",
        "    children:",
        '      - { id: job, management: { control: { executable: job, schedule: "@daily" }, restart_policy: on_failure } }',
        "      - { id: web, management: { control: { executable: web } } }",
      ].join("\n");
      const { spec } = Result.getOrThrow(parse(yaml, join(directory, "hsu.yaml")));
      yield* Effect.gen(function* () {
        const driver = yield* Effect.provide(ProcessDriver.make({ stateDirectory: directory, environment: {} }), memory.layer);
        const store = MemoryStore.make();
        const options = {
          spec,
          driver,
          stateDirectory: directory,
          store,
          version: "t",
          pid: 1,
          memory: Effect.succeed(null),
          services: [],
        };
        const control = yield* start(options);
        yield* settle;
        // One that has run once is as any other to its group.
        yield* control.start("job");
        yield* pass(1);
        memory.started("web")[0]!.end({ code: 1, signal: null });
        yield* pass(1);
        expect(memory.started("web")).toHaveLength(2);
        expect(memory.started("job")).toHaveLength(1);
        expect((yield* job(control)).state).toBe("waiting");
      }).pipe(Effect.scoped, Effect.ensuring(Effect.sync(() => rmSync(directory, { recursive: true }))));
    }),
  );

  it.effect("a run that takes longer than run_timeout is asked to end, killed when it does not obey, and has failed either way", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(begin);
      for (const [onTerm, exit, minutes] of [
        [{ afterMillis: 1000, exit: { code: 0, signal: null } }, { code: 0 }, 71],
        ["ignore", { signal: "SIGKILL" }, 73],
      ] as const) {
        const control = "schedule: { every: 1h }, run_timeout: 10m, shutdown_timeout: 2m";
        yield* simulated({ control, program: { onTerm } }, (running) =>
          Effect.gen(function* () {
            yield* pass(69);
            expect((yield* job(running.control)).state).toBe("running");
            yield* pass(minutes - 69);
            expect(yield* job(running.control)).toMatchObject({ state: "failed", lastExit: exit });
            expect((yield* job(running.control)).lastExit?.because).toBe("still runs after its run_timeout of 600000 ms");
          }),
        );
      }
    }),
  );
});
