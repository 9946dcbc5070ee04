/**
 * A target of what units write: somewhere else than their logs. The log on the disk is its buffer: it has a place in each log that outlives the master, so one
 * that is away costs nothing and loses nothing, as long as the files are kept.
 */
import type { LogStream } from "../LogFiles.ts";

export interface LogRecord {
  readonly unit: string;
  readonly stream: LogStream;
  /** Of this line alone, and the same when it comes again: who keeps it can tell that it has it. */
  readonly id: string;
  /** Unix milliseconds. */
  readonly time: number;
  /** Unix nanoseconds: later than those of the line before, and the same when it comes again. */
  readonly nanos: bigint;
  /** What the unit has written, without its newline. */
  readonly text: string;
  /** The same in the target's format. */
  readonly body: string;
}

/** What has become of a batch; of what is not named: it is safe there. */
export interface Delivery {
  /** Not taken for now, in order: they come again. */
  readonly again?: ReadonlyArray<LogRecord>;
  /** Never taken, and not tried again. */
  readonly rejected?: number;
  /** Of both. */
  readonly why?: string;
}

export interface LogSink {
  /**
   * Takes a batch of one output, in order. A rejection: all of it comes again, so a batch may be there twice when only the answer was lost, or when the master
   * was killed between the answer and its note of it.
   */
  readonly deliver: (records: ReadonlyArray<LogRecord>) => Promise<Delivery | void>;
  readonly close?: () => void;
}
