/**
 * How much of one log a target has got, as a small file beside it, replaced by rename.
 */
import * as Fs from "node:fs";
import { join } from "node:path";
import { namesIn, type Place } from "../collect/Place.ts";
import { makeFolder } from "../../platform/Folder.ts";

export interface Cursor {
  /** Number of a log file, and a place in it where a line begins. */
  readonly segment: number;
  readonly offset: number;
  /** Lines before it, since this began. */
  readonly lines: number;
  /** Of the last of them: Unix nanoseconds. */
  readonly nanos: bigint;
  /** Lines that it did not get, and ones that it did not want to have. */
  readonly lost: number;
  readonly rejected: number;
  /** Of no other cursor: another one of the same log has lines of other names. */
  readonly epoch: string;
}

const ending = ".cursor";
const pathOf = ({ folder, stream }: Place, target: string): string => join(folder, `${stream}.${target}${ending}`);

const isNumber = (value: unknown): value is number => Number.isSafeInteger(value);

const decode = (text: string): Cursor | undefined => {
  try {
    const { epoch, lines, lost, nanos, offset, rejected, segment } = JSON.parse(text) as Record<keyof Cursor, unknown>;
    if (![segment, offset, lines, lost, rejected].every(isNumber) || typeof epoch !== "string" || !/^\d+$/.test(String(nanos)))
      return undefined;
    return { segment, offset, lines, lost, rejected, epoch, nanos: BigInt(String(nanos)) } as Cursor;
  } catch {
    // Nobody knows what that is: as if there were none.
    return undefined;
  }
};

/** Undefined: it has got nothing, or nobody knows what. */
export const readCursor = (place: Place, target: string): Cursor | undefined => {
  try {
    return decode(Fs.readFileSync(pathOf(place, target), "latin1"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
};

export const writeCursor = (place: Place, target: string, cursor: Cursor): void => {
  const path = pathOf(place, target);
  makeFolder(place.folder, 0o700);
  Fs.writeFileSync(`${path}.new`, JSON.stringify({ ...cursor, nanos: String(cursor.nanos) }), { mode: 0o600 });
  Fs.renameSync(`${path}.new`, path);
};

/** The targets that have a place in this log. */
export const targetsIn = ({ folder, stream }: Place): ReadonlyArray<string> =>
  namesIn(folder).flatMap((name) =>
    name.startsWith(`${stream}.`) && name.endsWith(ending) ? [name.slice(stream.length + 1, -ending.length)] : [],
  );

export const removeCursor = (place: Place, target: string): void => Fs.rmSync(pathOf(place, target), { force: true });
