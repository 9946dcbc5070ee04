/**
 * Looks at the spec of a whole tree before it is started: `Supervisor.check`.
 *
 * When to use: in a test of your own, and when a program starts. OTP's `check_childspecs` says whether a list of children is well formed; this also
 * says what is well formed and will not do what it seems to say.
 */
import { supervisorOf } from "./internal/supervisorChild.ts";
import { type ErasedSupervisor, eraseOptions } from "./internal/supervisorSpec.ts";
import { problemsOf } from "./internal/specErrors.ts";
import { type WarningCode, warningsOf } from "./internal/specWarnings.ts";
import type { Options } from "./Supervisor.ts";

/** `HSU-SUP-004` for what a start would refuse, another for each kind of warning; each has a page in docs/reference/errors. @since 0.1.0 */
export type FindingCode = "HSU-SUP-004" | WarningCode;

/** Something that {@link check} has found. @since 0.1.0 */
export interface Finding {
  /** `error`: a start fails with it. `warning`: it starts, and will not do what it seems to say. */
  readonly severity: "error" | "warning";
  readonly code: FindingCode;
  /** The supervisor or child that it is about. */
  readonly path: ReadonlyArray<string>;
  readonly what: string;
  /** What to do about it. */
  readonly advice: string;
}

/**
 * Looks at the spec of a supervisor and of all below it, and starts nothing: all that a start would refuse, and what is odd about the rest: an intensity
 * that is never, or always, exceeded, waits that are never reached, deadlines that cut others off. Errors first. Warnings are only about what has no
 * error, and hold for every run in which nobody adds or restarts children by hand.
 *
 * @example
 * ```ts run
 * import { Actor, ChildSpec, Supervisor } from "hsu"
 * import { RpcGroup } from "effect/rpc"
 *
 * const Db = Actor.make({ name: "db", protocol: RpcGroup.make(), init: () => 0, handlers: {} })
 * const db = ChildSpec.make(Db, undefined, { id: "db", backoff: { initialMillis: 10_000 } })
 * const findings = Supervisor.check({ id: "app", intensity: 3, periodMillis: 5000, children: [db] })
 *
 * findings.map(({ severity, code }) => [severity, code]) // => [["warning", "HSU-SUP-101"]]
 * Supervisor.check({ intensity: 3, periodMillis: 60_000, children: [db] }) // => []
 * ```
 * @since 0.1.0
 */
export const check = (options: Options<any> & { readonly id?: string }): ReadonlyArray<Finding> => {
  const findings: Array<Finding> = [];
  look([options.id ?? "root"], eraseOptions(options), findings);
  return findings.sort((a, b) => Number(a.severity === "warning") - Number(b.severity === "warning"));
};

const look = (path: ReadonlyArray<string>, supervisor: ErasedSupervisor, findings: Array<Finding>): void => {
  const at = (child: string | undefined): ReadonlyArray<string> => (child === undefined ? path : [...path, child]);
  const problems = problemsOf(supervisor);
  for (const { advice, child, what } of problems) findings.push({ severity: "error", code: "HSU-SUP-004", path: at(child), what, advice });
  if (problems.length === 0) {
    for (const { advice, child, code, what } of warningsOf(supervisor, supervisorOf)) {
      findings.push({ severity: "warning", code, path: at(child), what, advice });
    }
  }
  if (!Array.isArray(supervisor.children)) return;
  for (const spec of supervisor.children) {
    const below = typeof spec === "object" && spec !== null ? supervisorOf(spec) : undefined;
    if (below !== undefined) look(at(spec.id), below, findings);
  }
};
