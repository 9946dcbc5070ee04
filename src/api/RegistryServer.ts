/**
 * The master's service registry over HTTP, as upstream's clients know it: on a unix socket, on a port of 127.0.0.1, or on both.
 */
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import type * as Scope from "effect/Scope";
import type { Control } from "../master/Control.ts";

/** The registry cannot be reached where it should be. */
export class RegistryNotOpened extends Schema.TaggedError<RegistryNotOpened>()("RegistryNotOpened", {
  /** A path, or `127.0.0.1:8080`. */
  place: Schema.String,
  reason: Schema.String,
}) {
  readonly code = "HSU-API-005";
  override get message(): string {
    return `the service registry cannot listen at ${this.place}: ${this.reason}`;
  }
  get hint(): string {
    return "end who has it, or give this master another `process_manager.registry`";
  }
}

/** Where it listens; what is absent is not opened. */
export interface RegistryPlaces {
  readonly unix?: string;
  readonly port?: number;
}

/** Serves the registry until the scope ends. It returns when connections are taken, with the port where there is one: of port 0 the system makes a free one. */
export const serve = Effect.fnUntraced(function* (
  places: RegistryPlaces,
): Effect.fn.Return<number | null, RegistryNotOpened, Control | Scope.Scope> {
  const { listenAtPath, listenAtPort } = yield* Effect.promise(() => import("./RegistryHttp.ts"));
  if (places.unix !== undefined) yield* listenAtPath(places.unix);
  return places.port === undefined ? null : yield* listenAtPort(places.port);
});
