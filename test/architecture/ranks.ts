/** The room table of docs/architecture/README.md: the one place where ranks are written down. */
export type Rank = number | "unranked";
export type RankTable = ReadonlyMap<string, Rank>;

const cells = (row: string): ReadonlyArray<string> =>
  row
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());

export const readRankTable = (markdown: string): RankTable => {
  const lines = markdown.split("\n");
  const header = lines.findIndex((line) => cells(line)[0] === "rank" && cells(line)[1] === "room");
  if (header === -1) throw new Error("no table with the columns `rank` and `room`");
  const table = new Map<string, Rank>();
  for (const line of lines.slice(header + 2)) {
    if (!line.startsWith("|")) break;
    const [rank = "", rooms = ""] = cells(line);
    const names = [...rooms.matchAll(/`([a-z]+)\/`/g)].map((match) => match[1] ?? "");
    if (names.length === 0 || !/^(\d+|–)$/.test(rank)) throw new Error(`not a row of the rank table: ${line}`);
    for (const name of names) {
      if (table.has(name)) throw new Error(`${name}/ has two rows in the rank table`);
      table.set(name, rank === "–" ? "unranked" : Number(rank));
    }
  }
  return table;
};
