import { sightings } from "./imports.ts";
import type { RankTable } from "./ranks.ts";
import { roomOf, type SourceTree, targetOf } from "./rules.ts";

/** Which rooms each room imports. */
const arrows = (tree: SourceTree): ReadonlyMap<string, ReadonlySet<string>> => {
  const found = new Map<string, Set<string>>();
  for (const [file, source] of tree) {
    const from = roomOf(file);
    const targets = found.get(from) ?? new Set();
    for (const { kind, text } of sightings(file, source)) {
      const to = kind === "import" ? targetOf(file, text) : undefined;
      if (to !== undefined && to !== from) targets.add(to);
    }
    found.set(from, targets);
  }
  return found;
};

/** A page with the imports between rooms as they are: one line of boxes a rank, the highest on top. */
export const picture = (tree: SourceTree, ranks: RankTable): string => {
  const found = arrows(tree);
  const ranked = [...found.keys()].filter((room) => typeof ranks.get(room) === "number");
  const levels = Map.groupBy(ranked, (room) => Number(ranks.get(room)));
  const boxes = [...levels]
    .toSorted(([a], [b]) => b - a)
    .map(([rank, rooms]) => [`  subgraph rank${rank}["${rank}"]`, ...rooms.toSorted().map((room) => `    ${room}["${room}/"]`), "  end"]);
  const lines = ranked.toSorted().flatMap((from) => [...(found.get(from) ?? [])].toSorted().map((to) => `  ${from} --> ${to}`));
  return [
    "# Who imports whom",
    "",
    "Drawn from the imports of `src/` by `test/architecture.test.ts`, which fails when it is out of date: `npm run arch -- -u` draws it anew.",
    "The number of a frame is the rank of its rooms; every arrow goes down.",
    "",
    "```mermaid",
    "flowchart TD",
    ...boxes.flat(),
    ...lines,
    "```",
    "",
  ].join("\n");
};
