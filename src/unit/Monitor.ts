/**
 * Who looks at what units use, as their runs see it.
 */
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type { Task } from "../driver/index.ts";
import type { Sample } from "../resources/index.ts";
import type { Slot } from "./Run.ts";
import type { UnitSpec } from "./UnitSpec.ts";

/** A process of a unit that is to be looked at. */
export interface Watched {
  readonly spec: UnitSpec;
  readonly task: Task;
  /** Unix milliseconds. */
  readonly since: number;
  readonly onSample?: (sample: Sample) => void;
}

export interface Monitor {
  /** From now on until the result is called. */
  readonly watch: (watched: Watched) => () => void;
}

/** Has the process of the slot looked at for as long as the scope is open. */
export const watched = (
  monitor: Monitor,
  { slot, spec }: { readonly slot: Slot; readonly spec: UnitSpec },
  task: Task,
  onSample?: (sample: Sample) => void,
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.asVoid(
    Effect.acquireRelease(
      Effect.sync(() => monitor.watch({ spec, task, since: slot.startedAt ?? 0, ...(onSample === undefined ? {} : { onSample }) })),
      (end) => Effect.sync(end),
    ),
  );
