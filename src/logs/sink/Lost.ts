/**
 * How many lines a target has not got because their file was removed. A file that goes is given another name for each target that still needs it, and counted
 * behind everybody's back; who is killed in between leaves the name, and it is counted by the next one.
 */
import * as Fs from "node:fs";
import { dirname, join } from "node:path";
import { namesIn, type Place } from "../collect/Place.ts";
import { readCursor, type Cursor, targetsIn } from "./Cursor.ts";
import { makeFolder } from "../../platform/Folder.ts";

/** What is known of files that are gone. */
interface Counted {
  readonly segment: number;
  /** Lines of it behind the place that the target had reached then. */
  readonly lines: number;
  /** How many lines the target had got by then, of all. */
  readonly after: number;
}

const ending = ".lost";
const rowsPath = ({ folder, stream }: Place, target: string): string => join(folder, `${stream}.${target}${ending}`);

/** Beside the log, as a name of the same file can be nowhere else. */
const linkName = (place: Place, target: string, segment: number, offset: number, after: number, compressed: boolean): string =>
  join(dirname(place.log), `.${place.stream}.${target}.${segment}.${offset}.${after}${compressed ? ".gz" : ""}${ending}`);

const parseLink = (place: Place, target: string, name: string) => {
  const start = `.${place.stream}.${target}.`;
  if (!name.startsWith(start) || !name.endsWith(ending)) return undefined;
  const match = /^(\d+)\.(\d+)\.(\d+)(\.gz)?$/.exec(name.slice(start.length, -ending.length));
  if (match === null) return undefined;
  return { segment: Number(match[1]), offset: Number(match[2]), after: Number(match[3]), isCompressed: match[4] !== undefined };
};

/** Before a complete file is removed. */
export const spare = (place: Place, segment: number, path: string): void => {
  for (const target of targetsIn(place)) {
    const cursor = readCursor(place, target);
    if (cursor === undefined || cursor.segment > segment) continue;
    const offset = cursor.segment === segment ? cursor.offset : 0;
    try {
      Fs.linkSync(path, linkName(place, target, segment, offset, cursor.lines, path.endsWith(".gz")));
    } catch {
      // Gone already, on a file system without second names, or a full one: how many lines that were is not known then, and said so. The file goes in any case.
    }
  }
};

const linesOf = async (path: string, offset: number, isCompressed: boolean): Promise<number> => {
  const file = Fs.createReadStream(path, isCompressed ? {} : { start: offset });
  const bytes = isCompressed ? file.pipe((await import("node:zlib")).createGunzip()) : file;
  let skip = isCompressed ? offset : 0;
  let lines = 0;
  let last = 0x0a;
  for await (const chunk of bytes as AsyncIterable<Buffer>) {
    const own = chunk.subarray(Math.min(skip, chunk.length));
    skip -= chunk.length - own.length;
    for (let at = own.indexOf(0x0a); at !== -1; at = own.indexOf(0x0a, at + 1)) lines++;
    last = own.at(-1) ?? last;
  }
  return last === 0x0a ? lines : lines + 1;
};

/** Counts what was spared for this target, and frees the disk. */
export const count = async (place: Place, target: string): Promise<void> => {
  const folder = dirname(place.log);
  const links = namesIn(folder).flatMap((name) => {
    const link = parseLink(place, target, name);
    return link === undefined ? [] : [{ ...link, path: join(folder, name) }];
  });
  for (const { after, isCompressed, offset, path, segment } of links) {
    const row: Counted = { segment, after, lines: await linesOf(path, offset, isCompressed) };
    makeFolder(place.folder, 0o700);
    Fs.appendFileSync(rowsPath(place, target), `${JSON.stringify(row)}\n`, { mode: 0o600 });
    Fs.rmSync(path, { force: true });
  }
};

const rowsOf = (place: Place, target: string): ReadonlyArray<Counted> => {
  let text: string;
  try {
    text = Fs.readFileSync(rowsPath(place, target), "latin1");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  return text.split("\n").flatMap((row) => {
    try {
      return [JSON.parse(row) as Counted];
    } catch {
      // The end of the file, or of who wrote it.
      return [];
    }
  });
};

/**
 * Lines of the files from where the cursor is up to, and without, file number `to`; with how many of those files nobody has counted. `cursor` is behind what was
 * brought before the gap.
 */
export const lostIn = (place: Place, target: string, cursor: Cursor, to: number): { readonly lines: number; readonly files: number } => {
  const rows = new Map(rowsOf(place, target).map((row) => [row.segment, row]));
  let [lines, files] = [0, 0];
  for (let segment = cursor.segment; segment < to; segment++) {
    const row = rows.get(segment);
    if (row === undefined) files++;
    // Some of the first one may have got there after it was counted.
    else lines += segment === cursor.segment ? Math.max(0, row.lines - (cursor.lines - row.after)) : row.lines;
  }
  return { lines, files };
};

/** What was told of files before number `to`. */
export const forgetLost = (place: Place, target: string, to: number): void => {
  const rows = rowsOf(place, target);
  const later = rows.filter(({ segment }) => segment >= to);
  if (later.length === rows.length) return;
  if (later.length === 0) return Fs.rmSync(rowsPath(place, target), { force: true });
  Fs.writeFileSync(rowsPath(place, target), later.map((row) => `${JSON.stringify(row)}\n`).join(""), { mode: 0o600 });
};
