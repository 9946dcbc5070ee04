/**
 * What a unit may use, as plain data, and what its samples say of that.
 */
import type { Sample } from "./Sampler.ts";

/** Limits by the names that they have in a config. */
export const limitNames = [
  "memory.max_rss",
  "memory.max_virtual",
  "memory.max_swap",
  "cpu.max_cores",
  "cpu.max_percent",
  "cpu.max_time",
  "io.max_read_bps",
  "io.max_write_bps",
  "io.max_read_ops",
  "io.max_write_ops",
  "process.max_processes",
  "process.max_file_descriptors",
  "process.max_child_processes",
] as const;
export type LimitName = (typeof limitNames)[number];

/** What is done when a limit is broken. */
export const policies = ["none", "log", "alert", "throttle", "graceful_shutdown", "immediate_kill", "restart", "restart_adjusted"] as const;
export type Policy = (typeof policies)[number];

/** Memory and rates in bytes, times in milliseconds, `cpu.max_percent` of one core. */
export interface Limit {
  readonly name: LimitName;
  readonly bound: number;
  readonly policy: Policy;
  /** Percent of the bound from which on it is told. */
  readonly warningPercent?: number;
}

export interface LimitsSpec {
  readonly limits: ReadonlyArray<Limit>;
  /** A nice value. */
  readonly priority?: number;
  /** As Docker counts them: 1024 is what everybody has. */
  readonly cpuShares?: number;
  /** 1 to 10000, 100 is what everybody has. */
  readonly ioWeight?: number;
  /** Absent: it is looked at, as often as all. */
  readonly monitoring?: { readonly enabled: boolean; readonly intervalMillis?: number; readonly retentionMillis?: number };
  /** From the start of a process: nothing is judged. */
  readonly graceMillis: number;
  /** So long it has to be over the limit before something is done. */
  readonly sustainedMillis: number;
  /** What is over sooner is not even told. */
  readonly spikeMillis: number;
}

/** Whether a policy holds a unit to its limit; the others only tell. */
export const isEnforced = (policy: Policy): boolean => policy !== "none" && policy !== "log" && policy !== "alert";

/** Whether it ends the unit's process. */
export const endsIt = (policy: Policy): boolean => isEnforced(policy) && policy !== "throttle";

/** What a sample says of a limit; null: the system does not tell. */
export const valueOf = (name: LimitName, sample: Sample): number | null => {
  switch (name) {
    case "memory.max_rss":
      return sample.rssBytes;
    case "memory.max_virtual":
      return sample.virtualBytes;
    case "memory.max_swap":
      return sample.swapBytes;
    case "cpu.max_cores":
      return sample.cpuPercent === null ? null : sample.cpuPercent / 100;
    case "cpu.max_percent":
      return sample.cpuPercent;
    case "cpu.max_time":
      return sample.cpuMillis;
    case "io.max_read_bps":
      return sample.readBps;
    case "io.max_write_bps":
      return sample.writeBps;
    case "io.max_read_ops":
      return sample.readOps;
    case "io.max_write_ops":
      return sample.writeOps;
    // The kernel counts threads as well.
    case "process.max_processes":
      return sample.threads ?? sample.processes;
    case "process.max_file_descriptors":
      return sample.filesMost;
    case "process.max_child_processes":
      return Math.max(0, sample.processes - 1);
  }
};

const units = ["B", "KiB", "MiB", "GiB", "TiB"];
const bytes = (number: number): string => {
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, number)) / 10)));
  return `${Number((number / 1024 ** power).toFixed(1))} ${units[power]}`;
};

/** A value in the terms of its limit. */
export const formatValue = (name: LimitName, value: number): string => {
  if (name.startsWith("memory.")) return bytes(value);
  if (name.endsWith("_bps")) return `${bytes(value)}/s`;
  if (name.endsWith("_ops")) return `${Math.round(value)}/s`;
  if (name === "cpu.max_percent") return `${Number(value.toFixed(1))} %`;
  if (name === "cpu.max_time") return `${Number((value / 1000).toFixed(1))} s`;
  return String(Number(value.toFixed(2)));
};
