/**
 * What a verb waits for, told on a terminal in one line that goes when the wait is over. A script reads nothing of it.
 */
import * as Effect from "effect/Effect";
import type { Invocation } from "./Invocation.ts";
import { clean } from "./render/text.ts";

const everyMillis = 1000;
/** So many are named. */
const most = 3;
/** Back to the begin of the line, and remove it. */
const removed = "\r\x1b[K";

/** Names, for people; of many the first. */
export const named = (all: Iterable<string>): string => {
  const names = Array.from(all, clean);
  const rest = names.length - most;
  return rest > 0 ? `${names.slice(0, most).join(", ")} and ${rest} more` : names.join(", ");
};

/** Tells each second what is waited for, until it is there; `clear` is to be run before something else is written meanwhile. */
export const whileWaiting = <A, E, R>(
  { errorPaint, io: { stderr } }: Invocation,
  what: () => string,
  wait: (clear: Effect.Effect<void>) => Effect.Effect<A, E, R>,
): Effect.Effect<A, E, R> => {
  if (!stderr.isTTY) return wait(Effect.void);
  return Effect.suspend(() => {
    let isShown = false;
    let seconds = 0;
    const write = (text: string): Effect.Effect<void> => Effect.ignore(stderr.write(text));
    const clear = Effect.suspend(() => {
      if (!isShown) return Effect.void;
      isShown = false;
      return write(removed);
    });
    const tell = Effect.suspend(() => {
      isShown = true;
      const text = `${what()} … ${++seconds}s`;
      // A line that is longer than the terminal could not be removed.
      return write(`${removed}${errorPaint.dim(text.length < stderr.columns ? text : `${text.slice(0, stderr.columns - 2)}…`)}`);
    });
    const telling = Effect.forever(Effect.delay(tell, everyMillis));
    return Effect.ensuring(Effect.raceFirst(wait(clear), telling), clear);
  });
};
