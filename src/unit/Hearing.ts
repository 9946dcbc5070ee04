/**
 * How a unit that tells its state is listened to, loaded by the first one: a master without pays nothing for it.
 */
import * as Effect from "effect/Effect";
import type { Actor } from "../actor/index.ts";
import type { Task } from "../driver/index.ts";
import * as Gently from "./Gently.ts";
import type { Notifying } from "./Notifying.ts";
import type { RunArgs, RunRpcs } from "./Run.ts";
import { formatExit, NotReady } from "./RunErrors.ts";

/** The ear of a unit that tells its state. */
export const listen = ({ driver, mailbox, slot, spec, store }: RunArgs, context: Actor.ActorContext<RunRpcs>) => {
  if (spec.start !== "notify") return Effect.succeed(null);
  return Effect.flatMap(
    Effect.promise(() => import("./Notifying.ts")),
    ({ open }) =>
      open({
        spec,
        slot,
        driver,
        holder: slot.recovered,
        wasReady: slot.recovered?.wasUp ?? false,
        notice: (type, message) => mailbox.cast("Noticed", { type, message }),
        stopping: () => context.self.cast("Stopping"),
        watch: () => context.self.cast("WatchdogDue"),
        store,
      }),
  );
};

/** Waits until the process says that it is ready; who has ended before has failed to start. */
export const heard = (args: RunArgs, task: Task, notifying: Notifying) => {
  const patience = Gently.patienceOf(args);
  const isGone = Effect.flatMap(task.wait, (exit) => Effect.fail(new NotReady({ reason: `ended before it said so: ${formatExit(exit)}` })));
  notifying.attach(task);
  const ready = Effect.tapError(Effect.raceFirst(notifying.ready, isGone), () => Gently.end(task, patience));
  return Gently.whileStarting(task, patience, ready);
};
