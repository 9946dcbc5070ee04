/**
 * The master over HTTP. Only the door is here: what is behind it is loaded by the first master that opens it.
 */
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type { Control } from "../master/Control.ts";
import type { Reach } from "../peer/Reach.ts";
import { optimize } from "../platform/index.ts";
import type { Throttle } from "./Throttle.ts";
import type { HttpNotOpened, HttpPlace } from "./HttpPlace.ts";

/** Serves `Control` until the scope ends, to who has a token of this file. It returns when connections are taken, with the port. */
export const serve = Effect.fnUntraced(function* (
  place: HttpPlace,
  tokens: string,
  throttle?: Throttle,
  /** What can be reached through this master just now; absent: itself alone. */
  reach?: () => Reach,
): Effect.fn.Return<number, HttpNotOpened, Control | Scope.Scope> {
  optimize();
  const { listen } = yield* Effect.promise(() => import("./HttpListen.ts"));
  return yield* listen(place, tokens, throttle, reach);
});
