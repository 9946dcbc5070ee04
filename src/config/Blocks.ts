/**
 * Schemas of the blocks about resources and files. Those that are not in effect in this version are checked all the same: a typo in them is an
 * error today and not a surprise on the day they come into effect.
 */
import * as Schema from "effect/Schema";
import { Limits as Names } from "../resources/index.ts";
import { block, Count, Duration, Flag, number, OneOf, Percent, Quantity, Text, Timeout, told } from "./Values.ts";

/** Between two looks: more often than ten times a second costs more than it tells. */
const Interval = Timeout.check(Schema.makeFilter((millis: number) => millis >= 100, told("HSU-CFG-010", "a duration of at least 100ms")));

/** Of the master. */
export const ManagerResources = block({
  interval: Interval,
  history_retention: Duration,
  overcommit_threshold: number({ minimum: 0, maximum: 1000, whole: false, expected: "a percentage from 0 (no limit) to 1000" }),
  controllers: Schema.Array(OneOf("memory", "cpu", "pids", "io")),
});

/** Of the seed dialect. */
export const ResourceLimits = block({ max_memory_mb: Quantity, max_cpu_percent: Quantity, max_file_descriptors: Count });

const violation = {
  warning_threshold: Percent,
  policy: OneOf(...Names.policies),
};

export const Limits = block({
  priority: number({ minimum: -20, maximum: 19, expected: "a nice value: a whole number from -20 to 19" }),
  cpu_shares: Count,
  memory: block({ ...violation, max_rss: Count, max_virtual: Count, max_swap: Count, limit_mb: Quantity }),
  cpu: block({ ...violation, max_cores: Quantity, max_percent: Quantity, max_time: Duration }),
  io: block({ ...violation, weight: Count, max_read_bps: Count, max_write_bps: Count, max_read_ops: Count, max_write_ops: Count }),
  process: block({ ...violation, max_processes: Count, max_file_descriptors: Count, max_child_processes: Count }),
  monitoring: block({ enabled: Flag, interval: Interval, history_retention: Duration, alerting_enabled: Flag }),
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
