/**
 * Schemas of the blocks that both dialects have and that are not in effect in this version. They are checked all the same: a typo in them is
 * an error today and not a surprise on the day they come into effect.
 */
import * as Schema from "effect/Schema";
import { AnyMap, block, Count, Duration, Flag, OneOf, Percent, Quantity, Text, Whole } from "./Values.ts";

const texts = Schema.Array(Text);

/** Of the seed dialect. */
export const ResourceLimits = block({ max_memory_mb: Quantity, max_cpu_percent: Quantity, max_file_descriptors: Count });

const violation = {
  warning_threshold: Percent,
  policy: OneOf("none", "log", "alert", "throttle", "graceful_shutdown", "immediate_kill", "restart", "restart_adjusted"),
};

export const Limits = block({
  priority: Whole,
  cpu_shares: Count,
  memory: block({ ...violation, max_rss: Count, max_virtual: Count, max_swap: Count, limit_mb: Quantity }),
  cpu: block({ ...violation, max_cores: Quantity, max_percent: Quantity, max_time: Duration }),
  io: block({ ...violation, weight: Count, max_read_bps: Count, max_write_bps: Count, max_read_ops: Count, max_write_ops: Count }),
  process: block({ ...violation, max_processes: Count, max_file_descriptors: Count, max_child_processes: Count }),
  monitoring: block({ enabled: Flag, interval: Duration, history_retention: Duration, alerting_enabled: Flag }),
});

export const ProcessFile = block({
  basedirectory: Text,
  base_directory: Text,
  servicecontext: OneOf("system", "user", "session"),
  service_context: OneOf("system", "user", "session"),
  appname: Text,
  app_name: Text,
  usesubdirectory: Flag,
  use_subdirectory: Flag,
});

const Target = block({
  type: OneOf("file", "stdout", "stderr", "syslog", "elasticsearch", "process_manager_stdout"),
  path: Text,
  format: OneOf("plain", "enhanced_plain", "json", "structured_json"),
  prefix: Text,
  rotation: block({ max_size: Schema.Unknown, max_files: Count, max_age: Duration }),
  authentication: AnyMap,
  config: AnyMap,
});
const targets = Schema.Array(Target);

/** The log collection of one unit, and the default of all. */
const unitLogs = {
  enabled: Flag,
  capture_stdout: Flag,
  capture_stderr: Flag,
  buffering: block({ size: Schema.Unknown, flush_interval: Duration, max_lines: Count }),
  processing: block({
    parse_structured: Flag,
    add_metadata: Flag,
    filters: block({ exclude_patterns: texts, include_patterns: texts, level_filter: Schema.Unknown }),
  }),
  outputs: block({ separate: block({ stdout: targets, stderr: targets }), forwarding: targets }),
};
export const UnitLogCollection = block(unitLogs);

export const LogCollection = block({
  enabled: Flag,
  global_aggregation: block({ enabled: Flag, targets }),
  enhancement: block({
    enabled: Flag,
    metadata: block({
      add_process_manager_id: Flag,
      add_hostname: Flag,
      add_timestamp: Flag,
      add_sequence: Flag,
      add_line_number: Flag,
    }),
  }),
  default: block(unitLogs),
  system: block({
    process_directory: Text,
    buffer_size: Schema.Unknown,
    flush_interval: Duration,
    max_managed_processes: Count,
    metrics: block({ enabled: Flag, interval: Duration, targets }),
  }),
});
