/**
 * `hsu completion bash|zsh|fish`
 */
import * as Effect from "effect/Effect";
import { completion, shells } from "../Completion.ts";
import { UsageError } from "../Errors.ts";
import { ExitCode } from "../ExitCode.ts";
import { print } from "../Invocation.ts";
import type { Verb } from "../Verbs.ts";

export const run: Verb = (invocation) => {
  const word = invocation.operands[0] ?? "";
  const shell = shells.find((known) => known === word);
  if (shell === undefined) {
    return Effect.fail(
      new UsageError({ message: `nothing is known of the shell ${JSON.stringify(word)}`, hint: `one of ${shells.join(", ")}` }),
    );
  }
  return Effect.as(print(invocation, completion(shell)), ExitCode.ok);
};
