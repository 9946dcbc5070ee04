/**
 * Places in the log of a unit, which outlive who has read it: the file by its number, and the bytes of it that are behind. Pure.
 */
import { type LogStream, streams } from "../LogFiles.ts";

export interface Position {
  readonly segment: number;
  readonly offset: number;
}

type Positions = Readonly<Record<LogStream, Position>>;

/** As it goes over the wire. */
export const encode = (at: Positions): string => streams.map((stream) => `${at[stream].segment}:${at[stream].offset}`).join(",");

/** Undefined: it is none. */
export const decode = (text: string): Positions | undefined => {
  const found = /^(\d{1,9}):(\d{1,15}),(\d{1,9}):(\d{1,15})$/.exec(text)?.slice(1).map(Number);
  if (found === undefined) return undefined;
  const [first = 0, firstOffset = 0, second = 0, secondOffset = 0] = found;
  return { stdout: { segment: first, offset: firstOffset }, stderr: { segment: second, offset: secondOffset } };
};
