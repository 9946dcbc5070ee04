/**
 * `hsu apply [-o text|json] [FILE]`
 */
import * as Effect from "effect/Effect";
import * as ConfigFile from "../ConfigFile.ts";
import { ExitCode } from "../ExitCode.ts";
import { type Invocation, print, withMaster } from "../Invocation.ts";
import type { Applied } from "../../protocol/PlanRpc.ts";
import { appliedLine, planText } from "../render/plan.ts";
import { json } from "../render/structured.ts";
import * as Part from "../Part.ts";
import type { Verb } from "../Verbs.ts";

export const run: Verb = Effect.fnUntraced(function* (invocation) {
  const quick = yield* Part.ofLarge(invocation, ({ call }, spec) => call.Apply({ spec, how: "apply" }));
  if (quick !== undefined) {
    yield* show(invocation, quick);
    return ExitCode.ok;
  }
  const loaded = yield* ConfigFile.load(invocation);
  if (loaded === undefined) return ExitCode.usage;
  const applied = yield* withMaster(invocation, ({ call }) => call.Apply({ spec: loaded.spec, how: "apply" }));
  yield* show(invocation, applied);
  return ExitCode.ok;
});

/** What has been done. */
export const show = (invocation: Invocation, { plan, revision }: Applied) =>
  print(
    invocation,
    invocation.flags["output"] === "json"
      ? json({ plan, revision })
      : `${plan.changes.length === 0 ? "" : planText(plan, invocation.paint)}${appliedLine(plan, revision)}`,
  );
