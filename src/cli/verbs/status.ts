/**
 * `hsu status [--watch] [-o table|json|yaml|name]`
 */
import * as Effect from "effect/Effect";
import { ExitCode } from "../ExitCode.ts";
import { print, say, withMaster } from "../Invocation.ts";
import { masterLine, statusTable } from "../render/status.ts";
import { json, yaml } from "../render/structured.ts";
import { clean } from "../render/text.ts";
import { isAsWanted } from "../render/units.ts";
import type { Verb } from "../Verbs.ts";

export const run: Verb = Effect.fnUntraced(function* (invocation) {
  const { flags, io, paint } = invocation;
  if (flags["watch"] === true) {
    const { watch } = yield* Effect.promise(() => import("./watch.ts"));
    return yield* watch(invocation);
  }
  const status = yield* withMaster(invocation, ({ call }) => call.Status(undefined));
  if (flags["output"] === "name") yield* print(invocation, status.units.map(({ id }) => `${id}\n`).join(""));
  else if (flags["output"] === "json") yield* print(invocation, json(status));
  else if (flags["output"] === "yaml") yield* print(invocation, yield* Effect.promise(() => yaml(status)));
  // Who reads a screen gets the master's line; who reads a pipe gets the table and nothing else.
  else yield* print(invocation, `${io.stdout.isTTY ? `${masterLine(status, paint)}\n\n` : ""}${statusTable(status, paint)}`);
  const missing = (status.peers ?? []).filter(({ reason }) => reason !== null);
  for (const { name, reason } of missing) yield* say(invocation, `the master ${JSON.stringify(name)} is not seen: ${clean(reason ?? "")}`);
  return missing.length === 0 && status.units.every(isAsWanted) ? ExitCode.ok : ExitCode.notRunning;
});
