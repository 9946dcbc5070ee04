/**
 * Where a unit's output goes: to files that the unit writes by itself, with or without somebody behind it who takes them over.
 */
import * as Effect from "effect/Effect";
import type { Paths } from "../platform/index.ts";
import * as LogFiles from "./LogFiles.ts";
import type { LogsSpec } from "./LogsSpec.ts";

export interface Outputs {
  /** The files that the next run of a unit appends to. `spec`: how they are kept; absent: as by default. */
  readonly begin: (unit: string, spec?: LogsSpec) => Effect.Effect<Readonly<Record<LogFiles.LogStream, string>>, Paths.DirectoryError>;
  /** That run is over, and nobody writes any more. */
  readonly end: (unit: string) => Effect.Effect<void>;
  /** Done when what the unit has written can be read in its log. */
  readonly settled: (unit: string) => Effect.Effect<void>;
  /** Who is told when what a unit writes cannot be taken over, and when it can be again. */
  readonly listen: (told: (unit: string, message: string) => void) => void;
}

/** Nobody takes anything over: the log is what the unit has written, for ever. */
export const direct = (stateDirectory: string): Outputs => ({
  begin: (unit) => LogFiles.prepare(stateDirectory, unit),
  end: () => Effect.void,
  settled: () => Effect.void,
  listen: () => {},
});
