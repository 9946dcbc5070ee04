/**
 * The collector as a part of a master: it lives as long as the scope, and what the units have written until then is in their logs.
 */
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import type * as Scope from "effect/Scope";
import { punchHole } from "../platform/index.ts";
import { Collector, type CollectorOptions } from "./collect/Collector.ts";
import * as LogFiles from "./LogFiles.ts";
import { defaultLogs, type LogsSpec } from "./LogsSpec.ts";
import type { Outputs } from "./Outputs.ts";
import type { Reveal } from "./sink/TargetSpec.ts";
import type { Feeds } from "./sink/Feeds.ts";

export interface CollectingOptions {
  readonly stateDirectory: string;
  /** Of each unit whose output an earlier master may not have taken over, how it is kept; undefined: as by default. */
  readonly units: ReadonlyMap<string, LogsSpec | undefined>;
  /** Has the values of secrets of targets; absent: of those that are not encrypted. */
  readonly reveal?: Reveal;
}

/** When a master ends, targets that are there get the last lines within it. */
const lastMillis = 2000;

/** A reader waits so long for what a unit has just written. */
const settleMillis = 1000;

export const collecting = ({ reveal, stateDirectory, units }: CollectingOptions): Effect.Effect<Outputs, never, Scope.Scope> =>
  Effect.gen(function* () {
    let told: (unit: string, message: string) => void = () => {};
    let learned: (secrets: Iterable<string>) => void = () => {};
    const known = (value: string): string => {
      learned([value]);
      return value;
    };
    const notice = (unit: string, message: string): void => told(unit, message);
    const folderOf = (unit: string): string => LogFiles.directory(stateDirectory, unit);
    let feeds: Feeds | undefined;
    /** Before the first line that a target is to have. */
    const bring = async (unit: string, spec: LogsSpec = defaultLogs): Promise<void> => {
      if (spec.targets === undefined && feeds === undefined) return;
      const { Feeds } = await import("./sink/Feeds.ts");
      feeds ??= new Feeds({
        folderOf,
        notice,
        now: Date.now,
        random: Math.random,
        ...(reveal === undefined ? {} : { reveal: async (secret) => known(await reveal(secret)) }),
      });
      feeds.set(unit, spec);
    };
    /** Of units that wait for their logs: for which. */
    const full = new Map<string, ReadonlySet<LogFiles.LogStream>>();
    let toldFull: (unit: string, isFull: boolean) => void = () => {};
    const becomesFull = (unit: string, stream: LogFiles.LogStream, isFull: boolean): void => {
      const before = full.get(unit) ?? new Set();
      const now = new Set(before);
      if (isFull) now.add(stream);
      else now.delete(stream);
      if (now.size === 0) full.delete(unit);
      else full.set(unit, now);
      if (before.size === 0 && now.size > 0) notice(unit, `it is held back: more of its ${stream} than it may waits to be taken over`);
      if (before.size > 0 && now.size === 0) notice(unit, "it goes on: there is room for what it writes");
      toldFull(unit, now.size > 0);
    };
    const removing: NonNullable<CollectorOptions["removing"]> = (unit, place, segment, path) => feeds?.removing(unit, place, segment, path);
    const collector = new Collector({
      folderOf,
      now: Date.now,
      punch: punchHole,
      compress: (unit, path) => void import("./collect/Gzip.ts").then(({ gzip }) => gzip(path, (message) => notice(unit, message))),
      notice,
      progressed: (unit, stream) => feeds?.wake(unit, stream),
      removing,
      full: becomesFull,
    });
    yield* Effect.addFinalizer(() => Effect.promise(() => collector.close().then(() => feeds?.close(lastMillis))));
    for (const [unit, spec] of units) {
      if (spec?.targets !== undefined) yield* Effect.promise(() => bring(unit, spec));
      collector.adopt(unit, spec);
    }
    /** Whose folder was there once: the collector makes it again where somebody has removed it. */
    const prepared = new Set<string>();
    const prepare = (unit: string) =>
      prepared.has(unit) ? Effect.void : Effect.map(LogFiles.prepare(stateDirectory, unit), () => void prepared.add(unit));
    return {
      begin: (unit, spec) => {
        const begun = Effect.map(prepare(unit), () => collector.begin(unit, spec));
        const isBrought = spec?.targets !== undefined || feeds !== undefined;
        return isBrought
          ? Effect.andThen(
              prepare(unit),
              Effect.andThen(
                Effect.promise(() => bring(unit, spec)),
                begun,
              ),
            )
          : begun;
      },
      end: (unit) => Effect.sync(() => collector.end(unit)),
      keep: (unit, spec) => {
        collector.keep(unit, spec);
        void bring(unit, spec).catch((error: unknown) => notice(unit, `its targets cannot be changed: ${String(error)}`));
      },
      whenFull: (listener) => void (toldFull = listener),
      isFull: (unit) => full.has(unit),
      troubles: (unit) => collector.troubles(unit),
      targets: (unit) => feeds?.states(unit) ?? [],
      counted: (unit) => Effect.promise(async () => (await feeds?.counted(unit)) ?? []),
      read: (unit, spec, query) =>
        Stream.unwrap(
          Effect.gen(function* () {
            yield* Effect.promise(() => collector.settled(unit)).pipe(Effect.timeoutOption(settleMillis));
            const { read } = yield* Effect.promise(() => import("./read/Read.ts"));
            return read(stateDirectory, unit, spec ?? defaultLogs, query);
          }),
        ),
      listen: (listener, learns) => {
        told = listener;
        learned = learns;
      },
    };
  });
