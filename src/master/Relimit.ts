/**
 * Other limits for processes that run: they go on, unless the system lets only a new process have what the config says now.
 */
import * as Effect from "effect/Effect";
import type { Plan } from "../protocol/PlanRpc.ts";
import type { ActorRef } from "../actor/index.ts";
import type { Overcommitted, RunRpcs } from "../unit/index.ts";
import { commandTimeout } from "./Entry.ts";
import type { Live } from "./Apply.ts";
import type { Stages } from "./Stages.ts";

/** Units that need another process, and for which limits. */
export type Refused = ReadonlyMap<string, ReadonlyArray<string>>;

const one = ({ entries, groupAt }: Live, id: string) => {
  const { groups, slot } = entries.get(id)!;
  return Effect.flatMap(
    Effect.flatMap(groupAt(groups), (supervisor) => supervisor.whichChild(id)),
    ({ ref }): Effect.Effect<ReadonlyArray<string>, unknown> => {
      if (slot.phase === "up") return (ref as ActorRef<RunRpcs>).call("Relimit", undefined, commandTimeout);
      // A start may take its time: it is heard when that is over.
      ref.cast("Relimit", undefined);
      return Effect.succeed([]);
    },
  ).pipe(
    // Its process has ended, and the next one is started with what the config says.
    Effect.catchIf(
      (error): error is Exclude<typeof error, Overcommitted> => (error as Overcommitted)._tag !== "Overcommitted",
      () => Effect.succeed<ReadonlyArray<string>>([]),
    ),
  );
};

export const relimit = (live: Live, changed: Stages["changed"]): Effect.Effect<Refused, Overcommitted> => {
  const concerned = changed.flatMap(({ row, was }) => {
    const { slot, spec } = live.entries.get(row.id)!;
    const isOurs = spec.kind === "managed" || spec.kind === "integrated";
    return isOurs && slot.task !== null && JSON.stringify(was.limits) !== JSON.stringify(spec.limits) ? [row.id] : [];
  });
  return Effect.map(
    Effect.forEach(concerned, (id) => Effect.map(one(live, id), (refused) => [id, refused] as const)),
    (found) => new Map(found.filter(([, refused]) => refused.length > 0)),
  );
};

/** What was done in the end. */
export const asDone = (plan: Plan, refused: Refused): Plan => ({
  ...plan,
  changes: plan.changes.map((change) => {
    const limits = change.kind === "unit" ? refused.get(change.id) : undefined;
    return limits === undefined
      ? change
      : { ...change, action: "restart", because: `the system lets the master change ${limits.join(", ")} of a new process only` };
  }),
});
