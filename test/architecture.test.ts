import { globSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { readRankTable } from "./architecture/ranks.ts";
import { show, violations } from "./architecture/rules.ts";

const read = (file: string): string => readFileSync(file, "utf8");
const sources = new Map(globSync("src/**/*.{ts,tsx,mts,js,mjs}").map((file) => [file, read(file)]));
const ranks = readRankTable(read("docs/architecture/README.md"));

it("each room imports only what its rank allows", () => {
  expect(sources.size).toBeGreaterThan(0);
  expect(violations(sources, ranks).map(show)).toEqual([]);
});
