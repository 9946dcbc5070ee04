/**
 * How far the log of a unit has been shown, and what the next master is asked for so that no line comes twice and none is left out. Pure.
 */
import type { LogLine, LogRequest } from "../protocol/MasterRpc.ts";

export interface Shown {
  readonly cursor: string | null;
  /** Lines behind the cursor; without one, all. */
  readonly count: number;
  /** When the last of them was written. */
  readonly time: number | null;
}

export const nothingShown: Shown = { cursor: null, count: 0, time: null };

export const shown = ({ count, cursor, time }: Shown, line: LogLine): Shown => ({
  cursor: line.cursor ?? cursor,
  count: line.cursor === undefined ? count + 1 : 0,
  time: line.time ?? time,
});

export interface Resumed {
  readonly request: LogRequest;
  /** So many of its lines have been shown. */
  readonly skip: number;
}

/** `begunAt`: when it was asked for first, Unix milliseconds. */
export const resumed = (request: LogRequest, { count, cursor, time }: Shown, begunAt: number): Resumed => {
  if (cursor !== null) return { request: { ...request, lines: null, after: cursor }, skip: count };
  if (request.lines === null) return { request, skip: count };
  // Nothing was there, or a master that knows no cursors has shown it: by time then.
  const since = count === 0 ? begunAt : (time ?? begunAt) + 1;
  return { request: { ...request, lines: null, since: Math.max(since, request.since ?? 0) }, skip: 0 };
};
