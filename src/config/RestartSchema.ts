/**
 * The shapes of what a file says about restarts and about the signals that a unit is sent.
 */
import * as Option from "effect/Option";
import * as Schema from "effect/Schema";
import * as SchemaGetter from "effect/SchemaGetter";
import * as SchemaIssue from "effect/SchemaIssue";
import * as Effect from "effect/Effect";
import { nearest } from "./Nearest.ts";
import { Signal } from "../platform/index.ts";
import { block, Count, dispatch, Duration, Factor, Flag, Multiplier, number, OneOf, Positive, Timeout, told } from "./Values.ts";

/** `no` is YAML 1.2's text, not false; `unless-stopped` is Docker's word. */
const Strategy = OneOf("always", "on_failure", "never", "on-failure", "no", "unless-stopped", "unless_stopped").annotate({
  expected: "one of always, unless_stopped, on_failure, never",
});
export type Strategy = typeof Strategy.Type;

/** A value that is read into another one, or none. */
const readAs = <A extends number | string>(
  expected: string,
  read: (value: unknown) => Option.Option<A>,
  meant: (value: string) => string | undefined = () => undefined,
) =>
  Schema.Unknown.pipe(
    Schema.decodeTo(
      Schema.declare((value: unknown): value is A => typeof value === "number" || typeof value === "string"),
      {
        decode: SchemaGetter.transformEffect((value: unknown, options) =>
          Option.match(read(value), {
            onNone: () => {
              const near = typeof value === "string" ? meant(value) : undefined;
              const said = { message: "", ...told("HSU-CFG-014", expected), ...(near === undefined ? {} : { nearest: near }) };
              return Effect.fail(new SchemaIssue.InvalidValue(said, value, options));
            },
            onSome: (found) => Effect.succeed(found),
          }),
        ),
        encode: SchemaGetter.transform((value: A): unknown => value),
      },
    ),
  ).annotate({ expected, json: { type: ["string", "integer"] } });

/** A signal's name, however it is written. */
/** With or without `SIG`, as it was written. */
export const meantSignal = (value: string): string | undefined =>
  nearest(value, Signal.all) ??
  nearest(
    value,
    Signal.all.map((name) => name.slice(3)),
  );

export const SignalName = readAs(
  "the name or the number of a signal: TERM, SIGTERM, 15",
  (value) => (typeof value === "string" || typeof value === "number" ? Signal.parse(value) : Option.none()),
  meantSignal,
);

const isExitCode = (value: unknown): value is number => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 255;

const Exit = readAs<number | string>(
  "an exit code from 0 to 255, or the name of a signal",
  (value) => {
    if (isExitCode(value)) return Option.some(value);
    return typeof value === "string" && !/^\s*\d/.test(value) ? Signal.parse(value) : Option.none();
  },
  meantSignal,
);

const BreakerBlock = block({ failures: Positive, window: Duration, cooldown: Timeout, stable: Timeout });

const RestartBlock = block({
  strategy: Strategy,
  max_attempts: Count,
  restart_delay: Timeout,
  backoff_multiplier: Multiplier,
  max_delay: Timeout,
  reset_after: Duration,
  jitter: number({ minimum: 0, maximum: 1, whole: false, expected: "a number from 0 to 1" }),
  success_exit_codes: Schema.Array(Exit),
  circuit_breaker: dispatch<boolean | typeof BreakerBlock.Type>((value) => (typeof value === "boolean" ? Flag : BreakerBlock)),
});
/** A word alone, or a block. */
export const RestartPolicy = dispatch<Strategy | typeof RestartBlock.Type>((value) =>
  typeof value === "string" ? Strategy : RestartBlock,
);

/** Upstream takes any rate above nothing. */
const Rate = number({ minimum: Number.MIN_VALUE, maximum: 1_000, whole: false, expected: "a number above 0, 1000 at most" });
const limits = block({ max_retries: Count, retry_delay: Timeout, backoff_rate: Rate });

export const RestartContext = block({
  default: limits,
  health_failures: limits,
  resource_violations: limits,
  severity_multipliers: block({ warning: Factor, critical: Factor, emergency: Factor }),
  process_profile_multipliers: Schema.Record(Schema.String, Factor),
  startup_grace_period: Duration,
  sustained_violation_time: Duration,
  spike_tolerance_time: Duration,
});
