/**
 * How much of one log a target has got, as a small file beside it, replaced by rename.
 */
import * as Fs from "node:fs";
import { join } from "node:path";
import type { Place } from "../collect/Place.ts";

export interface Cursor {
  /** Number of a log file, and a place in it where a line begins. */
  readonly segment: number;
  readonly offset: number;
}

const pathOf = ({ folder, stream }: Place, sink: string): string => join(folder, `${stream}.${sink}.cursor`);

/** Undefined: it has got nothing, or nobody knows what. */
export const readCursor = (place: Place, sink: string): Cursor | undefined => {
  try {
    const [segment, offset] = Fs.readFileSync(pathOf(place, sink), "latin1").split(" ").map(Number);
    return Number.isSafeInteger(segment) && Number.isSafeInteger(offset) ? { segment: segment!, offset: offset! } : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
};

export const writeCursor = (place: Place, sink: string, { offset, segment }: Cursor): void => {
  const path = pathOf(place, sink);
  Fs.writeFileSync(`${path}.new`, `${segment} ${offset}`, { mode: 0o600 });
  Fs.renameSync(`${path}.new`, path);
};
