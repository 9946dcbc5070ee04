/**
 * `hsu describe UNIT [-o text|json|yaml]`
 */
import * as Effect from "effect/Effect";
import { ExitCode } from "../ExitCode.ts";
import { print, withMaster } from "../Invocation.ts";
import { description } from "../render/description.ts";
import { json, yaml } from "../render/structured.ts";
import type { Verb } from "../Verbs.ts";

export const run: Verb = Effect.fnUntraced(function* (invocation) {
  const { flags, operands, paint } = invocation;
  const [unit = ""] = operands;
  const [described, report] = yield* withMaster(invocation, ({ call }) =>
    Effect.all([call.Describe({ unit }), call.Resources({ unit, history: false, detail: true })]),
  );
  const now = report.at;
  const resources = report.units[0];
  const found = { ...described, ...(resources === undefined ? {} : { resources }) };
  if (flags["output"] === "json") yield* print(invocation, json(found));
  else if (flags["output"] === "yaml") yield* print(invocation, yield* Effect.promise(() => yaml(found)));
  else yield* print(invocation, description(found, now, paint));
  return ExitCode.ok;
});
