/**
 * What a unit's failures in a row mean: how long it waits for its next start, when its breaker opens, and when it is given up. Pure, and its state is
 * plain data that outlives the master.
 */
import * as Cause from "effect/Cause";
import * as Data from "effect/Data";
import * as Schema from "effect/Schema";
import { Backoff, type ChildSpec, CircuitBreaker, type ExitReason } from "../actor/index.ts";
import type { FailureRow } from "../store/index.ts";
import type { Breaker, RestartPolicy, Retries } from "./UnitSpec.ts";

/** Nothing has failed so far. */
export const noFailures: FailureRow = { attempts: 0, failures: [], circuit: { _tag: "Closed" } };

/** What kind of failure it was, which decides how it is tried again. */
export type FailureContext = "crash" | "health" | "resources";

/** How bad it was, in the words of upstream. A crash is critical. */
export type Severity = "warning" | "critical" | "emergency";

export interface Failure {
  readonly context: FailureContext;
  readonly severity: Severity;
  /** How long it was up before. */
  readonly upMillis: number;
  /** Unix milliseconds. */
  readonly at: number;
  /** From [0, 1). */
  readonly random: number;
}

export interface Verdict {
  readonly row: FailureRow;
  /** Null: it is given up. */
  readonly delayMillis: number | null;
  /** This failure has opened the breaker. */
  readonly opened: boolean;
}

/** The state of the breaker at this time, for one that has been up since `upSince`; null: it is down. */
export const circuitAt = (breaker: Breaker, { circuit }: FailureRow, at: number, upSince: number | null): CircuitBreaker.CircuitState => {
  if (circuit._tag !== "Open" || upSince === null) return CircuitBreaker.onTime(breaker, circuit, at);
  return CircuitBreaker.onTime(breaker, CircuitBreaker.onTime(breaker, circuit, Math.max(upSince, circuit.until)), at);
};

/** The limits for this kind of failure, with the factors of its severity and of the unit's profile in them. */
export const limitsFor = (policy: RestartPolicy, { context, severity }: Pick<Failure, "context" | "severity">): Retries => {
  const own: Partial<Retries> = context === "crash" ? {} : (policy.contexts?.[context] ?? {});
  const factor = (policy.factors?.[severity] ?? 1) * (policy.factors?.profile ?? 1);
  const { maxAttempts = policy.maxAttempts, delayMillis = policy.delayMillis, multiplier = policy.multiplier } = own;
  return {
    ...(maxAttempts === undefined ? {} : { maxAttempts: maxAttempts === 0 ? 0 : Math.max(1, Math.floor(maxAttempts * factor)) }),
    delayMillis: delayMillis * factor,
    multiplier,
  };
};

/** What one more failure means. */
export const onFailure = (policy: RestartPolicy, before: FailureRow, failure: Failure): Verdict => {
  const { at, random, upMillis } = failure;
  const { breaker } = policy;
  const anew = upMillis >= policy.resetAfterMillis;
  const attempts = anew ? 0 : before.attempts;
  const limits = limitsFor(policy, failure);
  if (limits.maxAttempts !== undefined && attempts >= limits.maxAttempts) {
    return { row: { ...before, attempts }, delayMillis: null, opened: false };
  }
  const backoff = { initialMillis: limits.delayMillis, factor: limits.multiplier, maxMillis: policy.maxDelayMillis, jitter: policy.jitter };
  const delayMillis = Math.round(Backoff.delay(backoff, attempts + 1, random));
  const row = { attempts: attempts + 1, failures: before.failures, circuit: before.circuit };
  if (breaker === undefined) return { row, delayMillis, opened: false };
  const circuit = circuitAt(breaker, before, at, upMillis > 0 ? at - upMillis : at);
  const counted = circuit._tag === "Closed" && before.circuit._tag !== "Closed" ? [] : before.failures;
  const failures = [...counted.filter((time) => at - time < breaker.windowMillis), at].slice(-breaker.failures);
  const next = CircuitBreaker.onFailure(breaker, circuit, failures.length >= breaker.failures, at);
  const pause = next._tag === "Open" ? Math.max(0, next.until - at) : 0;
  return {
    row: { ...row, failures, circuit: next },
    delayMillis: Math.max(pause, delayMillis),
    opened: next._tag === "Open" && circuit._tag !== "Open",
  };
};

const errorOf = (reason: ExitReason.ExitReason): unknown => (reason._tag === "Error" ? Cause.squash(reason.cause) : undefined);

/** What says of itself which kind of failure it is; everything else is a crash. */
const Told = Schema.Struct({
  failureContext: Schema.Literals(["crash", "health", "resources"]),
  severity: Schema.optionalKey(Schema.Literals(["warning", "critical", "emergency"])),
  final: Schema.optionalKey(Schema.Boolean),
});
const isTold = Schema.is(Told);

/** Which kind of failure an end was. */
export const kindOf = (reason: ExitReason.ExitReason): Pick<Failure, "context" | "severity"> => {
  const error = errorOf(reason);
  return isTold(error)
    ? { context: error.failureContext, severity: error.severity ?? "critical" }
    : { context: "crash", severity: "critical" };
};

/** Whether nothing is to be started after it, whatever the policy says. */
export const isFinal = (reason: ExitReason.ExitReason): boolean => {
  const error = errorOf(reason);
  return isTold(error) && error.final === true;
};

/** Where the row is kept: what decides writes it, who looks at the unit reads it. */
export interface FailureLog {
  row: FailureRow;
  /** When the last process was started, also by an earlier master; Unix milliseconds. */
  lastStartAt: number | null;
}

/** A start that is not due yet: the wait that an earlier master has begun goes on. */
export class NotDue extends Data.TaggedError("NotDue")<{ readonly waitMillis: number }> {}

/** Whether an end is only that a start was not due. */
export const isNotDue = (reason: ExitReason.ExitReason): boolean => errorOf(reason) instanceof NotDue;

/** The policy as the unit's supervisor asks it. */
export const carriedOut = (
  policy: RestartPolicy,
  log: FailureLog,
  world: { readonly now: () => number; readonly random: () => number },
): ChildSpec.FailurePolicy => ({
  failed: ({ reason, upMillis }) => {
    const error = errorOf(reason);
    if (error instanceof NotDue) return { attempt: log.row.attempts, delayMillis: error.waitMillis };
    if (isFinal(reason)) return null;
    const at = world.now();
    // One that an earlier master has started has been up for longer than this one knows.
    const since = upMillis > 0 && log.lastStartAt !== null ? at - log.lastStartAt : 0;
    const failure = { ...kindOf(reason), upMillis: Math.max(upMillis, since), at, random: world.random() };
    const verdict = onFailure(policy, log.row, failure);
    log.row = verdict.row;
    return verdict.delayMillis === null ? null : { attempt: verdict.row.attempts, delayMillis: verdict.delayMillis };
  },
});
