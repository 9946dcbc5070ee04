/**
 * What waits to be sent: never more than so much, and never in the way of who has something to tell.
 */
import type { Posted } from "./Post.ts";

export interface Options<A> {
  /** Items that wait at a time. What comes when there is no room is dropped, and counted. */
  readonly capacity: number;
  /** Items of one request. */
  readonly batch: number;
  /** How long the first one waits for others. */
  readonly delayMillis: number;
  readonly send: (items: ReadonlyArray<A>) => Promise<Posted>;
  /** Told once each time: that the server is away or does not want it, and that it is back, with what was dropped. */
  readonly tell: (message: string) => void;
}

export interface Sender<A> {
  readonly push: (item: A) => void;
  readonly dropped: () => number;
  /** Sends what waits, once, and gives up what is not taken. */
  readonly end: () => Promise<void>;
}

const backoff = { firstMillis: 1_000, mostMillis: 30_000 };

export const make = <A>({ batch, capacity, delayMillis, send, tell }: Options<A>): Sender<A> => {
  let waiting: Array<A> = [];
  let timer: NodeJS.Timeout | undefined;
  let sending: Promise<void> | undefined;
  let isAway = false;
  /** What was told last was no good news. */
  let isTold = false;
  let pauseMillis = backoff.firstMillis;
  let dropped = 0;
  let toldDropped = 0;
  let isOver = false;

  const later = (millis: number): void => {
    if (timer !== undefined || isOver) return;
    timer = setTimeout(() => {
      timer = undefined;
      flush();
    }, millis);
    timer.unref();
  };

  const sendSome = async (): Promise<void> => {
    const some = waiting.slice(0, batch);
    const posted = await send(some).catch((error: unknown): Posted => ({ is: "refused", why: String(error) }));
    if (posted.is === "away") {
      if (!isTold) tell(`telemetry is not taken: ${posted.why}; at most ${capacity} of a kind wait, the rest is dropped`);
      isAway = true;
      isTold = true;
      later(posted.afterMillis ?? pauseMillis);
      pauseMillis = Math.min(backoff.mostMillis, pauseMillis * 2);
      return;
    }
    waiting = waiting.slice(some.length);
    pauseMillis = backoff.firstMillis;
    isAway = false;
    if (posted.is === "refused") {
      dropped += some.length;
      if (!isTold) tell(`telemetry is refused: ${posted.why}`);
      isTold = true;
    } else if (isTold) {
      tell(
        dropped === toldDropped ? "telemetry is taken again" : `telemetry is taken again; ${dropped - toldDropped} were dropped meanwhile`,
      );
      toldDropped = dropped;
      isTold = false;
    }
  };

  const flush = (): void => {
    if (sending !== undefined || waiting.length === 0) return;
    sending = sendSome().finally(() => {
      sending = undefined;
      // What has come meanwhile.
      if (waiting.length >= batch && !isAway) flush();
      else if (waiting.length > 0) later(delayMillis);
    });
  };

  return {
    push: (item) => {
      if (waiting.length >= capacity) {
        dropped++;
        return;
      }
      waiting.push(item);
      if (waiting.length >= batch && !isAway) {
        clearTimeout(timer);
        timer = undefined;
        flush();
      } else later(delayMillis);
    },
    dropped: () => dropped,
    end: async () => {
      isOver = true;
      clearTimeout(timer);
      await sending;
      // Each round takes some, or finds the server away.
      for (let rounds = Math.ceil(waiting.length / batch); rounds > 0; rounds--) {
        if (isAway) return;
        flush();
        await sending;
      }
    },
  };
};
