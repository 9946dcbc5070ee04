/**
 * Whom each child of a group starts after, and stops before. Pure.
 */
import type { GroupSpec } from "../unit/index.ts";

/** The options of a group's supervisor: who goes with the others waits for all before him, else nobody for anybody but those that he is after. */
export const orderOf = ({ strategy }: GroupSpec) =>
  strategy === "one_for_one" ? ({ startOrder: "parallel", stopOrder: "parallel" } as const) : {};

/**
 * By the ids of its children: whom each is after by its own words, and the one-shot that is listed before it, where the group has no order of its own and
 * that one-shot does not wait for it.
 */
export const afterOf = (
  { children, strategy }: GroupSpec,
  own: ReadonlyMap<string, ReadonlyArray<string>> = new Map(),
): ReadonlyMap<string, ReadonlyArray<string>> => {
  const after = new Map(children.map(({ id }) => [id, own.get(id) ?? []]));
  if (strategy !== "one_for_one") return after;
  // The one before it is enough: that one waits for those before itself.
  let oneshot: string | undefined;
  for (const child of children) {
    if (oneshot !== undefined && !waits(oneshot, child.id, after)) after.set(child.id, [...new Set([...after.get(child.id)!, oneshot])]);
    if (child._tag === "Unit" && child.start === "oneshot") oneshot = child.id;
  }
  return after;
};

/** Whether one waits for another, or for one that does. */
const waits = (one: string, other: string, after: ReadonlyMap<string, ReadonlyArray<string>>): boolean => {
  const seen = new Set([one]);
  for (const id of seen) for (const next of after.get(id) ?? []) seen.add(next);
  return seen.has(other);
};

/** By unit: whom it waits for before its first start, by its own words and by those of the groups that it is in. */
export const turnsOf = (
  root: GroupSpec,
  own: ReadonlyMap<string, ReadonlyArray<string>> = new Map(),
): ReadonlyMap<string, ReadonlyArray<string>> => {
  const turns = new Map<string, ReadonlyArray<string>>();
  const walk = (group: GroupSpec, above: ReadonlyArray<string>): void => {
    const after = afterOf(group, own);
    group.children.forEach((child, index) => {
      const before = group.strategy === "one_for_one" ? undefined : group.children[index - 1]?.id;
      const waits = [...new Set([...above, ...(after.get(child.id) ?? []), ...(before === undefined ? [] : [before])])];
      if (child._tag === "Unit") turns.set(child.id, waits);
      else walk(child, waits);
    });
  };
  walk(root, []);
  return turns;
};
