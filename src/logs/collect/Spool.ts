/**
 * The file that a unit writes to during one run, as it is read here, and given back to the disk behind what has been taken over.
 */
import * as Fs from "node:fs";
import { pathOfDescriptor } from "../../platform/index.ts";
import { linesIn } from "./Format.ts";
import { makeFolder } from "../../platform/Folder.ts";

/**
 * So much is given back to the disk at once, and of a loud unit, of which it was a moment ago, more: a program is started for it, and the unit cannot
 * write meanwhile. (Each 4 MiB took 0.5 s more of CPU for a GiB of lines, and a unit that writes line by line came to a third of its speed.)
 */
const punchBytes = 16 * 1024 * 1024;
const loudPunchBytes = 64 * 1024 * 1024;
const punchMillis = 2000;
const page = 4096;
/** So much is counted in one turn of the loop when it is given up. */
const countedBytes = 4 * 1024 * 1024;
const pieceBytes = 512 * 1024;

/** Gives the disk back what is before `length`. */
export type Punch = (path: string, length: number) => Promise<void>;

export class Spool {
  #fd: number | undefined;
  #punched = 0;
  #punchedAt = 0;
  #isPunching = false;

  get isOpen(): boolean {
    return this.#fd !== undefined;
  }

  get size(): number {
    return Fs.fstatSync(this.#fd!).size;
  }

  /** It is there by its name, and nobody has written to it. */
  get isUntouched(): boolean {
    if (this.#fd === undefined) return false;
    const { nlink, size } = Fs.fstatSync(this.#fd);
    return nlink > 0 && size === 0;
  }

  /** False where it is not there. */
  open(path: string): boolean {
    if (this.#fd !== undefined) return true;
    try {
      this.#fd = Fs.openSync(path, "r+");
      this.#punched = 0;
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
      throw error;
    }
  }

  /** Makes one. `isNext`: it is the one that is read from now on. Kept open: also when it is removed while the unit runs, it can be read. */
  make(path: string, folder: string, isNext: boolean): void {
    const flags = Fs.constants.O_RDWR | Fs.constants.O_CREAT;
    const opened = (): number => Fs.openSync(path, flags, 0o600);
    let fd: number;
    this.#punched = 0;
    try {
      fd = opened();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      makeFolder(folder, 0o700);
      fd = opened();
    }
    if (isNext && this.#fd === undefined) this.#fd = fd;
    else Fs.closeSync(fd);
  }

  close(): void {
    if (this.#fd !== undefined) Fs.closeSync(this.#fd);
    this.#fd = undefined;
  }

  read(into: Buffer, length: number, at: number): number {
    return Fs.readSync(this.#fd!, into, 0, length, at);
  }

  /** A path that leads to it, whatever has become of its name. */
  watchable(name: string): string | undefined {
    return this.#fd === undefined ? undefined : pathOfDescriptor(this.#fd, name);
  }

  /** What lies from here on that may be given up, so much as is counted in one turn: where it ends, and how many lines. The line that crosses `until` is kept. */
  skimmed(from: number, until: number): { readonly at: number; readonly lines: number } {
    const buffer = Buffer.allocUnsafeSlow(Math.min(pieceBytes, Math.max(0, until - from)));
    let [at, lines] = [from, 0];
    while (at < until && at - from < countedBytes) {
      const count = this.read(buffer, Math.min(buffer.length, until - at), at);
      const end = buffer.subarray(0, count).lastIndexOf(0x0a);
      if (end === -1 && count < pieceBytes) break;
      const taken = end === -1 ? count : end + 1;
      lines += end === -1 ? 0 : linesIn(buffer.subarray(0, taken));
      at += taken;
    }
    return { at, lines };
  }

  /** All before `offset` is in the log for good. */
  giveBack(offset: number, name: string, now: number, punch: Punch): void {
    const length = Math.floor(offset / page) * page;
    const worth = now - this.#punchedAt < punchMillis ? loudPunchBytes : punchBytes;
    if (this.#isPunching || length - this.#punched < worth || this.#fd === undefined) return;
    this.#isPunching = true;
    this.#punchedAt = now;
    const spool = this.#fd;
    void punch(this.watchable(name)!, length).then(() => {
      this.#isPunching = false;
      if (this.#fd === spool) this.#punched = length;
    });
  }
}
