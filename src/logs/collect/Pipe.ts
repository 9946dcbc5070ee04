/**
 * Takes over one output of a unit: from the file that the unit writes to ("spool"), into its log. What is not a whole line yet stays in the spool, so
 * nothing is held in memory, and a master that is killed leaves all there is on the disk.
 */
import * as Fs from "node:fs";
import { hostname } from "node:os";
import { optimize, pathOfDescriptor } from "../../platform/index.ts";
import { maxLineBytes } from "../Lines.ts";
import type { LogStream } from "../LogFiles.ts";
import type { LogFileSpec, LogsSpec } from "../LogsSpec.ts";
import { cut, cutRaw } from "./Cut.ts";
import { type Checkpoint, first } from "./Checkpoint.ts";
import { type Filter, filtered, filterOf } from "./Filter.ts";
import { format, linesIn, type Options as FormatOptions } from "./Format.ts";
import { Gathered } from "./Gathered.ts";
import { atOnceBytes, LogWriter } from "./LogWriter.ts";
import { Pressure } from "./Pressure.ts";
import { begun, lastLog, moved } from "./Moves.ts";
import { checkpointPath, generationsIn, type Place, placeOf, spoolPath } from "./Place.ts";

/** Of one unit: counts the lines of both outputs. */
export interface Sequence {
  next: number;
}

/** What a pipe needs of the world. */
export interface World {
  readonly now: () => number;
  /** Gives the disk back what is before `length`, `often` or now and then. Tells only how many bytes more are worth the next time, if that is soon. */
  readonly punch: (path: string, length: number, often: boolean) => Promise<number>;
  /** A complete log file is to be compressed. */
  readonly compress: (unit: string, path: string) => void;
  /** Of a unit that waits for its log: whether it is to wait now. */
  readonly full?: (unit: string, stream: LogStream, isFull: boolean) => void;
  /** A complete one is going to be removed. */
  readonly removing?: (unit: string, place: Place, segment: number, path: string) => void;
}

/** A read that fills this is followed by ones of `loudBytes`. More than the longest line, so that a full one has something to be taken over. */
const quietBytes = maxLineBytes + 4096;
const loudBytes = 512 * 1024;
/** So much is given back to the disk at once, if that was not a moment ago: a program is started for it. */
const punchBytes = 16 * 1024 * 1024;
const punchMillis = 2000;
const page = 4096;
/** So much is counted in one turn of the loop when it is given up. */
const countedBytes = 4 * 1024 * 1024;

/** For all pipes: what fits into them is read and written in the same turn. */
let quiet: { readonly read: Buffer; readonly written: Buffer } | undefined;
/** Ones that are not in use: what is read, and what is written. Not made anew each time: new memory costs more than the work. */
let loud: { readonly read: Buffer; readonly written: Buffer } | undefined;

/** `more`: at once; `found`, something, and `idle`, nothing: when the spool has grown. */
export type Outcome = "more" | "found" | "idle";

interface Piece {
  readonly bytes: Buffer;
  readonly taken: number;
  readonly lines: number;
  readonly part: number;
}

