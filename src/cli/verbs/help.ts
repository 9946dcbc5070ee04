/**
 * `hsu help [VERB]`, `hsu VERB --help`
 */
import * as Effect from "effect/Effect";
import { unknownVerb } from "../Args.ts";
import { ExitCode } from "../ExitCode.ts";
import { print } from "../Invocation.ts";
import { overview, verbHelp } from "../render/help.ts";
import { type Verb, verbNamed } from "../Verbs.ts";

export const run: Verb = (invocation) => {
  const { io, operands, paint } = invocation;
  const word = operands[0];
  if (word === undefined) return Effect.as(print(invocation, overview(io.version, paint)), ExitCode.ok);
  const verb = verbNamed(word);
  if (verb === undefined) return Effect.fail(unknownVerb(word));
  return Effect.as(print(invocation, verbHelp(verb, paint)), ExitCode.ok);
};
