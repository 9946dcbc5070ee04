/**
 * Brings one output of a unit to a target: from where it was the last time, in batches, each again until it is there. Nothing is held but one batch.
 */
import { dirname } from "node:path";
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import { changesOf } from "../Changes.ts";
import type { LogFileSpec } from "../LogsSpec.ts";
import type { Place } from "../collect/Place.ts";
import { OutputReader } from "../read/OutputReader.ts";
import { readCursor, writeCursor } from "./Cursor.ts";
import type { LogRecord, LogSink } from "./LogSink.ts";

export interface FeedOptions {
  readonly unit: string;
  readonly place: Place;
  /** How the log is kept. */
  readonly file: LogFileSpec;
  readonly sink: LogSink;
  /** Said of each row of failures once, and when it is over. */
  readonly notice: (message: string) => void;
}

const firstRetryMillis = 250;
const maxRetryMillis = 30_000;

/** Runs until it is interrupted. A target that is new begins with what is written from now on. */
export const feed = ({ file, notice, place, sink, unit }: FeedOptions): Effect.Effect<never, never, Scope.Scope> =>
  Effect.gen(function* () {
    const changes = yield* changesOf(dirname(place.log));
    const reader = new OutputReader(place, file, { follow: true, lines: null }, { at: readCursor(place, sink.id), committed: true });
    writeCursor(place, sink.id, reader.cursor);
    let isAway = false;
    const deliver = (records: ReadonlyArray<LogRecord>, retryMillis = firstRetryMillis): Effect.Effect<void> =>
      Effect.matchEffect(Effect.tryPromise({ try: () => sink.deliver(records), catch: String }), {
        onSuccess: () =>
          Effect.sync(() => {
            if (isAway) notice(`its ${place.stream} is brought to ${sink.id} again`);
            isAway = false;
          }),
        onFailure: (reason) => {
          if (!isAway) notice(`its ${place.stream} cannot be brought to ${sink.id} (${reason}), and waits in its log`);
          isAway = true;
          return Effect.delay(deliver(records, Math.min(retryMillis * 2, maxRetryMillis)), retryMillis);
        },
      });
    for (;;) {
      changes.seen();
      const lines = yield* Effect.promise(() => reader.news());
      const missed = reader.takeMissed();
      if (missed > 0) notice(`${missed} files of its ${place.stream} were removed before they were brought to ${sink.id}`);
      if (lines.length > 0) {
        yield* deliver(lines.map(({ stream, text, time }) => ({ unit, stream, time, text })));
        writeCursor(place, sink.id, reader.cursor);
      } else yield* changes.waits;
    }
  });
