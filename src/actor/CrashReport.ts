/**
 * Who hears of a crash. A supervisor restarts a child, but never in silence.
 */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import { format, type ExitReason } from "./ExitReason.ts";
import { type Shown, takeShown } from "./internal/crash.ts";

/**
 * An actor ended abnormally.
 *
 * @since 0.1.0
 */
export interface CrashReport {
  readonly path: ReadonlyArray<string>;
  readonly incarnation: number;
  readonly reason: ExitReason;
  /** The state before the handler that failed, as the actor's `format` shows it; absent where no handler did. */
  readonly state?: unknown;
  /** What that handler was given; null when it was no message's. */
  readonly message?: { readonly tag: string; readonly payload: unknown } | null;
  /** Set when the actor's `format` threw: then neither state nor payload are shown. */
  readonly formatError?: unknown;
}

/** What is shown of an actor in a crash report, and by `Inspect`. @since 0.1.0 */
export type { Shown };

/**
 * What is done with a crash report. Default: an error in Effect's log, with the cause. It runs apart from the actor and cannot harm it.
 *
 * @example
 * ```ts run
 * import { Actor, CrashReport, ExitReason } from "hsu"
 * import { Effect } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Flaky = Actor.make({
 *   name: "flaky",
 *   protocol: RpcGroup.make(Rpc.make("Crash")),
 *   init: () => 0,
 *   handlers: {
 *     Crash: () => {
 *       throw new Error("boom")
 *     }
 *   }
 * })
 * const reports: Array<string> = []
 * const program = Effect.gen(function*() {
 *   const flaky = yield* Actor.spawn(Flaky, undefined)
 *   flaky.cast("Crash")
 *   yield* Actor.awaitExit(flaky)
 * }).pipe(
 *   Effect.provideService(CrashReport.Reporter, ({ path, incarnation, reason }) =>
 *     Effect.sync(() => void reports.push(`${path.join("/")} #${incarnation}: ${ExitReason.format(reason)}`)))
 * )
 * await Effect.runPromise(Effect.scoped(program))
 *
 * reports // => ["flaky #1: Error: boom"]
 * ```
 * @since 0.1.0
 */
export const Reporter = Context.Reference<(report: CrashReport) => Effect.Effect<void>>("hsu/actor/CrashReport/Reporter", {
  defaultValue: () => (report) => {
    const text = `${report.path.join("/")} #${report.incarnation} crashed: ${format(report.reason)}`;
    const failed = "formatError" in report ? ["its format threw:", report.formatError] : [];
    return report.reason._tag === "Error" ? Effect.logError(text, report.reason.cause, ...failed) : Effect.logError(text, ...failed);
  },
});

/**
 * Runs an effect with crash reports that go nowhere: for tests in which actors crash on purpose.
 *
 * @example
 * ```ts run
 * import { Actor, CrashReport } from "hsu"
 * import { Effect } from "effect"
 * import { Rpc, RpcGroup } from "effect/rpc"
 *
 * const Fragile = Actor.make({
 *   name: "fragile",
 *   protocol: RpcGroup.make(Rpc.make("Break")),
 *   init: () => 0,
 *   handlers: { Break: () => { throw new Error("broken") } }
 * })
 * const program = Effect.gen(function*() {
 *   const fragile = yield* Actor.spawn(Fragile, undefined)
 *   return (yield* Effect.flip(fragile.call("Break")))._tag
 * })
 * await Effect.runPromise(CrashReport.silent(Effect.scoped(program))) // => "ActorDown"
 * ```
 * @since 0.1.0
 */
export const silent = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.provideService(effect, Reporter, () => Effect.void);

/** Hands a report to the reporter of the crashed actor's context. @internal */
export const report = (context: Context.Context<never>, crash: CrashReport): void => {
  const shown = takeShown(crash.reason);
  const { incarnation, path, reason } = crash;
  // Field by field: a crash loop makes one for each crash, and spreads showed in its profile.
  const told = shown === null ? crash : { path, incarnation, reason: shown.reason ?? reason, state: shown.state, message: shown.message };
  const all = shown?.formatError === undefined ? told : { ...told, formatError: shown.formatError };
  let reporting: Effect.Effect<void>;
  try {
    reporting = Context.get(context, Reporter)(all);
  } catch (error) {
    reporting = Effect.die(error);
  }
  // One that has nothing left to do needs no fiber.
  if (!(Exit.isExit(reporting) && Exit.isSuccess(reporting))) Effect.runForkWith(context)(reporting);
};
