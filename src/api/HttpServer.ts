/**
 * The master over HTTP. Only the door is here: what is behind it is loaded by the first master that opens it.
 */
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import type * as Scope from "effect/Scope";
import type { Control } from "../master/Control.ts";
import { optimize } from "../platform/index.ts";

/** The master cannot be reached over HTTP where it should be. */
export class HttpNotOpened extends Schema.TaggedError<HttpNotOpened>()("HttpNotOpened", { place: Schema.String, reason: Schema.String }) {
  readonly code = "HSU-API-006";
  override get message(): string {
    return `the HTTP API cannot listen at ${this.place}: ${this.reason}`;
  }
  get hint(): string {
    return "end who has the port, or change `process_manager.http`";
  }
}

export interface HttpPlace {
  /** An address of this machine. */
  readonly address: string;
  /** Of 0 the system makes a free one. */
  readonly port: number;
  /** Paths of PEM files. With `clientCa` only clients with a certificate of it are talked to. */
  readonly tls?: { readonly certificate: string; readonly key: string; readonly clientCa?: string };
}

/** Serves `Control` until the scope ends, to who has a token of this file. It returns when connections are taken, with the port. */
export const serve = Effect.fnUntraced(function* (
  place: HttpPlace,
  tokens: string,
): Effect.fn.Return<number, HttpNotOpened, Control | Scope.Scope> {
  optimize();
  const { listen } = yield* Effect.promise(() => import("./HttpListen.ts"));
  return yield* listen(place, tokens);
});
