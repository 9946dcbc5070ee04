/**
 * Whom each child of a group starts after, and stops before. Pure.
 */
import type { GroupSpec } from "../unit/index.ts";

/** The options of a group's supervisor: who goes with the others waits for all before him, else nobody for anybody but those that he is after. */
export const orderOf = ({ strategy }: GroupSpec) =>
  strategy === "one_for_one" ? ({ startOrder: "parallel", stopOrder: "parallel" } as const) : {};

/** By the ids of its children; none where the group's own order says it. What is listed behind a one-shot waits until that is completed. */
export const afterOf = ({ children, strategy }: GroupSpec): ReadonlyMap<string, ReadonlyArray<string>> => {
  const after = new Map<string, ReadonlyArray<string>>();
  if (strategy !== "one_for_one") return after;
  // The one before it is enough: that one waits for those before itself.
  let oneshot: string | undefined;
  for (const child of children) {
    if (oneshot !== undefined) after.set(child.id, [oneshot]);
    if (child._tag === "Unit" && child.start === "oneshot") oneshot = child.id;
  }
  return after;
};
