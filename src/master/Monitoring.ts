/**
 * The one timer by which all units are looked at. There is none while there is no unit, and what looks is loaded when the first look is due.
 */
import type * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import type * as Fiber from "effect/Fiber";
import type * as Scope from "effect/Scope";
import type { Driver } from "../driver/index.ts";
import { constrainedMemory } from "node:process";
import { totalmem } from "node:os";
import type { Meter } from "../platform/index.ts";
import { Admission, type Row, rowsFor, type Sample, type Sampler, type Subject } from "../resources/index.ts";
import type { MasterSpec, Monitor, UnitSpec, Watched } from "../unit/index.ts";

/** Who asks for samples gets none that are older, where one can be had. */
const freshMillis = 1000;

const DEFAULTS = { intervalMillis: 10_000, retentionMillis: 600_000 };

export interface Monitoring extends Monitor {
  /** Looks at all, unless that was done a moment ago. */
  readonly refresh: Effect.Effect<void>;
  readonly latest: (unit: string) => Sample | null;
  /** With what is dear to know. */
  readonly detail: (unit: string) => Effect.Effect<Sample | null>;
  readonly history: (unit: string) => ReadonlyArray<Row>;
  /** Of the master itself. */
  readonly own: () => Sample | null;
  readonly ownDetail: Effect.Effect<Sample | null>;
}

interface Parts {
  /** The config that the master runs now. */
  readonly current: { readonly spec: MasterSpec };
  readonly driver: Driver;
  readonly pid: number;
  readonly startedAt: number;
  readonly clock: Clock.Clock;
}

/** Of the master's own history; no unit is called so. */
const ownId = "";

export const make = ({ clock, current, driver, pid, startedAt }: Parts): Effect.Effect<Monitoring, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { controllers } = current.spec;
    const usual = (): typeof DEFAULTS => ({ ...DEFAULTS, ...current.spec.sampling });
    const fork = Effect.runForkWith(yield* Effect.context());
    const now = (): number => clock.currentTimeMillisUnsafe();
    const watched = new Map<string, Watched>();
    /** Those whose meter is there. */
    const subjects = new Map<Watched, Subject>();
    let sampler: Sampler | null = null;
    let own: Subject | null = null;
    let passing: Promise<void> | null = null;
    let passedAt = -Infinity;
    let timer: Fiber.Fiber<unknown> | null = null;
    /** What it waits for at the moment. */
    let tickMillis = usual().intervalMillis;

    /** What those may have that are up, or about to be. */
    const demands = new Map<string, Admission.Demand>();
    const intervalOf = ({ limits }: UnitSpec): number => limits?.monitoring?.intervalMillis ?? usual().intervalMillis;
    /** As often as the one wants it that wants it most often. */
    const leastInterval = (): number => {
      let least = usual().intervalMillis;
      for (const { spec: unit } of watched.values()) least = Math.min(least, intervalOf(unit));
      return least;
    };
    const subjectOf = (meter: Meter, one: Watched): Subject => ({
      id: one.spec.id,
      meter,
      since: one.since,
      get intervalMillis() {
        return intervalOf(one.spec);
      },
      get rows() {
        return rowsFor(one.spec.limits?.monitoring?.retentionMillis ?? usual().retentionMillis, intervalOf(one.spec));
      },
      onSample: one.onSample,
    });
    /** Opened with the first look: a unit that has ended by then costs nothing. */
    const open = async (): Promise<void> => {
      for (const one of watched.values()) {
        if (subjects.has(one)) continue;
        const meter = await one.task.meter();
        if (watched.get(one.spec.id) === one) subjects.set(one, subjectOf(meter, one));
        else meter.close();
      }
    };
    const pass = async (all: boolean): Promise<void> => {
      sampler ??= (await import("../resources/Sampler.ts")).make(now);
      await open();
      await sampler.pass([...(own === null ? [] : [own]), ...subjects.values()], all);
      passedAt = now();
    };
    const look = (all: boolean): Promise<void> => (passing ??= pass(all).finally(() => (passing = null)));
    const looked = (all: boolean): Effect.Effect<void> =>
      Effect.andThen(
        own === null ? Effect.map(driver.meter(pid), (meter) => void (own ??= ownOf(meter))) : Effect.void,
        Effect.promise(() => look(all)),
      );
    const ownOf = (meter: Meter | null): Subject | null =>
      meter && {
        id: ownId,
        meter,
        since: startedAt,
        get intervalMillis() {
          return usual().intervalMillis;
        },
        get rows() {
          return rowsFor(usual().retentionMillis, usual().intervalMillis);
        },
      };
    const tick = Effect.forever(
      Effect.andThen(
        Effect.suspend(() => Effect.sleep((tickMillis = leastInterval()))),
        Effect.suspend(() => looked(false)),
      ),
    );
    const close = (one: Watched): void => {
      subjects.get(one)?.meter.close();
      subjects.delete(one);
    };
    /** One that wants to be looked at sooner is not kept waiting for the others' turn. */
    const hurryFor = (wanted: number): void => {
      if (timer !== null && wanted < tickMillis) {
        timer.interruptUnsafe();
        timer = null;
      }
      if (timer !== null) return;
      tickMillis = Math.min(usual().intervalMillis, wanted);
      timer = fork(tick);
    };
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        timer?.interruptUnsafe();
        for (const one of subjects.keys()) close(one);
        own?.meter.close();
      }),
    );
    const subjectFor = (unit: string): Subject | null => {
      const one = watched.get(unit);
      return one === undefined ? null : (subjects.get(one) ?? null);
    };
    return {
      controllers,
      admit: (unit) => {
        const memoryBytes = unit.limits?.limits.find(({ name, policy }) => name === "memory.max_rss" && policy !== "none")?.bound ?? null;
        const demand = { unit: unit.id, memoryBytes };
        const percent = current.spec.overcommitPercent ?? Admission.usualPercent;
        const machine = { memoryBytes: Math.min(totalmem(), constrainedMemory() || Infinity), percent };
        const refusal = percent === 0 ? null : Admission.admit(demand, demands.values(), machine);
        if (refusal !== null) return { ...refusal, ...machine };
        demands.set(unit.id, demand);
        return null;
      },
      leave: (unit) => void demands.delete(unit),
      hurry: () => (watched.size === 0 ? undefined : hurryFor(leastInterval())),
      watch: (one) => {
        const earlier = watched.get(one.spec.id);
        if (earlier !== undefined) close(earlier);
        watched.set(one.spec.id, one);
        hurryFor(intervalOf(one.spec));
        return () => {
          close(one);
          if (watched.get(one.spec.id) === one) watched.delete(one.spec.id);
          if (watched.size > 0) return;
          timer?.interruptUnsafe();
          timer = null;
        };
      },
      refresh: Effect.suspend(() => (now() - passedAt < freshMillis ? Effect.void : looked(true))),
      latest: (unit) => {
        const subject = subjectFor(unit);
        return subject === null ? null : (sampler?.latest(subject) ?? null);
      },
      detail: (unit) =>
        Effect.promise(async () => {
          const subject = subjectFor(unit);
          return subject === null ? null : ((await sampler?.detail(subject)) ?? null);
        }),
      history: (unit) => sampler?.history(unit) ?? [],
      own: () => (own === null ? null : (sampler?.latest(own) ?? null)),
      ownDetail: Effect.promise(async () => (own === null ? null : ((await sampler?.detail(own)) ?? null))),
    };
  });
