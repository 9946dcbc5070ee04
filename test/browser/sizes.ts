// node test/browser/sizes.ts: what `hsu` costs in a browser, and whether that is within its budget.
import { pathToFileURL } from "node:url";
import { bundle } from "./bundle.ts";

export interface Size {
  readonly what: string;
  readonly raw: number;
  readonly gzip: number;
  readonly brotli: number;
  /** Bytes of gzip that it may have. */
  readonly budget: number;
  readonly imports: ReadonlyArray<string>;
}

const parts = [
  { what: "all of hsu, with effect", file: "src/actor/index.ts", external: [], budget: 85_000 },
  { what: "all of hsu, without effect", file: "src/actor/index.ts", external: [/^effect/], budget: 48_000 },
  { what: "a program: actors in a tree", file: "test/browser/fixtures/small.ts", external: [], budget: 58_000 },
];

export const sizes = (): Promise<ReadonlyArray<Size>> =>
  Promise.all(
    parts.map(async ({ budget, external, file, what }) => {
      const made = await bundle(file, external);
      return { what, ...made.sizes, budget, imports: made.imports };
    }),
  );

const kilo = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`.padStart(9);

export const table = (all: ReadonlyArray<Size>): string =>
  [
    `${"minified, for browsers".padEnd(30)}      raw      gzip    brotli   budget (gzip)`,
    ...all.map(({ brotli, budget, gzip, raw, what }) => {
      const verdict = gzip > budget ? "EXCEEDED" : "";
      return `${what.padEnd(30)}${kilo(raw)} ${kilo(gzip)} ${kilo(brotli)} ${kilo(budget)} ${verdict}`.trimEnd();
    }),
  ].join("\n");

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const all = await sizes();
  process.stdout.write(`${table(all)}\n`);
  process.exitCode = all.some(({ budget, gzip }) => gzip > budget) ? 1 : 0;
}
