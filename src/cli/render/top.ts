/**
 * `hsu top` as a table: what each unit uses, and what it may.
 */
import type { HeldLimit, ResourceReport, UnitResources, UsageSample } from "../../protocol/Resources.ts";
import { type Paint, stateStyle } from "./paint.ts";
import { align, clean, count } from "./text.ts";
import { bytes, duration } from "./units.ts";

export const orders = ["cpu", "memory", "io", "name"] as const;
export type Order = (typeof orders)[number];

const header = ["UNIT", "STATE", "PID", "CPU%", "TIME", "RSS", "SWAP", "PROCS", "THREADS", "FILES", "READ/S", "WRITE/S", "LIMITS"];
const right = new Set([2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);

const percent = (value: number | null): string => (value === null ? "-" : value.toFixed(1));
const amount = (value: number | null): string => (value === null ? "-" : bytes(value));
const whole = (value: number | null): string => (value === null ? "-" : String(value));

const cells = (usage: UsageSample | null): ReadonlyArray<string> =>
  usage === null
    ? Array.from({ length: 9 }, () => "-")
    : [
        percent(usage.cpuPercent),
        duration(usage.cpuMillis),
        bytes(usage.rssBytes),
        amount(usage.swapBytes),
        whole(usage.processes),
        whole(usage.threads),
        whole(usage.files),
        amount(usage.readBps),
        amount(usage.writeBps),
      ];

/** A bound in the terms of its limit. */
export const bound = ({ bound: value, limit }: Pick<HeldLimit, "bound" | "limit">): string => {
  if (limit.startsWith("memory.")) return bytes(value);
  if (limit.endsWith("_bps")) return `${bytes(value)}/s`;
  if (limit.endsWith("_ops")) return `${value}/s`;
  if (limit === "cpu.max_percent") return `${value}%`;
  if (limit === "cpu.max_time") return duration(value);
  return String(value);
};

const weight = (order: Order, { usage }: UnitResources): number => {
  if (usage === null) return -1;
  if (order === "memory") return usage.rssBytes;
  return order === "io" ? (usage.readBps ?? 0) + (usage.writeBps ?? 0) : (usage.cpuPercent ?? 0);
};

/** Those that use most first; where they use the same, in the order of the config. */
export const sorted = (units: ReadonlyArray<UnitResources>, order: Order): ReadonlyArray<UnitResources> =>
  order === "name"
    ? units.toSorted((one, other) => (one.unit < other.unit ? -1 : 1))
    : units.toSorted((one, other) => weight(order, other) - weight(order, one));

/** The machine and the master, then a line a unit. */
export const topLines = (report: ResourceReport, order: Order, paint: Paint): ReadonlyArray<string> => {
  const { master } = report;
  const own = master === null ? "" : ` · master ${percent(master.cpuPercent)}% cpu, ${bytes(master.rssBytes)}`;
  const sum = report.units.reduce((all, { usage }) => all + (usage?.rssBytes ?? 0), 0);
  const rows = sorted(report.units, order).map((unit) => [
    clean(unit.unit),
    stateStyle(paint, unit.state)(unit.state),
    unit.pid === null ? "-" : String(unit.pid),
    ...cells(unit.usage),
    unit.limits.map((limit) => `${limit.limit.slice(limit.limit.indexOf(".") + 1)} ${bound(limit)}`).join(", "),
  ]);
  return [
    `${count(report.units.length, "unit")} · ${bytes(sum)} of ${bytes(report.memoryBytes)} · ${count(report.cores, "core")}${own}`,
    ...align([header.map(paint.bold), ...rows], right),
  ];
};
