/**
 * Where the complete files of an output are that has had another place before: there they stay, and are read and brought from there. A small file beside
 * the checkpoint says so; there is none while the log has always been where it is by default.
 */
import * as Fs from "node:fs";
import { dirname, join } from "node:path";
import { namesIn, type Place, placeOf } from "./Place.ts";
import { completeOf } from "./Rotate.ts";
import { makeFolder } from "../../platform/Folder.ts";

interface Moves {
  /** Where it was written last. */
  readonly log: string;
  /** Oldest first: files before number `before`, and behind those of the one before, are there. */
  readonly earlier: ReadonlyArray<{ readonly before: number; readonly log: string }>;
}

const pathOf = ({ folder, stream }: Place): string => join(folder, `${stream}.places`);

const read = (place: Place): Moves | undefined => {
  // Most have none, and an error with its stack costs ten looks.
  if (!Fs.existsSync(pathOf(place))) return undefined;
  const text = Fs.readFileSync(pathOf(place), "utf8");
  try {
    const { earlier, log } = JSON.parse(text) as Moves;
    return typeof log === "string" && Array.isArray(earlier) ? { log, earlier } : undefined;
  } catch {
    // Nobody knows what that is: as if there were none.
    return undefined;
  }
};

const write = (place: Place, moves: Moves): void => {
  const path = pathOf(place);
  makeFolder(place.folder, 0o700);
  Fs.writeFileSync(`${path}.new`, JSON.stringify(moves), { mode: 0o600 });
  Fs.renameSync(`${path}.new`, path);
};

const filesIn = (log: string, from: number, before: number) =>
  completeOf(log, namesIn(dirname(log))).filter(({ segment }) => segment >= from && segment < before);

const usualLog = ({ folder, stream }: Place): string => placeOf(dirname(folder), stream).log;

/** Where an earlier run or master has written it, which may be another place than it is now to have. */
export const lastLog = (place: Place): string => {
  const known = read(place)?.log;
  const usual = usualLog(place);
  if (known !== undefined || place.log === usual) return known ?? usual;
  const isThere = (path: string): boolean =>
    (Fs.statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0 || filesIn(path, 0, Number.POSITIVE_INFINITY).length > 0;
  return !isThere(place.log) && isThere(usual) ? usual : place.log;
};

/** It is written here from now on, with nothing written before. */
export const begun = (place: Place): void => {
  const known = read(place);
  if ((known?.log ?? usualLog(place)) !== place.log) write(place, { log: place.log, earlier: known?.earlier ?? [] });
};

/** Files before number `before` stay where they are, and later ones are at `to`. */
export const moved = (from: Place, to: string, before: number): void => {
  const known = read(from)?.earlier ?? [];
  const first = known.at(-1)?.before ?? 0;
  const all = before > first ? [...known, { before, log: from.log }] : known;
  write(from, { log: to, earlier: all.filter((each, at) => filesIn(each.log, all[at - 1]?.before ?? 0, each.before).length > 0) });
};

/** The log that file number `segment` is a complete one of. */
export const logOf = (place: Place, segment: number): string =>
  read(place)?.earlier.find(({ before }) => segment < before)?.log ?? lastLog(place);

/** All complete files, oldest first. */
export const completeEverywhere = (place: Place): ReadonlyArray<{ readonly segment: number; readonly log: string }> => {
  const earlier = read(place)?.earlier ?? [];
  const all = [...earlier, { before: Number.POSITIVE_INFINITY, log: lastLog(place) }];
  return all.flatMap(({ before, log }, at) => filesIn(log, all[at - 1]?.before ?? 0, before).map(({ segment }) => ({ segment, log })));
};
