/**
 * When the lines of a log file were read: beside each log file an index of 16 bytes an entry, in order of time and of place. A log in any format
 * can so be bisected by time, and two outputs of a unit be put in order.
 */

/** From `offset` on, until the next entry, lines were read at `time`. */
export interface IndexEntry {
  /** Unix milliseconds. */
  readonly time: number;
  /** Of the first line, in the order of both outputs of the unit. */
  readonly sequence: number;
  readonly offset: number;
}

export const entryBytes = 16;

export const encodeEntry = ({ time, sequence, offset }: IndexEntry, into: Buffer = Buffer.alloc(entryBytes)): Buffer => {
  into.writeUIntBE(time, 0, 6);
  into.writeUIntBE(sequence % 2 ** 40, 6, 5);
  into.writeUIntBE(offset, 11, 5);
  return into;
};

/** The entry number `at`. */
export const entryAt = (bytes: Buffer, at: number): IndexEntry => {
  const from = at * entryBytes;
  return { time: bytes.readUIntBE(from, 6), sequence: bytes.readUIntBE(from + 6, 5), offset: bytes.readUIntBE(from + 11, 5) };
};

export const countOf = (bytes: Buffer): number => Math.floor(bytes.length / entryBytes);

/** How many entries at the beginning satisfy what none after them does. */
const bisect = (bytes: Buffer, isBefore: (entry: IndexEntry) => boolean): number => {
  let low = 0;
  let high = countOf(bytes);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(entryAt(bytes, middle))) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** Where the lines begin that were read at `time` or later; undefined: there are none. */
export const offsetAtTime = (bytes: Buffer, time: number): number | undefined => {
  const at = bisect(bytes, (entry) => entry.time < time);
  return at === countOf(bytes) ? undefined : entryAt(bytes, at).offset;
};

/** The number of the entry that this place belongs to; -1: there is none. */
export const entryOfOffset = (bytes: Buffer, offset: number): number => bisect(bytes, (entry) => entry.offset <= offset) - 1;

/** Lines read together share an entry, as do those of a moment; a loud unit's log has one entry each 1 MiB. */
const momentMillis = 100;
const blockBytes = 1024 * 1024;

/** Whether lines that are added now need an entry of their own. */
export const needsEntry = (last: IndexEntry | undefined, next: IndexEntry, follows: boolean): boolean =>
  last === undefined ||
  !follows ||
  next.time >= last.time + momentMillis ||
  (next.offset >= last.offset + blockBytes && next.time > last.time);
