/** The order of a supervisor's children against an array. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Cell } from "../../src/actor/internal/cell.ts";
import type { ErasedSpec } from "../../src/actor/internal/child.ts";
import { Children } from "../../src/actor/internal/children.ts";

describe("Children", () => {
  it("keep their order and their positions through additions, removals and compactions", () => {
    const script = fc.array(fc.oneof(fc.constant("add"), fc.constant("compact"), fc.nat()), { maxLength: 300 });
    fc.assert(
      fc.property(script, (steps) => {
        const children = new Children();
        const model: Array<string> = [];
        let next = 0;
        for (const step of steps) {
          if (step === "add") {
            const id = `c${next++}`;
            children.add(id, { id, autoStart: true } as ErasedSpec, { id } as Cell);
            model.push(id);
          } else if (step === "compact") {
            children.compact();
          } else if (model.length > 0) {
            const [id] = model.splice(step % model.length, 1);
            const child = children.byKey.get(id!)!;
            children.remove(child);
            expect([children.byKey.has(id!), children.of(child.cell)]).toEqual([false, undefined]);
          }
          const inOrder = Array.from({ length: children.length }, (_, position) => children.at(position)).filter(
            (child) => child !== undefined,
          );
          expect(inOrder.map((child) => child.id)).toEqual(model);
          expect(inOrder.every((child) => children.at(child.position) === child)).toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });
});
