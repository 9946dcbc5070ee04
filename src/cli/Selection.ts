/**
 * Which units the words of a command mean: ids, groups, patterns, `all`. Pure.
 */
import { nearest } from "../config/Nearest.ts";
import { UnitNotFound } from "../protocol/Errors.ts";
import type { UnitState, UnitStatus } from "../protocol/MasterRpc.ts";

/** In which states a unit has something to gain from a command that means many. Who is named is commanded in any case. */
const worthwhile: Readonly<Record<string, ReadonlyArray<UnitState>>> = {
  start: ["stopped", "failed"],
  stop: ["starting", "running", "backoff", "blocked", "waiting", "stopping"],
  restart: ["starting", "running", "backoff", "blocked"],
  reload: ["running"],
};

const isPattern = (word: string): boolean => /[*?]/.test(word);

const matcher = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".")}$`,
  );

const meant = (word: string, units: ReadonlyArray<UnitStatus>): ReadonlyArray<UnitStatus> => {
  if (word === "all") return units;
  if (isPattern(word)) return units.filter(({ id }) => matcher(word).test(id));
  return units.filter(({ groups }) => groups.includes(word));
};

/** Ids, each once, in the order of the words, those of one word in the order of the config; or what is wrong with a word. */
export const select = (
  command: string,
  words: ReadonlyArray<string>,
  units: ReadonlyArray<UnitStatus>,
): ReadonlyArray<string | UnitNotFound> => {
  const states = worthwhile[command];
  const known = new Set(units.map(({ id }) => id));
  const chosen = words.flatMap((word): ReadonlyArray<string | UnitNotFound> => {
    if (known.has(word)) return [word];
    const many = meant(word, units);
    if (many.length > 0) {
      const fit = many.filter(
        ({ reason, state }) => states === undefined || (states.includes(state) && !(command === "start" && reason === "disabled")),
      );
      return fit.map(({ id }) => id);
    }
    const names = [...known, ...units.flatMap(({ groups }) => groups)];
    return [new UnitNotFound({ unit: word, nearest: isPattern(word) ? null : (nearest(word, names) ?? null) })];
  });
  return [...new Set(chosen)];
};
