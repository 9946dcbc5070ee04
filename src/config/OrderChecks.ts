/**
 * What is wrong with who waits for whom: names of nobody, units that wait for themselves, and circles.
 */
import { type Entry, problemsOf } from "../unit/Order.ts";
import { nearest } from "./Nearest.ts";
import { locate, type Located, type Path, type Problem } from "./Source.ts";
import { isRecord } from "./Values.ts";

const texts = (value: unknown): ReadonlyArray<string> =>
  Array.isArray(value) ? value.filter((each): each is string => typeof each === "string") : [];

interface Placed extends Entry {
  readonly at: Path;
  readonly enabled: boolean;
  readonly children?: ReadonlyArray<Placed>;
}

/** What has an id; the rest is told elsewhere. */
const entriesOf = (root: Located, at: Path): ReadonlyArray<Placed> =>
  (locate(root, at)?.items ?? []).flatMap(({ value }, index): ReadonlyArray<Placed> => {
    if (!isRecord(value) || typeof value["id"] !== "string") return [];
    const here = [...at, index];
    return [
      {
        id: value["id"],
        at: here,
        enabled: value["enabled"] !== false,
        after: texts(value["after"]),
        requires: texts(value["requires"]),
        children: entriesOf(root, [...here, "children"]),
      },
    ];
  });

const flat = (entries: ReadonlyArray<Placed>): ReadonlyArray<Placed> => entries.flatMap((entry) => [entry, ...flat(entry.children ?? [])]);

/** Where a name stands in an `after` or a `requires`. */
const placeOf = (root: Located, { at }: Placed, key: string, name: string): Pick<Problem, "start" | "end"> => {
  const list = locate(root, [...at, key])!;
  const { end, start } = list.items.find(({ value }) => value === name) ?? list;
  return { start, end };
};

export const checkOrder = (root: Located): ReadonlyArray<Problem> => {
  const entries = entriesOf(root, ["managed_processes"]);
  const all = flat(entries);
  const byId = new Map(all.map((entry) => [entry.id, entry]));
  // Ids that are used twice are an error of their own, and what waits for them means nobody for sure.
  if (byId.size < all.length) return [];
  const wrong = problemsOf(entries).map((problem): Problem => {
    const { id, key, name } = problem;
    const place = placeOf(root, byId.get(id)!, key, name);
    const quoted = JSON.stringify(name);
    switch (problem._tag) {
      case "Unknown": {
        const near = nearest(name, [...byId.keys()]);
        const message = `${JSON.stringify(id)} waits for ${quoted}, which is no unit and no group`;
        const meant = near === undefined ? {} : { nearest: near };
        return { code: "HSU-CFG-020", absent: true, ...place, message, expected: "the id of a unit or of a group of this file", ...meant };
      }
      case "Within": {
        const message =
          id === name ? `${quoted} waits for itself` : `${JSON.stringify(id)} waits for ${quoted}, and one of them is part of the other`;
        return { code: "HSU-CFG-021", ...place, message, expected: "the id of another unit, or of a group that this one is not in" };
      }
      case "Cycle": {
        const circle = problem.circle.map((each) => JSON.stringify(each)).join(" → ");
        const message = `these wait for each other: ${circle}`;
        return {
          code: "HSU-CFG-022",
          ...place,
          message,
          expected: "an order without circles",
          hint: "groups start as a whole: one in a group waits together with all of that group",
        };
      }
    }
  });
  const off = all.flatMap((entry) =>
    (entry.requires ?? []).flatMap((name): ReadonlyArray<Problem> => {
      const needed = byId.get(name);
      if (!entry.enabled || needed === undefined || needed.enabled || needed.children!.length > 0) return [];
      const message = `${JSON.stringify(entry.id)} needs ${JSON.stringify(name)}, which is disabled: it waits until that is started by hand`;
      return [{ code: "HSU-CFG-106", ...placeOf(root, entry, "requires", name), message }];
    }),
  );
  return [...wrong, ...off];
};
