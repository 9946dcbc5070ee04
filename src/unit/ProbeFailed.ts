/**
 * The end of a process for what a probe has found. Apart from Probing.ts, which is loaded for the first unit that has probes.
 */
import * as Schema from "effect/Schema";
import type { ProbeKind } from "../health/index.ts";

/** A probe has failed as often as its threshold says: the process was ended for it. */
export class ProbeFailed extends Schema.TaggedError<ProbeFailed>()("ProbeFailed", {
  probe: Schema.Literals(["startup", "liveness"]),
  /** In a row. */
  failures: Schema.Int,
  /** What the last run saw. */
  saw: Schema.String,
}) {
  readonly code = "HSU-UNIT-005";
  /** It is tried again with the patience of health failures. */
  readonly failureContext = "health";
  override get message(): string {
    return failedText(this.probe, this.failures, this.saw);
  }
  get hint(): string {
    return "see the unit's logs; a unit that takes its time to start wants a startup probe, one that is only busy a readiness probe";
  }
}

/** The same of any probe, for people. */
export const failedText = (probe: ProbeKind, failures: number, saw: string): string =>
  `${probe} probe failed ${failures === 1 ? "once" : `${failures} times`}: ${saw}`;
