/**
 * Where the HTTP API is to be had, and why it is not.
 */
import * as Schema from "effect/Schema";

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
