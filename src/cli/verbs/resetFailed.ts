/**
 * `hsu reset-failed [UNIT…]`
 */
import * as Effect from "effect/Effect";
import { withMaster } from "../Invocation.ts";
import type { Verb } from "../Verbs.ts";
import { each } from "./each.ts";

const reset = each((call, unit) => call.ResetFailed({ unit }));

export const run: Verb = (invocation) =>
  invocation.operands.length > 0
    ? reset(invocation)
    : Effect.flatMap(
        withMaster(invocation, ({ call }) => call.Status(undefined)),
        ({ units }) => reset({ ...invocation, operands: units.map(({ id }) => id) }),
      );
