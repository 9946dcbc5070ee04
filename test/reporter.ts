import { writeSync } from "node:fs";
import type { Reporter, SerializedError, TestModule } from "vitest/node";

/** What a run came to: tests, and whatever failed outside of any test. */
export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
  /** Those that failed and passed when they were tried again: to be looked into. */
  flaky: Array<string>;
}

export const tally = (modules: ReadonlyArray<TestModule>, unhandled: ReadonlyArray<unknown>): Tally => {
  const result: Tally = { passed: 0, failed: unhandled.length, skipped: 0, flaky: [] };
  for (const module of modules) {
    // A module or a suite that fails by itself (an import, a hook) has no test that says so.
    result.failed += module.errors().length;
    for (const suite of module.children.allSuites()) result.failed += suite.errors().length;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (test.diagnostic()?.flaky === true) result.flaky.push(`${module.relativeModuleId} > ${test.fullName}`);
      if (state === "passed") result.passed += 1;
      else if (state === "failed") result.failed += 1;
      else result.skipped += 1;
    }
  }
  return result;
};

export const closingLine = ({ passed, failed, skipped }: Omit<Tally, "flaky">): string =>
  `${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`;

/** Ends the output of a run with one plain line that a program can read. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>, unhandled: ReadonlyArray<SerializedError>): void {
    const counted = tally(modules, unhandled);
    const flaky = counted.flaky.map((name) => `flaky, passed when it was tried again: ${name}\n`).join("");
    // After vitest's own summary, which is written once all reporters have been told.
    process.once("exit", () => writeSync(1, `\n${flaky}${closingLine(counted)}\n`));
  }
}
