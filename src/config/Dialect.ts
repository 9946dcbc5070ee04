/**
 * Which of the YAML shapes a file, a unit or a control block is written in. They may be mixed within a file, unit by unit.
 */
import { nearestOf } from "./Nearest.ts";
import { isRecord } from "./Values.ts";

/** The block of `management` that names its kind, in the Go and Rust dialects; absent: the seed dialect's flat shape. */
export const NESTED = ["standard_managed", "integrated_managed", "unmanaged"] as const;
export type Nested = (typeof NESTED)[number];

export const nestedOf = (management: unknown): Nested | undefined =>
  isRecord(management) ? NESTED.find((kind) => Object.hasOwn(management, kind)) : undefined;

const nearGroupKey = nearestOf(["children", "strategy", "intensity", "period"]);

/** An entry that has children, or what only a group has and nothing that a unit has, is a group. */
export const isGroup = (entry: unknown): boolean =>
  isRecord(entry) &&
  (Object.hasOwn(entry, "children") ||
    (!Object.hasOwn(entry, "management") && Object.keys(entry).some((key) => nearGroupKey(key) !== undefined)));

/** What a key is called elsewhere: in another dialect, or in other supervisors. */
const OTHER_NAMES: Readonly<Record<string, ReadonlyArray<string>>> = {
  args: ["arguments"],
  arguments: ["args"],
  backoff_multiplier: ["backoff_rate"],
  backoff_rate: ["backoff_multiplier"],
  cmd: ["executable", "executable_path"],
  command: ["executable", "executable_path"],
  cwd: ["working_directory"],
  env: ["environment"],
  exec: ["executable", "executable_path"],
  executable: ["executable_path"],
  executable_path: ["executable"],
  graceful_timeout: ["shutdown_timeout"],
  groups: ["managed_processes"],
  managed: ["standard_managed"],
  integrated: ["integrated_managed"],
  master: ["process_manager"],
  workers: ["managed_processes"],
  unit: ["management"],
  max_attempts: ["max_retries"],
  max_retries: ["max_attempts"],
  processes: ["managed_processes", "children"],
  program: ["executable", "executable_path"],
  restart: ["restart_policy"],
  restart_delay: ["retry_delay"],
  retry_delay: ["restart_delay"],
  shutdown_timeout: ["graceful_timeout"],
  startup_timeout: ["wait_delay"],
  stop_timeout: ["shutdown_timeout", "graceful_timeout"],
  units: ["managed_processes", "children"],
  wait_delay: ["startup_timeout"],
  workdir: ["working_directory"],
};

export const otherName = (key: string, known: ReadonlyArray<string>): string | undefined =>
  Object.hasOwn(OTHER_NAMES, key) ? OTHER_NAMES[key]!.find((name) => known.includes(name)) : undefined;

/** All that these are called elsewhere. */
export const otherNames = (known: ReadonlyArray<string>): ReadonlyArray<string> =>
  Object.keys(OTHER_NAMES).filter((key) => OTHER_NAMES[key]!.some((name) => known.includes(name)));

/** Where a key belongs that stands in the wrong block. */
const HOMES: Readonly<Record<string, string>> = {
  arguments: "management.control",
  children: "a group, an entry that has no management",
  control: "management",
  enabled: "the unit",
  environment: "management.control",
  executable: "management.control",
  executable_path: "control.execution",
  force_shutdown_timeout: "process_manager",
  health_check: "management",
  log_level: "process_manager",
  logging: "management",
  managed_processes: "the top of the file",
  max_attempts: "management.restart_policy",
  port: "process_manager",
  process_manager: "the top of the file",
  resource_limits: "management",
  restart_delay: "management.restart_policy",
  restart_policy: "management",
  shutdown_timeout: "management.control",
  startup_timeout: "management.control",
  working_directory: "management.control",
};

export const homeOf = (key: string): string | undefined => (Object.hasOwn(HOMES, key) ? HOMES[key] : undefined);
