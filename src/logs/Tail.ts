/**
 * A unit's output as a stream of lines: the last ones, and with `follow` each new one as it is written.
 */
import * as Arr from "effect/Array";
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import { changesOf } from "./Changes.ts";
import type { LogLine } from "../protocol/MasterRpc.ts";
import { LogCursor } from "./LogCursor.ts";
import * as LogFiles from "./LogFiles.ts";

/** What to read. */
export interface TailOptions {
  readonly stateDirectory: string;
  readonly unit: string;
  /** How many of the last lines of each stream come first; 0: none. */
  readonly lines: number;
  /** Go on with what is written from now on; the stream then has no end. */
  readonly follow: boolean;
}

/**
 * The last `lines` lines of stdout, then those of stderr, then (`follow`) the new lines of both as they come.
 *
 * A unit that never ran has no lines. A last line without a newline is shown, or, when following, held until its newline comes. A line over
 * 64 KiB comes in parts; bytes that are no UTF-8 become U+FFFD. A file that was emptied or replaced goes on from its beginning. Files are read in
 * blocks at the reader's pace, so neither a huge file nor a slow reader costs memory. What the system refuses (a folder that cannot be made, no
 * descriptor left) is a defect.
 */
export const tail = ({ stateDirectory, unit, lines, follow }: TailOptions): Stream.Stream<LogLine> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const changes = follow
        ? yield* Effect.orDie(LogFiles.prepare(stateDirectory, unit)).pipe(
            Effect.andThen(changesOf(LogFiles.directory(stateDirectory, unit))),
          )
        : undefined;
      const sources = yield* Effect.forEach(LogFiles.streams, (stream) =>
        Effect.gen(function* () {
          const cursor = new LogCursor(LogFiles.path(stateDirectory, unit, stream));
          yield* Effect.addFinalizer(() => Effect.promise(() => cursor.close()));
          const limit = yield* Effect.promise(() => cursor.seekToLast(lines, follow));
          return { stream, cursor, limit };
        }),
      );
      type Source = (typeof sources)[number];
      const label = ({ stream }: Source, texts: ReadonlyArray<string> = []) => texts.map((text): LogLine => ({ unit, stream, text }));

      /** Sources whose history, up to the size the file had at the beginning, is still to come. */
      const behind = [...sources];
      const history = async (): Promise<ReadonlyArray<LogLine>> => {
        const source = behind[0];
        if (source === undefined) return [];
        const texts = await source.cursor.next(source.limit);
        if (texts !== undefined) return label(source, texts);
        behind.shift();
        return follow ? [] : label(source, source.cursor.rest());
      };
      /** One block of each source, so that a loud one does not keep the other one waiting. */
      const news = async (): Promise<{ readonly moved: boolean; readonly found: ReadonlyArray<LogLine> }> => {
        let found: ReadonlyArray<LogLine> = [];
        let moved = false;
        for (const source of sources) {
          const texts = await source.cursor.next();
          moved = texts !== undefined || (await source.cursor.replaced()) || moved;
          found = found.concat(label(source, texts));
        }
        return { moved, found };
      };

      const pull = Effect.gen(function* () {
        for (;;) {
          if (behind.length > 0) {
            const found = yield* Effect.promise(history);
            if (Arr.isReadonlyArrayNonEmpty(found)) return found;
            continue;
          }
          if (changes === undefined) return yield* Cause.done();
          changes.seen();
          const { moved, found } = yield* Effect.promise(news);
          if (Arr.isReadonlyArrayNonEmpty(found)) return found;
          if (!moved) yield* changes.waits;
        }
      });
      return Stream.fromPull(Effect.succeed(pull));
    }),
  );
