/**
 * Bytes to lines, however they were cut into chunks.
 */

/** A longer line comes in parts of at most this many bytes. */
export const maxLineBytes = 64 * 1024;

/** So long a line of a log may be that is not kept as it was: JSON writes some bytes as six, and there is what stands around it. */
const maxStoredBytes = 8 * maxLineBytes;

/** Of a log in this format: a longer line comes in parts. */
export const mostOf = (format: string): number => (format === "raw" ? maxLineBytes : maxStoredBytes);

const newline = 0x0a;
const continues = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

/** The first place at or after `from` where a character can begin; `from` itself when the bytes are no UTF-8. */
export const characterAfter = (bytes: Uint8Array, from: number): number => {
  for (let at = from; at < from + 4; at++) if (!continues(bytes[at])) return at;
  return from;
};

/** The last place at or before `end` where a character begins; `end` itself when the bytes are no UTF-8. */
export const characterBefore = (bytes: Uint8Array, end: number): number => {
  for (let at = end; at > end - 4; at--) if (!continues(bytes[at])) return at;
  return end;
};

/** Keeps what follows the last newline until the rest of that line comes. Bytes that are no UTF-8 become U+FFFD. */
export class LineSplitter {
  readonly #most: number;
  #held: Buffer = Buffer.alloc(0);

  constructor(most = maxLineBytes) {
    this.#most = most;
  }

  /** The lines that this chunk completes, without their newlines. */
  push(chunk: Uint8Array): Array<string> {
    const lines: Array<string> = [];
    const bytes = Buffer.concat([this.#held, chunk]);
    let from = 0;
    for (;;) {
      const end = bytes.indexOf(newline, from);
      const stop = end === -1 ? bytes.length : end;
      while (stop - from > this.#most) {
        const cut = characterBefore(bytes, from + this.#most);
        lines.push(bytes.toString("utf8", from, cut));
        from = cut;
      }
      if (end === -1) break;
      lines.push(bytes.toString("utf8", from, end));
      from = end + 1;
    }
    this.#held = bytes.subarray(from);
    return lines;
  }

  get heldBytes(): number {
    return this.#held.length;
  }

  /** What is held, as a line without an end; nothing when the last line was complete. Holds nothing afterwards. */
  flush(): Array<string> {
    const rest = this.#held;
    this.#held = Buffer.alloc(0);
    return rest.length === 0 ? [] : [rest.toString("utf8")];
  }
}
