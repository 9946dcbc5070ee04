/**
 * What systemd lets a service use, as `limits`.
 */
import type { Draft } from "../Draft.ts";
import type { Teller } from "../Finding.ts";
import type { Setting, Taking } from "../Ini.ts";
import { durationOf } from "./Spans.ts";
import { textIn } from "./Files.ts";
import { bytesOf, spanOf } from "./Values.ts";

export const limitsOf = (keys: Taking, tell: Teller): Draft["limits"] => {
  /** What is not limited is not there; what is no limit is told. */
  const read = (read: (text: string) => number | null, ...names: ReadonlyArray<string>): number | undefined => {
    const setting = names.map((name) => keys.take(name)).find((found) => textIn(found) !== undefined);
    if (setting === undefined) return undefined;
    const value = read(setting.value);
    if (value === null) tell.none(setting, `${setting.key}=${setting.value} is no limit that is known here`);
    return value === null || value === Infinity ? undefined : value;
  };
  /** `soft:hard`: the harder one holds. */
  const hard = (parse: (text: string) => number | null) => (text: string) => parse(text.split(":").at(-1)!);
  const whole = (text: string): number | null => (text === "infinity" ? Infinity : /^-?\d+$/.test(text.trim()) ? Number(text) : null);
  const percent = (text: string): number | null => (/^\d+(\.\d+)?%$/.test(text) ? Number(text.slice(0, -1)) : null);
  /** `/dev/sda 10M`: of all disks here. */
  const rate = (setting: Setting | undefined): number | undefined => {
    const bytes = bytesOf(textIn(setting)?.split(/\s+/).at(-1) ?? "");
    if (setting === undefined) return undefined;
    if (bytes === null) tell.none(setting, `${setting.key}=${setting.value} is no limit that is known here`);
    else tell.other(setting, "the limit is of each disk");
    return bytes ?? undefined;
  };
  const weight = read(whole, "CPUWeight", "StartupCPUWeight");
  const seconds = read(hard(spanOf), "LimitCPU");
  const quota = read(percent, "CPUQuota");
  return {
    priority: read(whole, "Nice"),
    // 100 of systemd's, as 1024 of the older ones, is what everybody has.
    cpu_shares: weight === undefined ? read(whole, "CPUShares") : Math.round((weight * 1024) / 100),
    memory: {
      max_rss: read(bytesOf, "MemoryMax", "MemoryLimit"),
      max_swap: read(bytesOf, "MemorySwapMax"),
      max_virtual: read(hard(bytesOf), "LimitAS"),
    },
    cpu: { max_percent: quota, max_time: seconds === undefined ? undefined : durationOf(seconds) },
    io: {
      weight: read(whole, "IOWeight"),
      max_read_bps: rate(keys.take("IOReadBandwidthMax")),
      max_write_bps: rate(keys.take("IOWriteBandwidthMax")),
    },
    process: { max_processes: read(whole, "TasksMax"), max_file_descriptors: read(hard(whole), "LimitNOFILE") },
  };
};
