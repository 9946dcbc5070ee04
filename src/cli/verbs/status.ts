/**
 * `hsu status [--watch] [-o table|json|yaml|name] [UNIT…]`
 */
import * as Effect from "effect/Effect";
import { show } from "../answers/show.ts";
import { status } from "../answers/status.ts";
import { ExitCode } from "../ExitCode.ts";
import { complain, withMaster } from "../Invocation.ts";
import { named } from "../Named.ts";
import type { Verb } from "../Verbs.ts";

export const run: Verb = Effect.fnUntraced(function* (invocation) {
  if (invocation.flags["watch"] === true) {
    const { watch } = yield* Effect.promise(() => import("./watch.ts"));
    return yield* watch(invocation);
  }
  const seen = yield* withMaster(invocation, ({ call }) => call.Status(undefined));
  const { status: asked, unknown } = named(seen, invocation.operands);
  yield* Effect.forEach(unknown, (error) => complain(invocation, error));
  if (asked.units.length === 0 && unknown.length > 0) return ExitCode.unknownUnit;
  const exitCode = yield* show(invocation, (reader) => status(asked, reader));
  return unknown.length > 0 ? ExitCode.unknownUnit : exitCode;
});