export class Pipe {
  readonly unit: string;
  readonly #folder: string;
  readonly #stream: LogStream;
  place: Place;
  #spec: LogsSpec;
  #file: LogFileSpec;
  #keeps: Filter | undefined;
  /** Another one than the one that is in use, for the next step. */
  #next: LogsSpec | undefined;
  readonly #sequence: Sequence;
  readonly #world: World;
  readonly #pressure: Pressure;
  /** Up to where it had been taken over when it was looked at last. */
  #reached: Pick<Checkpoint, "generation" | "spoolOffset"> = first;
  #writer: LogWriter;
  /** Of the generation that the checkpoint names. */
  #spool: number | undefined;
  /** Generations behind it, in order. */
  #later: Array<number> = [];
  #highest: number;
  /** The last generation's run is over. */
  #ended = false;
  /** What a run has left empty is kept for the next one: no file is removed, made and watched again for it. */
  #keepsEmpty = true;
  #isFresh: boolean;
  #punched = 0;
  #punchedAt = 0;
  /** What is worth it while that is done again and again. */
  #oftenBytes = 0;
  /** The last piece was as large as one may be. */
  #isLoud = false;
  #isPunching = false;

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
    this.#keeps = spec.filters === undefined ? undefined : filterOf(spec.filters);
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
    this.#writer.prune(world.now());
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
    if (!this.#ended || !this.#keepsEmpty || this.#spool === undefined || this.#later.length > 0) return false;
    const { generation, spoolOffset } = this.#at;
    if (generation !== this.#highest || spoolOffset > 0) return false;
    const { nlink, size } = Fs.fstatSync(this.#spool);
    return nlink > 0 && size === 0;
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
    const fd = this.#make(path);
    // Kept open: also when it is removed while the unit runs, it can be read.
    if (this.#highest === this.#at.generation && this.#spool === undefined) this.#spool = fd;
    else Fs.closeSync(fd);
    if (this.#highest !== this.#at.generation) this.#later.push(this.#highest);
    return path;
  }

  #make(path: string): number {
    const flags = Fs.constants.O_RDWR | Fs.constants.O_CREAT;
    this.#punched = 0;
    try {
      return Fs.openSync(path, flags, 0o600);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      Fs.mkdirSync(this.place.folder, { recursive: true, mode: 0o700 });
      return Fs.openSync(path, flags, 0o600);
    }
  }

  /** Nobody writes to it any more: a last line without a newline is one. */
  end(): void {
    this.#ended = true;
  }

  /** What can be watched for growth; undefined when there is nothing that could grow. */
  get watchable(): string | undefined {
    if (this.#spool === undefined) return undefined;
    return pathOfDescriptor(this.#spool, spoolPath(this.place, this.#at.generation));
  }

  /** Takes over what is there, in pieces. */
  step(): Outcome | Promise<Outcome> {
    if (this.#next !== undefined) this.#change(this.#next);
    if (!this.#open()) return this.#advance();
    this.#reached = this.#at;
    const { spoolOffset } = this.#reached;
    if (this.#isLoud) return this.#loudly();
    quiet ??= { read: Buffer.allocUnsafeSlow(quietBytes), written: Buffer.allocUnsafeSlow(atOnceBytes) };
    const { read, written } = quiet;
    const count = Fs.readSync(this.#spool!, read, 0, quietBytes, spoolOffset);
    if (count > this.#file.rotation.maxBytes) return this.#sparingly(read.subarray(0, count));
    if (count === quietBytes) return this.#loudly();
    const isOver = this.#isOver();
    const piece = this.#take(read.subarray(0, count), isOver, written);
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
    this.#closeSpool();
  }

  close(): void {
    this.#writer.close();
    this.#closeSpool();
  }

  #open(): boolean {
    if (this.#spool !== undefined) return true;
    try {
      this.#spool = Fs.openSync(spoolPath(this.place, this.#at.generation), "r+");
      this.#punched = 0;
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
      throw error;
    }
  }

  /** To the next run's file, if there is one or will be one. */
  #advance(): Outcome {
    const { generation } = this.#at;
    const next = this.#later[0] ?? this.#highest + 1;
    this.#closeSpool();
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
    this.#keeps = spec.filters === undefined ? undefined : filterOf(spec.filters);
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

  #closeSpool(): void {
    if (this.#spool !== undefined) Fs.closeSync(this.#spool);
    this.#spool = undefined;
  }

  async #loudly(): Promise<Outcome> {
    const size = Fs.fstatSync(this.#spool!).size;
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
    const buffers = loud ?? { read: Buffer.allocUnsafeSlow(loudBytes), written: Buffer.allocUnsafeSlow(loudBytes * 3) };
    loud = undefined;
    try {
      const room = Math.min(loudBytes, Math.max(quietBytes, this.#file.rotation.maxBytes));
      const count = Fs.readSync(this.#spool!, buffers.read, 0, room, spoolOffset);
      const done = this.#append(this.#take(buffers.read.subarray(0, count), false, buffers.written));
      // Without a wait that is not needed: the next unit of this turn would find no buffers, and make its own.
      if (done !== undefined) await done;
    } finally {
      loud = buffers;
    }
    this.#giveBack();
    // Everybody else has a turn before the next piece.
    await new Promise(setImmediate);
    return "more";
  }

  /** What of these bytes goes to the log, and as what; `into` is used where there is room. */
  #take(bytes: Buffer, isOver: boolean, into?: Buffer): Piece {
    const { part } = this.#at;
    const { format: form } = this.#file;
    if (form === "raw") {
      const taken = cutRaw(bytes, isOver, quietBytes);
      const all = bytes.subarray(0, taken);
      const own = this.#keeps === undefined ? all : filtered(this.#keeps, all);
      // The next run begins with a line of its own.
      const isOpen = isOver && own.length > 0 && own[own.length - 1] !== 0x0a;
      return { bytes: isOpen ? Buffer.concat([own, Buffer.from("\n")]) : own, taken, lines: taken > 0 ? 1 : 0, part: 0 };
    }
    const options = this.#formatOf(form);
    const blocks = cut(bytes, part, isOver);
    const header = { unit: this.unit, stream: this.place.stream, time: this.#world.now() };
    const out = new Gathered(into);
    for (const block of blocks) {
      const all = bytes.subarray(block.from, block.to);
      // A part of a line says too little to be judged.
      const own = this.#keeps === undefined || block.part !== undefined ? all : filtered(this.#keeps, all);
      if (own.length === 0) continue;
      const sequence = this.#sequence.next + out.lines;
      const partOf = block.part === undefined ? undefined : { part: block.part, last: block.last ?? false };
      format(options, own, { ...header, sequence }, partOf, out);
    }
    const last = blocks.at(-1);
    const isOpen = last !== undefined && last.part !== undefined && last.last === false;
    return {
      bytes: out.bytes,
      taken: last?.to ?? 0,
      lines: out.lines,
      part: isOpen ? last.part : last === undefined ? part : 0,
    };
  }

  #formatOf(form: FormatOptions["format"]): FormatOptions {
    const { parse, withHostname, withSequence } = this.#spec;
    const { prefix } = this.#file;
    return {
      format: form,
      ...(prefix === undefined ? {} : { prefix }),
      ...(withSequence === true ? { withSequence } : {}),
      ...(withHostname === true ? { metadata: { host: hostname() } } : {}),
      ...(parse === true ? { parse } : {}),
    };
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
    const told = droppedBytes > 0 ? this.#lossOf(droppedLines, droppedBytes) : undefined;
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

  /** The line that says what is not in the log. */
  #lossOf(lines: number, bytes: number): Buffer {
    const { format: form } = this.#file;
    const text = Buffer.from(`[hsu] ${lines} lines (${bytes} bytes) dropped here: more than could be taken over\n`);
    if (form === "raw") return text;
    const header = { unit: this.unit, stream: this.place.stream, time: this.#world.now(), sequence: this.#sequence.next };
    const line = new Gathered();
    format(this.#formatOf(form), text, header, undefined, line);
    return line.bytes;
  }

  /** Gives up the oldest, so that half of the bound is left; how much it was is kept with the checkpoint until the log says it. */
  async #drop(size: number): Promise<void> {
    const until = size - Math.floor(this.#spec.backlog.maxBytes / 2);
    const buffer = Buffer.allocUnsafeSlow(loudBytes);
    for (;;) {
      const { droppedBytes, droppedLines, spoolOffset } = this.#at;
      let at = spoolOffset;
      let lines = 0;
      while (at < until && at - spoolOffset < countedBytes) {
        const count = Fs.readSync(this.#spool!, buffer, 0, Math.min(loudBytes, until - at), at);
        const end = buffer.subarray(0, count).lastIndexOf(0x0a);
        // The line that crosses the bound is kept.
        if (end === -1 && count < loudBytes) break;
        const taken = end === -1 ? count : end + 1;
        if (taken === 0) break;
        lines += end === -1 ? 0 : linesIn(buffer.subarray(0, taken));
        at += taken;
      }
      if (at === spoolOffset) return;
      this.#writer.skip({ spoolOffset: at, part: 0, droppedLines: droppedLines + lines, droppedBytes: droppedBytes + at - spoolOffset });
      this.#giveBack();
      await new Promise(setImmediate);
    }
  }

  #giveBack(): void {
    const length = Math.floor(this.#writer.storedOffset / page) * page;
    const now = this.#world.now();
    const isOften = now - this.#punchedAt < punchMillis;
    if (this.#isPunching || length - this.#punched < (isOften ? this.#oftenBytes : punchBytes) || this.#spool === undefined) return;
    this.#isPunching = true;
    this.#punchedAt = now;
    const spool = this.#spool;
    void this.#world.punch(this.watchable!, length, isOften).then((oftenBytes) => {
      this.#isPunching = false;
      this.#oftenBytes = oftenBytes;
      if (this.#spool === spool) this.#punched = length;
    });
  }
}
