/**
 * Keys that say the same as others of the unit, and are not the ones that count: each works alone.
 */
import { nestedOf } from "./Dialect.ts";
import { type Entry, get, type Located, type Problem } from "./Source.ts";

/** In a management block, or in its control block: the key that has no effect, beside the one that counts. */
const PAIRS: ReadonlyArray<readonly [idle: string, counts: string]> = [
  ["health_check.http_endpoint", "health_check.http.url"],
  ["health_check.grpc_service", "health_check.grpc.service"],
  ["limits.memory.limit_mb", "limits.memory.max_rss"],
  ["resource_limits.max_memory_mb", "limits.memory.max_rss"],
  ["resource_limits.max_memory_mb", "limits.memory.limit_mb"],
  ["resource_limits.max_cpu_percent", "limits.cpu.max_percent"],
  ["resource_limits.max_file_descriptors", "limits.process.max_file_descriptors"],
  ["context_aware_restart.default.max_retries", "restart_policy.max_attempts"],
  ["context_aware_restart.default.retry_delay", "restart_policy.restart_delay"],
  ["context_aware_restart.default.backoff_rate", "restart_policy.backoff_multiplier"],
  ["log_collection.capture_stdout", "logging.capture_stdout"],
  ["log_collection.capture_stderr", "logging.capture_stderr"],
];

/** Each is below the next one, key by key. */
const OPTIONS = [["health_check_run_options"], ["health_check"], ["health_check", "run_options"]];
/** What each type of check is asked by; the blocks of the others are not. */
const ASKS: Readonly<Record<string, string>> = {
  http: "http",
  http_endpoint: "http",
  grpc: "grpc",
  grpc_service: "grpc",
  grpc_health_check: "grpc",
  tcp: "tcp",
  exec: "exec",
};

const PATHS = PAIRS.map(([idle, counts]) => ({ idle: idle.split("."), counts: counts.split("."), said: JSON.stringify(counts) }));

export const shadowProblems = (unit: Located, name: string): ReadonlyArray<Problem> => {
  const management = get(unit, "management")?.node;
  const kind = nestedOf(management?.value);
  const block = kind === undefined ? management : get(management, kind)?.node;
  const blocks = [block, get(block, "control")?.node];
  const problems: Array<Problem> = [];
  const idle = ({ end, key, start }: Entry, why: string): void => {
    problems.push({ code: "HSU-CFG-101", start, end, message: `${name}: ${JSON.stringify(key)} has no effect ${why}` });
  };
  for (const each of blocks) {
    for (const { counts, idle: path, said } of PATHS) {
      const entry = get(each, ...path);
      if (entry !== undefined && get(each, ...counts) !== undefined) idle(entry, `beside ${said}`);
    }
  }
  const options = OPTIONS.map((path) => get(block, ...path)?.node);
  const [retries, threshold] = ["retries", "failure_threshold"].map((key) => options.flatMap((each) => get(each, key) ?? []).at(-1));
  if (retries !== undefined && threshold !== undefined) idle(retries, 'beside "failure_threshold"');
  const check = get(block, "health_check")?.node;
  const type = get(check, "type")?.node.value;
  if (typeof type === "string") {
    for (const entry of check?.entries.values() ?? []) {
      const of = Object.hasOwn(ASKS, entry.key) ? ASKS[entry.key] : undefined;
      if (of !== undefined && of !== type && entry.node.value !== false) idle(entry, `where the type is ${JSON.stringify(type)}`);
    }
  }
  return problems;
};
