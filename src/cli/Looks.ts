/**
 * When to look at units again: at each event, and once in a while, at once for the first time.
 */
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import type { Client } from "./Client.ts";

/** Not everything that a unit becomes is an event. */
const lookMillis = 1000;

export const looks = (call: Client["call"]) => {
  // What has happened before is in the first look.
  const last = Stream.runFold(
    call.Events({ follow: false, since: 0 }),
    () => 0,
    (_, { seq }) => seq,
  );
  const events = Stream.unwrap(Effect.map(last, (seq) => call.Events({ follow: true, since: seq + 1 })));
  return Stream.merge(events, Stream.tick(lookMillis));
};
