/**
 * The flag of verbs that print their answer in more than one way.
 */
import type { FlagSpec } from "./Verbs.ts";

/** The first one is what is printed without it. */
export const output = (...words: ReadonlyArray<string>): FlagSpec => ({ type: words, short: "o", help: `how to print it (${words[0]})` });
