/**
 * What of the bytes that a unit has written goes to its log, and as what.
 */
import { hostname } from "node:os";
import { maxLineBytes } from "../Lines.ts";
import type { LogStream } from "../LogFiles.ts";
import type { LogFileSpec, LogsSpec } from "../LogsSpec.ts";
import { cut, cutRaw } from "./Cut.ts";
import { type Filter, filtered, filterOf } from "./Filter.ts";
import { format, type Options as FormatOptions } from "./Format.ts";
import { Gathered } from "./Gathered.ts";
import type { Room } from "./Rooms.ts";

/** More than the longest line, so that a piece that is as large as this has something to be taken over. */
export const quietBytes = maxLineBytes + 4096;

export interface Piece {
  readonly bytes: Buffer;
  /** Of what was read. */
  readonly taken: number;
  readonly lines: number;
  /** Of an over-long line whose rest is still to come: how many parts of it have been taken over. */
  readonly part: number;
}

/** When it was read, and the number of its first line. */
interface Mark {
  readonly time: number;
  readonly sequence: number;
}

export class Pieces {
  readonly #unit: string;
  readonly #stream: LogStream;
  readonly #spec: LogsSpec;
  readonly #keeps: Filter | undefined;

  constructor(unit: string, stream: LogStream, spec: LogsSpec) {
    this.#unit = unit;
    this.#stream = stream;
    this.#spec = spec;
    this.#keeps = spec.filters === undefined ? undefined : filterOf(spec.filters);
  }

  get #file(): LogFileSpec {
    return this.#spec[this.#stream];
  }

  /** `part`: so many parts of the first line are there already. `isOver`: what is no whole line is one all the same. `room` is used as far as it goes. */
  of(bytes: Buffer, part: number, isOver: boolean, mark: Mark, room?: Room): Piece {
    const { format: form } = this.#file;
    if (form === "raw") return this.#raw(bytes, isOver);
    const options = this.#formatOf(form);
    const blocks = cut(bytes, part, isOver);
    const header = { unit: this.#unit, stream: this.#stream, time: mark.time };
    const out = new Gathered(room?.written, room?.framing);
    for (const block of blocks) {
      const all = bytes.subarray(block.from, block.to);
      // A part of a line says too little to be judged.
      const own = this.#keeps === undefined || block.part !== undefined ? all : filtered(this.#keeps, all);
      if (own.length === 0) continue;
      const sequence = mark.sequence + out.lines;
      const partOf = block.part === undefined ? undefined : { part: block.part, last: block.last ?? false };
      format(options, own, { ...header, sequence }, partOf, out);
    }
    const last = blocks.at(-1);
    const isOpen = last !== undefined && last.part !== undefined && last.last === false;
    return { bytes: out.bytes, taken: last?.to ?? 0, lines: out.lines, part: isOpen ? last.part : last === undefined ? part : 0 };
  }

  #raw(bytes: Buffer, isOver: boolean): Piece {
    const taken = cutRaw(bytes, isOver, quietBytes);
    const all = bytes.subarray(0, taken);
    const own = this.#keeps === undefined ? all : filtered(this.#keeps, all);
    // The next run begins with a line of its own.
    const isOpen = isOver && own.length > 0 && own[own.length - 1] !== 0x0a;
    return { bytes: isOpen ? Buffer.concat([own, Buffer.from("\n")]) : own, taken, lines: taken > 0 ? 1 : 0, part: 0 };
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

  /** The line that says what is not in the log. */
  lossOf(lines: number, bytes: number, mark: Mark): Buffer {
    const { format: form } = this.#file;
    const text = Buffer.from(`[hsu] ${lines} lines (${bytes} bytes) dropped here: more than could be taken over\n`);
    if (form === "raw") return text;
    const line = new Gathered();
    format(this.#formatOf(form), text, { unit: this.#unit, stream: this.#stream, ...mark }, undefined, line);
    return line.bytes;
  }
}
