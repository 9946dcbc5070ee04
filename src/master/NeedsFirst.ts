/**
 * A start by hand: whom the unit needs is started first, then the unit, by this command and not a second time by itself.
 */
import * as Effect from "effect/Effect";
import { StartFailed } from "../protocol/Errors.ts";
import { Demand } from "../unit/index.ts";
import { commandTimeout, type Entry, refOf } from "./Entry.ts";
import type { LiveOrder } from "./LiveOrder.ts";

/** Starts the units that are down and that this one needs, each behind what it needs itself; why the first of them did not start. */
const startNeeded = (unit: string, entries: ReadonlyMap<string, Entry>, order: LiveOrder): Effect.Effect<string | null> => {
  const down = order.neededBy(unit).filter((id) => Demand.phaseOf(entries.get(id)!.slot) === "down");
  const starts = Effect.forEach(down, (id) =>
    refOf(entries.get(id)!)
      .call("Start", undefined, commandTimeout)
      .pipe(
        Effect.as(null),
        Effect.catchTag("StartFailed", (error) => Effect.succeed(error.message)),
        // It runs already, or is on its way.
        Effect.orElseSucceed(() => null),
      ),
  );
  return Effect.map(starts, (failures) => failures.find((failure) => failure !== null) ?? null);
};

/** The unit stays as it is where what it needs does not start: blocked, until that runs. */
export const start = (entry: Entry, entries: ReadonlyMap<string, Entry>, order: LiveOrder) =>
  Effect.suspend(() => {
    const { slot, spec } = entry;
    const waited = slot.phase === "blocked";
    // Whoever is after it goes on waiting; it does not start by itself meanwhile, as the two starts would meet.
    if (waited) slot.phase = "starting";
    const giveBack = Effect.sync(() => {
      if (!waited || slot.phase !== "starting" || slot.task !== null) return;
      slot.phase = "blocked";
      if (order.waitsFor(spec.id).length === 0) refOf(entry).cast("Unblocked");
    });
    return startNeeded(spec.id, entries, order).pipe(
      Effect.flatMap((failed) =>
        Effect.flatMap(refOf(entry).call("Start", undefined, commandTimeout), (status) =>
          status.state === "blocked" && failed !== null
            ? Effect.fail(new StartFailed({ unit: spec.id, reason: `it needs another: ${failed}` }))
            : Effect.succeed(status),
        ),
      ),
      Effect.onError(() => giveBack),
    );
  });
