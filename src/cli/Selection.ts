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
      .replaceAll("*", "[^/]*")
      .replaceAll("?", "[^/]")}$`,
  );

/** A unit of another master is meant by who says its name: `all`, `*` and a group of one's own do not. */
const isOwn = ({ id }: UnitStatus): boolean => !id.includes("/");

/** A group of another master is `east/front`, and all of it `east`. */
const isInGroup = (word: string, unit: UnitStatus): boolean => {
  if (isOwn(unit)) return unit.groups.includes(word);
  const [, peer = "", ...groups] = unit.groups;
  return word === peer || groups.some((group) => word === `${peer}/${group}`);
};

const meant = (word: string, units: ReadonlyArray<UnitStatus>): ReadonlyArray<UnitStatus> => {
  if (word === "all") return units.filter(isOwn);
  if (isPattern(word)) return units.filter(({ id }) => matcher(word).test(id));
  return units.filter((unit) => isInGroup(word, unit));
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
    // Of another master only that one can say what is wrong; or that it is not there.
    if (word.includes("/") && !isPattern(word)) return [word];
    const names = [...known, ...units.flatMap(({ groups }) => groups)];
    return [new UnitNotFound({ unit: word, nearest: isPattern(word) ? null : (nearest(word, names) ?? null) })];
  });
  return [...new Set(chosen)];
};
