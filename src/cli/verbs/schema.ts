/**
 * `hsu schema [COMMAND]`
 */
import * as Effect from "effect/Effect";
import { jsonSchema } from "../../config/JsonSchema.ts";
import { UsageError } from "../Errors.ts";
import { ExitCode } from "../ExitCode.ts";
import { print } from "../Invocation.ts";
import { json } from "../render/structured.ts";
import { schemaOf, shapes } from "../Shapes.ts";
import type { Verb } from "../Verbs.ts";

export const run: Verb = Effect.fnUntraced(function* (invocation) {
  const command = invocation.operands.join(" ");
  const schema = command === "" ? jsonSchema() : schemaOf(command);
  if (schema === undefined) {
    return yield* new UsageError({ message: `there is no data of \`hsu ${command}\``, hint: `one of ${Object.keys(shapes).join(", ")}` });
  }
  yield* print(invocation, json(schema));
  return ExitCode.ok;
});
