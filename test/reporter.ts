import { writeSync } from "node:fs";
import type { Reporter, SerializedError, TestModule } from "vitest/node";

/** What a run came to: tests, and whatever failed outside of any test. */
export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

export const tally = (modules: ReadonlyArray<TestModule>, unhandled: ReadonlyArray<unknown>): Tally => {
  const result: Tally = { passed: 0, failed: unhandled.length, skipped: 0 };
  for (const module of modules) {
    // A module or a suite that fails by itself (an import, a hook) has no test that says so.
    result.failed += module.errors().length;
    for (const suite of module.children.allSuites()) result.failed += suite.errors().length;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === "passed") result.passed += 1;
      else if (state === "failed") result.failed += 1;
      else result.skipped += 1;
    }
  }
  return result;
};

export const closingLine = ({ passed, failed, skipped }: Tally): string =>
  `${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`;

/** Ends the output of a run with one plain line that a program can read. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>, unhandled: ReadonlyArray<SerializedError>): void {
    const line = closingLine(tally(modules, unhandled));
    // After vitest's own summary, which is written once all reporters have been told.
    process.once("exit", () => writeSync(1, `\n${line}\n`));
  }
}
