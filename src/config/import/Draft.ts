/**
 * The config that an import makes: units as HSU's dialect has them, and their text. Pure.
 */
import { isAbsolute, relative, resolve } from "node:path";
import { isVariable } from "../Written.ts";

type Block = { readonly [key: string]: unknown };

/** A unit. Keys that are undefined are not written, and neither are empty blocks. */
export interface Draft {
  readonly id: string;
  /** The group that it is in; absent: none. */
  readonly group?: string | undefined;
  readonly description?: string | undefined;
  readonly enabled?: boolean | undefined;
  readonly count?: number | undefined;
  readonly after?: ReadonlyArray<string> | undefined;
  readonly requires?: ReadonlyArray<string> | undefined;
  readonly control: Block;
  readonly restart?: Block | string | undefined;
  readonly limits?: Block | undefined;
  readonly logging?: Block | undefined;
  readonly logs?: Block | undefined;
  readonly probes?: Block | undefined;
}

/** A whole file. */
export interface Tree {
  readonly units: ReadonlyArray<Draft>;
  /** Keys of `management` that are below those of each unit. */
  readonly defaults?: Block | undefined;
}

const isBlock = (value: unknown): value is Block => typeof value === "object" && value !== null && !Array.isArray(value);
const isEmpty = (value: unknown): boolean =>
  value === undefined || (Array.isArray(value) ? value.length === 0 : isBlock(value) && Object.keys(value).length === 0);

/** Without what is not there. */
const compact = (block: Block): Block =>
  Object.fromEntries(
    Object.entries(block)
      .map(([key, value]) => [key, isBlock(value) && key !== "environment" ? compact(value) : value] as const)
      .filter(([, value]) => !isEmpty(value)),
  );

const unitOf = ({ after, control, count, description, enabled, id, limits, logging, logs, probes, requires, restart }: Draft): Block =>
  compact({
    id,
    enabled: enabled === false ? false : undefined,
    count,
    after,
    requires,
    management: {
      metadata: { description },
      control,
      restart_policy: restart,
      limits,
      probes,
      logging,
      log_collection: logs,
    },
  });

/** Units of one group stand together, where the first of them is. */
export const configOf = ({ defaults, units }: Tree): Block => {
  const groups = new Set<string>();
  const entries = units.flatMap((unit): ReadonlyArray<Block> => {
    const { group } = unit;
    if (group === undefined) return [unitOf(unit)];
    if (groups.has(group)) return [];
    groups.add(group);
    return [{ id: group, children: units.filter((each) => each.group === group).map(unitOf) }];
  });
  return { ...compact({ defaults: { management: defaults } }), managed_processes: entries };
};

/** Names of others as ids: each only once. */
export const naming = () => {
  const taken = new Set<string>();
  return (name: string): string => {
    const base =
      name
        .replaceAll(/[^A-Za-z0-9_-]+/g, "-")
        .replaceAll(/^-+|-+$/g, "")
        .slice(0, 56) || "unit";
    let id = base;
    for (let next = 2; taken.has(id); next++) id = `${base}-${next}`;
    taken.add(id);
    return id;
  };
};

/** A variable at its start is taken for a folder. */
export const isAbsolutePath = (path: string): boolean => isAbsolute(path) || isVariable(path);

/** A path of a file in `from`, for a config in `to`. What is absolute stays so. */
export const moved = (path: string, from: string, to: string): string => {
  if (isAbsolutePath(path)) return path;
  const found = relative(to, resolve(from, path));
  return found === "" ? "." : found;
};

/** The same of a program: a name without a folder is looked up on PATH. */
export const movedProgram = (program: string, from: string, to: string): string => {
  if (!program.includes("/")) return program;
  const found = moved(program, from, to);
  return found.includes("/") ? found : `./${found}`;
};
