/**
 * Lines of several units as one row, in the order of their times.
 */
import * as Arr from "effect/Array";
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Pull from "effect/Pull";
import * as Stream from "effect/Stream";
import type { LogLine } from "../../protocol/MasterRpc.ts";

/** A line without a time belongs to the line before it. Of equal times, those of the first unit come first. */
export const byTime = <E>(streams: ReadonlyArray<Stream.Stream<LogLine, E>>): Stream.Stream<LogLine, E> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const rows = yield* Effect.forEach(streams, (stream) =>
        Effect.map(Stream.toPull(stream), (pull) => ({ pull, lines: [] as ReadonlyArray<LogLine>, at: 0, time: 0, isOver: false })),
      );
      const fill = (row: (typeof rows)[number]) =>
        row.isOver || row.at < row.lines.length
          ? Effect.void
          : Effect.map(row.pull, (lines) => {
              row.lines = lines;
              row.at = 0;
            }).pipe(
              Pull.catchDone(() => {
                row.isOver = true;
                return Effect.void;
              }),
            );
      const pull = Effect.gen(function* () {
        for (const row of rows) yield* fill(row);
        const out: Array<LogLine> = [];
        const open = rows.filter(({ isOver }) => !isOver);
        // Until one of them has to be asked again.
        while (open.length > 0 && open.every(({ at, lines }) => at < lines.length)) {
          let best = open[0]!;
          for (const row of open) {
            row.time = row.lines[row.at]!.time ?? row.time;
            if (row.time < best.time) best = row;
          }
          out.push(best.lines[best.at++]!);
        }
        return Arr.isReadonlyArrayNonEmpty(out) ? out : yield* Cause.done();
      });
      return Stream.fromPull(Effect.succeed(pull));
    }),
  );
