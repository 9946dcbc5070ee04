/**
 * `hsu events [-f] [--since SEQ] [-o text|json]`
 */
import * as Effect from "effect/Effect";
import type { MasterEvent } from "../../protocol/MasterRpc.ts";
import { ExitCode } from "../ExitCode.ts";
import { withMaster } from "../Invocation.ts";
import { eventLine } from "../render/event.ts";
import { ndjson } from "../render/structured.ts";
import type { Verb } from "../Verbs.ts";
import { printAll } from "./follow.ts";

export const run: Verb = (invocation) => {
  const { flags, paint } = invocation;
  const request = { follow: flags["follow"] === true, since: typeof flags["since"] === "number" ? flags["since"] : 0 };
  const render = flags["output"] === "json" ? ndjson : (event: MasterEvent) => `${eventLine(event, paint)}\n`;
  return withMaster(invocation, ({ call }) => printAll(invocation, call.Events(request), render)).pipe(Effect.as(ExitCode.ok));
};
