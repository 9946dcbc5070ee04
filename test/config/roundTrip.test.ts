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
import { type MasterSpec, unitsOf } from "../../src/unit/UnitSpec.ts";
import { anyTree, file } from "./anyTree.ts";
import { cases } from "./ejected.ts";

const runs = Number(process.env["HSU_FUZZ_RUNS"] ?? 100);

const read = (text: string): MasterSpec => {
  const result = parse(text, file, {});
  if (Result.isFailure(result)) throw new Error(`${result.failure.message}\n${text}`);
  return result.success.spec;
};

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
    expect(back).toStrictEqual(spec);
    expect(unitsOf(back.root).length).toBeGreaterThan(0);
  });

  it("with instances, which share a socket and differ by their numbers", () => {
    const spec = read(`managed_processes:
- id: web
  count: 3
  max_unavailable: 2
  management:
    control: { executable: x, arguments: ["--port=80{index}", "100", "{index}0{index}"], listen: [{ tcp: 8080 }], environment: { N: "{index}" } }
- { id: "a{index}b", count: 2, after: [web], management: { control: { executable: y } } }
- { id: one, count: 1, management: { control: { executable: z } } }
`);
    expect(toYaml(spec)).toContain("count: 3");
    expect(read(toYaml(spec))).toStrictEqual(spec);
  });
});
