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

type Place = Pick<Entry, "end" | "start">;
const idle = ({ end, start }: Place, message: string): Problem => ({ code: "HSU-CFG-101", start, end, message });

/** Targets of one block that have no effect. */
const idleOf = (block: Located | undefined, whose: string): ReadonlyArray<Problem> => {
  const all = streams.flatMap((stream) => targetsOf(block, stream) ?? []).concat(get(block, "outputs", "forwarding")?.node.items ?? []);
  return idleTargets(all, whose);
};
const idleTargets = (all: ReadonlyArray<Located>, whose: string): ReadonlyArray<Problem> =>
  all.filter(isNowhere).map((target) => idle(target, `${whose}this target has no effect: it has neither a type nor a path`));

/** Why a key cannot be in effect. */
const withoutEffect: ReadonlyArray<readonly [place: ReadonlyArray<string>, value: boolean | undefined, why: string]> = [
  [
    ["enhancement", "metadata", "add_process_manager_id"],
    true,
    "a master has no id of its own; add_hostname says on which machine a line was written",
  ],
  [["enhancement", "metadata", "add_timestamp"], false, "the time belongs to the forms enhanced_plain and json; raw and plain have none"],
  [
    ["system", "metrics"],
    undefined,
    "what logs cost, bring and lose is not written to targets; GET /metrics (process_manager.http) and hsu describe have it",
  ],
];

const unbuffered = "what it writes goes to a file, and waits in no memory; log_collection.backlog bounds that file";

const idleGlobal = (block: Located, units: number): ReadonlyArray<Problem> => {
  const aggregation = get(block, "global_aggregation");
  const targets = isOff(aggregation) ? [] : (get(aggregation?.node, "targets")?.node.items ?? []);
  const most = get(block, "system", "max_managed_processes");
  const { value } = most?.node ?? {};
  const keys = withoutEffect.flatMap(([place, wanted, why]) => {
    const entry = get(block, ...place);
    if (entry === undefined || isOff(entry) || isOff(get(block, place[0]!))) return [];
    if (wanted !== undefined && entry.node.value !== wanted) return [];
    return [idle(entry, `"${entry.key}" has no effect: ${why}`)];
  });
  return [
    ...idleTargets(targets, ""),
    ...keys,
    ...(most === undefined || typeof value !== "number" || value === 0 || units <= value
      ? []
      : [{ ...idle(most, `there are ${units} units, and "max_managed_processes" is ${value}: the logs of all are kept`) }]),
  ];
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
    if (!isOff(common)) problems.push(...idleOf(common?.node, ""));
    problems.push(...idleGlobal(global.node, units.length));
  }
  const folder = common === undefined ? undefined : get(global?.node, "system", "process_directory")?.node.value;
  const taken = new Map<string, string>();
  for (const unit of units) {
    const own = blockOf(unit);
    const block = own === undefined || isOff(own) ? undefined : own.node;
    problems.push(...idleOf(block, `${nameOf(unit)}: `));
    const buffer = get(unit, "management", "logging", "buffer_size");
    if (buffer !== undefined) problems.push(idle(buffer, `${nameOf(unit)}: "buffer_size" has no effect: ${unbuffered}`));
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
