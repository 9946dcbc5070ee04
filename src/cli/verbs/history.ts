/**
 * `hsu history [-o table|json|yaml]`
 */
import * as Effect from "effect/Effect";
import { ExitCode } from "../ExitCode.ts";
import { print, withMaster } from "../Invocation.ts";
import { historyTable } from "../render/plan.ts";
import { json, yaml } from "../render/structured.ts";
import type { Verb } from "../Verbs.ts";

export const run: Verb = Effect.fnUntraced(function* (invocation) {
  const { flags, paint } = invocation;
  const revisions = yield* withMaster(invocation, ({ call }) => call.Revisions(undefined));
  if (flags["output"] === "json") yield* print(invocation, json(revisions));
  else if (flags["output"] === "yaml") yield* print(invocation, yield* Effect.promise(() => yaml(revisions)));
  else yield* print(invocation, historyTable(revisions, paint));
  return ExitCode.ok;
});
