/**
 * From `log_collection` to how one unit's output is kept: what the unit says, then the default of the file, then that of HSU.
 */
import { resolve } from "node:path";
import { defaultLogs, defaultRotation, type LogFileSpec, type LogsSpec } from "../logs/LogsSpec.ts";
import type { TargetSpec } from "../logs/sink/TargetSpec.ts";
import type { UnitSpec } from "../unit/UnitSpec.ts";
import type { LogCollection, UnitLogCollection } from "./LogBlocks.ts";
import { apart, type Around, filtersOf, type Target, targetOf } from "./LogTargets.ts";

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
  readonly identity?: string | undefined;
  readonly collection: LogCollection | undefined;
  readonly unit: string;
  readonly own: UnitLogCollection | undefined;
  /** It cannot be held back: it is no process. */
  readonly isModule?: boolean;
  readonly capture: { readonly capture_stdout?: boolean; readonly capture_stderr?: boolean } | undefined;
}

export const logsOf = ({ capture, collection, folder, identity, isModule, own, unit }: Said): Pick<UnitSpec, "capture" | "logs"> => {
  const global = inEffect(collection);
  const common = inEffect(global?.default);
  const unitOwn = inEffect(own);
  const said: UnitLogCollection = { ...common, ...unitOwn };
  const captured = {
    stdout: capture?.capture_stdout ?? said.capture_stdout ?? true,
    stderr: capture?.capture_stderr ?? said.capture_stderr ?? true,
  };
  const metadata = global?.enhancement?.enabled === false ? undefined : global?.enhancement?.metadata;
  // Of both outputs together, in the order in which they were written.
  const isNumbered = metadata?.add_sequence === true || metadata?.add_line_number === true;
  const targets = targetsOf(global, common, unitOwn, {
    folder,
    identity,
    unit,
    logPath: (path) => logPathOf(folder, global, path, unit),
    buffering: { ...systemOf(global), ...common?.buffering, ...unitOwn?.buffering },
    withSequence: isNumbered,
    withHostname: metadata?.add_hostname === true,
  });
  if (common === undefined && unitOwn === undefined && targets.length === 0) return { capture: captured };
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
  const logs: LogsSpec = {
    stdout: file("stdout"),
    stderr: file("stderr"),
    backlog: {
      maxBytes: backlog.max_size ?? defaultLogs.backlog.maxBytes,
      whenFull: isModule === true ? "drop" : (backlog.when_full ?? defaultLogs.backlog.whenFull),
    },
    ...(filters === undefined ? {} : { filters }),
    ...(isNumbered ? { withSequence: true } : {}),
    ...(metadata?.add_hostname === true ? { withHostname: true } : {}),
    ...(said.processing?.parse_structured === true ? { parse: true } : {}),
    ...(targets.length === 0 ? {} : { targets }),
  };
  return { capture: captured, logs };
};

/** What the file says of all buffers. */
const systemOf = (global: LogCollection | undefined): Around["buffering"] => {
  const { buffer_size: size, flush_interval } = global?.system ?? {};
  return { ...(size === undefined ? {} : { size }), ...(flush_interval === undefined ? {} : { flush_interval }) };
};

/** Where else it goes: what both outputs have in common, what one of them has besides its own file, and what the file says of all units. */
const targetsOf = (
  global: LogCollection | undefined,
  common: UnitLogCollection | undefined,
  own: UnitLogCollection | undefined,
  around: Around,
): ReadonlyArray<TargetSpec> => {
  const separate = (["stdout", "stderr"] as const).flatMap((stream) => {
    const all = own?.outputs?.separate?.[stream] ?? common?.outputs?.separate?.[stream] ?? [];
    const file = fileOf(all);
    return all.filter((target) => target !== file).map((target) => targetOf(target, [stream], around));
  });
  const both = [
    ...(own?.outputs?.forwarding ?? common?.outputs?.forwarding ?? []),
    ...(inEffect(global?.global_aggregation)?.targets ?? []),
  ].map((target) => targetOf(target, ["stdout", "stderr"], around));
  return apart([...separate, ...both].filter((target) => target !== undefined));
};
