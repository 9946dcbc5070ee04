/**
 * A transport whose carrier takes texts: frames as JSON, without the brackets of their array, so that several of them can be put into one.
 */
import type { Frames, Listener, Transport } from "./transport.ts";
import { stride } from "./transport.ts";

/** Characters that go together, at most: the carriers have a limit on bytes. */
export const longestText = 1_000_000;

class MessageTooLong extends Error {
  override readonly name = "MessageTooLong";
}

class UnreadableFrames extends Error {
  override readonly name = "UnreadableFrames";
}

/** What an end has for a reason may hold anything; to look at each value takes twice the time, and is left to what JSON refuses. */
const textOf = (frames: Frames): string => {
  try {
    return JSON.stringify(frames);
  } catch {
    return JSON.stringify(frames, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));
  }
};

export class TextTransport implements Transport {
  readonly noticesEnd = true;
  private readonly write: (text: string) => void;
  private listener: Listener | null = null;

  constructor(write: (text: string) => void) {
    this.write = write;
  }

  send(frames: Frames): void {
    const text = textOf(frames).slice(1, -1);
    if (text.length > longestText) throw new MessageTooLong(`what is sent is longer than ${longestText} characters`);
    this.write(text);
  }

  listen(listener: Listener): void {
    this.listener = listener;
  }

  hear(text: string): void {
    const { listener } = this;
    if (listener === null) return;
    let frames: unknown;
    try {
      frames = JSON.parse(`[${text}]`);
    } catch (error) {
      return listener.failed(error);
    }
    if (!Array.isArray(frames) || frames.length % stride !== 0) return listener.failed(new UnreadableFrames("what came are no frames"));
    listener.frames(frames);
  }

  close(): void {
    this.listener = null;
  }
}

/** Batches that may come in another order than they were sent in. */
export class InOrder {
  private next = 0;
  private readonly early = new Map<number, string>();
  private readonly take: (text: string) => void;

  constructor(take: (text: string) => void) {
    this.take = take;
  }

  /** How many wait for one that is before them. */
  get waiting(): number {
    return this.early.size;
  }

  put(seq: number, text: string): void {
    if (seq !== this.next) return void this.early.set(seq, text);
    this.next++;
    if (text !== "") this.take(text);
    for (let found = this.early.get(this.next); found !== undefined; found = this.early.get(this.next)) {
      this.early.delete(this.next++);
      if (found !== "") this.take(found);
    }
  }
}
