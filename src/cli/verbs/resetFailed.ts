/**
 * `hsu reset-failed [UNIT…]`
 */
import type { Verb } from "../Verbs.ts";
import { each } from "./each.ts";

const reset = each({ name: "reset-failed", command: (call, unit) => call.ResetFailed({ unit }) });

export const run: Verb = (invocation) => reset(invocation.operands.length > 0 ? invocation : { ...invocation, operands: ["all"] });
