/**
 * `hsu rollback [-o text|json] [REV]`
 */
import * as Effect from "effect/Effect";
import { ExitCode } from "../ExitCode.ts";
import { withMaster } from "../Invocation.ts";
import type { Verb } from "../Verbs.ts";
import { show } from "./apply.ts";
import { revisionOf } from "./revision.ts";

export const run: Verb = Effect.fnUntraced(function* (invocation) {
  const revision = yield* revisionOf(invocation.operands[0]);
  yield* show(invocation, yield* withMaster(invocation, ({ call }) => call.Rollback({ revision })));
  return ExitCode.ok;
});
