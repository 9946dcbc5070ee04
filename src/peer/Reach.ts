/**
 * What can be done through a door: all of `Control`, each of it refused where it has to be.
 */
import type * as Effect from "effect/Effect";
import type * as Stream from "effect/Stream";
import type { Control } from "../master/Control.ts";
import type { Refusal } from "../protocol/RemoteErrors.ts";

type Refusable<T> =
  T extends Effect.Effect<infer A, infer E, infer R>
    ? Effect.Effect<A, E | Refusal, R>
    : T extends Stream.Stream<infer A, infer E, infer R>
      ? Stream.Stream<A, E | Refusal, R>
      : T extends (...args: infer Args) => infer Out
        ? (...args: Args) => Refusable<Out>
        : T;

export type Reach = { readonly [K in keyof Control["Service"]]: Refusable<Control["Service"][K]> };
