/**
 * `hsu status` as a table.
 */
import type { MasterStatus, UnitStatus } from "../../protocol/MasterRpc.ts";
import { healthStyle, type Paint, stateStyle } from "./paint.ts";
import { align, clean, count } from "./text.ts";
import { bytes, duration, note, uptime } from "./units.ts";

const header = ["UNIT", "STATE", "PID", "UPTIME", "RESTARTS", "CPU%", "MEMORY", "GROUP", "NOTE"];

/** `cgroup v1: max_rss, max_cores; nice: priority` */
const holders = (limits: UnitStatus["limits"] = []): string =>
  [...Map.groupBy(limits, ({ by }) => by)]
    .map(([by, held]) => `${clean(by)}: ${held.map(({ limit }) => clean(limit.slice(limit.indexOf(".") + 1))).join(", ")}`)
    .join("; ");

/** One line a unit below a header; a dash stands for what there is not. The health of all is a column where one of them is probed,
 * their CPU where one of them has been looked at, and who holds their limits where one of them has some. */
export const statusTable = (status: MasterStatus, paint: Paint): string => {
  const isProbed = status.units.some((unit) => unit.health !== null);
  const health = (text: string): ReadonlyArray<string> => (isProbed ? [text] : []);
  const isSampled = status.units.some((unit) => unit.cpu !== undefined);
  const cpu = (text: string): ReadonlyArray<string> => (isSampled ? [text] : []);
  const isLimited = status.units.some((unit) => unit.limits !== undefined);
  const limits = (text: string): ReadonlyArray<string> => (isLimited ? [text] : []);
  const rows = status.units.map((unit) => [
    clean(unit.id),
    stateStyle(paint, unit.state)(unit.state),
    unit.pid === null ? "-" : String(unit.pid),
    uptime(unit, status.now) || "-",
    String(unit.restarts),
    ...cpu(unit.cpu === undefined ? "-" : unit.cpu.toFixed(1)),
    unit.memory === null ? "-" : bytes(unit.memory),
    ...health(unit.health === null ? "-" : healthStyle(paint, unit.health)(unit.health)),
    clean(unit.groups.join("/")) || "-",
    ...limits(holders(unit.limits) || "-"),
    note(unit, status.now),
  ]);
  const head = [
    ...header.slice(0, 5),
    ...cpu("CPU%"),
    ...header.slice(6, 7),
    ...health("HEALTH"),
    ...header.slice(7, 8),
    ...limits("LIMITS"),
    ...header.slice(8),
  ].map(paint.bold);
  const right = new Set(isSampled ? [2, 3, 4, 5, 6] : [2, 3, 4, 5]);
  return `${align([head, ...rows], right).join("\n")}\n`;
};

/** The master in one line: its config, its pid, how long it runs, how many of its units run, and its own memory. */
export const masterLine = (status: MasterStatus, paint: Paint): string => {
  const running = status.units.filter((unit) => unit.state === "running").length;
  const parts = [
    `${paint.bold("hsu")} ${clean(status.source)}`,
    `pid ${status.pid}`,
    `up ${duration(status.now - status.startedAt)}`,
    `${running} of ${count(status.units.length, "unit")} running`,
    ...(status.memory === null ? [] : [bytes(status.memory)]),
  ];
  return parts.join(" · ");
};
