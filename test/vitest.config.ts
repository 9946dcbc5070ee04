import { defineConfig } from "vitest/config";

/** What changes modules or globals under the program that it tests, or counts what its process does. */
const alone = [
  "test/actor/{fairness,planted,plantedGroups}.test.ts",
  "test/logs/follow.test.ts",
  "test/platform/{notifySocket,scratch,spawnErrors}.test.ts",
];

export default defineConfig({
  test: {
    globalSetup: "test/built.ts",
    pool: "forks",
    // Trees of real processes share the machine with their tests: two workers leave room for them.
    maxWorkers: 2,
    // Of the examples in the docs, each a process: no more at a time than a small machine has processors.
    maxConcurrency: 2,
    // So long a test on a busy machine may take; one that waits for something has a deadline of its own.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // One of three thousand that meets a bad moment of CI's machine must not hide the others; it is named at the end of the run. Here it fails.
    retry: process.env["CI"] === undefined ? 0 : 1,
    teardownTimeout: 5_000,
    expandSnapshotDiff: true,
    coverage: { provider: "v8", include: ["src/**"], reporter: ["text-summary"] },
    projects: [
      // A file finds the modules that those before it have loaded: to load them for each file took a third of the processor time.
      { extends: true, test: { name: "together", isolate: false, include: ["test/**/*.test.ts"], exclude: alone } },
      { extends: true, test: { name: "alone", include: alone } },
    ],
  },
});
