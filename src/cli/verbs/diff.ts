/**
 * `hsu diff [-o text|json] [REV]`
 */
import * as Effect from "effect/Effect";
import { ExitCode } from "../ExitCode.ts";
import { print, withMaster } from "../Invocation.ts";
import { planText } from "../render/plan.ts";
import { json } from "../render/structured.ts";
import type { Verb } from "../Verbs.ts";
import { revisionOf } from "./revision.ts";

export const run: Verb = Effect.fnUntraced(function* (invocation) {
  const { flags, operands, paint } = invocation;
  const revision = yield* revisionOf(operands[0]);
  const found = yield* withMaster(invocation, ({ call }) => call.Diff({ revision }));
  yield* print(invocation, flags["output"] === "json" ? json(found) : planText(found, paint));
  return ExitCode.ok;
});
