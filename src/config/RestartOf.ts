/**
 * How a unit is restarted: `restart_policy` of all dialects, and `context_aware_restart` of the nested ones.
 */
import type { Breaker, RestartPolicy, Retries } from "../unit/UnitSpec.ts";
import type { FlatManagement, Managed } from "./Schema.ts";
import type { Strategy } from "./RestartSchema.ts";

/** Of a unit without a restart policy. In a policy, what is not said is as here, and the strategy is on_failure. */
const DEFAULTS = {
  when: "always",
  successExits: [0],
  delayMillis: 1_000,
  multiplier: 2,
  maxDelayMillis: 60_000,
  resetAfterMillis: 60_000,
  jitter: 0,
} as const satisfies RestartPolicy;

/** Of a breaker that is asked for and says nothing else. */
const BREAKER: Breaker = { failures: 5, windowMillis: 60_000, cooldownMillis: 300_000, stableMillis: 60_000 };

const WHEN: Readonly<Record<Strategy, RestartPolicy["when"]>> = {
  always: "always",
  "unless-stopped": "unless_stopped",
  unless_stopped: "unless_stopped",
  on_failure: "on_failure",
  "on-failure": "on_failure",
  never: "never",
  no: "never",
};

/** Upstream's own factors, of what a file does not say. */
const SEVERITIES = { warning: 0.5, critical: 1, emergency: 2 };
const PROFILES: Readonly<Record<string, number>> = { batch: 3, web: 1, database: 5, worker: 2, scheduler: 2.5, default: 1 };

/** Of a context that is there and does not say. */
const CONTEXT: Retries = { maxAttempts: 3, delayMillis: 5_000, multiplier: 1.5 };

type Policy = FlatManagement["restart_policy"];
type Context = NonNullable<Managed["control"]["context_aware_restart"]>;
type Limits = Context["default"];

const given = <A extends object>(fields: A): { readonly [K in keyof A]?: Exclude<A[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;

const retriesOf = (limits: Limits): Partial<Retries> =>
  given({ maxAttempts: limits?.max_retries, delayMillis: limits?.retry_delay, multiplier: limits?.backoff_rate });

/** Where nothing is said of them, upstream is more patient with these. */
const violationsOf = (context: Context): Partial<Retries> => {
  if (context.resource_violations !== undefined) return retriesOf(context.resource_violations);
  const { delayMillis, maxAttempts } = { ...CONTEXT, ...retriesOf(context.default) };
  return maxAttempts === undefined || maxAttempts === 0
    ? {}
    : { maxAttempts: maxAttempts + 2, delayMillis: delayMillis * 2, multiplier: CONTEXT.multiplier };
};

const breakerOf = (breaker: Exclude<Policy, string | undefined>["circuit_breaker"]): Breaker | undefined => {
  if (breaker === undefined || breaker === false) return undefined;
  if (breaker === true) return BREAKER;
  const { cooldown, failures, stable, window } = breaker;
  return { ...BREAKER, ...given({ failures, windowMillis: window, cooldownMillis: cooldown, stableMillis: stable }) };
};

/** A profile may be called as anything, `constructor` as well. */
const own = (table: Readonly<Record<string, number>>, key: string): number | undefined =>
  Object.hasOwn(table, key) ? table[key] : undefined;

const contextsOf = (context: Context, profile: string): Pick<RestartPolicy, "contexts" | "factors"> => ({
  contexts: { health: retriesOf(context.health_failures), resources: violationsOf(context) },
  factors: {
    ...SEVERITIES,
    ...context.severity_multipliers,
    profile: own({ ...PROFILES, ...context.process_profile_multipliers }, profile) ?? 1,
  },
});

/** What a unit says of its restarts, in whichever dialect. */
export interface Said {
  readonly policy: Policy;
  readonly context?: Context | undefined;
  /** The `profile_type`. */
  readonly profile?: string | undefined;
  /** It is upstream's shape, with upstream's defaults. */
  readonly nested?: boolean;
}

export const restartOf = ({ context, nested, policy, profile }: Said): RestartPolicy => {
  if (policy === undefined && context === undefined) return nested === true ? { ...DEFAULTS, when: "on_failure" } : DEFAULTS;
  const said = typeof policy === "string" ? { strategy: policy } : (policy ?? {});
  const limits: Partial<Retries> = context === undefined ? {} : { ...CONTEXT, ...retriesOf(context.default) };
  const maxAttempts = said.max_attempts ?? limits.maxAttempts;
  const delayMillis = said.restart_delay ?? limits.delayMillis ?? DEFAULTS.delayMillis;
  const breaker = breakerOf(said.circuit_breaker);
  return {
    // No attempts are allowed: the same as never.
    when: maxAttempts === 0 ? "never" : WHEN[said.strategy ?? "on_failure"],
    ...(maxAttempts === undefined || maxAttempts === 0 ? {} : { maxAttempts }),
    successExits: said.success_exit_codes ?? DEFAULTS.successExits,
    delayMillis,
    multiplier: said.backoff_multiplier ?? limits.multiplier ?? DEFAULTS.multiplier,
    maxDelayMillis: said.max_delay ?? Math.max(delayMillis, DEFAULTS.maxDelayMillis),
    resetAfterMillis: said.reset_after ?? DEFAULTS.resetAfterMillis,
    jitter: said.jitter ?? DEFAULTS.jitter,
    ...(breaker === undefined ? {} : { breaker }),
    ...(context === undefined ? {} : contextsOf(context, profile ?? "default")),
  };
};
