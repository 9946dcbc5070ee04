/**
 * Takes over one output of a unit: from the file that the unit writes to ("spool"), into its log. What is not a whole line yet stays in the spool, so
 * nothing is held in memory, and a master that is killed leaves all there is on the disk.
 */
import * as Fs from "node:fs";
import { optimize } from "../../platform/index.ts";
import type { LogStream } from "../LogFiles.ts";
import type { LogFileSpec, LogsSpec } from "../LogsSpec.ts";
import { type Checkpoint, first } from "./Checkpoint.ts";
import { atOnceBytes, LogWriter } from "./LogWriter.ts";
import { type Piece, Pieces, quietBytes } from "./Pieces.ts";
import { Pressure } from "./Pressure.ts";
import { giveBack, lend, loudBytes, type Room } from "./Rooms.ts";
import { type Punch, Spool } from "./Spool.ts";
import { begun, lastLog, moved } from "./Moves.ts";
import { checkpointPath, generationsIn, type Place, placeOf, spoolPath } from "./Place.ts";

/** Of one unit: counts the lines of both outputs. */
export interface Sequence {
  next: number;
}

/** What a pipe needs of the world. */
export interface World {
  readonly now: () => number;
  readonly punch: Punch;
  /** A complete log file is to be compressed. */
  readonly compress: (unit: string, path: string) => void;
  /** Of a unit that waits for its log: whether it is to wait now. */
  readonly full?: (unit: string, stream: LogStream, isFull: boolean) => void;
  /** A complete one is going to be removed. */
  readonly removing?: (unit: string, place: Place, segment: number, path: string) => void;
}

/** For all pipes: what fits into them is read and written in the same turn. */
let quiet: { readonly read: Buffer; readonly written: Buffer; readonly framing: undefined } | undefined;

/** `more`: at once; `found`, something, and `idle`, nothing: when the spool has grown. */
export type Outcome = "more" | "found" | "idle";

export class Pipe {
  readonly unit: string;
  readonly #folder: string;
  readonly #stream: LogStream;
  place: Place;
  #spec: LogsSpec;
  #file: LogFileSpec;
  #pieces: Pieces;
  /** Another one than the one that is in use, for the next step. */
  #next: LogsSpec | undefined;
  readonly #sequence: Sequence;
  readonly #world: World;
  readonly #pressure: Pressure;
  /** Up to where it had been taken over when it was looked at last. */
  #reached: Pick<Checkpoint, "generation" | "spoolOffset"> = first;
  #writer: LogWriter;
  /** Of the generation that the checkpoint names. */
  readonly #spool = new Spool();
  /** Generations behind it, in order. */
  #later: Array<number> = [];
  #highest: number;
  /** The last generation's run is over. */
  #ended = false;
  /** What a run has left empty is kept for the next one: no file is removed, made and watched again for it. */
  #keepsEmpty = true;
  #isFresh: boolean;
  /** The last piece was as large as one may be. */
  #isLoud = false;

  /** `isNew`: nobody has written anything there. */
  constructor(unit: string, folder: string, stream: LogStream, spec: LogsSpec, sequence: Sequence, world: World, isNew = false) {
    this.unit = unit;
    this.#folder = folder;
    this.#stream = stream;
    const place = placeOf(folder, stream, spec[stream].path);
    const found = isNew ? [] : generationsIn(place);
    // Nothing of it on the disk: it is not looked at, nor is anything made, before there is something to be kept.
    this.#isFresh = isNew || (found.length === 0 && !Fs.existsSync(checkpointPath(place)));
    const log = this.#isFresh ? place.log : lastLog(place);
    this.place = { ...place, log };
    // Kept elsewhere from now on: what is there is complete with the next step.
    if (log !== place.log) this.#next = spec;
    this.#spec = spec;
    this.#file = spec[stream];
    this.#pieces = new Pieces(unit, stream, spec);
    this.#sequence = sequence;
    this.#world = world;
    this.#writer = this.#write();
    this.#pressure = new Pressure((isFull) => world.full?.(unit, stream, isFull), isNew);
    const { generation, sequence: next, spoolOffset } = this.#at;
    sequence.next = Math.max(sequence.next, next);
    for (const old of found.filter((each) => each < generation)) Fs.rmSync(spoolPath(place, old), { force: true });
    this.#later = found.filter((each) => each > generation);
    // One that has been read in part and is gone was removed by somebody: the next one is another one.
    const isTaken = found.includes(generation) || spoolOffset > 0;
    this.#highest = this.#later.at(-1) ?? (isTaken ? generation : generation - 1);
    if (this.#isFresh) return;
    this.#writer.resume(world.now());
    this.#writer.close();
  }

  get #at(): Checkpoint {
    return this.#isFresh ? first : this.#writer.checkpoint;
  }

