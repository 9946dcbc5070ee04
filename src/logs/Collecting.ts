/**
 * The collector as a part of a master: it lives as long as the scope, and what the units have written until then is in their logs.
 */
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import type * as Scope from "effect/Scope";
import { punchHole } from "../platform/index.ts";
import { Collector } from "./collect/Collector.ts";
import * as LogFiles from "./LogFiles.ts";
import { defaultLogs, type LogsSpec } from "./LogsSpec.ts";
import type { Outputs } from "./Outputs.ts";

export interface CollectingOptions {
  readonly stateDirectory: string;
  /** Of each unit whose output an earlier master may not have taken over, how it is kept; undefined: as by default. */
  readonly units: ReadonlyMap<string, LogsSpec | undefined>;
}

/** A reader waits so long for what a unit has just written. */
const settleMillis = 1000;

export const collecting = ({ stateDirectory, units }: CollectingOptions): Effect.Effect<Outputs, never, Scope.Scope> =>
  Effect.gen(function* () {
    let told: (unit: string, message: string) => void = () => {};
    const notice = (unit: string, message: string): void => told(unit, message);
    const collector = new Collector({
      folderOf: (unit) => LogFiles.directory(stateDirectory, unit),
      now: Date.now,
      punch: punchHole,
      compress: (unit, path) => void import("./collect/Gzip.ts").then(({ gzip }) => gzip(path, (message) => notice(unit, message))),
      notice,
    });
    yield* Effect.addFinalizer(() => Effect.promise(() => collector.close()));
    for (const [unit, spec] of units) collector.adopt(unit, spec);
    /** Whose folder was there once: the collector makes it again where somebody has removed it. */
    const prepared = new Set<string>();
    const prepare = (unit: string) =>
      prepared.has(unit) ? Effect.void : Effect.map(LogFiles.prepare(stateDirectory, unit), () => void prepared.add(unit));
    return {
      begin: (unit, spec) => Effect.map(prepare(unit), () => collector.begin(unit, spec)),
      end: (unit) => Effect.sync(() => collector.end(unit)),
      keep: (unit, spec) => collector.keep(unit, spec),
      read: (unit, spec, query) =>
        Stream.unwrap(
          Effect.gen(function* () {
            yield* Effect.promise(() => collector.settled(unit)).pipe(Effect.timeoutOption(settleMillis));
            const { read } = yield* Effect.promise(() => import("./read/Read.ts"));
            return read(stateDirectory, unit, spec ?? defaultLogs, query);
          }),
        ),
      listen: (listener) => void (told = listener),
    };
  });
