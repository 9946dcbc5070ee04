/**
 * What a unit has written, as a stream of lines in the order in which they were written: those that are there, and with `follow` each new one.
 */
import { dirname } from "node:path";
import * as Arr from "effect/Array";
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import type { LogLine } from "../../protocol/MasterRpc.ts";
import { changesOf } from "../Changes.ts";
import * as LogFiles from "../LogFiles.ts";
import type { LogsSpec } from "../LogsSpec.ts";
import { placeOf } from "../collect/Place.ts";
import { merged } from "./Merge.ts";
import { decode, encode } from "./LogPosition.ts";
import { OutputReader, type ReadLine } from "./OutputReader.ts";
import type { LogQuery } from "./Query.ts";

const isBefore = (one: ReadLine, other: ReadLine): boolean => one.order < other.order;

/** Files are read in blocks at the reader's pace. What the system refuses is a defect. */
export const read = (stateDirectory: string, unit: string, spec: LogsSpec, query: LogQuery): Stream.Stream<LogLine> =>
  Stream.unwrap(
    Effect.gen(function* () {
      yield* Effect.orDie(LogFiles.prepare(stateDirectory, unit));
      const folder = LogFiles.directory(stateDirectory, unit);
      const places = LogFiles.streams.map((stream) => placeOf(folder, stream, spec[stream].path));
      const folders = query.follow ? Array.from(new Set(places.map(({ log }) => dirname(log)))) : [];
      const after = query.after === undefined ? undefined : decode(query.after);
      const changes = yield* Effect.forEach(folders, changesOf);
      const readers = yield* Effect.sync(() =>
        places.map((place) => new OutputReader(place, spec[place.stream], query, after?.[place.stream])),
      );
      const history = merged(
        readers.map((reader) => (query.lines === null ? reader.all() : once(reader.last(query.lines)))),
        isBefore,
      );
      yield* Effect.addFinalizer(() => Effect.promise(() => history.return(undefined)));
      const isResumable = query.follow && query.resumable === true;
      /** `isWhole`: all that is behind the readers has been said with it. */
      const label = (lines: ReadonlyArray<ReadLine>, isWhole: boolean): ReadonlyArray<LogLine> => {
        const labelled = lines.map(({ stream, text, time }): LogLine => ({ unit, stream, text, ...(time === null ? {} : { time }) }));
        const last = labelled.at(-1);
        if (isWhole && isResumable && last !== undefined) {
          const [stdout, stderr] = readers.map((reader) => reader.position());
          labelled[labelled.length - 1] = { ...last, cursor: encode({ stdout: stdout!, stderr: stderr! }) };
        }
        return labelled;
      };

      /** What is there, while it lasts; the last ones of both outputs are more than were asked for. */
      const past = async (): Promise<ReadonlyArray<ReadLine> | undefined> => {
        if (query.lines === null) {
          const { done, value } = await history.next();
          return done === true ? undefined : value;
        }
        let found: ReadonlyArray<ReadLine> = [];
        for await (const lines of history) found = found.concat(lines);
        return query.lines === 0 || found.length === 0 ? undefined : found.slice(-query.lines);
      };
      const news = async (): Promise<ReadonlyArray<ReadLine>> => {
        const rows: Array<ReadonlyArray<ReadLine>> = [];
        for (const reader of readers) rows.push(await reader.news());
        return rows.flat().sort((one, other) => one.order - other.order);
      };
      let isPast = true;
      const pull = Effect.gen(function* () {
        for (;;) {
          if (isPast) {
            const lines = yield* Effect.promise(past);
            if (query.lines !== null || lines === undefined) isPast = false;
            if (lines !== undefined && Arr.isReadonlyArrayNonEmpty(lines))
              return label(lines, query.lines !== null) as Arr.NonEmptyReadonlyArray<LogLine>;
            continue;
          }
          if (changes.length === 0) return yield* Cause.done();
          for (const each of changes) each.seen();
          const lines = yield* Effect.promise(news);
          if (Arr.isReadonlyArrayNonEmpty(lines)) return label(lines, true) as Arr.NonEmptyReadonlyArray<LogLine>;
          yield* Effect.raceAllFirst(changes.map(({ waits }) => waits));
        }
      });
      return Stream.fromPull(Effect.succeed(pull));
    }),
  );

async function* once<A>(value: Promise<ReadonlyArray<A>>): AsyncGenerator<ReadonlyArray<A>> {
  const found = await value;
  if (found.length > 0) yield found;
}
