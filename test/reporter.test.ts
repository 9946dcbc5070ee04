import { expect, it } from "vitest";
import { closingLine } from "./reporter.ts";

it("the closing line names what was skipped only if something was", () => {
  expect(closingLine({ passed: 3, failed: 0, skipped: 0 })).toBe("3 passed, 0 failed");
  expect(closingLine({ passed: 3, failed: 1, skipped: 2 })).toBe("3 passed, 1 failed, 2 skipped");
});
