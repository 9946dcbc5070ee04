import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDuration, nearest, parseDuration } from "../../src/config/index.ts";
import { distance } from "../../src/config/Nearest.ts";

describe("durations", () => {
  it.each([
    ["0", 0],
    ["0s", 0],
    ["250ms", 250],
    ["1.5s", 1500],
    [".5s", 500],
    ["30s", 30_000],
    ["1h30m", 5_400_000],
    ["1m0.5s", 60_500],
    ["3d", 259_200_000],
    ["+5s", 5000],
    ["1us", 1],
    ["1500µs", 2],
    [" 5s ", 5000],
  ])("%s is %d ms", (text, millis) => {
    expect(parseDuration(text)).toBe(millis);
  });

  it.each([
    ["", "the duration is empty", undefined],
    ["30", "the number 30 has no unit", "write 30s for seconds or 30ms for milliseconds"],
    ["-5s", "a duration may not be negative", undefined],
    ["5 minutes", 'a duration has no spaces in it: "5 minutes"', "write 5m"],
    ["10sec", '"sec" is not a unit of time', "write 10s"],
    ["1w", '"w" is not a unit of time', undefined],
    ["1m30", '"1m30" ends in a number without a unit', "write 1m30s if seconds are meant"],
    ["+", '"+" is not a duration', undefined],
    ["soon", '"soon" is not a duration', undefined],
    ["1H", '"H" is not a unit of time', "write 1h"],
    ["constructor", '"constructor" is not a duration', undefined],
    ["1constructor", '"constructor" is not a unit of time', undefined],
    ["9999999999999999d", '"9999999999999999d" is too long', undefined],
  ])("%j is none: %s", (text, problem, hint) => {
    expect(parseDuration(text)).toStrictEqual(hint === undefined ? { problem } : { problem, hint });
  });

  it("are the sum of their parts", () => {
    const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
    const part = fc.tuple(fc.nat(10_000), fc.constantFrom(...(Object.keys(units) as ReadonlyArray<keyof typeof units>)));
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
        const text = parts.map(([count, unit]) => `${count}${unit}`).join("");
        expect(parseDuration(text)).toBe(parts.reduce((sum, [count, unit]) => sum + count * units[unit], 0));
      }),
    );
  });

  it("are read back from how they are written", () => {
    fc.assert(
      fc.property(fc.nat(), (millis) => {
        expect(parseDuration(formatDuration(millis))).toBe(millis);
      }),
    );
  });

  it("are whole milliseconds or a reason, whatever the text", () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[0-9.+a-zµ -]{0,12}$/));
    fc.assert(
      fc.property(text, (input) => {
        const parsed = parseDuration(input);
        if (typeof parsed === "number") expect(Number.isSafeInteger(parsed) && parsed >= 0).toBe(true);
        else expect(parsed.problem).not.toBe("");
      }),
    );
  });
});

describe("the nearest word", () => {
  const keys = ["restart_delay", "max_attempts", "strategy", "on_failure", "warn", "one_for_one", "one_for_all", "id"];

  it.each([
    ["restart_dealy", "restart_delay"],
    ["Restart-Delay", "restart_delay"],
    ["max_atempts", "max_attempts"],
    ["stratgey", "strategy"],
    ["on-failur", "on_failure"],
    ["warning", "warn"],
    ["all_for_one", "one_for_all"],
    ["executable", undefined],
    ["ix", undefined],
  ])("to %s is %s", (word, expected) => {
    expect(nearest(word, keys)).toBe(expected);
  });

  it("is not looked for when the word is endless", () => {
    expect(nearest("x".repeat(1_000_000), keys)).toBeUndefined();
  });

  it("is found after any one edit of a word of four letters or more", () => {
    const edit = fc.record({ word: fc.constantFrom("strategy", "children", "intensity"), at: fc.nat(7), char: fc.constantFrom("x", "") });
    fc.assert(
      fc.property(edit, ({ word, at, char }) => {
        expect(nearest(word.slice(0, at) + char + word.slice(at + 1), ["strategy", "children", "intensity"])).toBe(word);
      }),
    );
  });

  it("counts two neighbours swapped as one edit", () => {
    expect(distance("dealy", "delay")).toBe(1);
    expect(distance("dealy", "daley")).toBe(2);
  });

  it("is measured by a distance: symmetric, zero for the same word only", () => {
    const word = fc.stringMatching(/^[ab_]{0,6}$/);
    fc.assert(
      fc.property(word, word, (from, to) => {
        expect(distance(from, to)).toBe(distance(to, from));
        expect(distance(from, to) === 0).toBe(from === to);
      }),
    );
  });
});
