/**
 * The files of the audit log: appended to, never changed. What is written stays also when the master is killed in the middle of a line.
 */
import { closeSync, fstatSync, openSync, readdirSync, readSync, renameSync, statSync, unlinkSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { AuditHead, AuditRecord } from "../../protocol/Audit.ts";
import { digestOf, genesis, type Line, open, seal, textOf } from "./Chain.ts";
import { makeFolder } from "../../platform/Folder.ts";

export interface Rotation {
  /** A file that is longer is put aside. */
  readonly maxBytes: number;
  /** So many are kept, with the one that is written to. */
  readonly maxFiles: number;
}

/** All files of the log, the oldest first; those that were put aside carry the number of their last record. */
export const filesOf = (path: string): ReadonlyArray<string> => {
  const [folder, name] = [dirname(path), basename(path)];
  let all: ReadonlyArray<string> = [];
  try {
    all = readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const aside = all.flatMap((file) => {
    const number = file.startsWith(`${name}.`) ? /^\d+$/.exec(file.slice(name.length + 1))?.[0] : undefined;
    return number === undefined ? [] : [{ file, number: Number(number) }];
  });
  const old = aside.sort((a, b) => a.number - b.number).map(({ file }) => join(folder, file));
  return all.includes(name) ? [...old, path] : old;
};

const chunkBytes = 64 * 1024;
/** No line of ours is longer; what is, is none. */
const longestLine = 1024 * 1024;

/** Each line from this byte on, in bounded memory. */
export const linesOf = function* (file: string, from = 0): Generator<Line> {
  const fd = openSync(file, "r");
  try {
    const chunk = Buffer.allocUnsafe(chunkBytes);
    let rest = Buffer.alloc(0);
    let line = 0;
    for (let at = from; ;) {
      const read = readSync(fd, chunk, 0, chunkBytes, at);
      if (read === 0) break;
      at += read;
      let data = Buffer.concat([rest, chunk.subarray(0, read)]);
      for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10)) {
        yield { file, line: ++line, bytes: data.subarray(0, end), isOpen: false };
        data = data.subarray(end + 1);
      }
      if (data.length > longestLine) {
        yield { file, line: ++line, bytes: data, isOpen: false };
        data = Buffer.alloc(0);
      }
      rest = data;
    }
    if (rest.length > 0) yield { file, line: line + 1, bytes: rest, isOpen: true };
  } finally {
    closeSync(fd);
  }
};

interface Tail {
  readonly head: AuditHead;
  /** What comes after it, and is no record. */
  readonly rest: ReadonlyArray<Line>;
  /** The last line has no newline. */
  readonly isOpen: boolean;
}

/** The last record of a file; undefined: it has none. */
const tailOf = (file: string, from: number): Tail | undefined => {
  let head: AuditHead | undefined;
  let rest: Array<Line> = [];
  let isOpen = false;
  for (const line of linesOf(file, from)) {
    isOpen = line.isOpen;
    const entry = open(textOf(line));
    if (entry === undefined) rest.push(line);
    else [head, rest] = [{ seq: entry.seq, hash: entry.hash }, []];
  }
  // Somewhere in the middle of a line, and perhaps of one that is longer than what was read.
  if (head === undefined && from > 0) return tailOf(file, 0);
  return head === undefined && rest.length === 0 ? undefined : { head: head ?? genesis, rest, isOpen };
};

const lastBytes = 64 * 1024;
const endOf = (file: string): Tail | undefined => tailOf(file, Math.max(0, statSync(file).size - lastBytes));

export class AuditFile {
  readonly path: string;
  readonly #rotation: Rotation;
  readonly #known: () => AuditHead | null;
  readonly #remember: (head: AuditHead) => void;
  #fd: number | undefined;
  #size = 0;
  #head: AuditHead = genesis;
  /** A line that could not be written to its end: the next one begins anew. */
  #torn: AuditRecord["torn"];
  #missing: { readonly from: number; readonly to: number } | undefined;

  constructor(options: {
    readonly path: string;
    readonly rotation: Rotation;
    /** What the state says is the last record. */
    readonly known: () => AuditHead | null;
    readonly remember: (head: AuditHead) => void;
  }) {
    this.path = options.path;
    this.#rotation = options.rotation;
    this.#known = options.known;
    this.#remember = options.remember;
  }

  /** Opens it where it is not, and says what was found amiss. Throws as the file system does. */
  #open(): number {
    if (this.#fd !== undefined) return this.#fd;
    makeFolder(dirname(this.path), 0o700);
    // The last file has no record where a master was killed right after a rotation.
    let end: Tail | undefined;
    let last: Tail | undefined;
    for (const file of [...filesOf(this.path)].reverse()) {
      end = endOf(file);
      if (file === this.path) last = end;
      if (end !== undefined && end.head.seq > 0) break;
    }
    const head = end?.head ?? genesis;
    const known = this.#known();
    // What is gone stays gone, and is told: the chain goes on from the record that was the last.
    const isCut = known !== null && known.seq > head.seq;
    const fd = openSync(this.path, "a", 0o600);
    try {
      this.#size = fstatSync(fd).size;
      if (last?.isOpen === true) this.#size += writeSync(fd, "\n");
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    this.#missing = isCut ? { from: head.seq + 1, to: known.seq } : undefined;
    this.#head = isCut ? known : known?.first === undefined ? head : { ...head, first: known.first };
    this.#torn = last === undefined || last.rest.length === 0 ? undefined : digestOf(last.rest);
    return (this.#fd = fd);
  }

  /** Appends a record. Throws when it cannot; what was written of it then is told with the next one that can. */
  append(record: Omit<AuditRecord, "seq" | "prev">): number {
    const fd = this.#open();
    const [torn, missing] = [this.#torn, this.#missing];
    const { head, line } = seal({
      seq: this.#head.seq + 1,
      prev: this.#head.hash,
      ...record,
      ...(torn === undefined ? {} : { torn }),
      ...(missing === undefined ? {} : { missing }),
    });
    const bytes = Buffer.from(line);
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(fd, bytes, written);
    } catch (error) {
      // A part of it is there: it is closed with the next open, which marks it.
      if (written > 0) this.close();
      throw error;
    }
    this.#size += written;
    this.#torn = undefined;
    this.#missing = undefined;
    const { first } = this.#head;
    this.#head = first === undefined ? head : { ...head, first };
    this.#keep();
    if (this.#size >= this.#rotation.maxBytes) this.#rotate();
    return head.seq;
  }

  /** The chain goes on in another file. */
  #rotate(): void {
    const aside = `${this.path}.${this.#head.seq}`;
    try {
      renameSync(this.path, aside);
    } catch {
      return; // It goes on in this one, which is tried again with the next record.
    }
    this.close();
    const old = filesOf(this.path).filter((file) => file !== this.path);
    for (const file of old.slice(0, Math.max(0, old.length - (this.#rotation.maxFiles - 1)))) {
      try {
        unlinkSync(file);
      } catch {
        return; // With the next rotation, then.
      }
      this.#head = { ...this.#head, first: Number(file.slice(this.path.length + 1)) + 1 };
    }
    this.#keep();
  }

  #keep(): void {
    this.#remember({ ...this.#head, file: this.path });
  }

  close(): void {
    if (this.#fd === undefined) return;
    closeSync(this.#fd);
    this.#fd = undefined;
  }
}
