import { globSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { codes } from "../config/ejected.ts";
import { mistakesIn } from "./config.ts";
import { type Fence, fencesOfMarkdown, fencesOfSource } from "./fences.ts";
import { Workshop } from "./workshop.ts";

const read = (file: string): string => readFileSync(file, "utf8");
// The API report holds declarations, not programs.
const pages = globSync(["README.md", "docs/**/*.md"], { exclude: ["docs/reference/api/**"] });
const sources = globSync("src/**/*.ts", { exclude: ["src/protocol/gen/**"] });
const fences = [
  ...pages.flatMap((file) => fencesOfMarkdown(file, read(file))),
  ...sources.flatMap((file) => fencesOfSource(file, read(file))),
];
const programs = fences.filter(({ language }) => language === "ts" || language === "typescript");
/** What `hsu eject` writes is compiled with them, as the compiler takes its time for the library. */
const ejected = codes().map(([file, code]): Fence => ({ file, line: 1, language: "ts", marks: [], code }));
const configs = fences.filter(({ language, marks }) => language === "yaml" && marks.includes("hsu"));
const place = ({ file, line }: Fence): string => `${file}:${line}`;
const runs = programs.filter(({ marks }) => marks.includes("run"));
const batchSize = 10;
const batches = Array.from({ length: Math.ceil(runs.length / batchSize) }, (_, at) => {
  const batch = runs.slice(at * batchSize, (at + 1) * batchSize);
  return [`${place(batch[0]!)} and ${batch.length - 1} after it`, batch] as const;
});

describe("a block of code in the docs", () => {
  const workshop = new Workshop();
  let errorsOf: (fence: Fence) => ReadonlyArray<string>;

  beforeAll(async () => {
    errorsOf = await workshop.compile([...programs, ...ejected]);
  }, 240_000);
  afterAll(() => workshop[Symbol.dispose]());

  it("is found where there are pages", () => {
    expect(pages.length).toBeGreaterThan(0);
  });

  it.each(programs.map((fence) => [place(fence), fence] as const))("compiles: %s", (_, fence) => {
    expect(errorsOf(fence)).toEqual([]);
  });

  it.each(ejected.map((fence) => [fence.file, fence] as const))("compiles: %s, ejected", (_, fence) => {
    expect(errorsOf(fence)).toEqual([]);
  });

  it.concurrent.each(batches)(
    "runs: %s",
    async (_, batch) => {
      if (await workshop.allHold(batch)) return;
      // Which one it is; or none, where the machine was too busy for all of them in time.
      for (const fence of batch) {
        const { code, output } = await workshop.run(fence);
        if (code !== 0) throw new Error(`${place(fence)}: ${output}`);
      }
    },
    120_000,
  );

  it.each(configs.map((fence) => [place(fence), fence] as const))("is a valid configuration: %s", (_, fence) => {
    expect(mistakesIn(fence)).toBe("");
  });
});
