/**
 * The probes of a unit's process, loaded by the first unit that has any: a master without pays nothing for them.
 */
import * as Effect from "effect/Effect";
import type { Driver } from "../driver/index.ts";
import type { ProbesSpec } from "../health/index.ts";
import type { ProbeFailed } from "./ProbeFailed.ts";
import type { RunArgs } from "./Run.ts";
import { secretsOf } from "./SecretsOf.ts";

const loaded = Effect.promise(() => import("./Probing.ts"));

interface Probed extends Pick<RunArgs, "learned" | "mailbox" | "slot" | "spec"> {
  readonly exec: Driver["exec"];
}

/** `onFailed`: the process is not alive any more, or did not come to life. */
export const beginProbing = ({ exec, learned, mailbox, slot, spec }: Probed, probes: ProbesSpec, onFailed: (error: ProbeFailed) => void) =>
  Effect.flatMap(loaded, ({ begin }) =>
    begin({
      probes,
      slot,
      // With its secrets as they are now.
      exec: ({ args, command }) =>
        Effect.flatMap(secretsOf({ learned, spec }), (secrets) =>
          exec({ ...spec, environment: { ...spec.environment, ...secrets }, executable: command, args }),
        ),
      notice: (type, message) => mailbox.cast("Noticed", { type, message }),
      onFailed,
    }),
  );
