/**
 * logs/: what units write, taken over into logs that rotate, and read back as lines.
 *
 * For: the layout of the log files; collect/ takes over what a unit has written to a file of its own; read/ finds lines by time, pattern and level, and follows
 * them; sink/ brings them to other places.
 * May import: `effect`, Node, platform/, and types of protocol/.
 * Never changes: a unit writes to its file by itself, so neither a reader here, nor its absence, nor the master's death makes a unit wait or
 * loses or doubles a line; what is held in memory is one piece, whatever the size of the file.
 */
export * as LogFiles from "./LogFiles.ts";
export { tail, type TailOptions } from "./Tail.ts";
export { appender } from "./Append.ts";
export { collecting } from "./Collecting.ts";
export { direct, type Outputs } from "./Outputs.ts";
export { isAtLeast, type Level, levelOf, levels } from "./read/Level.ts";
export { type LogQuery, queryOf } from "./read/Query.ts";
export type { LogsSpec } from "./LogsSpec.ts";
