/**
 * How far one output has been taken over, as 128 bytes: they are written with one call within one page, so whoever is killed in between leaves
 * either the old ones or the new ones.
 */

/** Which byte of what the unit wrote has gone where. */
export interface Checkpoint {
  /** Number of the log file that is written. */
  readonly segment: number;
  /** Its size, and that of its index. */
  readonly logBytes: number;
  readonly indexBytes: number;
  /** Which of the unit's own files is being read, and how much of it has been taken over. */
  readonly generation: number;
  readonly spoolOffset: number;
  /** Of the next line. */
  readonly sequence: number;
  /** Of an over-long line whose rest is still to come: how many parts of it have been taken over. */
  readonly part: number;
  /** What was given up and is not yet told in the log. */
  readonly droppedLines: number;
  readonly droppedBytes: number;
}

export const checkpointBytes = 128;

export const first: Checkpoint = {
  segment: 1,
  logBytes: 0,
  indexBytes: 0,
  generation: 1,
  spoolOffset: 0,
  sequence: 1,
  part: 0,
  droppedLines: 0,
  droppedBytes: 0,
};

const fields = Object.keys(first) as ReadonlyArray<keyof Checkpoint>;

const checkAt = checkpointBytes - 8;

/** FNV-1a of all but the last 8 bytes. */
const checkOf = (bytes: Buffer): number => {
  let hash = 0x811c9dc5;
  for (let at = 0; at < checkAt; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
  return hash >>> 0;
};

export const encode = (checkpoint: Checkpoint, into: Buffer = Buffer.alloc(checkpointBytes)): Buffer => {
  for (let at = 0; at < fields.length; at++) into.writeDoubleLE(checkpoint[fields[at]!], at * 8);
  into.writeDoubleLE(checkOf(into), checkAt);
  return into;
};

/** Undefined when these bytes are not what was written. */
export const decode = (bytes: Buffer): Checkpoint | undefined => {
  if (bytes.length !== checkpointBytes || bytes.readDoubleLE(checkAt) !== checkOf(bytes)) return undefined;
  return Object.fromEntries(fields.map((field, at) => [field, bytes.readDoubleLE(at * 8)])) as unknown as Checkpoint;
};
