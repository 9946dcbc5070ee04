/**
 * `hsu plan [--from FILE] [--detailed-exitcode] [-o text|json] [FILE]`
 */
import * as Effect from "effect/Effect";
import { resolve } from "node:path";
import { isEmpty } from "../../config/plan/Plan.ts";
import { Masking } from "../../security/index.ts";
import * as ConfigFile from "../ConfigFile.ts";
import { ExitCode } from "../ExitCode.ts";
import { type Invocation, print, withMaster } from "../Invocation.ts";
import * as Part from "../Part.ts";
import { planText } from "../render/plan.ts";
import { json } from "../render/structured.ts";
import type { Verb } from "../Verbs.ts";

export const run: Verb = Effect.fnUntraced(function* (invocation) {
  const { flags, paint } = invocation;
  const detailed = flags["detailed-exitcode"] === true;
  // With that flag 2 means changes, and an error is 1.
  const invalid = detailed ? ExitCode.failed : ExitCode.usage;
  const found = yield* planned(invocation);
  if (found === undefined) return invalid;
  yield* print(invocation, flags["output"] === "json" ? json(found) : planText(found, paint));
  return detailed && !isEmpty(found) ? ExitCode.usage : ExitCode.ok;
});

/** Undefined: a file is not valid, which has been said. */
const planned = Effect.fnUntraced(function* (invocation: Invocation) {
  const from = invocation.flags["from"];
  const quick = typeof from === "string" ? undefined : yield* Part.ofLarge(invocation, ({ call }, spec) => call.Plan({ spec }));
  if (quick !== undefined) return quick;
  const loaded = yield* ConfigFile.load(invocation);
  if (loaded === undefined) return undefined;
  if (typeof from !== "string") return yield* withMaster(invocation, ({ call }) => call.Plan({ spec: loaded.spec }));
  const other = yield* ConfigFile.read(invocation, resolve(invocation.io.cwd, from));
  if (other === undefined) return undefined;
  const { planBetween } = yield* Effect.promise(() => import("../../master/Planning.ts"));
  return planBetween(other.spec, loaded.spec, Masking.make());
});
