/**
 * The master over the network. Only the door is here: what is behind it is loaded by the first master that opens it.
 */
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type { Control } from "../master/Control.ts";
import { optimize } from "../platform/index.ts";
import type { RpcNotOpened } from "../protocol/RemoteErrors.ts";
import type { ListenOptions } from "./NetworkListen.ts";
import type { NetworkPlace } from "./NetworkPlace.ts";

/** Serves `Control` until the scope ends, to who has a token of this file or a certificate. It returns when connections are taken, with the port. */
export const serve = Effect.fnUntraced(function* (
  place: NetworkPlace,
  options: ListenOptions,
): Effect.fn.Return<number, RpcNotOpened, Control | Scope.Scope> {
  optimize();
  const { listen } = yield* Effect.promise(() => import("./NetworkListen.ts"));
  return yield* listen(place, options);
});
