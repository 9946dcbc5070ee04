import * as Result from "effect/Result";
import { describe, expect, it } from "vitest";
import { parse } from "../../src/config/index.ts";
import { findings } from "./support.ts";

const unit = (id: string, extra = ""): string => `  - id: ${id}\n${extra}    management: {control: {executable: ./${id}}}\n`;

describe("after and requires", () => {
  it("are in the spec, of units and of groups", () => {
    const text = `managed_processes:\n${unit("db")}  - id: front\n    after: [db]\n    children:\n      - id: web\n        requires: [db]\n        management: {control: {executable: ./web}}\n`;
    const { spec } = Result.getOrThrow(parse(text, "hsu.yaml"));
    expect(spec.root.children).toMatchObject([{ id: "db" }, { id: "front", after: ["db"], children: [{ id: "web", requires: ["db"] }] }]);
  });

  it("name somebody, and not each other", () => {
    const text = `managed_processes:\n${unit("web", "    requires: [dd]\n")}${unit("db", "    after: [cache, db]\n")}${unit("cache", "    after: [db]\n")}`;
    expect(findings(text)).toMatchInlineSnapshot(`
      "
      hsu.yaml:3:16: error HSU-CFG-020: "web" waits for "dd", which is no unit and no group
        3 |     requires: [dd]
          |                ^^
          = expected the id of a unit or of a group of this file

      hsu.yaml:6:20: error HSU-CFG-021: "db" waits for itself
        6 |     after: [cache, db]
          |                    ^^
          = expected the id of another unit, or of a group that this one is not in

      hsu.yaml:9:13: error HSU-CFG-022: these wait for each other: "db" → "cache" → "db"
        9 |     after: [db]
          |             ^^
          = expected an order without circles
          = groups start as a whole: one in a group waits together with all of that group

      3 errors
      "
    `);
  });

  it("a need that is disabled is told", () => {
    const text = `managed_processes:\n${unit("db", "    enabled: false\n")}${unit("web", "    requires: [db]\n")}`;
    expect(findings(text)).toMatchInlineSnapshot(`
      "
      hsu.yaml:6:16: warning HSU-CFG-106: "web" needs "db", which is disabled: it waits until that is started by hand
        6 |     requires: [db]
          |                ^^

      1 warning
      "
    `);
  });

  it("a group's breaker is in the spec, and idle without an intensity", () => {
    const text = (keys: string): string =>
      `managed_processes:\n  - id: g\n${keys}    children:\n      - id: a\n        management: {control: {executable: ./a}}\n`;
    const { spec } = Result.getOrThrow(parse(text("    intensity: 3\n    when_exceeded: open_circuit\n    cooldown: 1m\n"), "hsu.yaml"));
    expect(spec.root.children[0]).toMatchObject({
      limit: { intensity: 3, periodMillis: 5000, breaker: { cooldownMillis: 60_000, stableMillis: 60_000 } },
    });
    expect(findings(text("    when_exceeded: open_circuit\n"))).toContain(
      'warning HSU-CFG-101: "when_exceeded" without "intensity" limits nothing',
    );
  });
});
