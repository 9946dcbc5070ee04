/**
 * Reads the log of one output forward, over its files, as lines that know their place. What no killed master's successor takes back, and nothing else.
 */
import { statSync } from "node:fs";
import type { LogFileSpec } from "../LogsSpec.ts";
import { characterBefore, mostOf } from "../Lines.ts";
import { entryAt, entryOfOffset } from "../collect/LogIndex.ts";
import type { Place } from "../collect/Place.ts";
import { type Chunk, chunksOf, committedTo, indexOf, isThere } from "../read/Segments.ts";
import { parseStored } from "../read/Stored.ts";

export interface Spot {
  readonly segment: number;
  readonly offset: number;
}

export interface PlacedLine extends Spot {
  /** Unix milliseconds; null: nobody knows. */
  readonly time: number | null;
  readonly text: string;
}

/** Files that were removed before they were read: the first one from `offset` on. */
export interface Gap {
  readonly from: Spot;
  /** The first one that is there again. */
  readonly to: number;
}

export interface Lines {
  /** Before the lines; there are none then. */
  readonly gap?: Gap;
  readonly lines: ReadonlyArray<PlacedLine>;
  /** A bound was met, and there may be more. */
  readonly isFull?: true;
}

const newline = 0x0a;
const nothing = Buffer.alloc(0);

const identityOf = (path: string): string | undefined => {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? undefined : `${stats.ino} ${stats.birthtimeMs}`;
};

export class LineReader {
  readonly #place: Place;
  #file: LogFileSpec;
  #segment: number;
  /** Where the bytes that are held begin. */
  #offset: number;
  #held: Buffer = nothing;
  /** Of the file that is read. */
  #chunks: AsyncGenerator<Chunk> | undefined;
  /** It is complete: what is left at its end is a line. */
  #isComplete = false;
  /** How much of the one that is written has been seen, with the beginning of a line that is not whole yet. */
  #seen = 0;
  #identity: string | undefined;
  #index: Buffer = nothing;
  /** Entries of the index that are behind, and not read again. */
  #entries = 0;

  constructor(place: Place, file: LogFileSpec, from: Spot) {
    this.#place = place;
    this.#file = file;
    this.#segment = from.segment;
    this.#offset = from.offset;
  }

  /** Behind the last line that was read: a line begins there. */
  get spot(): Spot {
    return { segment: this.#segment, offset: this.#offset };
  }

  keep(file: LogFileSpec): void {
    this.#file = file;
  }

  /** The next lines; none: that is all for now. The bounds are met by whole lines, the second one perhaps by one too many. */
  async next(maxLines: number, maxBytes: number): Promise<Lines> {
    const lines: Array<PlacedLine> = [];
    let bytes = 0;
    for (;;) {
      const { offset, segment } = this.spot;
      this.#cut(lines, maxLines, maxBytes - bytes);
      if (segment === this.#segment) bytes += this.#offset - offset;
      if (lines.length >= maxLines || bytes >= maxBytes) return { lines, isFull: true };
      if (this.#chunks === undefined) {
        const opened = this.#open();
        if (opened === "nothing") return { lines };
        if (opened === "opened") continue;
        if (lines.length > 0) return { lines };
        this.#goTo(opened.to, 0);
        return { gap: opened, lines };
      }
      const { done, value } = await this.#chunks.next();
      if (done === true) this.#ended(lines);
      else this.#held = this.#held.length === 0 ? Buffer.from(value.bytes) : Buffer.concat([this.#held, value.bytes]);
    }
  }

  async close(): Promise<void> {
    const chunks = this.#chunks;
    this.#chunks = undefined;
    this.#held = nothing;
    await chunks?.return(undefined);
  }

  #goTo(segment: number, offset: number): void {
    this.#segment = segment;
    this.#offset = offset;
    this.#held = nothing;
    this.#entries = 0;
    this.#seen = 0;
    this.#identity = undefined;
  }

  #open(): "opened" | "nothing" | Gap {
    const now = committedTo(this.#place);
    // Made anew by somebody, with other numbers; or emptied: what is there is new.
    if (now.segment < this.#segment || (now.segment === this.#segment && now.bytes < this.#offset)) this.#goTo(now.segment, 0);
    const number = this.#segment;
    this.#isComplete = now.segment > number;
    const identity = this.#isComplete ? undefined : identityOf(this.#place.log);
    // Removed, and made again under the same number.
    if (identity !== undefined && this.#identity !== undefined && identity !== this.#identity) this.#goTo(number, 0);
    this.#identity = identity;
    if (this.#isComplete && !isThere(this.#place, number)) {
      let to = number + 1;
      while (to < now.segment && !isThere(this.#place, to)) to++;
      return { from: this.spot, to };
    }
    if (!this.#isComplete && now.bytes <= Math.max(this.#offset, this.#seen)) return "nothing";
    this.#index = indexOf(this.#place, number, this.#entries);
    const segment = this.#isComplete ? { number, path: "" } : { number, path: this.#place.log, size: now.bytes };
    this.#chunks = chunksOf(this.#place, segment, this.#offset);
    return "opened";
  }

  /** All of the file that was opened has been read. */
  #ended(lines: Array<PlacedLine>): void {
    this.#chunks = undefined;
    if (this.#isComplete) {
      if (this.#held.length > 0) lines.push(this.#lineOf(0, this.#held.length));
      this.#goTo(this.#segment + 1, 0);
    } else {
      this.#seen = this.#offset + this.#held.length;
      // Read again when it is whole.
      this.#held = nothing;
      this.#entries += Math.max(0, entryOfOffset(this.#index, this.#offset));
    }
    this.#index = nothing;
  }

  #cut(lines: Array<PlacedLine>, maxLines: number, maxBytes: number): void {
    const most = mostOf(this.#file.format);
    let at = 0;
    while (at < this.#held.length && lines.length < maxLines && at < maxBytes) {
      const end = this.#held.indexOf(newline, at);
      const length = (end === -1 ? this.#held.length : end) - at;
      if (end === -1 && length <= most) break;
      const to = length > most ? characterBefore(this.#held, at + most) : end;
      lines.push(this.#lineOf(at, to));
      at = to === end ? end + 1 : to;
    }
    this.#held = this.#held.subarray(at);
    this.#offset += at;
  }

  #lineOf(from: number, to: number): PlacedLine {
    const offset = this.#offset + from;
    const entry = entryOfOffset(this.#index, offset);
    const known = entry < 0 ? null : entryAt(this.#index, entry).time;
    const { text, time = known } = parseStored(this.#file, this.#held.toString("utf8", from, to));
    return { segment: this.#segment, offset, time, text };
  }
}
