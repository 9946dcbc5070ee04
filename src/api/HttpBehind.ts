/**
 * What is behind the HTTP API for who has sent a request: as far as his token goes, and with errors as HTTP has them.
 */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import type { Own, Reach } from "../peer/Reach.ts";
import { Scope } from "../protocol/HttpAccess.ts";
import type { Failure } from "./Kinds.ts";
import { problemOf } from "./Problems.ts";
import { within } from "./Restricted.ts";

export class Behind extends Context.Service<Behind, { readonly reach: () => Reach }>()("hsu/api/HttpBehind") {}

/** A refusal is an error of the door, and as such one of each call: the types of operations alone do not know it. */
export const here: Effect.Effect<Own, never, Behind | Scope> = Effect.gen(function* () {
  const { reach } = yield* Behind;
  const { group } = yield* Scope;
  return within(group, reach()) as Own;
});

export const withProblems = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.mapError(effect, (error) => problemOf(error as Failure));

/** Does it as he may. */
export const asked = <A, E, R>(use: (own: Own) => Effect.Effect<A, E, R>) => withProblems(Effect.flatMap(here, use));
