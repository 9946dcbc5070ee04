/**
 * Which of a unit's limits the kernel is asked to hold, and who holds each of them in the end. Pure.
 */
import type { CapName, Caps, Hold, Holds } from "../platform/index.ts";
import type { HeldLimit } from "../protocol/Resources.ts";
import { Limits } from "../resources/index.ts";

/** What limits have been raised to by `restart_adjusted`, as factors. */
export type Raised = { readonly [Name in Limits.LimitName]?: number };

/** Each such restart raises the limit by a quarter, up to twice of what the config says. */
const step = 1.25;
const most = 2;

export const raise = (raised: Raised, name: Limits.LimitName): Raised => ({
  ...raised,
  [name]: Math.min(most, (raised[name] ?? 1) * step),
});

/** The limits as they hold after what was raised. */
export const adjusted = (spec: Limits.LimitsSpec, raised: Raised): Limits.LimitsSpec => ({
  ...spec,
  limits: spec.limits.map((limit) => ({ ...limit, bound: limit.bound * (raised[limit.name] ?? 1) })),
});

/**
 * The cap for a limit. A policy that only tells is no matter for the kernel, and one that ends or restarts a unit for its use of CPU or I/O wants to see
 * the unit come over the limit, which nobody does who is held to it.
 */
const capOf = ({ bound, name, policy }: Limits.Limit): readonly [CapName, number] | null => {
  if (!Limits.isEnforced(policy)) return null;
  const throttles = policy === "throttle";
  switch (name) {
    case "memory.max_rss":
      return [throttles ? "memoryHighBytes" : "memoryBytes", Math.round(bound)];
    case "memory.max_virtual":
      return throttles ? null : ["addressBytes", Math.round(bound)];
    case "memory.max_swap":
      return ["swapBytes", Math.round(bound)];
    case "cpu.max_cores":
      return throttles ? ["cores", bound] : null;
    case "cpu.max_percent":
      return throttles ? ["cores", bound / 100] : null;
    case "cpu.max_time":
      return throttles ? null : ["cpuSeconds", Math.max(1, Math.ceil(bound / 1000))];
    case "io.max_read_bps":
      return throttles ? ["readBps", Math.round(bound)] : null;
    case "io.max_write_bps":
      return throttles ? ["writeBps", Math.round(bound)] : null;
    case "io.max_read_ops":
      return throttles ? ["readOps", Math.round(bound)] : null;
    case "io.max_write_ops":
      return throttles ? ["writeOps", Math.round(bound)] : null;
    case "process.max_processes":
      return ["tasks", Math.round(bound)];
    case "process.max_file_descriptors":
      return ["files", Math.round(bound)];
    case "process.max_child_processes":
      return null;
  }
};

export const capsOf = ({ cpuShares, ioWeight, limits, priority }: Limits.LimitsSpec): Caps => {
  const caps: { -readonly [Name in CapName]?: number } = {
    ...(priority === undefined ? {} : { nice: priority }),
    ...(cpuShares === undefined ? {} : { cpuShares }),
    ...(ioWeight === undefined ? {} : { ioWeight }),
  };
  for (const limit of limits) {
    const cap = capOf(limit);
    // Two limits of one thing: the lower one.
    if (cap !== null) caps[cap[0]] = Math.min(caps[cap[0]] ?? Infinity, cap[1]);
  }
  return caps;
};

/** Held by the kernel, for each process alone: all of them together are the monitor's matter still. */
const ofEach = new Set<CapName>(["addressBytes", "cpuSeconds"]);

const holderOf = (limit: Limits.Limit, hold: Hold | undefined, isMonitored: boolean): Pick<HeldLimit, "by" | "why"> => {
  const { policy } = limit;
  if (policy === "none") return { by: "nobody", why: "its policy is none" };
  if (hold !== undefined && hold.by !== "nobody") return hold;
  const why = hold?.why === undefined ? {} : { why: hold.why };
  if (!isMonitored) return { by: "nobody", why: hold?.why ?? "monitoring is off" };
  if (policy !== "throttle") return { by: "monitor", ...why };
  return limit.name.startsWith("cpu.") && limit.name !== "cpu.max_time"
    ? { by: "monitor", why: `it is given the lowest priority when it is over: ${hold?.why ?? ""}` }
    : { by: "nobody", why: hold?.why ?? "nothing slows it down" };
};

/** Each limit, and who holds it. */
export const heldLimits = (spec: Limits.LimitsSpec, holds: Holds): ReadonlyArray<HeldLimit> => {
  const isMonitored = spec.monitoring?.enabled ?? true;
  const limits = spec.limits.map((limit): HeldLimit => {
    const cap = capOf(limit)?.[0];
    const holder = holderOf(limit, cap === undefined ? undefined : holds[cap], isMonitored);
    const both = cap !== undefined && ofEach.has(cap) && holder.by === "rlimit" && isMonitored;
    return {
      limit: limit.name,
      bound: limit.bound,
      policy: limit.policy,
      ...holder,
      ...(both ? { by: "rlimit", why: "each process; all together by the monitor" } : {}),
    };
  });
  const other = (limit: string, cap: CapName, bound: number | undefined): ReadonlyArray<HeldLimit> => {
    if (bound === undefined) return [];
    const hold = holds[cap] ?? { by: "nobody" as const };
    return [{ limit, bound, policy: "throttle", ...hold }];
  };
  return [
    ...limits,
    ...other("priority", "nice", spec.priority),
    ...other("cpu_shares", "cpuShares", spec.cpuShares),
    ...other("io.weight", "ioWeight", spec.ioWeight),
  ];
};

/** What somebody wanted to have held, and nobody holds. */
export const unheld = (limits: ReadonlyArray<HeldLimit>): ReadonlyArray<string> =>
  limits
    .filter(({ by, policy }) => by === "nobody" && policy !== "none")
    .map(({ limit, why }) => `${limit} is not held${why === undefined ? "" : `: ${why}`}`);

const named: { readonly [Name in CapName]?: string } = {
  files: "process.max_file_descriptors",
  addressBytes: "memory.max_virtual",
  cpuSeconds: "cpu.max_time",
  nice: "priority",
};

/** Limits that a process that runs could not be given. */
export const refusedLimits = (caps: ReadonlyArray<CapName>): ReadonlyArray<string> => caps.map((name) => named[name] ?? name);
