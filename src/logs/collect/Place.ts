/**
 * Where the parts of one output of a unit are: its log, and in a hidden folder what the unit itself writes to ("spool"), the indexes and the checkpoint.
 */
import { readdirSync } from "node:fs";
import type { LogStream } from "../LogFiles.ts";

export interface Place {
  /** The log that is written. */
  readonly log: string;
  readonly folder: string;
  readonly stream: LogStream;
}

export const hiddenName = ".collect";

// Put together here, and not by `join`: that takes tens of microseconds in a master, which interprets its code, and there are several for each start.
/** `folder`: the unit's own. `log`: absent, it is in there as well. */
export const placeOf = (folder: string, stream: LogStream, log?: string): Place => ({
  log: log ?? `${folder}/${stream}.log`,
  folder: `${folder}/${hiddenName}`,
  stream,
});

export const checkpointPath = ({ folder, stream }: Place): string => `${folder}/${stream}.checkpoint`;
export const indexPath = ({ folder, stream }: Place, segment: number): string => `${folder}/${stream}.${segment}.index`;
/** A generation is one run of the unit: each writes to a file of its own. */
export const spoolPath = ({ folder, stream }: Place, generation: number): string => `${folder}/${stream}.${generation}.spool`;

/** Entries of a folder; none where there is no folder. */
export const namesIn = (folder: string): ReadonlyArray<string> => {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
    throw error;
  }
};

/** The generations that are there, in order. */
export const generationsIn = (place: Place): ReadonlyArray<number> =>
  namesIn(place.folder)
    .flatMap((name) => {
      const [stream, generation, kind, ...rest] = name.split(".");
      return stream === place.stream && kind === "spool" && rest.length === 0 ? [Number(generation)] : [];
    })
    .sort((one, other) => one - other);
