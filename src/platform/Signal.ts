/**
 * Signals by name and by number. Names are Node's (`SIGTERM`), whichever way a user wrote them.
 */
import { constants } from "node:os";
import * as Option from "effect/Option";

/** A signal's name as Node knows it, e.g. `SIGTERM`. Real-time signals have no names in Node and are not in the set. */
export type Signal = NodeJS.Signals;

const numbers: ReadonlyMap<string, number> = new Map(Object.entries(constants.signals));

/** The first name wins where several share a number (`SIGABRT`, not `SIGIOT`). */
const names: ReadonlyMap<number, Signal> = new Map(
  Object.entries(constants.signals)
    .reverse()
    .map(([name, number]) => [number, name as Signal]),
);

/** The signal names of this system, in the order of their numbers. */
export const all: ReadonlyArray<Signal> = [...names].sort(([a], [b]) => a - b).map(([, name]) => name);

/** The number of a signal on this system. */
export const toNumber = (signal: Signal): number => constants.signals[signal];

/** The name of a signal's number; `None` for a number that has no name here. */
export const fromNumber = (number: number): Option.Option<Signal> => Option.fromUndefinedOr(names.get(number));

/**
 * What a person or a config file writes: `TERM`, `sigterm`, `SIGTERM`, `15` or `"15"`. `None` when it names no signal.
 * 0 is none: it probes, it does not signal.
 */
export const parse = (input: string | number): Option.Option<Signal> => {
  if (typeof input === "number") return fromNumber(input);
  const text = input.trim().toUpperCase();
  if (/^\d+$/.test(text)) return fromNumber(Number(text));
  const name = text.startsWith("SIG") ? text : `SIG${text}`;
  return numbers.has(name) ? Option.some(name as Signal) : Option.none();
};
