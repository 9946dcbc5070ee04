/**
 * Writes to a file of which this process is the only writer.
 */
import * as Fs from "node:fs";

/**
 * For a larger write the kernel takes large blocks of memory, which it has to find and make ready; for one like this, those that the spool has just
 * given back. In a virtual machine that is 1 to 2 s of system time less for a GiB.
 */
const pieceBytes = 64 * 1024;
/** A write into memory takes some microseconds; whoever takes so long waits for the disk, or for a processor. */
const slowMillis = 20;
/** So long the disk is not waited for again; twice as long when it was slow again soon after. */
const firstAwayMillis = 25;
const maxAwayMillis = 1000;

let slowUntil = 0;
let awayMillis = firstAwayMillis;

const took = (begun: number, ended: number): void => {
  if (ended - begun <= slowMillis) return;
  awayMillis = ended - slowUntil > maxAwayMillis ? firstAwayMillis : Math.min(maxAwayMillis, awayMillis * 2);
  slowUntil = ended + awayMillis;
};

/** A write may be a short one; the next one then says why. */
export const writeFully = (fd: number, bytes: Buffer, position: number): void => {
  for (let done = 0; done < bytes.length;) done += Fs.writeSync(fd, bytes, done, bytes.length - done, position + done);
};

const writeLater = (fd: number, bytes: Buffer, position: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const from = (done: number): void => {
      const begun = performance.now();
      Fs.write(fd, bytes, done, Math.min(pieceBytes, bytes.length - done), position + done, (error, written) => {
        took(begun, performance.now());
        if (error !== null) reject(error);
        else if (done + written < bytes.length) from(done + written);
        else resolve();
      });
    };
    from(0);
  });

/**
 * Writes more than a little: at once while that goes into memory, as to ask a thread takes longer than to do it, and by a thread while the disk is
 * behind, as the loop must not wait for it. A promise: bytes must not change until it is done.
 */
export const writeMuch = (fd: number, bytes: Buffer, position: number): Promise<void> | undefined => {
  for (let done = 0; done < bytes.length;) {
    const begun = performance.now();
    if (begun < slowUntil) return writeLater(fd, bytes.subarray(done), position + done);
    done += Fs.writeSync(fd, bytes, done, Math.min(pieceBytes, bytes.length - done), position + done);
    took(begun, performance.now());
  }
  return undefined;
};
