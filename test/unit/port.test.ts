import { expect, it } from "vitest";
import { unitsOf } from "../../src/unit/index.ts";
import { fingerprint } from "../../src/unit/Recovered.ts";
import { parse } from "../../src/config/index.ts";
import * as Result from "effect/Result";

const specOf = (type: string) =>
  unitsOf(
    Result.getOrThrow(
      parse(`managed_processes: [{ id: a, type: ${type}, management: { control: { executable: echo, arguments: [x] } } }]\n`, "/h.yaml"),
    ).spec.root,
  )[0]!;

it("that a unit is told a port is part of what its process is, which one is not", () => {
  const [managed, integrated] = [specOf("standard_managed"), specOf("integrated_managed")];
  expect(fingerprint(integrated)).not.toBe(fingerprint(managed));
  expect(fingerprint(integrated)).toBe(fingerprint(specOf("integrated_managed")));
  expect(fingerprint(integrated)).toContain('["x","--port"]');
});