  /** From the next lines on. */
  keep(spec: LogsSpec): void {
    if (spec !== this.#spec && JSON.stringify(spec) !== JSON.stringify(this.#spec)) this.#next = spec;
  }

  /** Whether the last run is over, has written nothing, and its file is as it was. */
  get #isEmpty(): boolean {
    if (!this.#ended || !this.#keepsEmpty || !this.#spool.isOpen || this.#later.length > 0) return false;
    const { generation, spoolOffset } = this.#at;
    return generation === this.#highest && spoolOffset === 0 && this.#spool.isUntouched;
  }

  /** The file of the last run for the next one, where that has left it empty. */
  again(): string | undefined {
    if (!this.#isEmpty) return undefined;
    this.#ended = false;
    return spoolPath(this.place, this.#highest);
  }

  /** No next run is waited for: with the next step an empty file goes. False where there is none. */
  dismiss(): boolean {
    const isEmpty = this.#isEmpty;
    this.#keepsEmpty = false;
    return isEmpty;
  }

  /** Makes the file that the next run writes to. */
  begin(): string {
    this.#ended = false;
    this.#keepsEmpty = true;
    if (this.#isFresh) begun(this.place);
    this.#highest += 1;
    const path = spoolPath(this.place, this.#highest);
    this.#spool.make(path, this.place.folder, this.#highest === this.#at.generation);
    if (this.#highest !== this.#at.generation) this.#later.push(this.#highest);
    return path;
  }

  /** Nobody writes to it any more: a last line without a newline is one. */
  end(): void {
    this.#ended = true;
  }

  /** What can be watched for growth; undefined when there is nothing that could grow. */
  get watchable(): string | undefined {
    return this.#spool.watchable(spoolPath(this.place, this.#at.generation));
  }

  /** Takes over what is there, in pieces. */
  step(): Outcome | Promise<Outcome> {
    if (this.#next !== undefined) this.#change(this.#next);
    if (!this.#open()) return this.#advance();
    this.#reached = this.#at;
    const { spoolOffset } = this.#reached;
    if (this.#isLoud) return this.#loudly();
    quiet ??= { read: Buffer.allocUnsafeSlow(quietBytes), written: Buffer.allocUnsafeSlow(atOnceBytes), framing: undefined };
    const { read } = quiet;
    const count = this.#spool.read(read, quietBytes, spoolOffset);
    if (count > this.#file.rotation.maxBytes) return this.#sparingly(read.subarray(0, count));
    if (count === quietBytes) return this.#loudly();
    const isOver = this.#isOver();
    const piece = this.#take(read.subarray(0, count), isOver, quiet);
    if (piece.taken > 0) {
      const done = this.#append(piece);
      this.#giveBack();
      // What has come meanwhile is told: whoever writes without a pause is not followed without one.
      const next = isOver || count === quietBytes ? "more" : "found";
      return done === undefined ? next : done.then(() => next);
    }
    return isOver && count === 0 && !this.#isEmpty ? this.#advance() : "idle";
  }

  /** No more at once than a small log file holds, if there is a line in that. */
  #sparingly(bytes: Buffer): Outcome | Promise<Outcome> {
    const few = this.#take(bytes.subarray(0, Math.max(1024, this.#file.rotation.maxBytes)), false);
    if (few.taken === 0 && bytes.length === quietBytes) return this.#loudly();
    const piece = few.taken > 0 ? few : this.#take(bytes, this.#isOver());
    if (piece.taken === 0) return "idle";
    const done = this.#append(piece);
    this.#giveBack();
    return done === undefined ? "more" : done.then(() => "more");
  }

  #isOver(): boolean {
    return this.#ended || this.#at.generation < this.#highest;
  }

  /** All that has been taken over is known to be: nobody takes it over again. */
  settle(): void {
    this.#writer.store();
    this.#pressure.look(0, this.#spec.backlog);
  }

  /** Whether its unit waits when it is too much. */
  get blocks(): boolean {
    return this.#spec.backlog.whenFull === "block";
  }

  /** While nothing can be taken over. */
  look(): void {
    const { generation, spoolOffset } = this.#reached;
    const size = Fs.statSync(spoolPath(this.place, generation), { throwIfNoEntry: false })?.size;
    if (size !== undefined) this.#pressure.look(size - spoolOffset, this.#spec.backlog);
  }

  /** Frees what a quiet unit does not need. */
  rest(): void {
    this.#writer.close();
  }

  /** After an error: what is on the disk counts. */
  recover(): void {
    this.#writer.forget();
    this.#spool.close();
  }

  close(): void {
    this.#writer.close();
    this.#spool.close();
  }

  #open(): boolean {
    return this.#spool.isOpen || this.#spool.open(spoolPath(this.place, this.#at.generation));
  }

  /** To the next run's file, if there is one or will be one. */
  #advance(): Outcome {
    const { generation } = this.#at;
    const next = this.#later[0] ?? this.#highest + 1;
    this.#spool.close();
    // Nothing was written: as if it had not been there.
    if (this.#isFresh && this.#later.length === 0) {
      Fs.rmSync(spoolPath(this.place, generation), { force: true });
      this.#highest = generation - 1;
      return "idle";
    }
    this.#isFresh = false;
    if (next !== generation) this.#writer.skip({ generation: next, spoolOffset: 0, part: 0 });
    this.#later.shift();
    Fs.rmSync(spoolPath(this.place, generation), { force: true });
    return next <= this.#highest && next !== generation ? "more" : "idle";
  }

  #write(): LogWriter {
    const { compress, removing } = this.#world;
    const { place, unit } = this;
    return new LogWriter(
      place,
      this.#file.rotation,
      (path) => compress(unit, path),
      (segment, path) => removing?.(unit, place, segment, path),
    );
  }

  /** In another form it is another file; one in another place goes on there. */
  #change(spec: LogsSpec): void {
    const before = this.#file;
    const place = placeOf(this.#folder, this.#stream, spec[this.#stream].path);
    const isMoved = place.log !== this.place.log;
    this.#next = undefined;
    this.#spec = spec;
    this.#file = spec[this.#stream];
    this.#pieces = new Pieces(this.unit, this.#stream, spec);
    this.#isFresh = false;
    if (before.format !== this.#file.format || isMoved) this.#writer.complete();
    if (isMoved) {
      const { segment } = this.#at;
      // What somebody else has written there is kept.
      this.#writer.skip({ logBytes: Fs.statSync(place.log, { throwIfNoEntry: false })?.size ?? 0, indexBytes: 0 });
      moved(this.place, place.log, segment);
    }
    this.#writer.close();
    this.place = place;
    this.#writer = this.#write();
  }

  async #loudly(): Promise<Outcome> {
    const { size } = this.#spool;
    const { backlog } = this.#spec;
    const waiting = size - this.#at.spoolOffset;
    // What is less may have a last line that is none yet.
    this.#isLoud = waiting >= quietBytes && this.#file.rotation.maxBytes > quietBytes;
    if (!this.#isLoud && waiting < quietBytes) return "more";
    this.#reached = this.#at;
    this.#pressure.look(waiting, backlog);
    if (waiting > backlog.maxBytes && backlog.whenFull === "drop") await this.#drop(size);
    const { spoolOffset } = this.#at;
    optimize();
    const lent = lend(this.#file.format !== "raw");
    try {
      const most = Math.min(loudBytes, Math.max(quietBytes, this.#file.rotation.maxBytes));
      const count = this.#spool.read(lent.read, most, spoolOffset);
      const done = this.#append(this.#take(lent.read.subarray(0, count), false, lent));
      // Without a wait that is not needed: the next unit of this turn would find no buffers, and make its own.
      if (done !== undefined) await done;
    } finally {
      giveBack(lent);
    }
    this.#giveBack();
    // Everybody else has a turn before the next piece.
    await new Promise(setImmediate);
    return "more";
  }

  get #mark() {
    return { time: this.#world.now(), sequence: this.#sequence.next };
  }

  /** What of these bytes goes to the log, and as what; the room is used as far as it goes. */
  #take(bytes: Buffer, isOver: boolean, room?: Room): Piece {
    return this.#pieces.of(bytes, this.#at.part, isOver, this.#mark, room);
  }

  #append({ bytes, lines, part, taken }: Piece): Promise<void> | undefined {
    if (taken === 0) return undefined;
    const { droppedBytes, droppedLines, generation, spoolOffset } = this.#at;
    const sequence = this.#sequence.next;
    if (bytes.length === 0 && droppedBytes === 0) {
      this.#isFresh = false;
      this.#writer.skip({ spoolOffset: spoolOffset + taken, part });
      return undefined;
    }
    const told = droppedBytes > 0 ? this.#pieces.lossOf(droppedLines, droppedBytes, this.#mark) : undefined;
    this.#sequence.next += lines + (told === undefined ? 0 : 1);
    this.#isFresh = false;
    return this.#writer.append({
      bytes: told === undefined ? bytes : Buffer.concat([told, bytes]),
      time: this.#world.now(),
      sequence,
      progress: {
        generation,
        spoolOffset: spoolOffset + taken,
        sequence: this.#sequence.next,
        part,
        droppedBytes: 0,
        droppedLines: 0,
      },
    });
  }

  /** Gives up the oldest, so that half of the bound is left; how much it was is kept with the checkpoint until the log says it. */
  async #drop(size: number): Promise<void> {
    const until = size - Math.floor(this.#spec.backlog.maxBytes / 2);
    for (;;) {
      const { droppedBytes, droppedLines, spoolOffset } = this.#at;
      const { at, lines } = this.#spool.skimmed(spoolOffset, until);
      if (at === spoolOffset) return;
      this.#writer.skip({ spoolOffset: at, part: 0, droppedLines: droppedLines + lines, droppedBytes: droppedBytes + at - spoolOffset });
      this.#giveBack();
      await new Promise(setImmediate);
    }
  }

  #giveBack(): void {
    const { punch } = this.#world;
    this.#spool.giveBack(this.#writer.storedOffset, spoolPath(this.place, this.#at.generation), this.#world.now(), punch);
  }
}
