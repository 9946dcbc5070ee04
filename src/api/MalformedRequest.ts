/**
 * A request that cannot be read.
 */
import * as Schema from "effect/Schema";

export class MalformedRequest extends Schema.TaggedError<MalformedRequest>()("MalformedRequest", { why: Schema.String }) {
  readonly code = "HSU-API-007";
  override get message(): string {
    return this.why;
  }
  get hint(): string {
    return "docs/reference/http.md and docs/reference/grpc.md say what is taken";
  }
}
