/**
 * `hsu schema`
 */
import { jsonSchema } from "../../config/JsonSchema.ts";
import * as Effect from "effect/Effect";
import { ExitCode } from "../ExitCode.ts";
import { print } from "../Invocation.ts";
import { json } from "../render/structured.ts";
import type { Verb } from "../Verbs.ts";

export const run: Verb = (invocation) => Effect.as(print(invocation, json(jsonSchema())), ExitCode.ok);
