/**
 * When a log file is complete, what it is called then, and which of the complete ones are removed. Pure.
 */
import { basename, dirname, extname, join } from "node:path";
import type { Rotation } from "../LogsSpec.ts";

/** Whether the file is complete before `added` more bytes are written at `now`. An empty one never is. */
export const isComplete = (
  { everyMillis, maxBytes }: Rotation,
  file: { readonly bytes: number; readonly begunAt: number },
  added: number,
  now: number,
): boolean => file.bytes > 0 && (file.bytes + added > maxBytes || (everyMillis !== undefined && now - file.begunAt >= everyMillis));

/** `web.log` number 7 is `web.000007.log` when it is complete: a name that it keeps, and that sorts by age. */
export const completeName = (path: string, segment: number): string => {
  const extension = extname(path);
  return join(dirname(path), `${basename(path, extension)}.${String(segment).padStart(6, "0")}${extension}`);
};

/** One complete log file. */
export interface Complete {
  readonly segment: number;
  readonly compressed: boolean;
}

/** Reads a file's name; undefined when it is not a complete one of the log at `path`. */
export const parseName = (path: string, name: string): Complete | undefined => {
  const extension = extname(path);
  const start = `${basename(path, extension)}.`;
  const compressed = name.endsWith(".gz");
  const plain = compressed ? name.slice(0, -3) : name;
  if (!plain.startsWith(start) || !plain.endsWith(extension)) return undefined;
  const number = plain.slice(start.length, plain.length - extension.length);
  return /^\d{6,}$/.test(number) ? { segment: Number(number), compressed } : undefined;
};

/** Those of a folder, oldest first; one that is there in both forms counts as not yet compressed. */
export const completeOf = (path: string, names: ReadonlyArray<string>): ReadonlyArray<Complete> => {
  const found = new Map<number, Complete>();
  for (const name of names) {
    const complete = parseName(path, name);
    if (complete !== undefined && !(complete.compressed && found.has(complete.segment))) found.set(complete.segment, complete);
  }
  return Array.from(found.values()).sort((one, other) => one.segment - other.segment);
};

/** Which go, of complete ones oldest first with the times of their ends. */
export const expired = <A extends { readonly endedAt: number }>(
  { maxAgeMillis, maxFiles }: Rotation,
  complete: ReadonlyArray<A>,
  now: number,
): ReadonlyArray<A> =>
  complete.filter(({ endedAt }, at) => complete.length - at > maxFiles || (maxAgeMillis !== undefined && now - endedAt > maxAgeMillis));
