/**
 * `hsu plan [--from FILE] [--detailed-exitcode] [-o text|json] [FILE]`
 */
import * as Effect from "effect/Effect";
import { resolve } from "node:path";
import { isEmpty } from "../../config/plan/Plan.ts";
import type { Plan } from "../../protocol/PlanRpc.ts";
import { Masking } from "../../security/index.ts";
import * as ConfigFile from "../ConfigFile.ts";
import { ExitCode } from "../ExitCode.ts";
import { print, withMaster } from "../Invocation.ts";
import { planText } from "../render/plan.ts";
import { json } from "../render/structured.ts";
import type { Verb } from "../Verbs.ts";

export const run: Verb = Effect.fnUntraced(function* (invocation) {
  const { flags, io, paint } = invocation;
  const detailed = flags["detailed-exitcode"] === true;
  // With that flag 2 means changes, and an error is 1.
  const invalid = detailed ? ExitCode.failed : ExitCode.usage;
  const loaded = yield* ConfigFile.load(invocation);
  if (loaded === undefined) return invalid;
  const from = flags["from"];
  let found: Plan;
  if (typeof from === "string") {
    const other = yield* ConfigFile.read(invocation, resolve(io.cwd, from));
    if (other === undefined) return invalid;
    const { planBetween } = yield* Effect.promise(() => import("../../master/Planning.ts"));
    found = planBetween(other.spec, loaded.spec, Masking.make());
  } else found = yield* withMaster(invocation, ({ call }) => call.Plan({ spec: loaded.spec }));
  yield* print(invocation, flags["output"] === "json" ? json(found) : planText(found, paint));
  return detailed && !isEmpty(found) ? ExitCode.usage : ExitCode.ok;
});
