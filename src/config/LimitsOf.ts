/**
 * What a unit may use, from what either dialect says of it.
 */
import type { Limits as Blocks, ResourceLimits } from "./Blocks.ts";
import { Limits } from "../resources/index.ts";
import type { MasterSpec, UnitSpec } from "../unit/UnitSpec.ts";

type Block = typeof Blocks.Type;
type Flat = typeof ResourceLimits.Type;
type Policy = Limits.Policy | undefined;

/** How long a broken limit is borne: keys of `context_aware_restart`. */
export interface Patience {
  readonly startup_grace_period?: number;
  readonly sustained_violation_time?: number;
  readonly spike_tolerance_time?: number;
}

const mebibyte = 1 << 20;

/**
 * Where a file does not say what is to be done. Nobody can be slowed down so that it needs less memory, or has used less CPU time; children are not told
 * apart by the kernel.
 */
const usual = (name: Limits.LimitName): Limits.Policy => {
  if (name === "process.max_child_processes") return "log";
  return name.startsWith("memory.") || name === "cpu.max_time" ? "restart" : "throttle";
};

const made = (
  name: Limits.LimitName,
  bound: number | undefined,
  block: { readonly policy?: Policy; readonly warning_threshold?: number } = {},
  alerts = true,
): ReadonlyArray<Limits.Limit> => {
  if (bound === undefined || bound === 0) return [];
  const policy = block.policy ?? usual(name);
  return [
    {
      name,
      bound,
      policy: policy === "alert" && !alerts ? "log" : policy,
      ...(block.warning_threshold === undefined ? {} : { warningPercent: block.warning_threshold }),
    },
  ];
};

const nestedLimits = ({ cpu, io, memory, monitoring, process }: Block): ReadonlyArray<Limits.Limit> => {
  const alerts = monitoring?.alerting_enabled ?? true;
  const limitMb = memory?.limit_mb === undefined ? undefined : memory.limit_mb * mebibyte;
  return [
    ...made("memory.max_rss", memory?.max_rss ?? limitMb, memory, alerts),
    ...made("memory.max_virtual", memory?.max_virtual, memory, alerts),
    ...made("memory.max_swap", memory?.max_swap, memory, alerts),
    ...made("cpu.max_cores", cpu?.max_cores, cpu, alerts),
    ...made("cpu.max_percent", cpu?.max_percent, cpu, alerts),
    ...made("cpu.max_time", cpu?.max_time, cpu, alerts),
    ...made("io.max_read_bps", io?.max_read_bps, io, alerts),
    ...made("io.max_write_bps", io?.max_write_bps, io, alerts),
    ...made("io.max_read_ops", io?.max_read_ops, io, alerts),
    ...made("io.max_write_ops", io?.max_write_ops, io, alerts),
    ...made("process.max_processes", process?.max_processes, process, alerts),
    ...made("process.max_file_descriptors", process?.max_file_descriptors, process, alerts),
    ...made("process.max_child_processes", process?.max_child_processes, process, alerts),
  ];
};

const flatLimits = (flat: Flat): ReadonlyArray<Limits.Limit> => [
  ...made("memory.max_rss", flat.max_memory_mb === undefined ? undefined : flat.max_memory_mb * mebibyte),
  ...made("cpu.max_percent", flat.max_cpu_percent),
  ...made("process.max_file_descriptors", flat.max_file_descriptors),
];

const monitoringOf = (monitoring: Block["monitoring"]): Pick<Limits.LimitsSpec, "monitoring"> => {
  if (monitoring === undefined) return {};
  const { enabled, history_retention: retention, interval } = monitoring;
  return {
    monitoring: {
      enabled: enabled ?? true,
      ...(interval === undefined ? {} : { intervalMillis: interval }),
      ...(retention === undefined ? {} : { retentionMillis: retention }),
    },
  };
};

/** Nothing is said where nothing is limited. */
export const limitsOf = (flat: Flat | undefined, nested: Block | undefined, patience: Patience = {}): Pick<UnitSpec, "limits"> => {
  if (flat === undefined && nested === undefined) return {};
  const said = nested === undefined ? [] : nestedLimits(nested);
  // Where both blocks limit the same, the one that says more of it counts.
  const short = (flat === undefined ? [] : flatLimits(flat)).filter(({ name }) => !said.some((limit) => limit.name === name));
  const limits = [...short, ...said];
  const { cpu_shares: cpuShares, io, monitoring, priority } = nested ?? {};
  return {
    limits: {
      limits,
      ...(priority === undefined ? {} : { priority }),
      ...(cpuShares === undefined ? {} : { cpuShares }),
      ...(io?.weight === undefined ? {} : { ioWeight: io.weight }),
      ...monitoringOf(monitoring),
      graceMillis: patience.startup_grace_period ?? 0,
      sustainedMillis: patience.sustained_violation_time ?? 0,
      spikeMillis: patience.spike_tolerance_time ?? 0,
    },
  };
};

/** What the master itself is told about resources. */
export interface ManagerResources {
  readonly interval?: number;
  readonly history_retention?: number;
  readonly overcommit_threshold?: number;
  readonly controllers?: ReadonlyArray<"memory" | "cpu" | "pids" | "io">;
}

export const samplingOf = (said: ManagerResources | undefined): Pick<MasterSpec, "controllers" | "overcommitPercent" | "sampling"> => {
  if (said === undefined) return {};
  const { controllers, history_retention: retention, interval, overcommit_threshold: percent } = said;
  return {
    sampling: {
      ...(interval === undefined ? {} : { intervalMillis: interval }),
      ...(retention === undefined ? {} : { retentionMillis: retention }),
    },
    ...(controllers === undefined ? {} : { controllers }),
    ...(percent === undefined ? {} : { overcommitPercent: percent }),
  };
};
