/**
 * Where a unit's output goes: to files that the unit writes by itself, with or without somebody behind it who takes them over.
 */
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import type { Paths } from "../platform/index.ts";
import * as LogFiles from "./LogFiles.ts";
import type { LogsSpec } from "./LogsSpec.ts";
import type { LogLine } from "../protocol/MasterRpc.ts";
import type { LogTarget } from "../protocol/LogTargets.ts";
import { isWanted, type LogQuery } from "./read/Query.ts";
import { tail } from "./Tail.ts";

export interface Outputs {
  /** The files that the next run of a unit appends to. `spec`: how they are kept; absent: as by default. */
  readonly begin: (unit: string, spec?: LogsSpec) => Effect.Effect<Readonly<Record<LogFiles.LogStream, string>>, Paths.DirectoryError>;
  /** That run is over, and nobody writes any more. */
  readonly end: (unit: string) => Effect.Effect<void>;
  /** Lines are kept otherwise from now on. */
  readonly keep: (unit: string, spec: LogsSpec | undefined) => void;
  /** Who is told when a unit is to wait for its log, again and again while it is so, and when it may go on. */
  readonly whenFull: (told: (unit: string, isFull: boolean) => void) => void;
  /** Whether it waits. */
  readonly isFull: (unit: string) => boolean;
  /** What of it cannot be kept just now. */
  readonly troubles: (unit: string) => ReadonlyArray<string>;
  /** How it is with each of its targets. */
  readonly targets: (unit: string) => ReadonlyArray<LogTarget>;
  /** The same, with the lines that are still to come: they are counted now. */
  readonly counted: (unit: string) => Effect.Effect<ReadonlyArray<LogTarget>>;
  /** What it has written, in order. */
  readonly read: (unit: string, spec: LogsSpec | undefined, query: LogQuery) => Stream.Stream<LogLine>;
  /** Who is told when what a unit writes cannot be taken over, and when it can be again; and who learns what nobody is to be shown. */
  readonly listen: (told: (unit: string, message: string) => void, learned: (secrets: Iterable<string>) => void) => void;
}

/** Nobody takes anything over: the log is what the unit has written, for ever. */
export const direct = (stateDirectory: string): Outputs => ({
  begin: (unit) => LogFiles.prepare(stateDirectory, unit),
  end: () => Effect.void,
  read: (unit, _, { follow, grep, level, lines }) =>
    tail({ stateDirectory, unit, lines: lines ?? Number.MAX_SAFE_INTEGER, follow }).pipe(
      Stream.filter(({ text }) => isWanted({ follow, lines, ...(grep && { grep }), ...(level && { level }) }, null, text)),
    ),
  keep: () => {},
  whenFull: () => {},
  isFull: () => false,
  troubles: () => [],
  targets: () => [],
  counted: () => Effect.succeed([]),
  listen: () => {},
});
