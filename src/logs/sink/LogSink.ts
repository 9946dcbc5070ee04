/**
 * A target of what units write: somewhere else than their logs. The log on the disk is its buffer: it has a place in each log that outlives the master, so one
 * that is away costs nothing and loses nothing, as long as the files are kept.
 */
import type { LogStream } from "../LogFiles.ts";

export interface LogRecord {
  readonly unit: string;
  readonly stream: LogStream;
  /** Unix milliseconds; null: nobody knows. */
  readonly time: number | null;
  readonly text: string;
}

export interface LogSink {
  /** Of the target: the same again finds its place again. A file name. */
  readonly id: string;
  /**
   * Takes a batch of one output, in order. Done: they are safe there. A failure: they come again, so a batch may be there twice when only the answer was lost, or
   * when the master was killed between the answer and its note of it.
   */
  readonly deliver: (records: ReadonlyArray<LogRecord>) => Promise<void>;
}
