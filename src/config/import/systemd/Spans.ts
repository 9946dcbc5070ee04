/**
 * Settings that are spans of time, as durations of HSU.
 */
import { formatDuration } from "../../Duration.ts";
import type { Teller } from "../Finding.ts";
import type { Setting } from "../Ini.ts";
import { textIn } from "./Files.ts";
import { spanOf } from "./Values.ts";

/** The longest that a timer is set to. */
const longest = "24d";

export const durationOf = (millis: number): string => (millis === Infinity ? longest : formatDuration(Math.max(1, Math.round(millis))));

/** Milliseconds; what is none is told. */
export const spanIn = (setting: Setting | undefined, tell: Teller): number | undefined => {
  const text = textIn(setting);
  if (setting === undefined || text === undefined) return undefined;
  const millis = spanOf(text);
  if (millis === null) tell.none(setting, `${JSON.stringify(text)} is no span of time`);
  return millis ?? undefined;
};
