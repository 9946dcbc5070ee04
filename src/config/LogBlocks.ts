/**
 * How output is kept: the blocks `log_collection` of the file, its `default`, and that of one unit.
 */
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import * as SchemaGetter from "effect/SchemaGetter";
import * as SchemaIssue from "effect/SchemaIssue";
import { levelNamed, levels } from "../logs/read/Level.ts";
import { AnyMap, block, Count, Duration, Flag, OneOf, Positive, Text, told } from "./Values.ts";

const factors: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 2 ** 10,
  kib: 2 ** 10,
  kb: 1000,
  m: 2 ** 20,
  mib: 2 ** 20,
  mb: 1000 ** 2,
  g: 2 ** 30,
  gib: 2 ** 30,
  gb: 1000 ** 3,
  t: 2 ** 40,
  tib: 2 ** 40,
  tb: 1000 ** 4,
};
const sizeExpected = "a size: bytes, or a number with KB, MB, GB (powers of 1000) or KiB, MiB, GiB (powers of 1024)";

/** Undefined: it is none. */
export const parseSize = (value: unknown): number | undefined => {
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  const [, amount, unit = ""] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(String(value)) ?? [];
  const factor = Object.hasOwn(factors, unit.toLowerCase()) ? factors[unit.toLowerCase()] : undefined;
  return amount === undefined || factor === undefined ? undefined : Math.round(Number(amount) * factor);
};

/** Bytes. */
const size = (least: number) =>
  Schema.Unknown.pipe(
    Schema.decodeTo(Schema.Number, {
      decode: SchemaGetter.transformEffect((value: unknown, options) => {
        const bytes = parseSize(value);
        if (bytes !== undefined && bytes >= least) return Effect.succeed(bytes);
        const expected = bytes === undefined ? sizeExpected : `a size of at least ${least} bytes`;
        return Effect.fail(new SchemaIssue.InvalidValue({ message: "", ...told("HSU-CFG-040", expected) }, value, options));
      }),
      encode: SchemaGetter.transform((bytes: number): unknown => bytes),
    }),
  );
const Size = size(0);

const isPattern = (text: string): boolean => {
  try {
    return RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
};
const Pattern = Text.check(Schema.makeFilter(isPattern, told("HSU-CFG-040", "a regular expression")));
const patterns = Schema.Array(Pattern);
const Level = Text.check(
  Schema.makeFilter((text: string) => levelNamed(text) !== undefined, told("HSU-CFG-009", `one of ${levels.join(", ")}`)),
);

const Format = OneOf("raw", "plain", "enhanced_plain", "json", "structured_json");
const Rotation = block({ max_size: size(1024), max_files: Count, max_age: Duration, interval: Duration, compress: Flag });

const Target = block({
  type: OneOf("file", "stdout", "stderr", "syslog", "elasticsearch", "process_manager_stdout"),
  path: Text,
  format: Format,
  prefix: Text,
  rotation: Rotation,
  authentication: AnyMap,
  config: AnyMap,
});
export type Target = typeof Target.Type;
const targets = Schema.Array(Target);

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
    filters: block({ exclude_patterns: patterns, include_patterns: patterns, level_filter: Level }),
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
