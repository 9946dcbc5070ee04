/**
 * The files of one output's log, as they are at one instant, and their bytes.
 */
import * as Fs from "node:fs";
import { dirname } from "node:path";
import { decode } from "../collect/Checkpoint.ts";
import { entryBytes } from "../collect/LogIndex.ts";
import { checkpointPath, indexPath, namesIn, type Place } from "../collect/Place.ts";
import { completeEverywhere, logOf } from "../collect/Moves.ts";
import { completeName, completeOf } from "../collect/Rotate.ts";

export interface Segment {
  readonly number: number;
  readonly path: string;
  /** Up to here; undefined: as long as it is. */
  readonly size?: number;
}

const orNothing = <A>(read: () => A): A | undefined => {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
};

/** The number of the file that is written, and how much of it is there for good. */
export const committedTo = (place: Place): { readonly segment: number; readonly bytes: number } => {
  const checkpoint = orNothing(() => decode(Fs.readFileSync(checkpointPath(place))));
  if (checkpoint !== undefined) return { segment: checkpoint.segment, bytes: checkpoint.logBytes };
  return { segment: (completeOf(place.log, namesIn(dirname(place.log))).at(-1)?.segment ?? 0) + 1, bytes: 0 };
};

const currentSegment = (place: Place): number => committedTo(place).segment;

/** Whether a complete file has not been removed. */
export const isThere = (place: Place, segment: number): boolean => {
  const complete = completeName(logOf(place, segment), segment);
  return Fs.existsSync(complete) || Fs.existsSync(`${complete}.gz`);
};

/** Oldest first; the last one is the one that is written. Within one turn of the loop, so that nothing is rotated meanwhile. */
export const segmentsOf = (place: Place): ReadonlyArray<Segment> => {
  const complete = completeEverywhere(place);
  const size = Fs.statSync(place.log, { throwIfNoEntry: false })?.size ?? 0;
  return [
    ...complete.map(({ log, segment }): Segment => ({ number: segment, path: completeName(log, segment) })),
    { number: currentSegment(place), path: place.log, size },
  ];
};

/** From entry number `from` on. Empty where there is none: nobody knows the times of those lines. */
export const indexOf = (place: Place, segment: number, from = 0): Buffer =>
  orNothing(() => {
    const fd = Fs.openSync(indexPath(place, segment), "r");
    try {
      const bytes = Buffer.alloc(Math.max(0, Fs.fstatSync(fd).size - from * entryBytes));
      return bytes.subarray(0, Fs.readSync(fd, bytes, 0, bytes.length, from * entryBytes));
    } finally {
      Fs.closeSync(fd);
    }
  }) ?? Buffer.alloc(0);

export interface Chunk {
  readonly bytes: Buffer;
  readonly at: number;
}

const blockBytes = 128 * 1024;

/** Opened under the name that it has by now: it may have been completed or compressed since it was listed. Undefined: it was removed. */
const opened = (place: Place, { number, path }: Segment): { readonly fd: number; readonly compressed: boolean } | undefined => {
  const complete = completeName(logOf(place, number), number);
  const isWritten = path === place.log && currentSegment(place) === number;
  for (const name of isWritten ? [path] : [complete, `${complete}.gz`, complete]) {
    const fd = orNothing(() => Fs.openSync(name, "r"));
    if (fd !== undefined) return { fd, compressed: name.endsWith(".gz") };
  }
  return undefined;
};

/** The bytes from `from` on, in pieces; each is valid until the next one is asked for. */
export async function* chunksOf(place: Place, segment: Segment, from: number): AsyncGenerator<Chunk> {
  const file = opened(place, segment);
  if (file === undefined) return;
  const limit = segment.size ?? Infinity;
  if (file.compressed) {
    const { createGunzip } = await import("node:zlib");
    const bytes = Fs.createReadStream("", { fd: file.fd }).pipe(createGunzip({ chunkSize: blockBytes }));
    let at = 0;
    for await (const chunk of bytes as AsyncIterable<Buffer>) {
      if (at + chunk.length > from) yield from > at ? { bytes: chunk.subarray(from - at), at: from } : { bytes: chunk, at };
      at += chunk.length;
    }
    return;
  }
  try {
    const block = Buffer.allocUnsafeSlow(blockBytes);
    for (let at = from; at < limit;) {
      const count = await new Promise<number>((resolve, reject) =>
        Fs.read(file.fd, block, 0, Math.min(blockBytes, limit - at), at, (error, read) => (error === null ? resolve(read) : reject(error))),
      );
      if (count === 0) return;
      yield { bytes: block.subarray(0, count), at };
      at += count;
    }
  } finally {
    Fs.closeSync(file.fd);
  }
}
