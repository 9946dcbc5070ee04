/**
 * The log of one output: appended to, rotated by rename, with a checkpoint that says what of the spool is in it. Whatever a killed master has written
 * behind its last checkpoint is cut off when the log is opened, and comes again from the spool.
 */
import * as Fs from "node:fs";
import { dirname, join } from "node:path";
import type { Rotation } from "../LogsSpec.ts";
import { type Checkpoint, checkpointBytes, decode, encode, first } from "./Checkpoint.ts";
import { encodeEntry, entryAt, entryBytes, type IndexEntry, needsEntry } from "./LogIndex.ts";
import { checkpointPath, generationsIn, indexPath, namesIn, type Place } from "./Place.ts";
import { completeName, completeOf, expired, isComplete, parseName } from "./Rotate.ts";
import { writeFully, writeMuch } from "./Write.ts";
import { makeFolder } from "../../platform/Folder.ts";

/** So much is written at once, whatever the disk does: its buffer may be another unit's right after. */
export const atOnceBytes = 128 * 1024;
/** Of a loud unit: so much is taken over before it is written down how much it was. */
const storedBytes = 4 * 1024 * 1024;

/** What lines that are added mean: where the spool goes on, and which number the line after them has. */
export type Progress = Pick<Checkpoint, "generation" | "spoolOffset" | "sequence" | "part"> &
  Partial<Pick<Checkpoint, "droppedLines" | "droppedBytes">>;

export interface Added {
  readonly bytes: Buffer;
  /** Unix milliseconds. */
  readonly time: number;
  /** Of its first line. */
  readonly sequence: number;
  readonly progress: Progress;
}

/** For all of them: it is filled and written in one go. */
const scratch = Buffer.alloc(checkpointBytes);

interface Open {
  readonly log: number;
  readonly index: number;
  readonly checkpoint: number;
}

const readAll = (fd: number, length: number, position: number): Buffer => {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, Fs.readSync(fd, bytes, 0, length, position));
};

export class LogWriter {
  readonly #place: Place;
  readonly #rotation: Rotation;
  /** Is told each file that is complete, to be compressed. */
  readonly #completed: (path: string) => void;
  /** Is told each complete file before it is removed. */
  readonly #removing: (segment: number, path: string) => void;
  #open: Open | undefined;
  #checkpoint: Checkpoint | undefined;
  /** As it is on the disk. */
  #stored: Checkpoint | undefined;
  #storedOffset = 0;
  #last: IndexEntry | undefined;
  #begunAt = 0;

  constructor(
    place: Place,
    rotation: Rotation,
    completed: (path: string) => void,
    removing: (segment: number, path: string) => void = () => {},
  ) {
    this.#place = place;
    this.#rotation = rotation;
    this.#completed = completed;
    this.#removing = removing;
  }

