/**
 * The probes of a unit's process, loaded by the first unit that has any: a master without pays nothing for them.
 */
import * as Effect from "effect/Effect";
import type { Actor } from "../actor/index.ts";
import type { ProbesSpec } from "../health/index.ts";
import type { RunArgs, RunRpcs } from "./Run.ts";

const loaded = Effect.promise(() => import("./Probing.ts"));

export const beginProbing = (
  { driver, mailbox, slot, spec }: Pick<RunArgs, "driver" | "mailbox" | "slot" | "spec">,
  probes: ProbesSpec,
  context: Actor.ActorContext<RunRpcs>,
) =>
  Effect.flatMap(loaded, ({ begin }) =>
    begin({
      probes,
      slot,
      exec: ({ command, args: words }) => driver.exec({ ...spec, executable: command, args: words }),
      notice: (type, message) => mailbox.cast("Noticed", { type, message }),
      onFailed: (error) => context.self.cast("Unhealthy", error),
    }),
  );
