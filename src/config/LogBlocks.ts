/**
 * How output is kept: the blocks `log_collection` of the file, its `default`, and that of one unit.
 */
import { Filters, Format, Rotation, targets } from "./LogTargets.ts";
import { size } from "./Sizes.ts";
import { block, Count, Duration, Flag, OneOf, Positive, Text } from "./Values.ts";

const Size = size(0);

/** The log collection of one unit, and the default of all. */
export const UnitLogCollection = block({
  enabled: Flag,
  capture_stdout: Flag,
  capture_stderr: Flag,
  format: Format,
  prefix: Text,
  rotation: Rotation,
  backlog: block({ max_size: size(1_000_000), when_full: OneOf("drop", "block") }),
  buffering: block({ size: Size, flush_interval: Duration, max_lines: Count }),
  processing: block({
    parse_structured: Flag,
    add_metadata: Flag,
    filters: Filters,
  }),
  outputs: block({ separate: block({ stdout: targets, stderr: targets }), forwarding: targets }),
});
export type UnitLogCollection = typeof UnitLogCollection.Type;

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
  default: UnitLogCollection,
  system: block({
    process_directory: Text,
    buffer_size: Size,
    flush_interval: Duration,
    max_managed_processes: Count,
    metrics: block({ enabled: Flag, interval: Duration, targets }),
  }),
});
export type LogCollection = typeof LogCollection.Type;

export const Logging = block({ capture_stdout: Flag, capture_stderr: Flag, buffer_size: Positive });
