/**
 * A tree is one thing, whether it was made in code or read from a file: what is written of a tree is read as that tree.
 * `HSU_FUZZ_RUNS=20000 vitest run test/config/roundTrip.test.ts` looks longer.
 */
import * as fc from "fast-check";
import * as Result from "effect/Result";
import { describe, expect, it } from "vitest";
import { toYaml } from "../../src/config/code/Write.ts";
import { parse } from "../../src/config/index.ts";
import { isEmpty, plan } from "../../src/config/plan/Plan.ts";
import { type GroupSpec, type MasterSpec, unitsOf } from "../../src/unit/UnitSpec.ts";
import { anyTree, file } from "./anyTree.ts";
import { cases } from "./ejected.ts";

const runs = Number(process.env["HSU_FUZZ_RUNS"] ?? 100);

const read = (text: string): MasterSpec => {
  const result = parse(text, file, {});
  if (Result.isFailure(result)) throw new Error(`${result.failure.message}\n${text}`);
  return result.success.spec;
};

const withoutInstances = (spec: GroupSpec): GroupSpec => ({
  ...spec,
  children: spec.children.map((child) => {
    if (child._tag === "Group") return withoutInstances(child);
    const { instanceOf: _, ...rest } = child;
    return rest;
  }),
});

describe("a tree, written as a config file", () => {
  it("is read as the same tree", () => {
    fc.assert(
      fc.property(anyTree, (spec) => {
        const back = read(toYaml(spec));
        // Dictionaries of fast-check may have no prototype.
        expect(back).toStrictEqual(structuredClone(spec));
        expect(isEmpty(plan(spec, back))).toBe(true);
      }),
      { numRuns: runs },
    );
  }, 600_000);

  it.each(cases)("%s", (_, config) => {
    const spec = read(config);
    const back = read(toYaml(spec));
    expect(back).toStrictEqual({ ...spec, root: withoutInstances(spec.root) });
    expect(unitsOf(back.root).length).toBeGreaterThan(0);
  });
});
