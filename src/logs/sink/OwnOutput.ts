/**
 * The master's own standard output or error. Node writes to a pipe in one go and would wait for a reader that has stopped: so it is opened anew, in a way that
 * never waits.
 */
import * as Fs from "node:fs";
import { pathOfDescriptor } from "../../platform/index.ts";
import type { LogSink } from "./LogSink.ts";
import type { Destination } from "./TargetSpec.ts";

const [firstWaitMillis, mostWaitMillis] = [10, 500];
/** Of a pipe: it takes so much as a whole or not at all, and what the master itself has to say comes between lines. */
const atomicBytes = 4096;
const { O_APPEND, O_NONBLOCK, O_WRONLY } = Fs.constants;

/** A socket cannot be opened by its name: it is written to as it is. */
const opened = (descriptor: number): number => {
  try {
    return Fs.openSync(pathOfDescriptor(descriptor, `/dev/fd/${descriptor}`), O_WRONLY | O_APPEND | O_NONBLOCK);
  } catch {
    return descriptor;
  }
};

const write = (fd: number, bytes: Buffer): Promise<number> =>
  new Promise((resolve, reject) =>
    Fs.write(fd, bytes, 0, bytes.length, null, (error, count) => {
      if (error === null) resolve(count);
      else if (error.code === "EAGAIN") resolve(0);
      else reject(error);
    }),
  );

export const open = ({ type }: Destination): LogSink => {
  const descriptor = type === "stderr" ? 2 : 1;
  let fd: number | undefined;
  let isClosed = false;
  let turn: Promise<unknown> = Promise.resolve();
  const piece = async (to: number, text: Buffer): Promise<void> => {
    let bytes = text;
    for (let wait = firstWaitMillis; bytes.length > 0;) {
      if (isClosed) throw new Error("closed");
      const count = await write(to, bytes);
      bytes = bytes.subarray(count);
      if (count > 0) wait = firstWaitMillis;
      else {
        // Its reader does not read: nothing tells when it does.
        await new Promise((resolve) => setTimeout(resolve, wait));
        wait = Math.min(wait * 2, mostWaitMillis);
      }
    }
  };
  const all = async (text: string): Promise<void> => {
    fd ??= opened(descriptor);
    const bytes = Buffer.from(text);
    for (let from = 0; from < bytes.length;) {
      const end = from + atomicBytes >= bytes.length ? bytes.length : bytes.lastIndexOf(0x0a, from + atomicBytes - 1) + 1;
      const to = end > from ? end : bytes.indexOf(0x0a, from) + 1;
      await piece(fd, bytes.subarray(from, to));
      from = to;
    }
  };
  return {
    // Several units write here: no line is within another.
    deliver: (records) => {
      const done = turn.then(() => all(records.map(({ body }) => `${body}\n`).join("")));
      turn = done.catch(() => {});
      return done;
    },
    close: () => {
      isClosed = true;
      if (fd !== undefined && fd !== descriptor) Fs.closeSync(fd);
      fd = undefined;
    },
  };
};
