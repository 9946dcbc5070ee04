/**
 * Why the actor of a unit's process ends its process by itself, or does not count its start.
 */
import * as Schema from "effect/Schema";
import { LastExit } from "../protocol/MasterRpc.ts";

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

/** It has said that it stops, and has not ended within `shutdown_timeout`. */
export class StopOverdue extends Schema.TaggedError<StopOverdue>()("StopOverdue", { millis: Schema.Number }) {
  readonly code = "HSU-UNIT-027";
  override get message(): string {
    return `still runs ${this.millis} ms after it has said that it stops`;
  }
}

/** A unit that says when it is ready has not. */
export class NotReady extends Schema.TaggedError<NotReady>()("NotReady", { reason: Schema.String }) {
  readonly code = "HSU-UNIT-022";
  override get message(): string {
    return `not ready: ${this.reason}`;
  }
}

/** The process ended by itself, and not as its spec says that it may. */
export class ProcessFailed extends Schema.TaggedError<ProcessFailed>()("ProcessFailed", { exit: LastExit }) {
  readonly code = "HSU-UNIT-004";
  override get message(): string {
    return formatExit(this.exit);
  }
}

/** How a process ended, for people. */
export const formatExit = ({ because, code, signal }: Omit<LastExit, "at">): string => {
  const how = signal === null ? `exit code ${code ?? "unknown"}` : `signal ${signal}`;
  return because === undefined ? how : `${because} (${how})`;
};
