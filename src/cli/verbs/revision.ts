/**
 * The operand of the verbs that take a revision.
 */
import * as Effect from "effect/Effect";
import { UsageError } from "../Errors.ts";

/** Null: none was given, which means the one before. */
export const revisionOf = (operand: string | undefined): Effect.Effect<number | null, UsageError> => {
  if (operand === undefined) return Effect.succeed(null);
  return /^[1-9]\d{0,14}$/.test(operand)
    ? Effect.succeed(Number(operand))
    : Effect.fail(
        new UsageError({ message: `${JSON.stringify(operand)} is no revision`, hint: "revisions are numbers: `hsu history` lists them" }),
      );
};
