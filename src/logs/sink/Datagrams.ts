/**
 * Messages that are a datagram each: what has been sent is known.
 */
import type { DatagramSocket } from "../../platform/index.ts";
import type { Delivery, LogRecord } from "./LogSink.ts";

/** Tells how many have been sent so far. */
export type Send = (messages: ReadonlyArray<Buffer>, done: (count: number) => void) => Promise<void>;

/** Opens a socket when there is something to be sent, and anew after a failure. */
export const overDatagrams = (open: () => Promise<DatagramSocket>): { readonly send: Send; readonly close: () => void } => {
  /** For all who send at the same time. */
  let opened: Promise<DatagramSocket> | undefined;
  return {
    send: async (messages, done) => {
      const own = (opened ??= open());
      try {
        const socket = await own;
        for (let at = 0; at < messages.length; at++) {
          await socket.send(messages[at]!);
          done(at + 1);
        }
      } catch (error) {
        // A message that is too long is no reason to begin anew.
        if ((error as NodeJS.ErrnoException).code === "EMSGSIZE") throw error;
        // Another one's failure may have opened a new one meanwhile.
        if (opened === own) opened = undefined;
        own.then(
          (socket) => socket.close(),
          () => {},
        );
        throw error;
      }
    },
    close: () =>
      void opened?.then(
        (socket) => socket.close(),
        () => {},
      ),
  };
};

/** What has been sent before a failure does not come again. */
export const inDatagrams = async (
  records: ReadonlyArray<LogRecord>,
  messages: ReadonlyArray<ReadonlyArray<Buffer>>,
  send: Send,
): Promise<Delivery | void> => {
  let sent = 0;
  try {
    await send(messages.flat(), (count) => (sent = count));
    return undefined;
  } catch (error) {
    let whole = 0;
    for (let at = 0; whole < messages.length && at + messages[whole]!.length <= sent; whole++) at += messages[whole]!.length;
    const { code, message } = error as NodeJS.ErrnoException;
    // It would be too long each time.
    if (code === "EMSGSIZE") return { rejected: 1, why: message, again: records.slice(whole + 1) };
    if (whole === 0) throw error;
    return { again: records.slice(whole), why: message };
  }
};
