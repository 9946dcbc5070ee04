/**
 * `hsu tree [-o text|json|yaml]`
 */
import * as Effect from "effect/Effect";
import { show } from "../answers/show.ts";
import { tree } from "../answers/tree.ts";
import { withMaster } from "../Invocation.ts";
import type { Verb } from "../Verbs.ts";

export const run: Verb = Effect.fnUntraced(function* (invocation) {
  const seen = yield* withMaster(invocation, ({ call }) => call.Tree(undefined));
  return yield* show(invocation, (reader) => tree(seen, reader));
});
