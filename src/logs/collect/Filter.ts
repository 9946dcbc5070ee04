/**
 * Which lines are kept. Pure.
 */
import type { LogFilters } from "../LogsSpec.ts";
import { isAtLeast, levelOf } from "../read/Level.ts";

export type Filter = (line: string) => boolean;

/** A line that does not say how grave it is is kept whatever the level is: it may be part of one that does. */
export const filterOf = ({ exclude, include, level }: LogFilters): Filter => {
  const without = exclude.map((pattern) => new RegExp(pattern));
  const within = include.map((pattern) => new RegExp(pattern));
  return (line) => {
    if (within.length > 0 && !within.some((pattern) => pattern.test(line))) return false;
    if (without.some((pattern) => pattern.test(line))) return false;
    if (level === undefined) return true;
    const own = levelOf(line);
    return own === undefined || isAtLeast(own, level);
  };
};

/** The lines of a block that are kept, with their newlines. */
export const filtered = (keeps: Filter, block: Buffer): Buffer => {
  const kept: Array<Buffer> = [];
  for (let from = 0; from < block.length;) {
    const end = block.indexOf(0x0a, from);
    const to = end === -1 ? block.length : end + 1;
    if (keeps(block.toString("utf8", from, end === -1 ? to : end))) kept.push(block.subarray(from, to));
    from = to;
  }
  return Buffer.concat(kept);
};
