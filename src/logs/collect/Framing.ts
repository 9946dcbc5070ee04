/**
 * What a loud unit writes is put between what stands around its lines by WebAssembly, 16 bytes at a time: three calls of Node for each line were half of the
 * processor's time that a GiB took. It reads and writes memory of its own, which files are read into and written from. Where there is none of it, or
 * where a block is none for it, `Gathered` does the same.
 */
import type { Frame } from "./Gathered.ts";

/** Instructions, by their codes. */
const [block, loop, iff, end, branch, branchIf] = [0x02, 0x03, 0x04, 0x0b, 0x0c, 0x0d];
const [get, set, tee, constant, load8, store8] = [0x20, 0x21, 0x22, 0x41, 0x2d, 0x3a];
const [isZero, ltU, geU, gtU, ctz, add, sub] = [0x45, 0x49, 0x4f, 0x4b, 0x68, 0x6a, 0x6b];
const [load16, store16, splat, eq, bitmask] = [
  [0xfd, 0x00, 0, 0],
  [0xfd, 0x0b, 0, 0],
  [0xfd, 0x0f],
  [0xfd, 0x23],
  [0xfd, 0x64],
] as const;
const [nothing, i32, v128, giveUp] = [0x40, 0x7f, 0x7b, 0x0f];

/** The parameters: a block that ends with a newline, where to and how far, what is between two lines, and its last digit, or 0. */
const [from, to, out, limit, joint, length, digit] = [0, 1, 2, 3, 4, 5, 6];
const [bytes, number] = [7, 8];

// prettier-ignore
const body: ReadonlyArray<number> = [
  block, nothing, loop, nothing,
    get, from, get, to, geU, branchIf, 1,
    // No room: nothing of it is used.
    get, out, get, limit, gtU, iff, nothing, constant, 0, giveUp, end,
    // 16 bytes as they are: what is behind a newline is written over.
    get, out, get, from, ...load16, tee, bytes, ...store16,
    get, bytes, constant, 10, ...splat, ...eq, ...bitmask, tee, number, isZero,
    iff, nothing,
      get, from, constant, 16, add, set, from,
      get, out, constant, 16, add, set, out,
      branch, 1,
    end,
    // Up to the newline; then the joint.
    get, number, ctz, tee, number, get, out, add, set, out,
    get, from, get, number, add, constant, 1, add, set, from,
    constant, 0, set, number,
    loop, nothing,
      get, out, get, number, add, get, joint, get, number, add, ...load16, ...store16,
      get, number, constant, 16, add, tee, number, get, length, ltU, branchIf, 0,
    end,
    get, out, get, length, add, set, out,
    // The next line's number, as an odometer counts: nines become zeros, and the digit before them one more.
    get, digit, isZero, branchIf, 0,
    get, digit, set, number,
    block, nothing, loop, nothing,
      get, number, load8, 0, 0, constant, 57, ltU,
      iff, nothing, get, number, get, number, load8, 0, 0, constant, 1, add, store8, 0, 0, branch, 2, end,
      get, number, constant, 48, store8, 0, 0,
      get, number, constant, 1, sub, set, number, branch, 0,
    end, end,
    branch, 0,
  end, end,
  get, out, end,
];

const page = 64 * 1024;

const leb = (value: number): ReadonlyArray<number> => (value < 128 ? [value] : [(value & 127) | 128, ...leb(value >>> 7)]);
const section = (id: number, content: ReadonlyArray<number>): ReadonlyArray<number> => [id, ...leb(content.length), ...content];

/** A module of this one function and its memory. */
const moduleOf = (pages: number): Uint8Array<ArrayBuffer> => {
  const code = [2, 1, v128, 1, i32, ...body];
  return Uint8Array.from([
    0,
    ...Buffer.from("asm"),
    1,
    0,
    0,
    0,
    ...section(1, [1, 0x60, 7, i32, i32, i32, i32, i32, i32, i32, 1, i32]),
    ...section(3, [1, 0]),
    ...section(5, [1, 1, ...leb(pages), ...leb(pages)]),
    ...section(7, [2, 1, "m".charCodeAt(0), 2, 0, 1, "f".charCodeAt(0), 0, 0]),
    ...section(10, [1, ...leb(code.length), ...code]),
  ]);
};

type Framed = (from: number, to: number, out: number, limit: number, joint: number, length: number, digit: number) => number;

/** As much of it as is used here: this compiler's libraries do not have it. */
interface Engine {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: { readonly m: { readonly buffer: ArrayBuffer }; readonly f: Framed } };
}

/** Loads and stores reach so far behind what they are for. */
const slack = 16;

export class Framing {
  readonly #memory: ArrayBuffer;
  readonly #joint: Buffer;
  readonly #framed: Framed;
  /** Where a block is to be, and where its lines go. */
  readonly read: Buffer;
  readonly written: Buffer;

  /** With room for so many bytes. Throws where there is no WebAssembly, or none of 128 bits. */
  constructor(readBytes: number, writtenBytes: number) {
    const { Instance, Module } = (globalThis as unknown as { readonly WebAssembly: Engine }).WebAssembly;
    const { f, m } = new Instance(new Module(moduleOf(Math.ceil((readBytes + writtenBytes) / page) + 2))).exports;
    this.#memory = m.buffer;
    this.#framed = f;
    // The joint is behind all of it, with a page to spare.
    this.read = Buffer.from(this.#memory, page, readBytes);
    this.written = Buffer.from(this.#memory, page + readBytes + slack, writtenBytes);
    this.#joint = Buffer.from(this.#memory, 0, page);
  }

  /**
   * Each line of a block in `read`, with what stands around it, from `at` of `written` on. Where it ends there; undefined where it has not been done: it is
   * not in `read`, does not end with a newline, has no room, or its numbers may get longer.
   */
  framed(
    block: Buffer,
    { after, before, behind, number }: Frame,
    into: Buffer,
    at: number,
  ): { readonly end: number; readonly lines: number } | undefined {
    if (block.buffer !== this.#memory || into.buffer !== this.#memory || block.at(-1) !== 0x0a) return undefined;
    const digits = number === undefined ? "" : String(number);
    // Each byte may be a line.
    if (number !== undefined && String(number + block.length).length > digits.length) return undefined;
    const [head, joint] = [before.length + digits.length + after.length, `${behind}${before}${digits}${after}`];
    if (joint.length < 2 || joint.length > page - slack || at + head > into.length) return undefined;
    this.#joint.write(joint, 0, "latin1");
    into.write(joint.slice(behind.length), at, "latin1");
    const last = number === undefined ? 0 : behind.length + before.length + digits.length - 1;
    if (number !== undefined) this.#count(last);
    const from = block.byteOffset;
    const limit = into.byteOffset + into.length - joint.length - 2 * slack;
    const end = this.#framed(from, from + block.length, into.byteOffset + at + head, limit, 0, joint.length, last) - into.byteOffset;
    if (end < 0) return undefined;
    // A joint for each newline; what is in front of the line behind the last one is not for it.
    return { end: end - head, lines: (end - at - head - block.length) / (joint.length - 1) };
  }

  /** The first joint is in front of the second line. */
  #count(digit: number): void {
    for (let at = digit; ; at--) {
      if (this.#joint[at] !== 0x39) return void (this.#joint[at]! += 1);
      this.#joint[at] = 0x30;
    }
  }
}
