/**
 * Where a unit's output is kept: `<state>/logs/<unit>/stdout.log` and `stderr.log`.
 */
import { existsSync } from "node:fs";
import * as Effect from "effect/Effect";
import { Paths } from "../platform/index.ts";

/** One of a unit's two outputs. */
export type LogStream = "stdout" | "stderr";

/** Both, in the order in which they are shown. */
export const streams: ReadonlyArray<LogStream> = ["stdout", "stderr"];

/** The folder of one unit's logs. */
export const directory = (stateDirectory: string, unit: string): string => `${stateDirectory}/logs/${Paths.fileName(unit)}`;

/** The file that one output of a unit is appended to. */
export const path = (stateDirectory: string, unit: string, stream: LogStream): string => `${directory(stateDirectory, unit)}/${stream}.log`;

/** Folders that were made, or made private, before: a unit that comes back need not wait for that again. */
const prepared = new Set<string>();

/** Makes the folder (0700) and says where the unit's output goes; the files come with the first start. */
export const prepare = (stateDirectory: string, unit: string): Effect.Effect<Readonly<Record<LogStream, string>>, Paths.DirectoryError> =>
  Effect.suspend(() => {
    const folder = directory(stateDirectory, unit);
    const isReady = prepared.has(folder) && existsSync(folder);
    return Effect.map(isReady ? Effect.void : Paths.ensurePrivate(folder), () => {
      prepared.add(folder);
      return { stdout: `${folder}/stdout.log`, stderr: `${folder}/stderr.log` };
    });
  });
