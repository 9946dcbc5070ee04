/**
 * What is said of logs and cannot be so, or is not in effect.
 */
import { join } from "node:path";
import { nestedOf } from "./Dialect.ts";
import { type Entry, get, type Located, type Problem } from "./Source.ts";

const streams = ["stdout", "stderr"] as const;
const isFile = (target: Located): boolean => {
  const type = target.entries.get("type")?.node.value;
  return target.entries.has("path") && (type === undefined || type === "file");
};
const targetsOf = (block: Located | undefined, stream: string): ReadonlyArray<Located> | undefined =>
  get(block, "outputs", "separate", stream)?.node.items;
const isOff = (entry: Entry | undefined): boolean => entry?.node.entries.get("enabled")?.node.value === false;

/** Nobody knows where that is. */
const isNowhere = (target: Located): boolean => {
  const type = target.entries.get("type")?.node.value;
  return !target.entries.has("path") && (type === undefined || type === "file");
};

/** What of one block has no effect, in words. */
const idleOf = (block: Located): ReadonlyArray<string> => {
  const all = streams.flatMap((stream) => targetsOf(block, stream) ?? []).concat(get(block, "outputs", "forwarding")?.node.items ?? []);
  return all.some(isNowhere) ? ["targets without a type or a path"] : [];
};

const idleGlobal = (block: Located): ReadonlyArray<string> => {
  const aggregation = get(block, "global_aggregation");
  const lost = isOff(aggregation) ? false : get(aggregation?.node, "targets")?.node.items.some(isNowhere);
  const metadata = isOff(get(block, "enhancement")) ? undefined : get(block, "enhancement", "metadata")?.node;
  const set = (key: string): unknown => get(metadata, key)?.node.value;
  return [
    ...(lost === true ? ["targets without a type or a path"] : []),
    ...["add_process_manager_id", "add_line_number"].filter((key) => set(key) === true),
    ...(set("add_timestamp") === false ? ["add_timestamp: false"] : []),
    ...["buffer_size", "flush_interval", "max_managed_processes", "metrics"].filter((key) => get(block, "system", key) !== undefined),
  ];
};

const warning = (entry: Entry, whose: string, idle: ReadonlyArray<string>): ReadonlyArray<Problem> => {
  const { end, start } = entry;
  const message = `${whose}${idle.join(", ")} in "log_collection" ${idle.length === 1 ? "is" : "are"} accepted and not in effect in this version`;
  return idle.length === 0 ? [] : [{ code: "HSU-CFG-101", start, end, message }];
};

const blockOf = (unit: Located): Entry | undefined => {
  const kind = nestedOf(get(unit, "management")?.node.value);
  return kind === undefined ? get(unit, "management", "log_collection") : get(unit, "management", kind, "control", "log_collection");
};

export const logProblems = (root: Located, units: ReadonlyArray<Located>, nameOf: (unit: Located) => string): ReadonlyArray<Problem> => {
  const global = get(root, "log_collection");
  const common = global === undefined || isOff(global) ? undefined : get(global.node, "default");
  const problems: Array<Problem> = [];
  if (global !== undefined && !isOff(global)) {
    const ofAll = common === undefined || isOff(common) ? [] : idleOf(common.node);
    problems.push(...warning(global, "", [...idleGlobal(global.node), ...ofAll.map((idle) => `default ${idle}`)]));
  }
  const folder = common === undefined ? undefined : get(global?.node, "system", "process_directory")?.node.value;
  const taken = new Map<string, string>();
  for (const unit of units) {
    const own = blockOf(unit);
    const block = own === undefined || isOff(own) ? undefined : own.node;
    if (own !== undefined && block !== undefined) problems.push(...warning(own, `${nameOf(unit)}: `, idleOf(block)));
    const id = get(unit, "id")?.node.value;
    for (const stream of streams) {
      const targets = targetsOf(block, stream) ?? (isOff(common) ? undefined : targetsOf(common?.node, stream));
      const path = targets?.find(isFile)?.entries.get("path")?.node;
      if (path?.kind !== "string" || typeof id !== "string") continue;
      const place = join(typeof folder === "string" ? folder : ".", String(path.value).replaceAll("{process_id}", id));
      const whose = `the ${stream} of ${nameOf(unit)}`;
      const before = taken.get(place);
      taken.set(place, before ?? whose);
      if (before === undefined) continue;
      const message = `${JSON.stringify(path.value)} would be the log of ${whose}, and is that of ${before}`;
      problems.push({
        code: "HSU-CFG-040",
        start: path.start,
        end: path.end,
        message,
        expected: "a file for each output",
        hint: 'each unit has its own with "{process_id}" in the path',
      });
    }
  }
  for (const unit of units) {
    const own = blockOf(unit);
    const block = own === undefined || isOff(own) ? undefined : own.node;
    const id = get(unit, "id")?.node.value;
    for (const path of typeof id === "string" ? furtherPaths(block, isOff(common) ? undefined : common?.node, global) : []) {
      const whose = taken.get(join(typeof folder === "string" ? folder : ".", String(path.value).replaceAll("{process_id}", String(id))));
      if (whose === undefined || problems.some(({ start }) => start === path.start)) continue;
      const message = `${JSON.stringify(path.value)} would be a target of ${nameOf(unit)}, and is the log of ${whose}`;
      problems.push({ code: "HSU-CFG-040", start: path.start, end: path.end, message, expected: "a file that is no log of a unit" });
    }
  }
  return problems;
};

/** Of files that are targets besides a log. */
const furtherPaths = (own: Located | undefined, common: Located | undefined, global: Entry | undefined): ReadonlyArray<Located> => {
  const further = streams.flatMap((stream) => {
    const all = targetsOf(own, stream) ?? targetsOf(common, stream) ?? [];
    const log = all.find(isFile);
    return all.filter((target) => target !== log);
  });
  const forwarding = (get(own, "outputs", "forwarding") ?? get(common, "outputs", "forwarding"))?.node.items ?? [];
  const aggregation = get(global?.node, "global_aggregation");
  const ofAll = isOff(aggregation) ? [] : (get(aggregation?.node, "targets")?.node.items ?? []);
  return [...further, ...forwarding, ...ofAll].flatMap((target) => {
    const path = target.entries.get("path")?.node;
    return isFile(target) && path?.kind === "string" ? [path] : [];
  });
};
