/**
 * From `log_collection` to how one unit's output is kept: what the unit says, then the default of the file, then that of HSU.
 */
import { resolve } from "node:path";
import { defaultLogs, defaultRotation, type LogFileSpec, type LogFilters, type LogsSpec } from "../logs/LogsSpec.ts";
import { levelNamed } from "../logs/read/Level.ts";
import type { UnitSpec } from "../unit/UnitSpec.ts";
import type { LogCollection, Target, UnitLogCollection } from "./LogBlocks.ts";

/** What is not kept as it says is kept as if it were not there. */
const inEffect = <A extends { readonly enabled?: boolean }>(block: A | undefined): A | undefined =>
  block?.enabled === false ? undefined : block;

/** Where a log file is, as the file says; the key is only in a path of its own. */
const logPathOf = (folder: string, collection: LogCollection | undefined, path: string, unit: string): string =>
  resolve(folder, collection?.system?.process_directory ?? ".", path.replaceAll("{process_id}", unit));

/** The target that is the unit's own log of that stream. */
const fileOf = (targets: ReadonlyArray<Target> | undefined): Target | undefined =>
  targets?.find(({ path, type }) => path !== undefined && (type === undefined || type === "file"));

interface Said {
  readonly folder: string;
  readonly collection: LogCollection | undefined;
  readonly unit: string;
  readonly own: UnitLogCollection | undefined;
  readonly capture: { readonly capture_stdout?: boolean; readonly capture_stderr?: boolean } | undefined;
}

export const logsOf = ({ capture, collection, folder, own, unit }: Said): Pick<UnitSpec, "capture" | "logs"> => {
  const global = inEffect(collection);
  const common = inEffect(global?.default);
  const unitOwn = inEffect(own);
  const said: UnitLogCollection = { ...common, ...unitOwn };
  const captured = {
    stdout: capture?.capture_stdout ?? said.capture_stdout ?? true,
    stderr: capture?.capture_stderr ?? said.capture_stderr ?? true,
  };
  if (common === undefined && unitOwn === undefined) return { capture: captured };
  const backlog = { ...common?.backlog, ...unitOwn?.backlog };
  const file = (stream: "stdout" | "stderr"): LogFileSpec => {
    const target = fileOf(unitOwn?.outputs?.separate?.[stream] ?? common?.outputs?.separate?.[stream]);
    const rotation = { ...common?.rotation, ...unitOwn?.rotation, ...target?.rotation };
    const prefix = target?.prefix ?? said.prefix;
    return {
      ...(target?.path === undefined ? {} : { path: logPathOf(folder, global, target.path, unit) }),
      format: target?.format ?? said.format ?? (target === undefined ? "raw" : "plain"),
      ...(prefix === undefined ? {} : { prefix: prefix.replaceAll("{process_id}", unit) }),
      rotation: {
        maxBytes: rotation.max_size ?? defaultRotation.maxBytes,
        maxFiles: rotation.max_files ?? defaultRotation.maxFiles,
        ...(rotation.max_age === undefined ? {} : { maxAgeMillis: rotation.max_age }),
        ...(rotation.interval === undefined ? {} : { everyMillis: rotation.interval }),
        compress: rotation.compress ?? defaultRotation.compress,
      },
    };
  };
  const filters = filtersOf({ ...common?.processing?.filters, ...unitOwn?.processing?.filters });
  const metadata = global?.enhancement?.enabled === false ? undefined : global?.enhancement?.metadata;
  const logs: LogsSpec = {
    stdout: file("stdout"),
    stderr: file("stderr"),
    backlog: {
      maxBytes: backlog.max_size ?? defaultLogs.backlog.maxBytes,
      whenFull: backlog.when_full ?? defaultLogs.backlog.whenFull,
    },
    ...(filters === undefined ? {} : { filters }),
    ...(metadata?.add_sequence === true ? { withSequence: true } : {}),
    ...(metadata?.add_hostname === true ? { withHostname: true } : {}),
    ...(said.processing?.parse_structured === true ? { parse: true } : {}),
  };
  return { capture: captured, logs };
};

const filtersOf = (said: NonNullable<NonNullable<UnitLogCollection["processing"]>["filters"]>): LogFilters | undefined => {
  const { exclude_patterns: exclude = [], include_patterns: include = [], level_filter: level } = said;
  const least = levelNamed(level);
  if (exclude.length === 0 && include.length === 0 && least === undefined) return undefined;
  return { include, exclude, ...(least === undefined ? {} : { level: least }) };
};
