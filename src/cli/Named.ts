/**
 * What a status says of some units only: those that words name, as commands take them.
 */
import { UnitNotFound } from "../protocol/Errors.ts";
import type { MasterStatus } from "../protocol/MasterRpc.ts";
import { select } from "./Selection.ts";

/** All of it where there are no words. `unknown` are the words that name nothing. */
export const named = (
  seen: MasterStatus,
  words: ReadonlyArray<string>,
): { readonly status: MasterStatus; readonly unknown: ReadonlyArray<UnitNotFound> } => {
  if (words.length === 0) return { status: seen, unknown: [] };
  const chosen = select("status", words, seen.units);
  const there = new Set(seen.units.map(({ id }) => id));
  const unknown = chosen.flatMap((each) => {
    if (typeof each !== "string") return [each];
    return there.has(each) ? [] : [new UnitNotFound({ unit: each, nearest: null })];
  });
  // A master that is not seen matters to who asks for something of it.
  const peers = seen.peers?.filter(({ name }) => words.some((word) => word === name || word.startsWith(`${name}/`)));
  const units = seen.units.filter(({ id }) => chosen.includes(id));
  return { status: { ...seen, units, ...(peers === undefined ? {} : { peers }) }, unknown };
};
