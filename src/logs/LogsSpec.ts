/**
 * How a unit's output is kept, as plain data.
 */
import type { LogStream } from "./LogFiles.ts";
import type { Level } from "./read/Level.ts";
import type { TargetSpec } from "./sink/TargetSpec.ts";

/** `raw`: the bytes as they are. `enhanced_plain`: `[RFC3339][id][stream] message`. */
export type LogFormat = "raw" | "plain" | "enhanced_plain" | "json" | "structured_json";

/** When a log file gives way to the next one, and how many of those that are complete are kept. */
export interface Rotation {
  readonly maxBytes: number;
  /** Complete ones, beside the one that is written. */
  readonly maxFiles: number;
  /** Complete ones that are older are removed. */
  readonly maxAgeMillis?: number;
  /** One that began so long ago is complete. */
  readonly everyMillis?: number;
  /** Complete ones are gzipped. */
  readonly compress: boolean;
}

/** One output of a unit, as a file. */
export interface LogFileSpec {
  /** Absolute; absent: in the unit's own folder of the state directory. */
  readonly path?: string;
  readonly format: LogFormat;
  readonly prefix?: string;
  readonly rotation: Rotation;
}

/** What the master has not yet taken over of what the unit has written. */
export interface Backlog {
  readonly maxBytes: number;
  /** `drop`: the oldest goes, and a line says how much it was. `block`: the unit is frozen until there is room. */
  readonly whenFull: "drop" | "block";
}

/** Which lines are kept: one of `include`, where there are any, none of `exclude`, and none that says that it is of a lower level. */
export interface LogFilters {
  readonly include: ReadonlyArray<string>;
  readonly exclude: ReadonlyArray<string>;
  readonly level?: Level;
}

export interface LogsSpec extends Readonly<Record<LogStream, LogFileSpec>> {
  readonly backlog: Backlog;
  /** Absent: all lines are kept. */
  readonly filters?: LogFilters;
  /** Each line of `enhanced_plain` has its number; JSON always has it. */
  readonly withSequence?: boolean;
  /** JSON says on which host it was. */
  readonly withHostname?: boolean;
  /** What is JSON or logfmt itself is kept as fields; `structured_json` always is. */
  readonly parse?: boolean;
  /** Where else lines go; absent: nowhere. */
  readonly targets?: ReadonlyArray<TargetSpec>;
}

export const defaultRotation: Rotation = { maxBytes: 50_000_000, maxFiles: 10, compress: false };
const file: LogFileSpec = { format: "raw", rotation: defaultRotation };

/** Of a unit without a word about it: bounded as supervisord's is. A unit is never harmed by its log, so too much of it is dropped. */
export const defaultLogs: LogsSpec = { stdout: file, stderr: file, backlog: { maxBytes: 1_000_000_000, whenFull: "drop" } };
