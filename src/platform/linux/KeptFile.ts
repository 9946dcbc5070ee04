/**
 * Small files of the kernel that are read again and again, and the numbers in them, without a text in between: what is thrown away has to be collected, and
 * that wakes more threads up than the reading.
 *
 * A file that is kept open costs a third of one that is opened for each look, and one of a process that has ended says ESRCH for ever: a stranger with the
 * same pid is never read.
 */
import { closeSync, openSync, readFileSync, readSync } from "node:fs";

/** What was read last, by whichever file. */
export const bytes = Buffer.allocUnsafe(16_384);

/** Descriptors that all keep open together; beyond that files are opened for each look. */
let kept = 0;
let keepable: number | undefined;
const mayKeep = (): boolean => {
  keepable ??= Math.min(
    6000,
    Math.floor(Number(/Max open files\s+(\d+)/.exec(readFileSync("/proc/self/limits", "latin1"))?.[1] ?? 1024) / 3),
  );
  return kept < keepable;
};

export class KeptFile {
  readonly #path: string;
  #file: number | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** How much of it is in `bytes` now; -1 when it cannot be read any more, or may not be. */
  read(): number {
    let file: number | undefined;
    try {
      file = this.#file ?? openSync(this.#path, "r");
      const length = readSync(file, bytes, 0, bytes.length, 0);
      if (this.#file === undefined && mayKeep()) {
        this.#file = file;
        kept++;
      }
      return length;
    } catch {
      // It has ended, or is somebody else's: both are no reading.
      return -1;
    } finally {
      if (file !== undefined && file !== this.#file) closeSync(file);
    }
  }

  close(): void {
    if (this.#file === undefined) return;
    closeSync(this.#file);
    this.#file = undefined;
    kept--;
  }
}

const [zero, nine, minus] = [48, 57, 45];
const isDigit = (byte: number): boolean => byte >= zero && byte <= nine;

/** The first whole number from there on. */
const numberFrom = (start: number, length: number): number => {
  let at = start;
  while (at < length && !isDigit(bytes[at]!)) at++;
  let number = 0;
  for (; at < length && isDigit(bytes[at]!); at++) number = number * 10 + bytes[at]! - zero;
  return number;
};

/** The number behind a name, as in `VmSwap:   12 kB`; null where there is no such name. */
export const numberBehind = (name: Buffer, length: number): number | null => {
  const at = bytes.indexOf(name);
  // Behind what was read last is what was read before.
  return at === -1 || at + name.length > length ? null : numberFrom(at + name.length, length);
};

/** Adds a number a line. */
export const numbersInto = (list: Array<number>, length: number): void => {
  for (let at = 0; at < length;) {
    const end = bytes.indexOf(10, at);
    const stop = end === -1 || end > length ? length : end;
    if (stop > at) list.push(numberFrom(at, stop));
    at = stop + 1;
  }
};

/** Reads the fields of one line of `/proc/PID/stat`, counted as the manual does; false where it is none. The third is the code of a letter. */
export const fieldsInto = (fields: Float64Array, length: number): boolean => {
  // The command in it may hold blanks and brackets.
  let at = bytes.lastIndexOf(41, length - 1) + 2;
  if (at < 2) return false;
  fields[3] = bytes[at]!;
  at += 2;
  for (let field = 4; field < fields.length && at < length; field++) {
    const negative = bytes[at] === minus;
    if (negative) at++;
    let number = 0;
    for (; at < length && isDigit(bytes[at]!); at++) number = number * 10 + bytes[at]! - zero;
    fields[field] = negative ? -number : number;
    at++;
  }
  return true;
};
