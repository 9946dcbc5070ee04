/**
 * logs/: what units write, kept in files and read back as lines.
 *
 * For: the layout of the log files, reading the last lines, following new ones.
 * May import: `effect`, Node, platform/, and types of protocol/.
 * Never changes: a unit writes to its file by itself, so neither a reader here, nor its absence, nor the master's death makes a unit wait or
 * loses a line; reading costs memory for one block, whatever the size of the file.
 */
export * as LogFiles from "./LogFiles.ts";
export { tail, type TailOptions } from "./Tail.ts";
export { appender } from "./Append.ts";
export { collecting } from "./Collecting.ts";
export { direct, type Outputs } from "./Outputs.ts";
export { isAtLeast, type Level, levelOf, levels } from "./read/Level.ts";
export { type LogQuery, queryOf } from "./read/Query.ts";
export type { LogsSpec } from "./LogsSpec.ts";
