/**
 * Memory that loud units' output is read into and put together in, for all of them: not made anew each time, as new memory costs more than the work.
 */
import { Framing } from "./Framing.ts";

export interface Room {
  readonly read: Buffer;
  readonly written: Buffer;
  /** Whose memory it is; undefined: it is of no use, or there is none. */
  readonly framing: Framing | undefined;
}

export const loudBytes = 512 * 1024;
const writtenBytes = loudBytes * 3;

/** One that is not in use. */
let idle: Room | undefined;
let cannot = false;

const made = (frames: boolean): Room => {
  if (frames && !cannot) {
    try {
      const framing = new Framing(loudBytes, writtenBytes);
      return { read: framing.read, written: framing.written, framing };
    } catch {
      // No WebAssembly here, or no address space for it: the same is done without.
      cannot = true;
    }
  }
  return { read: Buffer.allocUnsafeSlow(loudBytes), written: Buffer.allocUnsafeSlow(writtenBytes), framing: undefined };
};

/** `frames`: something is to stand around each line. */
export const lend = (frames: boolean): Room => {
  const room = idle !== undefined && (!frames || cannot || idle.framing !== undefined) ? idle : made(frames);
  idle = undefined;
  return room;
};

export const giveBack = (room: Room): void => {
  if (idle?.framing === undefined) idle = room;
};
