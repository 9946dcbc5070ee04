/**
 * `hsu version`
 */
import * as Effect from "effect/Effect";
import { ExitCode } from "../ExitCode.ts";
import { print } from "../Invocation.ts";
import type { Verb } from "../Verbs.ts";

export const run: Verb = (invocation) => Effect.as(print(invocation, `hsu ${invocation.io.version}\n`), ExitCode.ok);
