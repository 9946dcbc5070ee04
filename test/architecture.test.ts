import { globSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, it } from "vitest";
import { picture } from "./architecture/picture.ts";
import { readRankTable } from "./architecture/ranks.ts";
import { show, violations } from "./architecture/rules.ts";

const read = (file: string): string => readFileSync(file, "utf8");
const sources = new Map(
  globSync("src/**/*.{ts,tsx,mts,js,mjs}")
    .toSorted()
    .map((file) => [file, read(file)]),
);
const ranks = readRankTable(read("docs/architecture/README.md"));

it("each room imports only what its rank allows", () => {
  expect(sources.size).toBeGreaterThan(0);
  expect(violations(sources, ranks).map(show)).toEqual([]);
});

it("the picture of the imports is current", async () => {
  await expect(picture(sources, ranks)).toMatchFileSnapshot(resolve("docs/architecture/imports.md"));
});
