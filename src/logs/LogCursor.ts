/**
 * A place in a log file that moves forward line by line, while others append to the file, empty it or put another one in its place.
 */
import * as Fs from "node:fs";
// A value import of it costs each start of a master memory, and most masters never read a log.
import type { FileHandle } from "node:fs/promises";
import { characterAfter, LineSplitter, maxLineBytes } from "./Lines.ts";

const blockBytes = 64 * 1024;

const orMissing = <A>(promise: Promise<A>): Promise<A | undefined> =>
  promise.catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });

/**
 * Where the last `lines` lines begin, read backwards in blocks. `holdPartial`: a last line without a newline is not one of them, but is
 * included. Never further back than those lines can be long, so a huge file without newlines is not read either.
 */
const startOfLast = async (file: FileHandle, size: number, lines: number, holdPartial: boolean): Promise<number> => {
  if (lines >= size) return 0; // every line has at least its newline
  const block = Buffer.alloc(blockBytes);
  const oldest = Math.max(0, size - (lines + 1) * maxLineBytes);
  let wanted = lines;
  for (let end = size; end > oldest; end = Math.max(oldest, end - blockBytes)) {
    const from = Math.max(oldest, end - blockBytes);
    const { bytesRead } = await file.read(block, 0, end - from, from);
    if (end === size && (holdPartial || block[bytesRead - 1] === 0x0a)) wanted++;
    if (wanted === 0) return size;
    for (let at = block.lastIndexOf(0x0a, bytesRead - 1); at >= 0; at = at === 0 ? -1 : block.lastIndexOf(0x0a, at - 1)) {
      if (--wanted === 0) return from + at + 1;
    }
    // Nothing to begin with but the middle of a line: at least at the beginning of a character.
    if (from === oldest && oldest > 0) return from + characterAfter(block.subarray(0, bytesRead), 0);
  }
  return 0;
};

/** One log file being read. A file that is missing is an empty one. Not for concurrent calls. */
export class LogCursor {
  readonly path: string;
  readonly #block = Buffer.alloc(blockBytes);
  readonly #lines = new LineSplitter();
  #file: FileHandle | undefined;
  #inode = 0n;
  #position = 0;
  #replaced = false;
  #closed = false;

  constructor(path: string) {
    this.path = path;
  }

  /** Goes to where the last `lines` lines begin, and returns the size that the file has now. See `startOfLast` for `holdPartial`. */
  async seekToLast(lines: number, holdPartial: boolean): Promise<number> {
    await this.#open();
    if (this.#file === undefined) return 0;
    const { size } = await this.#file.stat();
    this.#position = await startOfLast(this.#file, size, lines, holdPartial);
    return size;
  }

  /** The lines of the next block that ends at `limit` at the latest; perhaps none, when it completes none. Undefined at the end of the file. */
  async next(limit = Infinity): Promise<ReadonlyArray<string> | undefined> {
    if (this.#file === undefined) await this.#open();
    if (this.#file === undefined) return undefined;
    const length = Math.min(blockBytes, limit - this.#position);
    if (length <= 0) return undefined;
    const { bytesRead } = await this.#file.read(this.#block, 0, length, this.#position);
    this.#position += bytesRead;
    if (bytesRead > 0) return this.#lines.push(this.#block.subarray(0, bytesRead));
    if (this.#replaced) return this.#leave();
    if ((await this.#file.stat()).size >= this.#position) return undefined;
    // Somebody emptied it: what comes is new, and what was held will not be completed.
    this.#position = 0;
    return this.#lines.flush();
  }

  /**
   * At the end of a file: whether another one has taken its place. If so, the old one is first read to its end again (something may have been
   * written in between), then the new one from its beginning.
   */
  async replaced(): Promise<boolean> {
    const now = await orMissing(Fs.promises.stat(this.path, { bigint: true }));
    return (this.#replaced = this.#file !== undefined && now !== undefined && now.ino !== this.#inode);
  }

  /** The last line, when it has no newline yet. */
  rest(): ReadonlyArray<string> {
    return this.#lines.flush();
  }

  /** For good, also when a call that was under way has yet to open the file. */
  async close(): Promise<void> {
    this.#closed = true;
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  /** The next read opens what is at the path now. */
  async #leave(): Promise<ReadonlyArray<string>> {
    const old = this.#file;
    this.#file = undefined;
    this.#replaced = false;
    await old?.close();
    return this.#lines.flush();
  }

  async #open(): Promise<void> {
    const file = await orMissing(Fs.promises.open(this.path, "r"));
    if (file === undefined) return;
    this.#inode = (await file.stat({ bigint: true })).ino;
    this.#position = 0;
    if (this.#closed) await file.close();
    else this.#file = file;
  }
}
