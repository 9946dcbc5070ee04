/**
 * Why the actor of a unit's process ends its process by itself, or does not count its start.
 */
import * as Schema from "effect/Schema";

/** A run took longer than `run_timeout`, and was ended. */
export class RunTimeout extends Schema.TaggedError<RunTimeout>()("RunTimeout", { millis: Schema.Number }) {
  readonly code = "HSU-UNIT-020";
  override get message(): string {
    return `still runs after its run_timeout of ${this.millis} ms`;
  }
}
