/** What the tests of logs share: a unit with a state folder of its own, and its lines as they are read. */
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import { LogFiles, tail } from "../../src/logs/index.ts";
import type { LogLine } from "../../src/protocol/MasterRpc.ts";

/** A unit `u` whose log folder is there and empty. */
export const unit = Effect.gen(function* () {
  const stateDirectory = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "hsu-test-"))),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true })),
  );
  const files = yield* LogFiles.prepare(stateDirectory, "u");
  const show = ({ stream, text }: LogLine) => `${stream === "stdout" ? "out" : "err"} ${text}`;
  return {
    stateDirectory,
    ...files,
    /** The last lines, as `out text` and `err text`. */
    last: (lines: number) => tail({ stateDirectory, unit: "u", lines, follow: false }).pipe(Stream.map(show), Stream.runCollect),
    /** A list that grows while the test goes on, and what it is waited for with. */
    follow: Effect.fnUntraced(function* (lines: number) {
      const seen: Array<string> = [];
      yield* tail({ stateDirectory, unit: "u", lines, follow: true }).pipe(
        Stream.runForEach((line) => Effect.sync(() => seen.push(show(line)))),
        Effect.forkScoped,
      );
      const sees = (expected: ReadonlyArray<string>): Effect.Effect<void> =>
        Effect.suspend(() => (seen.length >= expected.length ? Effect.void : Effect.andThen(Effect.sleep(5), sees(expected))));
      /** Returns when it certainly follows: what is written from here on is seen. The lines that this takes are forgotten. */
      const up = Effect.gen(function* () {
        for (let sign = 1; seen.at(-1) !== `err up ${sign - 1}`; sign++) {
          appendFileSync(files.stderr, `up ${sign}\n`);
          for (let wait = 0; wait < 20 && seen.at(-1) !== `err up ${sign}`; wait++) yield* Effect.sleep(5);
        }
        seen.length = 0;
      });
      return {
        seen,
        up,
        /** Waits until as many lines were read; the test then compares. */
        until: (expected: ReadonlyArray<string>) => Effect.timeoutOption(sees(expected), 30_000),
      };
    }),
  };
});

export const numbered = (from: number, to: number, prefix = "line "): string =>
  Array.from({ length: to - from + 1 }, (_, index) => `${prefix}${from + index}\n`).join("");
