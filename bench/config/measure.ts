/**
 * One config of `units` units, in a process of its own: prints what it took to read it, to plan a change of one unit, and what of memory that was, beside
 * what the YAML package alone takes for the same text. `hsu` or `yaml`: which of the two.
 */
import { readFileSync } from "node:fs";
import * as Result from "effect/Result";

const [what = "hsu", units = "100"] = process.argv.slice(2);

const text = (changed: string): string =>
  `managed_processes:\n${Array.from(
    { length: Number(units) },
    (_, index) => `  - id: unit-${index}
    type: standard_managed
    management:
      control:
        executable: sleep
        arguments: ["${index}"${index === 7 ? changed : ""}]
        environment: { A: "1", B: two }
      restart_policy: { strategy: always, restart_delay: 100ms }
`,
  ).join("")}`;

const peakBytes = (): number => Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "latin1"))?.[1] ?? 0) * 1024;
const timed = <A>(make: () => A): readonly [A, number] => {
  const began = performance.now();
  const made = make();
  return [made, performance.now() - began];
};

if (what === "yaml") {
  const { parseDocument } = await import("yaml");
  const source = text("");
  const [document, validate] = timed(() => parseDocument(source, { uniqueKeys: false, merge: true, prettyErrors: false }));
  const [, plan] = timed(() => structuredClone(document.toJS()));
  console.log(JSON.stringify({ validate, plan, peak: peakBytes() }));
} else {
  const { parse } = await import("../../src/config/index.ts");
  const { plan: planOf } = await import("../../src/config/plan/Plan.ts");
  const load = (source: string) => Result.getOrThrow(parse(source, "/srv/hsu.yaml")).spec;
  const [before, validate] = timed(() => load(text("")));
  const peak = peakBytes();
  const after = load(text(", 1"));
  const [found, plan] = timed(() => planOf(before, after));
  if (found.changes.length !== 1) throw new Error(`${found.changes.length} changes`);
  console.log(JSON.stringify({ validate, plan, peak }));
}
