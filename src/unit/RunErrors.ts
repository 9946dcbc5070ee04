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

/** No keepalive came within `watchdog`: the process was aborted. */
export class WatchdogExpired extends Schema.TaggedError<WatchdogExpired>()("WatchdogExpired", { millis: Schema.Number }) {
  readonly code = "HSU-UNIT-021";
  override get message(): string {
    return `watchdog: no sign of life for ${this.millis} ms`;
  }
}

/** A unit that says when it is ready has not. */
export class NotReady extends Schema.TaggedError<NotReady>()("NotReady", { reason: Schema.String }) {
  readonly code = "HSU-UNIT-022";
  override get message(): string {
    return `not ready: ${this.reason}`;
  }
}
