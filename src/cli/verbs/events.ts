/**
 * `hsu events [-f] [--since SEQ] [-o text|json]`
 */
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import type { MasterEvent } from "../../protocol/MasterRpc.ts";
import { ExitCode } from "../ExitCode.ts";
import { print, withMaster } from "../Invocation.ts";
import { eventLine } from "../render/event.ts";
import { ndjson } from "../render/structured.ts";
import type { Verb } from "../Verbs.ts";
import { overMasters } from "./again.ts";
import { printAll } from "./follow.ts";

export const run: Verb = (invocation) => {
  const { flags, paint } = invocation;
  const request = { follow: flags["follow"] === true, since: typeof flags["since"] === "number" ? flags["since"] : 0 };
  const render = flags["output"] === "json" ? ndjson : (event: MasterEvent) => `${eventLine(event, paint)}\n`;
  if (!request.follow) {
    return withMaster(invocation, ({ call }) => printAll(invocation, call.Events(request), render)).pipe(Effect.as(ExitCode.ok));
  }
  let from = request.since;
  let master = "";
  return overMasters(invocation, ({ call }) =>
    Effect.gen(function* () {
      const { pid, startedAt } = yield* call.Status(undefined);
      // Each master counts its own.
      if (master !== "" && master !== `${pid} ${startedAt}`) from = 0;
      master = `${pid} ${startedAt}`;
      yield* Stream.runForEachArray(call.Events({ follow: true, since: from }), (events) => {
        from = events.at(-1)!.seq + 1;
        return print(invocation, events.map(render).join(""));
      });
    }),
  ).pipe(Effect.as(ExitCode.ok));
};
