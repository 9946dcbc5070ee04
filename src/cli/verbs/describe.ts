/**
 * `hsu describe UNIT [-o text|json|yaml]`
 */
import * as Effect from "effect/Effect";
import { describe } from "../answers/describe.ts";
import { show } from "../answers/show.ts";
import { withMaster } from "../Invocation.ts";
import type { Verb } from "../Verbs.ts";

export const run: Verb = Effect.fnUntraced(function* (invocation) {
  const [unit = ""] = invocation.operands;
  const [described, report] = yield* withMaster(invocation, ({ call }) =>
    Effect.all([call.Describe({ unit }), call.Resources({ unit, history: false, detail: true })]),
  );
  return yield* show(invocation, (reader) => describe(described, report, reader));
});
