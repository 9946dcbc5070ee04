/**
 * Why an actor has ended.
 */
import * as Cause from "effect/Cause";

/**
 * The reason an incarnation of an actor ended with.
 *
 * - `Normal`: it had nothing left to do. A `transient` child stays down.
 * - `Shutdown`: it was told to stop, or says that its end is no failure; `info` says more. A `transient` child stays down.
 * - `Killed`: it was ended without being asked, e.g. when its stop deadline ran out.
 * - `Error`: it failed. `cause` is what failed.
 * - `NoProc`: there was no live actor to watch or to call.
 * - `NodeDown`: the connection to the place where it runs is lost; what has become of it is not known.
 *
 * @since 0.1.0
 */
export type ExitReason =
  | { readonly _tag: "Normal" }
  | { readonly _tag: "Shutdown"; readonly info?: unknown }
  | { readonly _tag: "Killed" }
  | { readonly _tag: "Error"; readonly cause: Cause.Cause<unknown> }
  | { readonly _tag: "NoProc" }
  | { readonly _tag: "NodeDown"; readonly node: string; readonly why: string };

/**
 * Ended because its work was done.
 *
 * @example
 * ```ts run
 * import { ExitReason, Strategy } from "hsu"
 *
 * ExitReason.normal // => { _tag: "Normal" }
 * Strategy.shouldRestart("transient", ExitReason.normal) // => false
 * ```
 * @since 0.1.0
 */
export const normal: ExitReason = { _tag: "Normal" };

/**
 * Ended because it was told to.
 *
 * @example
 * ```ts run
 * import { ExitReason, Strategy } from "hsu"
 *
 * ExitReason.shutdown // => { _tag: "Shutdown" }
 * Strategy.shouldRestart("transient", ExitReason.shutdown) // => false
 * ```
 * @since 0.1.0
 */
export const shutdown: ExitReason = { _tag: "Shutdown" };

/**
 * Ended on purpose, with a word on why; supervisors treat it as `shutdown`.
 *
 * @example
 * ```ts run
 * import { ExitReason } from "hsu"
 *
 * ExitReason.shutdownWith("deploy") // => { _tag: "Shutdown", info: "deploy" }
 * ExitReason.format(ExitReason.shutdownWith("deploy")) // => "shutdown: deploy"
 * ```
 * @since 0.1.0
 */
export const shutdownWith = (info: unknown): ExitReason => ({ _tag: "Shutdown", info });

/**
 * Ended by force.
 *
 * @example
 * ```ts run
 * import { ExitReason, Strategy } from "hsu"
 *
 * ExitReason.killed // => { _tag: "Killed" }
 * Strategy.shouldRestart("transient", ExitReason.killed) // => true
 * ```
 * @since 0.1.0
 */
export const killed: ExitReason = { _tag: "Killed" };

/**
 * A start said that there is nothing to do: see `Actor.ignore`.
 *
 * @example
 * ```ts run
 * import { ExitReason } from "hsu"
 *
 * ExitReason.format(ExitReason.ignored) // => "shutdown: ignored"
 * ExitReason.isAbnormal(ExitReason.ignored) // => false
 * ```
 * @since 0.1.0
 */
export const ignored: ExitReason = { _tag: "Shutdown", info: "ignored" };

/**
 * There was no such actor.
 *
 * @example
 * ```ts run
 * import { ExitReason } from "hsu"
 *
 * ExitReason.noProc // => { _tag: "NoProc" }
 * ExitReason.format(ExitReason.noProc) // => "no such actor"
 * ```
 * @since 0.1.0
 */
export const noProc: ExitReason = { _tag: "NoProc" };

/**
 * There is no connection to the place `node` where it runs: see `Remote`.
 *
 * @example
 * ```ts run
 * import { ExitReason } from "hsu"
 *
 * const lost = ExitReason.nodeDown("east", "it has closed the connection")
 * ExitReason.format(lost) // => "no connection to east: it has closed the connection"
 * ExitReason.isAbnormal(lost) // => true
 * ```
 * @since 0.1.0
 */
export const nodeDown = (node: string, why: string): ExitReason => ({ _tag: "NodeDown", node, why });

/**
 * Failed with a cause.
 *
 * @example
 * ```ts run
 * import { ExitReason } from "hsu"
 * import { Cause } from "effect"
 *
 * ExitReason.format(ExitReason.fromCause(Cause.die(new TypeError("no number")))) // => "TypeError: no number"
 * ```
 * @since 0.1.0
 */
export const fromCause = (cause: Cause.Cause<unknown>): ExitReason => ({ _tag: "Error", cause });

/**
 * Failed with an error value.
 *
 * @example
 * ```ts run
 * import { ExitReason } from "hsu"
 *
 * ExitReason.format(ExitReason.error("no disk")) // => "no disk"
 * ExitReason.isAbnormal(ExitReason.error("no disk")) // => true
 * ```
 * @since 0.1.0
 */
export const error = (value: unknown): ExitReason => ({ _tag: "Error", cause: Cause.fail(value) });

/**
 * Whether a supervisor counts this end as a failure: everything but `Normal` and `Shutdown`.
 *
 * @example
 * ```ts run
 * import { ExitReason } from "hsu"
 *
 * ExitReason.isAbnormal(ExitReason.killed) // => true
 * ExitReason.isAbnormal(ExitReason.shutdownWith("deploy")) // => false
 * ```
 * @since 0.1.0
 */
export const isAbnormal = (reason: ExitReason): boolean => reason._tag !== "Normal" && reason._tag !== "Shutdown";

/**
 * One line for people.
 *
 * @example
 * ```ts run
 * import { ExitReason } from "hsu"
 *
 * ExitReason.format(ExitReason.killed) // => "killed"
 * ExitReason.format(ExitReason.error(new RangeError("too big"))) // => "RangeError: too big"
 * ```
 * @since 0.1.0
 */
export const format = (reason: ExitReason): string => {
  switch (reason._tag) {
    case "Normal":
      return "normal";
    case "Shutdown":
      return reason.info === undefined ? "shutdown" : `shutdown: ${formatValue(reason.info)}`;
    case "Killed":
      return "killed";
    case "NoProc":
      return "no such actor";
    case "NodeDown":
      return `no connection to ${reason.node}: ${reason.why}`;
    case "Error":
      return formatValue(Cause.squash(reason.cause));
  }
};

const formatValue = (value: unknown): string => textOf(value).replace(/\s*[\r\n]\s*/g, " ");

const textOf = (value: unknown): string => {
  if (value instanceof Error) {
    if (value.message === "") return value.name;
    // A typed error's message says it all; of any other the name helps.
    return "_tag" in value ? value.message : `${value.name}: ${value.message}`;
  }
  if (typeof value === "string") return value;
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    // A value that cannot be serialised (a cycle, a bigint) still has a string form.
    return String(value);
  }
};
