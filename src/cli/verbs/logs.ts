/**
 * `hsu logs [-f] [-n N] UNIT`
 */
import * as Effect from "effect/Effect";
import { ExitCode } from "../ExitCode.ts";
import { withMaster } from "../Invocation.ts";
import type { Verb } from "../Verbs.ts";
import { printAll } from "./follow.ts";

export const run: Verb = (invocation) => {
  const { flags, operands } = invocation;
  const request = {
    unit: operands[0] ?? "",
    follow: flags["follow"] === true,
    lines: typeof flags["lines"] === "number" ? flags["lines"] : 100,
  };
  return withMaster(invocation, ({ call }) => printAll(invocation, call.Logs(request), (line) => `${line.text}\n`)).pipe(
    Effect.as(ExitCode.ok),
  );
};
