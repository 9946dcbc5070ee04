/**
 * Who looks at what units use, as their runs see it.
 */
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type { Task } from "../driver/index.ts";
import type { ActorRef } from "../actor/index.ts";
import type { Controller, Signal } from "../platform/index.ts";
import type { Limits, Sample } from "../resources/index.ts";
import * as Gently from "./Gently.ts";
import type { Limiting } from "./Limiting.ts";
import type { LimitExceeded, Overcommitted } from "./ResourceErrors.ts";
import type { Slot } from "./Run.ts";
import type { UnitRpcs } from "./UnitRpc.ts";
import type { UnitSpec } from "./UnitSpec.ts";

/** What was wanted of which machine. */
export interface Refused {
  readonly wanted: number;
  readonly given: number;
  readonly allowed: number;
  readonly percent: number;
  readonly memoryBytes: number;
}

/** A process of a unit that is to be looked at. */
export interface Watched {
  /** As it is now. */
  readonly spec: UnitSpec;
  readonly task: Task;
  /** Unix milliseconds. */
  readonly since: number;
  readonly onSample?: (sample: Sample) => void;
}

export interface Monitor {
  /** From now on until the result is called. */
  readonly watch: (watched: Watched) => () => void;
  /** Somebody may want to be looked at sooner from now on. */
  readonly hurry: () => void;
  /** Controllers of the kernel that may be used; absent: all. */
  readonly controllers: ReadonlyArray<Controller> | undefined;
  /** Whether the machine can give one more unit what it may have; null: it can, and that is its own until it leaves. */
  readonly admit: (spec: UnitSpec) => Refused | null;
  readonly leave: (unit: string) => void;
}

/** Has the process of the slot looked at for as long as the scope is open. */
export const watched = (
  monitor: Monitor,
  of: { readonly slot: Slot; readonly spec: UnitSpec },
  task: Task,
  onSample?: (sample: Sample) => void,
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.asVoid(
    Effect.acquireRelease(
      Effect.sync(() =>
        monitor.watch({
          get spec() {
            return of.spec;
          },
          task,
          since: of.slot.startedAt ?? 0,
          ...(onSample === undefined ? {} : { onSample }),
        }),
      ),
      (end) => Effect.sync(end),
    ),
  );

interface Limited {
  readonly spec: UnitSpec;
  readonly slot: Slot;
  readonly monitor: Monitor;
  readonly mailbox: ActorRef<UnitRpcs>;
  readonly patience: Gently.Patience;
  /** It is up, and is to be ended. */
  readonly violated: (error: LimitExceeded) => void;
}

/** The limits of the process that is about to be started; null: it has none. What makes them is loaded with the first unit that has some. */
export const limited = ({
  mailbox,
  monitor,
  patience,
  slot,
  spec,
  violated,
}: Limited): Effect.Effect<Limiting | null, Overcommitted, Scope.Scope> => {
  const { limits } = spec;
  slot.limiting = null;
  if (limits === undefined) return Effect.succeed(null);
  const end = (error: LimitExceeded): void => {
    if (slot.phase === "up") return violated(error);
    // It has not come up yet, and its actor hears nothing: its end is a failed start.
    slot.because = error.message;
    if (slot.task !== null) Effect.runFork(Gently.end(slot.task, { ...patience, stopSignal: stopSignalFor(spec, error) }));
  };
  const notice = (type: string, message: string): void => mailbox.cast("Noticed", { type, message });
  return Effect.flatMap(
    Effect.promise(() => import("./Limiting.ts")),
    ({ begin }) =>
      Effect.map(
        begin({ spec: { ...spec, limits }, slot, monitor, notice, violated: end }),
        (limiting): Limiting => (slot.limiting = limiting),
      ),
  );
};

/** Holds a process that runs to what its spec says now. Which limits only its next process can be held to. */
export const relimited = Effect.fnUntraced(function* (parts: Limited, task: Task) {
  const { monitor, slot, spec } = parts;
  monitor.hurry();
  if (slot.limiting !== null) return yield* slot.limiting.change(task, spec.limits ?? noLimits);
  const limiting = yield* limited(parts);
  if (limiting === null || spec.limits === undefined) return [];
  yield* watched(monitor, parts, task, limiting.onSample);
  return yield* limiting.change(task, spec.limits);
});

const noLimits: Limits.LimitsSpec = { limits: [], graceMillis: 0, sustainedMillis: 0, spikeMillis: 0 };

export const stopSignalFor = (spec: UnitSpec, { policy }: LimitExceeded): Signal.Signal =>
  policy === "immediate_kill" ? "SIGKILL" : spec.stopSignal;
