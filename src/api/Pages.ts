/**
 * Units by the page, at doors that hand them out so. Pure.
 */
import type { UnitStatus } from "../protocol/MasterRpc.ts";

/** Those in this state, if one is named, behind the one of that name; `next` is the name behind which there are more. */
export const pageOf = (units: ReadonlyArray<UnitStatus>, state: unknown, after: unknown, limit: number) => {
  const all = units.filter((unit) => state === undefined || unit.state === state);
  const from = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
  const page = all.slice(from, from + limit);
  return { units: page, next: from + page.length < all.length ? (page.at(-1)?.id ?? null) : null };
};
