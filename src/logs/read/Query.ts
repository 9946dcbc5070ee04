/**
 * Which lines are asked for. Pure.
 */
import type { LogRequest } from "../../protocol/MasterRpc.ts";
import { isAtLeast, type Level, levelOf } from "./Level.ts";

export interface LogQuery {
  /** Go on with what is written from now on. */
  readonly follow: boolean;
  /** So many of the last ones; null: all. */
  readonly lines: number | null;
  /** Unix milliseconds: written at or after, before. */
  readonly since?: number;
  readonly until?: number;
  /** A regular expression. */
  readonly grep?: RegExp;
  /** Lines that give themselves a level of at least this. */
  readonly level?: Level;
  readonly resumable?: boolean;
  readonly after?: string;
}

/** Whether it is asked for what a line says, and not only when it was written. */
export const looksInside = ({ grep, level }: LogQuery): boolean => grep !== undefined || level !== undefined;

/** Whether a line is asked for. One without a time is of any time. */
export const isWanted = ({ grep, level, since, until }: LogQuery, time: number | null, text: string): boolean =>
  (time === null || ((since === undefined || time >= since) && (until === undefined || time < until))) &&
  (grep === undefined || grep.test(text)) &&
  (level === undefined || isAtLeast(levelOf(text), level));

/** What is no regular expression is looked for as it is. */
const patternOf = (text: string): RegExp => {
  try {
    return new RegExp(text);
  } catch {
    return new RegExp(text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`));
  }
};

/** As it is asked over the wire. */
export const queryOf = ({ grep, ...rest }: Omit<LogRequest, "unit">): LogQuery => ({
  ...rest,
  ...(grep === undefined ? {} : { grep: patternOf(grep) }),
});