  /** Reads it from the disk the first time. */
  get checkpoint(): Checkpoint {
    if (this.#checkpoint === undefined) this.#opened();
    return this.#checkpoint!;
  }

  /** Appends, in a complete file's successor if need be. A promise: bytes must not change until it is done. */
  append(added: Added): Promise<void> | undefined {
    this.#watchOut();
    let open = this.#opened();
    if (isComplete(this.#rotation, { bytes: this.checkpoint.logBytes, begunAt: this.#begunAt }, added.bytes.length, added.time)) {
      this.#rotate();
      open = this.#opened();
    }
    if (added.bytes.length <= atOnceBytes) {
      writeFully(open.log, added.bytes, this.checkpoint.logBytes);
      this.#added(open, added);
      return undefined;
    }
    const written = writeMuch(open.log, added.bytes, this.checkpoint.logBytes);
    if (written !== undefined) return written.then(() => this.#added(open, added, true));
    this.#added(open, added, true);
    return undefined;
  }

  /** Goes on in the spool without a line for the log. */
  skip(progress: Partial<Checkpoint>): void {
    this.#watchOut();
    const open = this.#opened();
    this.#store(open, { ...this.checkpoint, ...progress });
  }

  /** What is written from now on is in another file. */
  complete(): void {
    if (this.checkpoint.logBytes === 0) return;
    this.#opened();
    this.#rotate();
  }

  /** Until something is written again; a unit that is quiet costs no descriptor. */
  close(): void {
    this.store();
    this.#release();
  }

  #release(): void {
    const open = this.#open;
    this.#open = undefined;
    if (open !== undefined) for (const fd of Object.values(open)) Fs.closeSync(fd as number);
  }

  /** After an error: nothing is known but what is on the disk. */
  forget(): void {
    this.#release();
    this.#checkpoint = this.#stored = undefined;
  }

  /** `later`: more comes at once, and only so much is done over again by who comes after a kill. */
  #added(open: Open, { bytes, progress, sequence, time }: Added, later = false): void {
    const before = this.checkpoint;
    const entry: IndexEntry = { time: Math.max(time, this.#last?.time ?? 0), sequence, offset: before.logBytes };
    let { indexBytes } = before;
    if (needsEntry(this.#last, entry, sequence === before.sequence)) {
      writeFully(open.index, encodeEntry(entry), indexBytes);
      indexBytes += entryBytes;
      this.#last = entry;
    }
    if (before.logBytes === 0) this.#begunAt = time;
    const next = { ...before, ...progress, logBytes: before.logBytes + bytes.length, indexBytes };
    if (later && next.spoolOffset - this.#storedOffset < storedBytes) this.#checkpoint = next;
    else this.#store(open, next);
  }

  /** How much of the spool nobody needs any more. */
  get storedOffset(): number {
    return this.#storedOffset;
  }

  /** Writes down what is not yet. */
  store(): void {
    if (this.#checkpoint !== undefined && this.#open !== undefined && this.#checkpoint !== this.#stored)
      this.#store(this.#open, this.#checkpoint);
  }

  #store(open: Open, checkpoint: Checkpoint): void {
    writeFully(open.checkpoint, encode(checkpoint, scratch), 0);
    this.#checkpoint = this.#stored = checkpoint;
    this.#storedOffset = checkpoint.spoolOffset;
  }

  /** Somebody may have removed the log, or the whole folder: then it is made again. */
  #watchOut(): void {
    if (this.#open === undefined) return;
    if (Fs.fstatSync(this.#open.log).nlink > 0 && Fs.fstatSync(this.#open.checkpoint).nlink > 0) return;
    const known = this.checkpoint;
    this.#release();
    const open = this.#opened(known);
    this.#store(open, this.checkpoint);
  }

  #rotate(): void {
    // Before the name says that it is complete: what is in it is not taken over again.
    this.store();
    const { segment } = this.checkpoint;
    const complete = completeName(this.#place.log, segment);
    Fs.renameSync(this.#place.log, complete);
    Fs.closeSync(this.#open!.log);
    Fs.closeSync(this.#open!.index);
    const { checkpoint } = this.#open!;
    this.#open = undefined;
    const next = { ...this.checkpoint, segment: segment + 1, logBytes: 0, indexBytes: 0 };
    writeFully(checkpoint, encode(next, scratch), 0);
    Fs.closeSync(checkpoint);
    this.#checkpoint = this.#stored = undefined;
    this.prune();
    if (this.#rotation.compress) this.#completed(complete);
  }

  /** What an earlier master may have left half done: its files are compressed from the beginning. */
  resume(now: number): void {
    const { log } = this.#place;
    const names = namesIn(dirname(log));
    for (const name of names)
      if (name.endsWith(".part") && parseName(log, name.slice(0, -5)) !== undefined) Fs.rmSync(join(dirname(log), name), { force: true });
    this.prune(now);
    if (!this.#rotation.compress) return;
    const left = completeOf(log, namesIn(dirname(log))).filter(({ compressed }) => !compressed);
    for (const { segment } of left) this.#completed(completeName(log, segment));
  }

  /** Removes what is too much or too old. */
  prune(now = Date.now()): void {
    const folder = dirname(this.#place.log);
    const complete = completeOf(this.#place.log, namesIn(folder)).map((one) => {
      const path = completeName(this.#place.log, one.segment) + (one.compressed ? ".gz" : "");
      return { ...one, path, endedAt: Fs.statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? now };
    });
    for (const { path, segment } of expired(this.#rotation, complete, now)) {
      this.#removing(segment, path);
      Fs.rmSync(path, { force: true });
      Fs.rmSync(indexPath(this.#place, segment), { force: true });
    }
  }

  #opened(known?: Checkpoint): Open {
    if (this.#open !== undefined) return this.#open;
    const { log, folder } = this.#place;
    makeFolder(folder, 0o700);
    const flags = Fs.constants.O_RDWR | Fs.constants.O_CREAT;
    const checkpointFd = Fs.openSync(checkpointPath(this.#place), flags, 0o600);
    const stored = known ?? this.#checkpoint ?? decode(readAll(checkpointFd, checkpointBytes, 0));
    let checkpoint = stored ?? this.#found();
    // Killed between its rename and the checkpoint: the file is complete.
    const complete = completeName(log, checkpoint.segment);
    if (Fs.existsSync(complete) || Fs.existsSync(`${complete}.gz`)) {
      checkpoint = { ...checkpoint, segment: checkpoint.segment + 1, logBytes: 0, indexBytes: 0 };
    }
    makeFolder(dirname(log), 0o700);
    const logFd = Fs.openSync(log, flags, 0o600);
    const { size } = Fs.fstatSync(logFd);
    if (size > checkpoint.logBytes) Fs.ftruncateSync(logFd, checkpoint.logBytes);
    // Somebody has emptied it.
    if (size < checkpoint.logBytes) checkpoint = { ...checkpoint, logBytes: size, indexBytes: 0 };
    const indexFd = Fs.openSync(indexPath(this.#place, checkpoint.segment), flags, 0o600);
    const indexed = Math.min(checkpoint.indexBytes, Math.floor(Fs.fstatSync(indexFd).size / entryBytes) * entryBytes);
    Fs.ftruncateSync(indexFd, indexed);
    this.#last = indexed === 0 ? undefined : entryAt(readAll(indexFd, entryBytes, indexed - entryBytes), 0);
    this.#begunAt = indexed === 0 ? Date.now() : entryAt(readAll(indexFd, entryBytes, 0), 0).time;
    if (indexed !== checkpoint.indexBytes) checkpoint = { ...checkpoint, indexBytes: indexed };
    this.#open = { log: logFd, index: indexFd, checkpoint: checkpointFd };
    this.#checkpoint = checkpoint;
    // Before anything is written: who is killed after that is found to have written it.
    if (checkpoint !== stored) this.#store(this.#open, checkpoint);
    else if (this.#stored === undefined) {
      this.#stored = checkpoint;
      this.#storedOffset = checkpoint.spoolOffset;
    }
    return this.#open;
  }

  /** What is there was written without a collector, or nobody knows how much of it: it is kept, and what was spooled comes behind it. */
  #found(): Checkpoint {
    const { log } = this.#place;
    const complete = completeOf(log, namesIn(dirname(log)));
    return {
      ...first,
      segment: (complete.at(-1)?.segment ?? 0) + 1,
      logBytes: Fs.statSync(log, { throwIfNoEntry: false })?.size ?? 0,
      generation: generationsIn(this.#place)[0] ?? first.generation,
    };
  }
}
