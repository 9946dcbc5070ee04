/**
 * What has happened since the master started: the last events, and those to come for who follows them.
 */
import * as Effect from "effect/Effect";
import * as Queue from "effect/Queue";
import * as Stream from "effect/Stream";
import type { MasterEvent } from "../protocol/MasterRpc.ts";

/** Events that are kept. */
const capacity = 1000;

/** A follower that is this many events behind loses the oldest of them: it must not cost the master its memory. */
const followerCapacity = 10_000;

export interface History {
  readonly publish: (path: ReadonlyArray<string>, type: string, message: string) => void;
  /** The number of the last event. */
  readonly last: () => number;
  readonly events: (options: { readonly follow: boolean; readonly since: number }) => Stream.Stream<MasterEvent>;
}

/** `told`: what of a message may be told. */
export const make = (now: () => number, told: (message: string) => string = (message) => message): History => {
  const kept: Array<MasterEvent> = [];
  const followers = new Set<(event: MasterEvent) => void>();
  let seq = 0;
  const from = (since: number) => kept.filter((event) => event.seq >= since);
  return {
    publish: (path, type, message) => {
      const event: MasterEvent = { seq: ++seq, at: now(), path: [...path], type, message: told(message) };
      kept.push(event);
      if (kept.length > capacity) kept.shift();
      for (const tell of followers) tell(event);
    },
    last: () => seq,
    events: ({ follow, since }) => {
      if (!follow) return Stream.suspend(() => Stream.fromIterable(from(since)));
      return Stream.callback<MasterEvent>(
        (queue) =>
          Effect.acquireRelease(
            Effect.sync(() => {
              const tell = (event: MasterEvent): void => void Queue.offerUnsafe(queue, event);
              // In one step, so that no event is missed or comes twice in between.
              for (const event of from(since)) tell(event);
              followers.add(tell);
              return tell;
            }),
            (tell) => Effect.sync(() => void followers.delete(tell)),
          ).pipe(Effect.andThen(Effect.never)),
        { bufferSize: followerCapacity, strategy: "sliding" },
      );
    },
  };
};
