/**
 * Reads the log of one output: forward from a time, backward for the last lines, and what is added.
 */
import type { LogStream } from "../LogFiles.ts";
import type { LogFileSpec } from "../LogsSpec.ts";
import { LineSplitter, mostOf } from "../Lines.ts";
import type { Place } from "../collect/Place.ts";
import { countOf, entryAt, entryOfOffset, offsetAtTime } from "../collect/LogIndex.ts";
import type { Position } from "./LogPosition.ts";
import { isWanted, looksInside, type LogQuery } from "./Query.ts";
import { chunksOf, committedTo, indexOf, type Segment, segmentsOf } from "./Segments.ts";
import { parseStored } from "./Stored.ts";

export interface ReadLine {
  readonly stream: LogStream;
  /** Unix milliseconds; null: nobody knows. */
  readonly time: number | null;
  /** Of its part of the log, in the order of both outputs. */
  readonly order: number;
  readonly text: string;
}

export class OutputReader {
  readonly #place: Place;
  readonly #file: LogFileSpec;
  readonly #query: LogQuery;
  /** Where what is added begins. */
  #segment: number;
  #offset = 0;
  readonly #snapshot: ReadonlyArray<Segment>;
  #news: LineSplitter;
  /** Entries of its index that are behind. */
  #entries = 0;

  /** `after`: there is nothing but what was added behind that. */
  constructor(place: Place, file: LogFileSpec, query: LogQuery, after?: Position) {
    this.#place = place;
    this.#file = file;
    this.#query = query;
    this.#news = this.#splitter();
    if (after !== undefined) {
      this.#snapshot = [];
      // A log that was removed meanwhile has begun anew.
      const isThere = after.segment <= committedTo(place).segment;
      this.#segment = isThere ? after.segment : 1;
      this.#offset = isThere ? after.offset : 0;
      return;
    }
    this.#snapshot = segmentsOf(place);
    const current = this.#snapshot.at(-1);
    this.#segment = current?.number ?? 1;
    this.#offset = current?.size ?? 0;
  }

  /** All wanted lines that were there at the beginning, in order. */
  async *all(): AsyncGenerator<ReadonlyArray<ReadLine>> {
    const { since, until } = this.#query;
    const begins = this.#snapshot.map((segment) => this.#beginOf(segment));
    let first = 0;
    // Times are in order: the last file that begins early enough is the first one of interest.
    if (since !== undefined) for (let at = 1; at < begins.length && (begins[at] ?? Infinity) <= since; at++) first = at;
    for (let at = first; at < this.#snapshot.length; at++) {
      const begin = begins[at];
      if (until !== undefined && begin !== undefined && begin >= until) return;
      yield* this.#linesOf(this.#snapshot[at]!, at === first);
    }
  }

  /** The last `count` wanted ones: files are read from the last one backwards until there are enough. */
  async last(count: number): Promise<ReadonlyArray<ReadLine>> {
    let found: ReadonlyArray<ReadLine> = [];
    for (let at = this.#snapshot.length - 1; at >= 0 && found.length < count; at--) {
      const segment = this.#snapshot[at]!;
      const begin = this.#beginOf(segment);
      if (this.#query.until !== undefined && begin !== undefined && begin >= this.#query.until) continue;
      found = [...(await this.#lastOf(segment, count - found.length)), ...found];
      if (this.#query.since !== undefined && begin !== undefined && begin < this.#query.since) break;
    }
    return found;
  }

  /** Behind all lines that were there at the beginning and have been added. */
  position(): Position {
    return { segment: this.#segment, offset: this.#offset - this.#news.heldBytes };
  }

  /** Lines that have been added; none: that is all for now. */
  async news(): Promise<ReadonlyArray<ReadLine>> {
    // Asked first: what is complete by now is read to its end.
    const isComplete = committedTo(this.#place).segment > this.#segment;
    const segment = { number: this.#segment, path: isComplete ? "" : this.#place.log };
    const index = indexOf(this.#place, this.#segment, this.#entries);
    for await (const { at, bytes } of chunksOf(this.#place, segment, this.#offset)) {
      this.#offset = at + bytes.length;
      this.#entries += Math.max(0, entryOfOffset(index, this.#offset - 1));
      const lines = this.#split(bytes, at, index, this.#news);
      if (lines.length > 0) return lines;
    }
    if (!isComplete) return [];
    this.#segment += 1;
    this.#offset = 0;
    this.#entries = 0;
    this.#news = this.#splitter();
    return this.news();
  }

  #splitter(): LineSplitter {
    return new LineSplitter(mostOf(this.#file.format));
  }

  #beginOf({ number }: Segment): number | undefined {
    const index = indexOf(this.#place, number);
    return countOf(index) === 0 ? undefined : entryAt(index, 0).time;
  }

  async *#linesOf(segment: Segment, fromTime: boolean, from = 0): AsyncGenerator<ReadonlyArray<ReadLine>> {
    const index = indexOf(this.#place, segment.number);
    const { since, until } = this.#query;
    let start = from;
    if (fromTime && since !== undefined && countOf(index) > 0) {
      const found = offsetAtTime(index, since);
      // All before that; but lines of one moment share a time, so the entry before may hold some.
      const before = entryOfOffset(index, found === undefined ? Infinity : found - 1);
      start = before < 0 ? 0 : entryAt(index, before).offset;
    }
    const splitter = this.#splitter();
    for await (const { at, bytes } of chunksOf(this.#place, segment, start)) {
      const lines = this.#split(bytes, at, index, splitter);
      if (lines.length > 0) yield lines;
      const entry = until === undefined ? -1 : entryOfOffset(index, at);
      if (until !== undefined && entry >= 0 && entryAt(index, entry).time >= until) return;
    }
  }

  async #lastOf(segment: Segment, count: number): Promise<ReadonlyArray<ReadLine>> {
    const index = indexOf(this.#place, segment.number);
    // From an entry so far back that it may be enough; from further back when it was not.
    for (let entries = looksInside(this.#query) ? Infinity : 2; ; entries *= 8) {
      const at = countOf(index) - entries;
      const from = at <= 0 ? 0 : entryAt(index, at).offset;
      let found: Array<ReadLine> = [];
      for await (const lines of this.#linesOf(segment, false, from)) {
        found = found.concat(lines);
        if (found.length > count * 2) found = found.slice(-count);
      }
      if (found.length >= count || from === 0) return found.slice(-count);
    }
  }

  #split(bytes: Buffer, at: number, index: Buffer, splitter: LineSplitter): ReadonlyArray<ReadLine> {
    const lines: Array<ReadLine> = [];
    const count = countOf(index);
    const { stream } = this.#place;
    let entry = entryOfOffset(index, at);
    for (let from = 0; from < bytes.length;) {
      const known = entry < 0 ? undefined : entryAt(index, entry);
      const next = entry + 1 < count ? entryAt(index, entry + 1).offset - at : Infinity;
      const to = Math.min(bytes.length, next);
      for (const line of splitter.push(bytes.subarray(from, to))) {
        const { text, time = known?.time ?? null } = parseStored(this.#file, line);
        if (isWanted(this.#query, time, text)) lines.push({ stream, time, order: known?.sequence ?? 0, text });
      }
      from = to;
      if (to === next) entry += 1;
    }
    return lines;
  }
}
