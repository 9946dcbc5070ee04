/**
 * `hsu status [--watch] [-o table|json|yaml|name]`
 */
import * as Effect from "effect/Effect";
import { show } from "../answers/show.ts";
import { status } from "../answers/status.ts";
import { withMaster } from "../Invocation.ts";
import type { Verb } from "../Verbs.ts";

export const run: Verb = Effect.fnUntraced(function* (invocation) {
  if (invocation.flags["watch"] === true) {
    const { watch } = yield* Effect.promise(() => import("./watch.ts"));
    return yield* watch(invocation);
  }
  const seen = yield* withMaster(invocation, ({ call }) => call.Status(undefined));
  return yield* show(invocation, (reader) => status(seen, reader));
});
