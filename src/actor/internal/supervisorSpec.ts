/**
 * A supervisor's spec with its types erased and its defaults filled in, and what can be wrong with it.
 */
import * as Data from "effect/Data";
import { type ExitReason, format } from "../ExitReason.ts";
import type { CircuitBreaker } from "../CircuitBreaker.ts";
import { defaults, type RestartIntensity } from "../RestartIntensity.ts";
import type { AutoShutdown, Strategy } from "../Strategy.ts";
import type { Options } from "../Supervisor.ts";
import type { Cell } from "./cell.ts";
import type { ErasedSpec } from "./child.ts";
import { hasOrder, inStartOrder, orderProblem } from "./startOrder.ts";
import type { SupervisorCell } from "./supervisorCell.ts";

/** A supervisor's spec makes no sense: `problem` says why. */
export class InvalidSpec extends Data.TaggedError("InvalidSpec")<{ readonly path: ReadonlyArray<string>; readonly problem: string }> {
  readonly code = "HSU-SUP-004";
  override get message(): string {
    return this.problem;
  }
}

/** There are as many children as there may be. @since 0.1.0 */
export class MaxChildren extends Data.TaggedError("MaxChildren")<{ readonly path: ReadonlyArray<string>; readonly maxChildren: number }> {
  readonly code = "HSU-SUP-006";
  override get message(): string {
    return `${this.path.join("/")} has ${this.maxChildren} children, and may not have more`;
  }
}

export interface ErasedSupervisor {
  readonly strategy: Strategy;
  readonly limit: RestartIntensity;
  readonly autoShutdown: AutoShutdown;
  readonly startOrder: "sequential" | "parallel";
  readonly stopOrder: "sequential" | "parallel";
  /** What is wrong with it that only its options have told: with whom its children start after. */
  readonly problem: string | null;
  /** The answer to an exceeded limit; absent: the supervisor ends itself. */
  readonly breaker: CircuitBreaker | undefined;
  /** In start order. */
  readonly children: ReadonlyArray<ErasedSpec>;
  /** Set where its children are alike, have no ids of their own, and are forgotten when they end for good; they stop all at once. */
  readonly dynamic: Template | null;
}

/** Fills in the defaults. */
export const eraseOptions = (options: Options<any>): ErasedSupervisor => {
  const listed = options.children as unknown as ReadonlyArray<ErasedSpec>;
  const ordered = hasOrder(listed);
  const problem = ordered ? orderProblem(listed) : null;
  return {
    strategy: options.strategy ?? "one_for_one",
    limit: { intensity: options.intensity ?? defaults.intensity, periodMillis: options.periodMillis ?? defaults.periodMillis },
    autoShutdown: options.autoShutdown ?? "never",
    startOrder: options.startOrder ?? "sequential",
    stopOrder: options.stopOrder ?? "sequential",
    problem,
    breaker: options.whenExceeded === "escalate" ? undefined : options.whenExceeded,
    children: ordered && problem === null ? inStartOrder(listed) : listed,
    dynamic: null,
  };
};

/** What the children of a dynamic supervisor have in common, and what makes the cell of one from its arguments. */
export interface Template {
  readonly spec: ErasedSpec;
  readonly make: (supervisor: SupervisorCell, args: unknown) => Cell;
  readonly maxChildren: number | undefined;
}

/** Of a supervisor whose children are all made by one template, and come and go. */
export const dynamicOptions = (
  options: Pick<Options<never>, "intensity" | "periodMillis" | "whenExceeded">,
  dynamic: Template,
): ErasedSupervisor => ({
  strategy: "one_for_one",
  limit: { intensity: options.intensity ?? defaults.intensity, periodMillis: options.periodMillis ?? defaults.periodMillis },
  autoShutdown: "never",
  startOrder: "sequential",
  stopOrder: "sequential",
  problem: null,
  breaker: options.whenExceeded === "escalate" ? undefined : options.whenExceeded,
  children: [],
  dynamic,
});

/** Why a supervisor ended itself: one restart more than its limit allows. It is the `info` of its `Shutdown`. */
export class IntensityExceeded extends Data.TaggedError("IntensityExceeded")<{
  readonly intensity: RestartIntensity["intensity"];
  readonly periodMillis: number;
  /** The child whose failure was one too many. */
  readonly child: ReadonlyArray<string>;
  readonly last: ExitReason;
}> {
  readonly code = "HSU-SUP-008";
  override get message(): string {
    const within = `${this.periodMillis / 1000} s`;
    return `more than ${this.intensity} restarts in ${within}, the last of ${this.child.join("/")}: ${format(this.last)}`;
  }
}
