/**
 * Which of upstream's dialects a file is written in, told from its own keys. Pure.
 */
import { isGroup, nestedOf } from "../Dialect.ts";
import type { Entry, Located, Problem } from "../Source.ts";

/** `seed` is HSU's own: the flat shape, with all that came to it. The others are upstream's builds. */
export type Dialect = "seed" | "go" | "master" | "rust";

const MASTER_KEYS = ["master", "workers"];
const OTHER_KEYS = ["process_manager", "managed_processes"];

/** Profiles that the Go build knows; the Rust build takes any. */
const PROFILES = ["batch", "web", "database", "worker", "scheduler", "default"];

const get = (node: Located | undefined, ...keys: ReadonlyArray<string>): Located | undefined => {
  let found = node;
  for (const key of keys) found = found?.entries.get(key)?.node;
  return found;
};

const unitsOf = (list: Located | undefined): ReadonlyArray<Located> =>
  (list?.items ?? []).flatMap((item) => (isGroup(item.value) ? unitsOf(get(item, "children")) : [item]));

const isRust = (unit: Located, block: Located | undefined): boolean => {
  const profile = get(unit, "profile_type")?.value;
  const metadata = get(block, "metadata");
  return (
    metadata === undefined ||
    metadata.entries.has("version") ||
    metadata.entries.has("tags") ||
    (typeof profile === "string" && !PROFILES.includes(profile)) ||
    get(block, "control", "execution", "environment")?.kind === "map" ||
    get(block, "control", "limits", "memory", "limit_mb") !== undefined ||
    get(block, "control", "process_file", "base_directory") !== undefined ||
    get(block, "health_check", "http_endpoint") !== undefined
  );
};

/** The dialect of a file, whatever else may be wrong with it. */
export const dialectOf = (root: Located): Dialect => {
  if (MASTER_KEYS.some((key) => root.entries.has(key))) return "master";
  const units = unitsOf(get(root, "managed_processes"));
  const nested = units.flatMap((unit) => {
    const management = get(unit, "management");
    const kind = nestedOf(management?.value);
    return kind === undefined ? [] : [{ unit, block: get(management, kind) }];
  });
  if (nested.length === 0) return "seed";
  return nested.some(({ block, unit }) => isRust(unit, block)) ? "rust" : "go";
};

/** The finding for a file that says at its top the same in two dialects: nobody can tell which of them is meant. */
export const mixed = (root: Located): Problem | undefined => {
  const find = (keys: ReadonlyArray<string>): Entry | undefined =>
    keys.map((key) => root.entries.get(key)).find((entry) => entry !== undefined);
  const [old, other] = [find(MASTER_KEYS), find(OTHER_KEYS)];
  if (old === undefined || other === undefined) return undefined;
  const [first, second] = old.start < other.start ? [old, other] : [other, old];
  return {
    code: "HSU-CFG-016",
    start: second.start,
    end: second.end,
    message: `${JSON.stringify(first.key)} and ${JSON.stringify(second.key)} are of two dialects: the file has to be written in one`,
    expected: 'either "master" and "workers", or "process_manager" and "managed_processes"',
    hint: "`master` is the old name of `process_manager`, and `workers` of `managed_processes`",
  };
};
