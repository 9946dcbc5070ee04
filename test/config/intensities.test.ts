/**
 * Restart limits of groups that nothing can exceed, or that the first failure exceeds.
 */
import * as Result from "effect/Result";
import { describe, expect, it } from "vitest";
import { parse } from "../../src/config/index.ts";

const unit = (id: string, policy = ""): string =>
  `      - {id: ${id}, management: {control: {executable: sh}${policy === "" ? "" : `, restart_policy: {${policy}}`}}}\n`;
const found = (group: string, ...units: ReadonlyArray<string>) =>
  Result.getOrThrow(parse(`managed_processes:\n  - id: web\n${group}    children:\n${units.join("")}`, "hsu.yaml")).warnings;
const limit = (intensity: number, period: string): string => `    intensity: ${intensity}\n    period: ${period}\n`;

describe("an intensity that cannot hold", () => {
  it("is told where it stands, with what the period can hold", () => {
    expect(found(limit(5, "10s"), unit("a", "restart_delay: 5s"))).toMatchObject([
      {
        code: "HSU-CFG-111",
        severity: "warning",
        line: 3,
        column: 16,
        length: 1,
        message:
          'group "web": no 10s can hold more than 2 restarts, as long as its units wait before each: the intensity of 5 is never exceeded, ' +
          "and a unit that always fails is restarted for ever",
      },
    ]);
  });

  // Failures at 0, 1, 3, 7, 15 and 31 s.
  it.each([
    ["as many as the period holds", limit(5, "30s"), [unit("a")], true],
    ["one less", limit(4, "30s"), [unit("a")], false],
    ["of two units", limit(5, "30s"), [unit("a"), unit("b")], false],
    ["with waits that start anew", limit(5, "30s"), [unit("a", "reset_after: 1s")], false],
    ["with waits that may be shorter by chance", limit(5, "30s"), [unit("a", "jitter: 1")], false],
    ["of units that give up by themselves", limit(5, "10s"), [unit("a", "restart_delay: 5s, max_attempts: 2")], false],
    ["with a circuit that never opens", `${limit(5, "10s")}    when_exceeded: open_circuit\n`, [unit("a", "max_attempts: 2")], true],
    ["of 0", "    intensity: 0\n", [unit("a")], true],
    ["of 0, where nothing is restarted", "    intensity: 0\n", [unit("a", "strategy: never")], false],
    ["that is not given", "", [unit("a", "restart_delay: 5m")], false],
    [
      "of a group in which another one may fail",
      limit(5, "1s"),
      [`      - {id: in, intensity: 1, children: [{id: b, management: {control: {executable: sh}}}]}\n`],
      false,
    ],
  ])("%s", (_, group, units, isTold) => {
    expect(found(group, ...units).filter(({ message }) => message.includes('"web"')).length > 0).toBe(isTold);
  });

  it("of the root group is told as well", () => {
    const text = `process_manager: { intensity: 9, period: 5s }\nmanaged_processes:\n${unit("a").replace("      ", "  ")}`;
    expect(Result.getOrThrow(parse(text, "hsu.yaml")).warnings).toMatchObject([{ code: "HSU-CFG-111", line: 1, column: 31 }]);
  });
});
