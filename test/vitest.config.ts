import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "test/built.ts",
    pool: "forks",
    // Trees of real processes share the machine with their tests: two workers leave room for them.
    maxWorkers: 2,
    // Of the examples in the docs, each a process: no more at a time than a small machine has processors.
    maxConcurrency: 2,
    testTimeout: 20_000,
    hookTimeout: 20_000,
    teardownTimeout: 5_000,
    expandSnapshotDiff: true,
    coverage: { provider: "v8", include: ["src/**"], reporter: ["text-summary"] },
  },
});
