/**
 * Events of a tree as an async iterator. What nobody has read yet waits in memory.
 */
import type { TreeEvent } from "../Event.ts";
import type { System } from "./system.ts";

type Result = IteratorResult<TreeEvent, undefined>;

const over: Result = { done: true, value: undefined };

export class EventFeed implements AsyncIterableIterator<TreeEvent, undefined> {
  private readonly waiting: Array<TreeEvent> = [];
  private readonly readers: Array<(result: Result) => void> = [];
  private closed = false;
  private readonly unsubscribe: () => void;

  constructor({ listeners }: System, root: string) {
    const listener = (event: TreeEvent): void => {
      if (event.path[0] !== root) return;
      const reader = this.readers.shift();
      if (reader === undefined) this.waiting.push(event);
      else reader({ done: false, value: event });
    };
    listeners.add(listener);
    this.unsubscribe = () => void listeners.delete(listener);
  }

  /** Nothing more comes; what waits can still be read. */
  close(): void {
    this.closed = true;
    this.unsubscribe();
    for (const reader of this.readers.splice(0)) reader(over);
  }

  next(): Promise<Result> {
    const event = this.waiting.shift();
    if (event !== undefined) return Promise.resolve({ done: false, value: event });
    if (this.closed) return Promise.resolve(over);
    return new Promise((resolve) => void this.readers.push(resolve));
  }

  return(): Promise<Result> {
    this.close();
    this.waiting.length = 0;
    return Promise.resolve(over);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}
