/**
 * What `hsu top` shows: what all units use, and what they may.
 */
import * as Effect from "effect/Effect";
import { availableParallelism, totalmem } from "node:os";
import type { ResourceReport, UnitResources } from "../protocol/Resources.ts";
import type { UnitStatus } from "../protocol/MasterRpc.ts";
import type { Entry } from "./Entry.ts";
import type { Monitoring } from "./Monitoring.ts";

export interface ResourceRequest {
  /** Null: all. */
  readonly unit: string | null;
  /** With what was seen before. */
  readonly history: boolean;
  /** With what is dear to know: memory by its share, sockets. */
  readonly detail: boolean;
}

interface Parts {
  readonly monitoring: Monitoring;
  readonly now: () => number;
  readonly describe: (entry: Entry) => Effect.Effect<UnitStatus>;
}

/** Of these units. All are looked at anew, unless that was done within the last second. */
export const report = (
  entries: Iterable<Entry>,
  { detail, history }: ResourceRequest,
  { describe, monitoring, now }: Parts,
): Effect.Effect<ResourceReport> =>
  Effect.gen(function* () {
    yield* monitoring.refresh;
    const units = yield* Effect.forEach(
      entries,
      Effect.fnUntraced(function* (entry): Effect.fn.Return<UnitResources> {
        const { id } = entry.spec;
        const { pid, state } = yield* describe(entry);
        return {
          unit: id,
          state,
          pid,
          usage: detail ? yield* monitoring.detail(id) : monitoring.latest(id),
          limits: entry.slot.limits?.held ?? [],
          ...(history ? { history: monitoring.history(id) } : {}),
        };
      }),
    );
    const master = detail ? yield* monitoring.ownDetail : monitoring.own();
    return { at: now(), cores: availableParallelism(), memoryBytes: totalmem(), master, units };
  });
